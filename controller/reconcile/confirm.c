/* confirm.c -- the uncached read of the policy before the first effect. */
#include "reconcile/confirm.h"

#include <stdlib.h>

#include "api/object.h"
#include "reconcile/policy.h"
#include "runtime/clock.h"
#include "util/text.h"

/* A read that failed is repeated soon; a policy that did not confirm will only do so after an edit. */
enum { TIMEOUT_MS = 3000, AGAIN_SOON_MS = 250, AGAIN_MS = 1000 };

static void ask_for_policy(struct policy *policy);

/* The record may have moved on while the read was under way; the read confirms only the epoch that it was sent for. */
static bool may_confirm(const struct policy *policy)
{
        return policy->spec && !policy->spec->deleting && policy->keeper.record &&
               policy->keeper.record->epoch == policy->confirmation.asked_epoch;
}

/* The decision that the read was sent with has not been recorded yet, not even as prepared. */
static bool is_ahead(const struct policy *policy)
{
        const struct record *next = policy->keeper.write.record;
        return next && !policy->keeper.is_assumed && next->epoch == policy->confirmation.asked_epoch;
}

/* It was sent beside a probe: what it brings is judged by the next pass, and counts for the decision of that. */
static void early_answered(struct policy *policy, const struct kube_reply *reply, bool is_same)
{
        const int64_t sent_us = policy->confirmation.sent_us;
        policy->confirmation.is_early = false;
        permit_return(policy->manager);
        if (reply->err == ERR_OK || reply->err == ERR_NOT_FOUND)
                policy_read(policy, reply->err == ERR_OK ? reply->body : NULL);
        policy->confirmation.read_us = is_same && policy->spec && !policy->spec->deleting ? sent_us : 0;
        policy_wake(policy);
}

/*
 * The decision rested on the cache; uid, deletion, suspend and mode may differ by now. So the answer is taken into the
 * cache first and the policy as it is then confirms or not. An answer that the watch has overtaken is older than the
 * cache, and is asked for again.
 */
static void policy_answered(void *ctx, const struct kube_reply *reply)
{
        struct policy *policy = ctx;
        struct manager *manager = policy->manager;
        const json_t *object = reply->err == ERR_OK ? reply->body : NULL;
        const char *version = object_meta(object, "resourceVersion");
        bool is_same = object && text_equal(policy->uid, object_meta(object, "uid"));
        policy->confirmation.call = NULL;
        if (object && known_is_overtaken(&policy->status.known, version, policy->confirmation.turns)) {
                ask_for_policy(policy);
                return;
        }
        if (policy->confirmation.is_early) {
                early_answered(policy, reply, is_same);
                return;
        }
        permit_return(manager);
        if (reply->err != ERR_OK)
                trouble_note(manager, TROUBLE_POLICY_READ, policy, reply->why.text);
        if (object || reply->err == ERR_NOT_FOUND)
                policy_read(policy, object);
        if (is_ahead(policy)) /* one that failed is repeated when the record is there */
                policy->confirmation.is_ahead = is_same && policy->spec && !policy->spec->deleting;
        else if (is_same && may_confirm(policy))
                confirmation_take(policy);
        else
                policy->keeper.retry_at =
                    loop_now(manager->loop) + (reply->err == ERR_TRANSIENT ? AGAIN_SOON_MS : AGAIN_MS);
        policy_wake(policy);
}

static void ask_for_policy(struct policy *policy)
{
        char *path = kube_path(&kube_policies, policy->namespace_name, policy->name, NULL);
        policy->confirmation.turns = policy->status.known.turns;
        policy->confirmation.sent_us = clock_mono_us();
        policy->confirmation.call = kube_get(policy->manager->kube, path, TIMEOUT_MS, policy_answered, policy);
        free(path);
}

void confirm_policy(struct policy *policy)
{
        struct manager *manager = policy->manager;
        if (!permit_take(policy, URGENCY_CONFIRM))
                return;
        confirmation_abandon(policy); /* an early one was sent for another decision */
        pace_prioritise(&manager->pace);
        policy->confirmation.asked_epoch = policy->keeper.record->epoch;
        ask_for_policy(policy);
}

/* Whether a read that was sent before the decision is as good as one that would be sent now. */
static bool take_early(struct policy *policy, epoch_t epoch)
{
        struct confirmation *confirmation = &policy->confirmation;
        if (confirmation->call && !confirmation_is_fresh(confirmation, confirmation->sent_us))
                confirmation_abandon(policy);
        confirmation->is_ahead = !confirmation->call && confirmation_is_fresh(confirmation, confirmation->read_us);
        if (!confirmation->call && !confirmation->is_ahead)
                return false;
        confirmation->is_early = false;
        confirmation->asked_epoch = epoch;
        return true;
}

/* Others that wait for a permit go first: then it is read when the record is there, as it would be without this. */
void confirm_beside(struct policy *policy)
{
        const struct record_write *write = &policy->keeper.write;
        policy->confirmation.is_ahead = false;
        if (!write->record || write->action != DO_DECIDE || take_early(policy, write->record->epoch) ||
            !permit_take_free(policy->manager))
                return;
        policy->confirmation.asked_epoch = write->record->epoch;
        ask_for_policy(policy);
}

void confirm_probe_began(struct plane *plane)
{
        for (size_t i = 0; i < plane->user_count; i++) {
                struct policy *policy = plane->users[i];
                if (!policy->confirmation.is_next || !text_equal(policy->active, plane->name))
                        continue;
                policy->confirmation.is_due = true;
                plane->manager->has_reads_due = true;
        }
}

/* One that is under way, and was sent for an earlier probe, is not sent again: it is not known yet which one decides. */
static void send_due(void *value, void *ctx)
{
        struct policy *policy = value;
        struct manager *manager = ctx;
        if (!policy->confirmation.is_due)
                return;
        if (!policy->confirmation.call && !permit_take_free(manager)) {
                manager->has_reads_due = true;
                return;
        }
        policy->confirmation.is_due = false;
        if (policy->confirmation.call)
                return;
        policy->confirmation.is_early = true;
        ask_for_policy(policy);
}

void confirm_turn(struct manager *manager)
{
        if (!manager->has_reads_due)
                return;
        manager->has_reads_due = false;
        map_each(&manager->policies, send_due, manager);
}
