/* target_slot.c -- the result of the last visit to one target of a policy. */
#include "reconcile/target_slot.h"

#include <stdlib.h>

#include "reconcile/effect.h"
#include "targets/target.h"
#include "util/mem.h"

enum { BACKOFF_FIRST_MS = 200, BACKOFF_MAX_MS = 5000, QUICK_TRIES = 3, RETRY_AFTER_MAX_MS = 60000 };

static mono_ms backoff(unsigned failures)
{
        mono_ms delay = (mono_ms)BACKOFF_FIRST_MS << (failures < 6 ? failures - 1 : 5);
        return delay < BACKOFF_MAX_MS ? delay : BACKOFF_MAX_MS;
}

/* Retry-After counts for the whole credential. It is bounded: a wrong header must not stop a switch for ever. */
static void leave_alone(struct target_slot *slot, const struct visit *visit)
{
        if (visit->retry_after_ms <= 0)
                return;
        const mono_ms after = visit->retry_after_ms < RETRY_AFTER_MAX_MS ? visit->retry_after_ms : RETRY_AFTER_MAX_MS;
        const mono_ms until = visit->now + after;
        slot->retry_at = slot->retry_at > until ? slot->retry_at : until;
        if (slot->mechanism)
                mechanism_pause(slot->mechanism, until);
}

void slot_failed(struct target_slot *slot, const struct visit *visit)
{
        if (slot->reach != REACH_FAILED || !slot->failed_since) {
                slot->failed_since = visit->now;
                slot->failed_since_wall = visit->wall / 1000 * 1000;
        }
        slot->sure_at = 0;
        bool is_throttled = visit->retry_after_ms > 0; /* an answer, so the server behind the address is the same */
        /* After a visit that was cut, another server may stand behind the address: the looks of all policies that use
         * the mechanism are doubtful then. */
        bool is_broken = visit->err == ERR_UNKNOWN || (visit->err == ERR_TRANSIENT && !is_throttled);
        if (slot->mechanism && is_broken)
                slot->mechanism->broken_at = visit->now;
        slot->reach = REACH_FAILED;
        slot->error_class = visit->err;
        slot->has_failed_write = visit->is_write;
        slot->has_refused_decision = visit->is_decision && (visit->err == ERR_DENIED || visit->err == ERR_INVALID);
        free(slot->error);
        slot->error = mem_strdup(visit->why);
        slot->failures++;
        /* After a conflict or an unanswered write the value at the target is unknown: it is read at once, a few times,
         * before the back-off applies. */
        bool read_first = visit->err == ERR_CONFLICT || visit->err == ERR_UNKNOWN;
        slot->retry_at = visit->now + (read_first && slot->failures < QUICK_TRIES ? 0 : backoff(slot->failures));
        if (read_first)
                slot->read_at = slot->looked_at = 0;
        leave_alone(slot, visit);
}

static void forget_failure(struct target_slot *slot)
{
        slot->reach = slot->read_at ? REACH_OK : REACH_NEVER;
        slot->error_class = ERR_OK;
        slot->failed_since = 0;
        slot->failed_since_wall = 0;
        slot->failures = 0;
        slot->has_failed_write = slot->has_refused_decision = false;
        slot->retry_at = 0;
        free(slot->error);
        slot->error = NULL;
}

void slot_answered(struct target_slot *slot, const struct visit *visit)
{
        slot->read_at = slot->sure_at = visit->now;
        slot->looked_at = visit->began;
        if (slot->mechanism)
                slot->mechanism->answered_at = visit->now;
        if (visit->is_write || !slot->has_failed_write)
                forget_failure(slot);
        if (visit->is_write)
                target_rights_clear(&slot->rights); /* the server has taken a write */
}

void slot_forget_write(struct target_slot *slot)
{
        if (slot->has_failed_write)
                forget_failure(slot);
}

void slot_void(struct target_slot *slot)
{
        effect_abandon(slot->effect);
        slot->effect = NULL;
        slot->read_at = slot->looked_at = slot->sure_at = 0;
        target_rights_clear(&slot->rights);
        forget_failure(slot);
}

struct target_slot *slot_new(const struct target_ref *ref)
{
        struct target_slot *slot = mem_new(slot);
        *slot = (struct target_slot){.ref = {.kind = ref->kind,
                                             .driver = mem_strdup(ref->driver),
                                             .endpoint = mem_strdup(ref->endpoint),
                                             .name = mem_strdup(ref->name),
                                             .db = ref->db}};
        return slot;
}

void slot_free(struct target_slot *slot)
{
        effect_abandon(slot->effect);
        mechanism_drop(&slot->mechanism);
        target_state_clear(&slot->state);
        target_rights_clear(&slot->rights);
        free((char *)slot->ref.driver); /* const for its readers */
        free((char *)slot->ref.endpoint);
        free((char *)slot->ref.name);
        free(slot->error);
        free(slot);
}
