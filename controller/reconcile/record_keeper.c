/* record_keeper.c -- the record as its store shows it, taken in. */
#include "reconcile/record_keeper.h"

#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "reconcile/policy.h"
#include "reconcile/policy_targets.h"
#include "reconcile/record_store.h"
#include "util/mem.h"

static bool owns_prepared(const struct record_keeper *keeper)
{
        const struct record *record = keeper->record;
        return record && keeper->prepares.owned_epoch && record->prepared.epoch == keeper->prepares.owned_epoch &&
               record->prepared.id == keeper->prepares.owned_id;
}

void record_keeper_take(struct policy *policy, struct record *record, char *error)
{
        const struct record *old = policy->keeper.record;
        bool is_same = old && record && old->epoch == record->epoch && old->id == record->id;
        if (!is_same) {
                policy->confirmation.epoch = 0;
                free(policy->keeper.refusal);
                policy->keeper.refusal = NULL;
                policy_forget_writes(policy);
        }
        if (!is_same || old->phase != record->phase)
                policy->keeper.seen_at = loop_now(policy->manager->loop);
        record_free(policy->keeper.record);
        free(policy->keeper.error);
        policy->keeper.record = record;
        policy->keeper.error = error;
        policy->keeper.is_assumed = false;
        if (!owns_prepared(&policy->keeper))
                policy->keeper.prepares.owned_epoch = 0;
}

/* One that was needed is limited by the gates of the switch, and does not count as one in vain. */
static void count_as_needed(struct prepares *prepares)
{
        memmove(prepares->tried_at, prepares->tried_at + 1, sizeof(prepares->tried_at) - sizeof(prepares->tried_at[0]));
        prepares->tried_at[PREPARES_MAX - 1] = 0;
}

void record_keeper_assume(struct policy *policy)
{
        if (!policy->keeper.call || !policy->keeper.write.record)
                return; /* it was not sent, and is decided again */
        count_as_needed(&policy->keeper.prepares);
        record_keeper_take(policy, record_copy(policy->keeper.write.record), NULL);
        policy->keeper.is_assumed = true;
        confirmation_take_ahead(policy);
        policy_wake_first(policy); /* its first effect may begin at once */
}

void record_keeper_show(const struct policy *policy, struct view *ret)
{
        const struct prepares *prepares = &policy->keeper.prepares;
        const mono_ms oldest = prepares->tried_at[PREPARES_MAX - 1];
        ret->may_prepare = policy->manager->options.prepares_failovers && policy->keeper.store->prepares &&
                           !policy->keeper.failures &&
                           (!oldest || ret->now - oldest >= PREPARES_WINDOW_MS);
        ret->prepared_at = prepares->tried_at[0];
        ret->owns_prepared = owns_prepared(&policy->keeper);
        ret->is_record_assumed = policy->keeper.is_assumed;
}

/* Where DNS is the store by now, the Lease of the time before only has its existence noted. */
static void take_lease(struct policy *policy, struct record_lease *seen)
{
        if (policy->keeper.store->is_on_lease) {
                record_keeper_take(policy, seen->record, seen->why);
                seen->record = NULL;
                seen->why = NULL;
        }
        record_lease_clear(seen);
}

/* Without its label a record Lease cannot be watched, so a change of it would go unseen: the policy is frozen. */
static void take_unlabelled(const json_t *lease, struct record_lease *ret)
{
        struct strbuf why = STRBUF_INIT(1024);
        (void)strbuf_printf(&why,
                            "Lease %s is in the way: it is no record with label " RECORD_LABEL_KEY
                            "=" RECORD_LABEL_VALUE
                            "; put the label back, or delete the Lease to have what the targets show taken over anew",
                            object_meta(lease, "name"));
        ret->why = strbuf_take(&why);
}

static void take_object(struct policy *policy, const json_t *lease)
{
        struct record_lease seen = {0};
        policy->keeper.lease.list_generation = policy->manager->list_generation;
        policy->keeper.lease.is_unlabelled = lease && record_lease_decode(lease, &seen, NULL) != ERR_OK;
        if (policy->keeper.lease.is_unlabelled)
                take_unlabelled(lease, &seen);
        take_lease(policy, &seen);
        policy_wake(policy);
}

static const char *version_of(const json_t *lease)
{
        return lease ? object_meta(lease, "resourceVersion") : "";
}

void record_keeper_watched(struct policy *policy, const json_t *lease)
{
        if (lease) /* it is there, also in a state that is too old */
                policy->keeper.lease.list_generation = policy->manager->list_generation;
        if (lease && !known_admits(&policy->keeper.lease.known, version_of(lease), policy->manager->lease_list))
                return;
        take_object(policy, lease);
        known_by_watch(&policy->keeper.lease.known, version_of(lease));
}

void record_keeper_deleted(struct policy *policy, const json_t *last)
{
        if (known_admits(&policy->keeper.lease.known, version_of(last), policy->manager->lease_list))
                record_keeper_watched(policy, NULL);
}

void record_keeper_unlisted(struct policy *policy)
{
        if (!policy->keeper.lease.is_unlabelled) {
                record_keeper_watched(policy, NULL);
                return;
        }
        /* No list names a Lease without the label, so its absence proves nothing: the Lease itself is read. */
        policy->keeper.lease.list_generation = policy->manager->list_generation;
        policy->keeper.is_doubtful = true;
        policy_wake(policy);
}

void record_keeper_read(struct policy *policy, const json_t *lease)
{
        struct manager *manager = policy->manager;
        take_object(policy, lease);
        known_by_answer(&policy->keeper.lease.known, version_of(lease), manager->lease_list, loop_now(manager->loop));
}

void record_keeper_clear(struct record_keeper *keeper)
{
        record_free(keeper->record);
        known_forget(&keeper->lease.known);
        free(keeper->error);
        free(keeper->refusal);
        free(keeper->dns.raw);
        *keeper = (struct record_keeper){.store = keeper->store};
}
