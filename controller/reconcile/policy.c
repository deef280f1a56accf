/* policy.c -- a FailoverPolicy at work: its entry, and when its passes run. */
#include "reconcile/policy.h"

#include <stdio.h>

#include "reconcile/act.h"
#include "reconcile/record_store.h"
#include "util/mem.h"

static bool may_pass(const struct policy *policy)
{
        return policy->manager->is_leader && policy->manager->kill_switch.is_settled;
}

static void run(struct work *work)
{
        struct policy *policy = CONTAINER_OF(work, struct policy, work);
        if (may_pass(policy))
                act_pass(policy);
        permit_return_unused(policy);
}

static json_t *build(struct status_mark *mark, struct condition_list *ret_conditions)
{
        struct policy *policy = CONTAINER_OF(mark, struct policy, status);
        if (!may_pass(policy) || (!policy->spec && !policy->spec_error))
                return NULL;
        json_t *status = act_pass_for_status(policy, ret_conditions);
        permit_return_unused(policy);
        return status;
}

static void reads_due(struct loop_timer *timer)
{
        struct policy *policy = CONTAINER_OF(timer, struct policy, reads);
        loop_timer_set(policy->manager->loop, timer, loop_now(policy->manager->loop) + policy_looks_every(policy));
        if (policy->manager->is_leader && policy->spec) {
                act_read_due_targets(policy);
                policy_wake(policy);
        }
}

struct policy *policy_obtain(struct manager *manager, const char *namespace_name, const char *name)
{
        char key[512];
        (void)snprintf(key, sizeof(key), "%s/%s", namespace_name, name);
        struct policy *policy = map_find(&manager->policies, key);
        if (policy)
                return policy;
        policy = mem_new(policy);
        policy->manager = manager;
        policy->key = mem_strdup(key);
        policy->namespace_name = mem_strdup(namespace_name);
        policy->name = mem_strdup(name);
        policy->keeper.store = record_store_find(STORE_KUBERNETES);
        policy->work.run = run;
        policy->reads.due = reads_due;
        policy->visited = act_effect_done;
        policy->told.finding = FINDING_COUNT;
        status_init(&policy->status, manager->status, &kube_policies);
        policy->status.namespace_name = policy->namespace_name;
        policy->status.name = policy->name;
        policy->status.build = build;
        policy->status.list = &manager->policy_list;
        map_put(&manager->policies, policy->key, policy);
        return policy;
}
