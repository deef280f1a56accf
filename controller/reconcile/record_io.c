/* record_io.c -- the decision record at the arbiter, and the uncached read before the first effect. */
#include "reconcile/record_io.h"

#include <stdlib.h>
#include <string.h>

#include "reconcile/tell.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "util/mem.h"
#include "util/text.h"

enum { TIMEOUT_MS = 3000, RETRY_FIRST_MS = 250, RETRY_MAX_MS = 4000, CONFIRM_AGAIN_MS = 1000 };

static char *lease_path(const struct policy *policy, bool is_named)
{
        char *name = record_lease_name(policy->name);
        char *path = kube_path(&kube_leases, policy->namespace_name, is_named ? name : NULL, NULL);
        free(name);
        return path;
}

static void call_ended(struct policy *policy)
{
        policy->record_call = NULL;
        turn_end(policy->manager);
        policy_wake(policy);
}

/* A conflict is answered by a look at once; an arbiter that is silent is not hammered. */
static void retry_later(struct policy *policy, enum err err)
{
        mono_ms delay = (mono_ms)RETRY_FIRST_MS << (policy->record_failures < 4 ? policy->record_failures : 4);
        bool is_first_conflict = err == ERR_CONFLICT && !policy->record_failures;
        policy->record_failures++;
        policy->record_retry_at = loop_now(policy->manager->loop) + (is_first_conflict ? 0 : delay);
}

static void read_answered(void *ctx, const struct kube_reply *reply)
{
        struct policy *policy = ctx;
        call_ended(policy);
        if (reply->err == ERR_OK || reply->err == ERR_NOT_FOUND) {
                policy->record_is_doubtful = false;
                policy_set_record(policy, reply->err == ERR_OK ? reply->body : NULL);
        } else {
                retry_later(policy, reply->err);
        }
}

/* Whether it is too early to ask the arbiter again; then the policy is woken in time. */
static bool must_wait(struct policy *policy)
{
        mono_ms left = policy->record_retry_at - loop_now(policy->manager->loop);
        if (left > 0)
                workqueue_add_after(policy->manager->policies_queue, &policy->work, left);
        return left > 0;
}

bool record_io_settle(struct policy *policy)
{
        struct manager *manager = policy->manager;
        if (policy->record_call || policy->confirm_call)
                return false;
        if (!policy->record_is_doubtful)
                return true;
        if (!must_wait(policy) && turn_take(policy, URGENCY_DECIDE)) {
                char *path = lease_path(policy, true);
                policy->record_call = kube_get(manager->kube, path, TIMEOUT_MS, read_answered, policy);
                free(path);
        }
        return false;
}

static bool is_counted(const struct record_write *write)
{
        return write->record && write->record->automatic && write->action != DO_COMMIT;
}

static void write_clear(struct manager *manager, struct record_write *write)
{
        manager->deciding -= is_counted(write);
        record_free(write->record);
        free(write->report);
        *write = (struct record_write){0};
}

static void write_answered(void *ctx, const struct kube_reply *reply)
{
        struct policy *policy = ctx;
        struct record_write write = policy->record_write;
        policy->record_write = (struct record_write){0};
        call_ended(policy);
        if (reply->err == ERR_OK) {
                policy->record_failures = 0;
                policy_set_record(policy, reply->body);
                tell_recorded(policy, &write);
        } else {
                log_line(LOG_WARN, "record", "decision not recorded, reading it again",
                         LOG_TEXT_FIELD("policy", policy->key), LOG_NUMBER_FIELD("epoch", (int64_t)write.record->epoch),
                         LOG_TEXT_FIELD("error", reply->why.text));
                policy->record_is_doubtful = true;
                retry_later(policy, reply->err);
        }
        write_clear(policy->manager, &write);
}

static enum urgency urgency_of(enum action action)
{
        return action == DO_DECIDE || action == DO_ABORT ? URGENCY_DECIDE : URGENCY_REST;
}

