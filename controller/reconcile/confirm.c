/* confirm.c -- the uncached read of the policy before the first effect. */
#include "reconcile/confirm.h"

#include <stdlib.h>

#include "api/object.h"
#include "reconcile/confirm_list.h"
#include "reconcile/policy.h"
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

/* It was sent before its decision was: the next pass judges what it brings, and it counts for the decision of that. */
static void early_answered(struct policy *policy, const struct kube_reply *reply, bool is_same)
{
        const int64_t sent_us = policy->confirmation.sent_us;
        policy->confirmation.is_early = false;
        if (reply->err == ERR_OK || reply->err == ERR_NOT_FOUND)
                policy_read(policy, reply->body);
        policy->confirmation.read_us = is_same && policy->spec && !policy->spec->deleting ? sent_us : 0;
        policy_wake(policy);
}

/*
 * The decision rested on the cache; uid, deletion, suspend and mode may differ by now. So the answer is taken into the
 * cache first and the policy as it is then confirms or not.
 */
static void answered(struct policy *policy, const struct kube_reply *reply)
{
        struct manager *manager = policy->manager;
        bool is_same = reply->body && text_equal(policy->uid, object_meta(reply->body, "uid"));
        policy->confirmation.call = NULL;
        policy->confirmation.is_listed = false;
        if (policy->confirmation.is_early) {
                early_answered(policy, reply, is_same);
                return;
        }
        if (reply->err != ERR_OK)
                trouble_note(manager, TROUBLE_POLICY_READ, policy, reply->why.text);
        if (reply->err == ERR_OK || reply->err == ERR_NOT_FOUND)
                policy_read(policy, reply->body);
        if (is_ahead(policy)) /* one that failed is repeated when the record is there */
                policy->confirmation.is_ahead = is_same && policy->spec && !policy->spec->deleting;
        else if (is_same && may_confirm(policy))
                confirmation_take(policy);
        else
                policy->keeper.retry_at =
                    loop_now(manager->loop) + (reply->err == ERR_TRANSIENT ? AGAIN_SOON_MS : AGAIN_MS);
        policy_wake_first(policy);
}

/* An answer that the watch has overtaken is older than the cache. */
static bool is_overtaken(const struct policy *policy, const struct kube_reply *reply)
{
        return reply->err == ERR_OK && known_is_overtaken(&policy->status.known,
                                                          object_meta(reply->body, "resourceVersion"),
                                                          policy->confirmation.turns);
}

static void answered_by_list(struct policy *policy, const struct kube_reply *reply)
{
        const struct kube_reply again = {.err = ERR_TRANSIENT, .why = {.text = "overtaken by the watch"}};
        answered(policy, is_overtaken(policy, reply) ? &again : reply);
}

static void policy_answered(void *ctx, const struct kube_reply *reply)
{
        struct policy *policy = ctx;
        if (is_overtaken(policy, reply)) {
                ask_for_policy(policy);
                return;
        }
        struct kube_reply told = *reply;
        if (told.err != ERR_OK)
                told.body = NULL; /* it is a Status */
        permit_return(policy->manager);
        answered(policy, &told);
}

static void ask_for_policy(struct policy *policy)
{
        char *path = kube_path(&kube_policies, policy->namespace_name, policy->name, NULL);
        confirmation_sent(policy);
        policy->confirmation.call = kube_get(policy->manager->kube, path, TIMEOUT_MS, policy_answered, policy);
        free(path);
}

/* While it waits for a permit, a LIST for many may bring it what it waits for. */
static void read_with_others(struct policy *policy)
{
        struct confirmation *confirmation = &policy->confirmation;
        if (!policy->permit.is_waiting || confirmation_is_under_way(confirmation) ||
            confirmation_is_fresh(confirmation, confirmation->read_us))
                return;
        confirmation->is_due = true;
        policy->manager->has_reads_due = true;
}

void confirm_policy(struct policy *policy)
{
        struct manager *manager = policy->manager;
        policy->confirmation.asked_epoch = policy->keeper.record->epoch;
        if (!permit_take(policy, URGENCY_CONFIRM)) {
                read_with_others(policy);
                return;
        }
        confirmation_abandon(policy); /* an early one was sent for another decision */
        pace_prioritise(&manager->pace);
        ask_for_policy(policy);
}

/* Whether a read that was sent before the decision is as good as one that would be sent now. */
static bool take_early(struct policy *policy, epoch_t epoch)
{
        struct confirmation *confirmation = &policy->confirmation;
        if (!confirmation_is_fresh(confirmation, confirmation->sent_us))
                confirmation_abandon(policy);
        const bool is_coming = confirmation_is_under_way(confirmation);
        confirmation->is_ahead = !is_coming && confirmation_is_fresh(confirmation, confirmation->read_us);
        if (!is_coming && !confirmation->is_ahead)
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
        if (!write->record) /* it waits for a permit */
                read_with_others(policy);
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

/* One that is under way for an earlier probe is not sent again: it is not known yet which one decides. */
static void send_due(void *value, void *ctx)
{
        struct policy *policy = value;
        struct manager *manager = ctx;
        struct confirmation *confirmation = &policy->confirmation;
        if (!confirmation->is_due)
                return;
        if (!confirmation_is_under_way(confirmation) && !permit_take_free(manager)) {
                manager->has_reads_due = true;
                return;
        }
        confirmation->is_due = false;
        if (confirmation_is_under_way(confirmation))
                return;
        confirmation->is_early = true;
        ask_for_policy(policy);
}

static void count_due(void *value, void *ctx)
{
        const struct policy *policy = value;
        unsigned *count = ctx;
        *count += policy->confirmation.is_due && !confirmation_is_under_way(&policy->confirmation);
}

void confirm_turn(struct manager *manager)
{
        unsigned due = 0;
        if (!manager->has_reads_due)
                return;
        manager->has_reads_due = false;
        map_each(&manager->policies, count_due, &due);
        if (!confirm_list_begin(manager, due, answered_by_list))
                map_each(&manager->policies, send_due, manager);
}
