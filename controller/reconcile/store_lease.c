/* store_lease.c -- the decision record on a Lease beside the policy: for operators of one cluster. */
#include <stdlib.h>

#include "api/object.h"
#include "reconcile/policy_targets.h"
#include "reconcile/record_io.h"
#include "reconcile/record_keeper.h"
#include "reconcile/record_store.h"
#include "runtime/log.h"
#include "util/mem.h"

/* A write without an answer by then is UNKNOWN, and the Lease is read before the next decision. */
enum { TIMEOUT_MS = 3000 };

static const char *lease_owner(const struct policy *policy, struct arena *arena)
{
        return arena_printf(arena, "k8s/%s/%s/%s",
                            policy->manager->identity.uid ? policy->manager->identity.uid : "unknown",
                            policy->namespace_name, policy->name);
}

/* Other operators may still decide in DNS: their ownership record is not taken over without a person. */
static const char *lease_former(const struct policy *policy, struct arena *arena)
{
        (void)policy, (void)arena;
        return "";
}

static char *lease_path(const struct policy *policy, bool is_named)
{
        char *name = record_lease_name(policy->name);
        char *path = kube_path(&kube_leases, policy->namespace_name, is_named ? name : NULL, NULL);
        free(name);
        return path;
}

static void call_ended(struct policy *policy)
{
        policy->keeper.call = NULL;
        permit_return(policy->manager);
        policy_wake(policy);
}

static void read_answered(void *ctx, const struct kube_reply *reply)
{
        struct policy *policy = ctx;
        call_ended(policy);
        if (reply->err == ERR_OK || reply->err == ERR_NOT_FOUND) {
                const json_t *lease = reply->err == ERR_OK ? reply->body : NULL;
                const char *version = object_meta(lease, "resourceVersion");
                policy->keeper.is_doubtful =
                    known_is_overtaken(&policy->keeper.lease.known, version, policy->keeper.lease.turns);
                if (!policy->keeper.is_doubtful)
                        record_keeper_read(policy, lease);
                trouble_over(policy->manager, TROUBLE_RECORDS, policy);
        } else {
                record_io_retry_later(policy, reply->err);
                trouble_note(policy->manager, TROUBLE_RECORDS, policy, reply->why.text);
        }
}

static bool lease_settle(struct policy *policy)
{
        if (!policy->keeper.is_doubtful)
                return true;
        /* The watch may be behind the write that was lost, so the Lease itself is read, past every cache. */
        if (!record_io_must_wait(policy) && permit_take(policy, URGENCY_DECIDE)) {
                char *path = lease_path(policy, true);
                policy->keeper.lease.turns = policy->keeper.lease.known.turns;
                policy->keeper.call = kube_get(policy->manager->kube, path, TIMEOUT_MS, read_answered, policy);
                free(path);
        }
        return false;
}

static void write_answered(void *ctx, const struct kube_reply *reply)
{
        struct policy *policy = ctx;
        call_ended(policy);
        bool is_overtaken = reply->err == ERR_OK &&
                            known_is_overtaken(&policy->keeper.lease.known, object_meta(reply->body, "resourceVersion"),
                                               policy->keeper.lease.turns);
        if (reply->err == ERR_OK && !is_overtaken)
                record_keeper_read(policy, reply->body);
        record_io_written(policy, reply->err, reply->why.text);
        policy_wake_first(policy);
}

/* No client waits for a commit or an adoption. */
static enum urgency urgency_of(enum action action)
{
        return action == DO_DECIDE || action == DO_ABORT ? URGENCY_DECIDE : URGENCY_REST;
}

static void lease_write(struct policy *policy, const struct view *view, const struct decision *decision)
{
        struct manager *manager = policy->manager;
        const struct record *next = decision->next;
        if (!permit_take(policy, urgency_of(decision->rule->then)))
                return;
        json_t *body = NULL;
        struct errmsg why;
        const bool has_lease = policy_has_lease(policy);
        enum err err = has_lease ? record_lease_patch(next, policy->keeper.lease.known.text, &body, &why)
                           : record_lease_new(policy->namespace_name, policy->name, next, &body, &why);
        if (err != ERR_OK) {
                permit_return(manager);
                record_io_misfit(policy, why.text);
                return;
        }
        record_io_begin(policy, view, decision);
        char *path = lease_path(policy, has_lease);
        /* Only the version that the decision was made from may be replaced; a 409 is read and decided again, never sent
         * again as it was. */
        policy->keeper.lease.turns = policy->keeper.lease.known.turns;
        policy->keeper.call = has_lease
                                  ? kube_patch(manager->kube, path, body, TIMEOUT_MS, write_answered, policy)
                                  : kube_create(manager->kube, path, body, TIMEOUT_MS, write_answered, policy);
        free(path);
        json_decref(body);
}

static void lease_show(struct policy *policy, struct arena *arena, struct view *ret)
{
        const struct manager *manager = policy->manager;
        (void)arena;
        ret->record_read = manager->lease_watch && watch_is_synced(manager->lease_watch) &&
                           identity_is_proven(&manager->identity, policy->identity_doubt);
        ret->record = policy->keeper.record;
        ret->record_error = policy->keeper.error ? policy->keeper.error : "";
        /* The renewals of the election are the arbiter's sign of life: same API server, and no request per policy. */
        ret->arbiter_answered_at =
            manager->election ? election_last_answer(manager->election) : manager->kill_switch.answered_at;
        ret->arbiter_period_ms = manager->election ? election_renew_deadline(manager->election)
                                                     : manager->options.renew_deadline_ms;
}

static void lease_dns_seen(struct policy *policy)
{
        (void)policy;
}

static const char *lease_text_beside(const struct policy *policy, struct arena *arena)
{
        (void)policy, (void)arena;
        return NULL;
}

static mono_ms lease_reads_every(const struct policy *policy)
{
        return target_limits_of(policy_name(policy)->ref.driver)->read_every_ms;
}

const struct record_store store_lease = {
    .name = "Kubernetes",
    .is_on_lease = true,
    .prepares = true,
    .owner = lease_owner,
    .former = lease_former,
    .settle = lease_settle,
    .write = lease_write,
    .show = lease_show,
    .dns_seen = lease_dns_seen,
    .text_beside = lease_text_beside,
    .reads_every = lease_reads_every,
};
