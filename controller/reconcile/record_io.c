/* record_io.c -- the part of a write that all arbiters share. */
#include "reconcile/record_io.h"

#include <stdlib.h>
#include <string.h>

#include "reconcile/confirmation.h"
#include "reconcile/tell.h"
#include "runtime/log.h"
#include "util/mem.h"

enum { RETRY_FIRST_MS = 250 };

/* The first conflict is followed by a read at once, because the answer came from a healthy arbiter. Every other failure
 * backs off, up to 4 s. */
void record_io_retry_later(struct policy *policy, enum err err)
{
        mono_ms delay = (mono_ms)RETRY_FIRST_MS << (policy->keeper.failures < 4 ? policy->keeper.failures : 4);
        bool is_first_conflict = err == ERR_CONFLICT && !policy->keeper.failures;
        policy->keeper.failures++;
        policy->keeper.retry_at = loop_now(policy->manager->loop) + (is_first_conflict ? 0 : delay);
}

bool record_io_must_wait(struct policy *policy)
{
        mono_ms left = policy->keeper.retry_at - loop_now(policy->manager->loop);
        if (left > 0)
                workqueue_add_after(policy->manager->policies_queue, &policy->work, left);
        return left > 0;
}

static bool is_counted(const struct record_write *write)
{
        return write->record && write->record->automatic && write->action != DO_COMMIT &&
               !action_is_aside(write->action);
}

/* From here on what was prepared may end at any time, so it is not begun any more but by this very write. */
static void note_sent(struct policy *policy, enum action action)
{
        struct prepares *prepares = &policy->keeper.prepares;
        prepares->owned_epoch = 0;
        if (action != DO_PREPARE)
                return;
        memmove(prepares->tried_at + 1, prepares->tried_at, sizeof(prepares->tried_at) - sizeof(prepares->tried_at[0]));
        prepares->tried_at[0] = loop_now(policy->manager->loop);
}

/* The store has taken it, by its own word. Whether it still holds it is compared with the record. */
static void note_prepared(struct policy *policy, const struct record_write *write)
{
        if (write->action != DO_PREPARE)
                return;
        policy->keeper.prepares.owned_epoch = write->record->prepared.epoch;
        policy->keeper.prepares.owned_id = write->record->prepared.id;
}

static void write_clear(struct manager *manager, struct record_write *write)
{
        manager->pace.deciding -= is_counted(write);
        record_free(write->record);
        json_decref(write->report);
        free(write->way_back);
        free(write->text);
        free(write->former);
        *write = (struct record_write){0};
}

void record_io_begin(struct policy *policy, const struct view *view, const struct decision *decision)
{
        pace_prioritise(&policy->manager->pace);
        policy->keeper.write =
            (struct record_write){.record = record_copy(decision->next), .action = decision->rule->then};
        policy->manager->pace.deciding += is_counted(&policy->keeper.write);
        note_sent(policy, decision->rule->then);
        tell_decided(policy, view, decision);
}

void record_io_drop(struct policy *policy)
{
        write_clear(policy->manager, &policy->keeper.write);
}

static void set_refusal(struct policy *policy, const char *why)
{
        free(policy->keeper.refusal);
        policy->keeper.refusal = why ? mem_strdup(why) : NULL;
}

void record_io_misfit(struct policy *policy, const char *why)
{
        log_line(policy->keeper.refusal ? LOG_DEBUG : LOG_ERROR, "record", "decision cannot be written down",
                 LOG_TEXT_FIELD("policy", policy->key), LOG_TEXT_FIELD("error", why));
        set_refusal(policy, why);
        trouble_note(policy->manager, TROUBLE_RECORDS, policy, why);
        record_io_retry_later(policy, ERR_INVALID);
        workqueue_add(policy->manager->policies_queue, &policy->work); /* the status has to show the refusal */
}

void record_io_written(struct policy *policy, enum err err, const char *why)
{
        struct record_write write = policy->keeper.write;
        bool is_refused = err == ERR_DENIED || err == ERR_INVALID;
        policy->keeper.write = (struct record_write){0};
        set_refusal(policy, is_refused ? why : NULL);
        if (err == ERR_OK) {
                policy->keeper.failures = 0;
                trouble_over(policy->manager, TROUBLE_RECORDS, policy);
                note_prepared(policy, &write);
                tell_recorded(policy, &write);
        } else {
                log_line(policy->keeper.failures ? LOG_DEBUG : LOG_WARN, "record",
                         "decision not recorded, trying again", LOG_TEXT_FIELD("policy", policy->key),
                         LOG_NUMBER_FIELD("epoch", (int64_t)write.record->epoch), LOG_TEXT_FIELD("error", why));
                /* After a conflict the record is another writer's, after a lost answer perhaps this one. */
                policy->keeper.is_doubtful = true;
                policy->keeper.is_assumed = false;
                if (err != ERR_CONFLICT || policy->keeper.failures)
                        trouble_note(policy->manager, TROUBLE_RECORDS, policy, why);
                record_io_retry_later(policy, err);
        }
        confirmation_recorded(policy, err == ERR_OK ? write.record : NULL);
        write_clear(policy->manager, &write);
}

void record_io_cancel(struct policy *policy)
{
        struct kube_call *call = policy->keeper.call;
        /* A cancelled write may be applied or not: the record is read before anything else is decided. */
        policy->keeper.is_doubtful |= policy->keeper.call != NULL;
        policy->keeper.call = NULL;
        policy->keeper.is_assumed = false;
        policy->keeper.prepares.owned_epoch = 0;
        if (call) {
                kube_cancel(call);
                permit_return(policy->manager);
        }
        confirmation_forget(policy);
        write_clear(policy->manager, &policy->keeper.write);
}
