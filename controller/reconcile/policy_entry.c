/* policy_entry.c -- the queries of other files to a policy's entry, and how they wake it. */
#include <string.h>

#include "reconcile/policy.h"
#include "reconcile/target_secrets.h"

const struct kube_resource kube_policies = {
    .group = "planekeeper.io", .version = "v1alpha1", .plural = "failoverpolicies", .kind = "FailoverPolicy"};

enum rrset_type policy_record_type(const struct policy *policy)
{
        return policy->spec ? policy->spec->dns.record_type : RRSET_AUTO;
}

const struct detection *policy_detection(const struct policy *policy)
{
        return policy->spec ? &policy->spec->detection : NULL;
}

const char *policy_active_plane(const struct policy *policy)
{
        return policy->active;
}

const struct role_mark *policy_plane_mark(const struct policy *policy, const struct plane *plane)
{
        static const struct role_mark none = {0};
        for (size_t i = 0; i < policy->plane_count; i++)
                if (policy->planes[i].plane == plane)
                        return &policy->planes[i].was.mark;
        return &none;
}

void policy_wake(struct policy *policy)
{
        if (policy->spec || policy->spec_error)
                workqueue_add(policy->manager->policies_queue, &policy->work);
}

void policy_wake_first(struct policy *policy)
{
        if (policy->spec || policy->spec_error)
                workqueue_add_first(policy->manager->policies_queue, &policy->work);
}

bool policy_has_lease(const struct policy *policy)
{
        return policy->keeper.lease.known.text && policy->keeper.lease.known.text[0];
}

bool policy_uses_secret(const struct policy *policy, const char *key)
{
        return policy->spec && target_secrets_name(policy, key);
}

struct target_slot *policy_target(const struct policy *policy, enum target_kind kind)
{
        for (unsigned i = 0; i < policy->target_count; i++)
                if (policy->targets[i]->ref.kind == kind)
                        return policy->targets[i];
        return NULL;
}

const struct target_slot *policy_name(const struct policy *policy)
{
        static const struct target_slot nothing_known = {.ref = {.kind = TARGET_NAME}};
        const struct target_slot *slot = policy_target(policy, TARGET_NAME);
        return slot ? slot : &nothing_known;
}
