/* confirm.c -- the uncached read of the policy before the first effect. */
#include "reconcile/confirm.h"

#include <stdlib.h>

#include "api/object.h"
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
        policy->confirmation.call = kube_get(policy->manager->kube, path, TIMEOUT_MS, policy_answered, policy);
        free(path);
}

void confirm_policy(struct policy *policy)
{
        struct manager *manager = policy->manager;
        if (!permit_take(policy, URGENCY_CONFIRM))
                return;
        pace_prioritise(&manager->pace);
        policy->confirmation.asked_epoch = policy->keeper.record->epoch;
        ask_for_policy(policy);
}

/* Others that wait for a permit go first: then it is read when the record is there, as it would be without this. */
void confirm_beside(struct policy *policy)
{
        const struct record_write *write = &policy->keeper.write;
        policy->confirmation.is_ahead = false;
        if (!write->record || write->action != DO_DECIDE || !permit_take_free(policy->manager))
                return;
        policy->confirmation.asked_epoch = write->record->epoch;
        ask_for_policy(policy);
}
