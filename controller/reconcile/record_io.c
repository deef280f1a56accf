/* record_io.c -- what all arbiters share, and the uncached read before the first effect. */
#include "reconcile/record_io.h"

#include <stdlib.h>
#include <string.h>

#include "reconcile/record_store.h"
#include "reconcile/tell.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "util/mem.h"
#include "util/text.h"

enum { TIMEOUT_MS = 3000, RETRY_FIRST_MS = 250, RETRY_MAX_MS = 4000, CONFIRM_AGAIN_MS = 1000 };

/* A conflict is answered by a look at once; an arbiter that is silent is not hammered. */
void record_io_retry_later(struct policy *policy, enum err err)
{
        mono_ms delay = (mono_ms)RETRY_FIRST_MS << (policy->record_failures < 4 ? policy->record_failures : 4);
        bool is_first_conflict = err == ERR_CONFLICT && !policy->record_failures;
        policy->record_failures++;
        policy->record_retry_at = loop_now(policy->manager->loop) + (is_first_conflict ? 0 : delay);
}

bool record_io_must_wait(struct policy *policy)
{
        mono_ms left = policy->record_retry_at - loop_now(policy->manager->loop);
        if (left > 0)
                workqueue_add_after(policy->manager->policies_queue, &policy->work, left);
        return left > 0;
}

bool record_io_settle(struct policy *policy)
{
        if (policy->record_call || policy->confirm_call || policy->record_write.record)
                return false;
        return policy->store->settle(policy);
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
        free(write->way_back);
        free(write->text);
        free(write->former);
        *write = (struct record_write){0};
}

void record_io_begin(struct policy *policy, const struct view *view, const struct decision *decision)
{
        manager_hurry(policy->manager);
        policy->record_write =
            (struct record_write){.record = record_copy(decision->next), .action = decision->rule->then};
        policy->manager->deciding += is_counted(&policy->record_write);
        tell_decided(policy, view, decision);
}

void record_io_drop(struct policy *policy)
{
        write_clear(policy->manager, &policy->record_write);
}

void record_io_written(struct policy *policy, enum err err, const char *why)
{
        struct record_write write = policy->record_write;
        bool is_refused = err == ERR_DENIED || err == ERR_INVALID;
        policy->record_write = (struct record_write){0};
        free(policy->record_refusal);
        policy->record_refusal = is_refused ? mem_strdup(why) : NULL;
        if (err == ERR_OK) {
                policy->record_failures = 0;
                trouble_over(policy->manager, TROUBLE_RECORDS, policy);
                tell_recorded(policy, &write);
        } else {
                log_line(policy->record_failures ? LOG_DEBUG : LOG_WARN, "record",
                         "decision not recorded, trying again", LOG_TEXT_FIELD("policy", policy->key),
                         LOG_NUMBER_FIELD("epoch", (int64_t)write.record->epoch), LOG_TEXT_FIELD("error", why));
                policy->record_is_doubtful = true;
                if (err != ERR_CONFLICT || policy->record_failures)
                        trouble_note(policy->manager, TROUBLE_RECORDS, policy, why);
                record_io_retry_later(policy, err);
        }
        write_clear(policy->manager, &write);
}

void record_io_write(struct policy *policy, const struct view *view, const struct decision *decision)
{
        if (!record_io_must_wait(policy))
                policy->store->write(policy, view, decision);
}

static void confirm(struct policy *policy)
{
        trouble_over(policy->manager, TROUBLE_POLICY_READ, policy);
        policy->confirmed_epoch = policy->confirm_epoch;
        policy->account.times.confirmed_us = clock_mono_us();
}

static void ask_for_policy(struct policy *policy);

/* The record may have moved on while the answer was on its way: it was asked for the one before. */
static bool may_confirm(const struct policy *policy)
{
        return policy->spec && !policy->spec->deleting && policy->record &&
               policy->record->epoch == policy->confirm_epoch;
}

/*
 * The whole object as the store has it, whatever its version: uid, deletion, suspend, mode and all else may be others than those
 * that the decision rested on. Only what was taken in confirms; what the watch has overtaken is asked for again.
 */
static void policy_answered(void *ctx, const struct kube_reply *reply)
{
        struct policy *policy = ctx;
        struct manager *manager = policy->manager;
        const json_t *object = reply->err == ERR_OK ? reply->body : NULL;
        const char *version = object_meta(object, "resourceVersion");
        bool is_same = object && text_equal(policy->uid, object_meta(object, "uid"));
        policy->confirm_call = NULL;
        if (object && known_is_overtaken(&policy->status.known, version, policy->confirm_turns)) {
                ask_for_policy(policy);
                return;
        }
        turn_end(manager);
        if (reply->err != ERR_OK)
                trouble_note(manager, TROUBLE_POLICY_READ, policy, reply->why.text);
        if (object || reply->err == ERR_NOT_FOUND)
                policy_read(policy, object);
        if (is_same && may_confirm(policy))
                confirm(policy);
        else
                policy->record_retry_at =
                    loop_now(manager->loop) + (reply->err == ERR_TRANSIENT ? RETRY_FIRST_MS : CONFIRM_AGAIN_MS);
        policy_wake(policy);
}

static void ask_for_policy(struct policy *policy)
{
        char *path = kube_path(&kube_policies, policy->namespace_name, policy->name, NULL);
        policy->confirm_turns = policy->status.known.turns;
        policy->confirm_call = kube_get(policy->manager->kube, path, TIMEOUT_MS, policy_answered, policy);
        free(path);
}

void record_io_confirm(struct policy *policy)
{
        struct manager *manager = policy->manager;
        if (record_io_must_wait(policy) || !turn_take(policy, URGENCY_CONFIRM))
                return;
        manager_hurry(manager);
        policy->confirm_epoch = policy->record->epoch;
        ask_for_policy(policy);
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
