/* no_leader.c -- the status of policies that no replica judges. */
#include "reconcile/no_leader.h"

#include <string.h>

#include "reconcile/manager.h"
#include "reconcile/policy.h"
#include "reconcile/tell_parts.h"
#include "util/text.h"

static const char reason[] = "NoLeader";

static bool is_said(const struct policy *policy)
{
        const struct condition *ready = condition_list_find(&policy->status.conditions, "Ready");
        return ready && strcmp(ready->reason, reason) == 0;
}

/* The other conditions stay, and so does judgedAt: both show when the last leader judged. */
static void say(struct policy *policy, const char *message)
{
        struct status_mark *mark = &policy->status;
        const unix_ms now = pace_wall(&policy->manager->pace);
        static const char *const types[] = {"Ready", "Armed"};
        struct condition_list list = {0};
        json_t *before = condition_list_encode(&mark->conditions);
        condition_list_decode(before, &list);
        json_decref(before);
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
                if (i == 0 || condition_list_find(&list, types[i]))
                        condition_list_set(&list, &mark->conditions,
                                           &(struct condition_value){types[i], i ? CONDITION_FALSE : CONDITION_UNKNOWN,
                                                                     reason, message, policy->generation},
                                           now);
        json_t *status = json_pack("{s:s, s:s, s:s, s:o}", "state", reason, "armed", reason, "message", message,
                                   "conditions", condition_list_encode(&list));
        tell_event(policy, true, reason, "Judge", message);
        status_overlay(mark, status, &list);
}

static void say_of(void *value, void *ctx)
{
        struct policy *policy = value;
        bool is_possible = policy->spec && !policy->spec->deleting && status_may_overlay(&policy->status);
        if (is_possible && !is_said(policy))
                say(policy, ctx);
}

void no_leader_tick(struct manager *manager)
{
        struct errmsg message;
        if (!manager->election || manager->is_leader || !trouble_lasts(manager, TROUBLE_ELECTION))
                return;
        (void)err_set(&message, ERR_TRANSIENT, "No replica leads, so nothing is judged and nothing fails over. %s",
                      manager->troubles[TROUBLE_ELECTION].why.text);
        map_each(&manager->policies, say_of, message.text);
}