void record_io_write(struct policy *policy, const struct view *view, const struct decision *decision)
{
        struct manager *manager = policy->manager;
        const struct record *next = decision->next;
        if (must_wait(policy) || !turn_take(policy, urgency_of(decision->rule->then)))
                return;
        json_t *body = NULL;
        struct errmsg why;
        enum err err = policy->record_version
                           ? record_lease_patch(next, policy->record_version, &body, &why)
                           : record_lease_new(policy->namespace_name, policy->name, next, &body, &why);
        if (err != ERR_OK) {
                turn_end(manager);
                log_line(LOG_ERROR, "record", "decision cannot be written down", LOG_TEXT_FIELD("policy", policy->key),
                         LOG_TEXT_FIELD("error", why.text));
                return;
        }
        manager_hurry(manager);
        policy->record_write = (struct record_write){.record = record_copy(next), .action = decision->rule->then};
        manager->deciding += is_counted(&policy->record_write);
        tell_decided(policy, view, decision);
        char *path = lease_path(policy, policy->record_version != NULL);
        policy->record_call = policy->record_version
                                  ? kube_patch(manager->kube, path, body, TIMEOUT_MS, write_answered, policy)
                                  : kube_create(manager->kube, path, body, TIMEOUT_MS, write_answered, policy);
        free(path);
        json_decref(body);
}

static void confirm(struct policy *policy)
{
        policy->confirmed_epoch = policy->confirm_epoch;
        policy->times.confirmed_us = clock_mono_us();
}

/* The spec as it is now: suspend and mode may be others than those that the decision rested on. */
static void spec_answered(void *ctx, const struct kube_reply *reply)
{
        struct policy *policy = ctx;
        struct manager *manager = policy->manager;
        policy->confirm_call = NULL;
        turn_end(manager);
        bool is_same = reply->err == ERR_OK && text_equal(policy->uid, object_meta(reply->body, "uid"));
        if (reply->err == ERR_OK)
                policy_set(policy, reply->body); /* suspend and mode as they are now */
        /* The record may have moved on while the answer was on its way: it was asked for the one before. */
        if (is_same && policy->spec && !policy->spec->deleting && policy->record &&
            policy->record->epoch == policy->confirm_epoch) {
                confirm(policy);
        } else {
                policy->record_retry_at =
                    loop_now(manager->loop) + (reply->err == ERR_TRANSIENT ? RETRY_FIRST_MS : CONFIRM_AGAIN_MS);
        }
        policy_wake(policy);
}

static char *policy_path(const struct policy *policy)
{
        return kube_path(&kube_policies, policy->namespace_name, policy->name, NULL);
}

/* Mostly nothing was changed, and uid, generation and deletion say so. */
static void metadata_answered(void *ctx, const struct kube_reply *reply)
{
        struct policy *policy = ctx;
        const json_t *meta = reply->err == ERR_OK ? json_object_get(reply->body, "metadata") : NULL;
        bool is_unchanged = meta && text_equal(policy->uid, object_meta(reply->body, "uid")) &&
                            json_integer_value(json_object_get(meta, "generation")) == policy->generation &&
                            !json_object_get(meta, "deletionTimestamp") && policy->spec && !policy->spec->deleting;
        if (meta && !is_unchanged) {
                char *path = policy_path(policy);
                policy->confirm_call = kube_get(policy->manager->kube, path, TIMEOUT_MS, spec_answered, policy);
                free(path);
                return;
        }
        if (!is_unchanged) {
                spec_answered(policy, reply);
                return;
        }
        policy->confirm_call = NULL;
        turn_end(policy->manager);
        if (policy->record && policy->record->epoch == policy->confirm_epoch)
                confirm(policy);
        policy_wake(policy);
}

void record_io_confirm(struct policy *policy)
{
        struct manager *manager = policy->manager;
        if (must_wait(policy) || !turn_take(policy, URGENCY_CONFIRM))
                return;
        manager_hurry(manager);
        policy->confirm_epoch = policy->record->epoch;
        char *path = policy_path(policy);
        policy->confirm_call = kube_get_metadata(manager->kube, path, TIMEOUT_MS, metadata_answered, policy);
        free(path);
}

void record_io_cancel(struct policy *policy)
{
        struct kube_call *calls[] = {policy->record_call, policy->confirm_call};
        /* What was sent may have been written, or not: it is read before anything else is decided. */
        policy->record_is_doubtful |= policy->record_call != NULL;
        policy->record_call = policy->confirm_call = NULL;
        for (size_t i = 0; i < 2; i++) {
                if (!calls[i])
                        continue;
                kube_cancel(calls[i]);
                turn_end(policy->manager);
        }
        write_clear(policy->manager, &policy->record_write);
}
