/* record_store.c -- the arbiters; a new kind is one file and one row. */
#include "reconcile/record_store.h"

#include "reconcile/record_io.h"

const struct record_store *record_store_find(enum decision_store kind)
{
        static const struct record_store *const stores[] = {
            [STORE_KUBERNETES] = &store_lease, [STORE_DNS] = &store_dns};
        return stores[kind];
}

bool record_store_settle(struct policy *policy)
{
        if (policy->keeper.call || confirmation_is_awaited(&policy->confirmation) || policy->keeper.write.record)
                return false;
        return policy->keeper.store->settle(policy);
}

void record_store_write(struct policy *policy, const struct view *view, const struct decision *decision)
{
        if (!record_io_must_wait(policy))
                policy->keeper.store->write(policy, view, decision);
}
