/* next_record.c -- the records that a decision writes. */
#include "core/next_record.h"

#include <string.h>

#include "core/plan.h"
#include "core/prepare.h"

/*
 * A stale annotation may name an epoch up to this far ahead. The adoption takes an epoch above it, so that it counts as
 * handled.
 */
enum { REQUEST_JUMP_MAX = 1000000 };

/* The times for the cooldown and the limit per window are copied from record to record. */
static struct record *start(const struct view *view, const struct decision *decision, epoch_t epoch,
                            const struct plane_view *to, struct arena *arena)
{
        struct record *next = arena_alloc(arena, sizeof(*next));
        *next = (struct record){
            .epoch = epoch,
            .id = view->fresh_id,
            .from = "",
            .to = to->name,
            .reason = decision->rule->reason,
            .holder = view->identity,
            .started_at = view->wall,
            .plan = plan_for(view, to, epoch, arena),
        };
        next->version = record_version(next);
        if (view->record) {
                const epoch_t passed_over = record_highest_epoch(view->record);
                next->given_up = passed_over > view->record->epoch ? passed_over : 0;
                next->cooldown_until = view->record->cooldown_until;
                next->recent_count = view->record->recent_count;
                memcpy(next->recent, view->record->recent, sizeof(next->recent));
        }
        /* A person who decides has seen the targets, so the enforcement of edits starts anew. */
        if (view->record && !(decision->rule->flags & RULE_ASKED)) {
                next->enforced_count = view->record->enforced_count;
                memcpy(next->enforced, view->record->enforced, sizeof(next->enforced));
        }
        return next;
}

static void count_automatic(const struct view *view, const struct decision *decision, struct record *next)
{
        next->automatic = true;
        memmove(next->recent + 1, next->recent, sizeof(next->recent) - sizeof(next->recent[0]));
        next->recent[0] = view->wall;
        next->recent_count += next->recent_count < RECENT_SWITCHES_MAX;
        if (decision->active_health.failing_since)
                next->detected_at = view->wall - (view->now - decision->active_health.failing_since);
}

/* An edit that is put back during a switch does not end the switch: its origin, its cause and its cooldown stay. */
static void count_enforced(const struct view *view, struct record *next)
{
        const struct record *record = view->record;
        memmove(next->enforced + 1, next->enforced, sizeof(next->enforced) - sizeof(next->enforced[0]));
        next->enforced[0] = view->wall;
        next->enforced_count += next->enforced_count < ENFORCED_MAX;
        if (record->phase != PHASE_SWITCHING)
                return;
        next->from = record->from;
        next->automatic = record->automatic;
        next->detected_at = record->detected_at;
}

const struct record *next_switch(const struct view *view, const struct decision *decision, const struct plane_view *to,
                                 struct arena *arena)
{
        struct record *next = start(view, decision, decision->epoch + 1, to, arena);
        next->phase = PHASE_SWITCHING;
        next->from = decision->active ? decision->active->name : view->record ? view->record->to : "";
        if (decision->rule->flags & RULE_AUTOMATIC)
                count_automatic(view, decision, next);
        if (decision->finding == FINDING_DRIFT_ENFORCED)
                count_enforced(view, next);
        return next;
}

const struct record *next_begun(const struct view *view, const struct decision *decision, struct arena *arena)
{
        const struct record *record = view->record;
        const struct prepared *prepared = &record->prepared;
        struct record *next = arena_alloc(arena, sizeof(*next));
        *next = record_copied(record);
        next->prepared = (struct prepared){0};
        next->epoch = prepared->epoch;
        next->id = prepared->id;
        next->phase = PHASE_SWITCHING;
        next->from = record->to;
        next->to = prepared->to;
        next->reason = decision->rule->reason;
        next->holder = view->identity;
        next->started_at = view->wall;
        next->completed_at = next->detected_at = 0;
        next->plan = prepare_plan(record);
        next->version = record_version(next);
        count_automatic(view, decision, next);
        if (!next->detected_at) /* the process that began it knew since when the plane failed */
                next->detected_at = prepared->at;
        return next;
}

const struct record *next_prepared(const struct view *view, const struct decision *decision,
                                   const struct plane_view *to, struct arena *arena)
{
        struct record *next = arena_alloc(arena, sizeof(*next));
        *next = record_copied(view->record);
        next->prepared = prepare_values(view, to, decision->epoch + 1, arena);
        next->version = record_version(next);
        return next;
}

const struct record *next_given_up(const struct view *view, struct arena *arena)
{
        struct record *next = arena_alloc(arena, sizeof(*next));
        *next = record_copied(view->record);
        next->given_up = next->prepared.epoch;
        next->prepared = (struct prepared){0};
        next->version = record_version(next);
        return next;
}

const struct record *next_adoption(const struct view *view, const struct decision *decision,
                                   const struct adoption *adoption, struct arena *arena)
{
        epoch_t epoch = decision->epoch + 1;
        /* A request that already stood there counts as handled: its epoch is used up by the adoption. */
        epoch_t requested = view->record ? 0 : request_highest_epoch(view, epoch + REQUEST_JUMP_MAX);
        struct record *next = start(view, decision, requested > epoch ? requested : epoch, adoption->plane, arena);
        next->from = view->record ? view->record->to : "";
        next->phase = adoption->complete ? PHASE_STEADY : PHASE_SWITCHING;
        next->completed_at = adoption->complete ? view->wall : 0;
        return next;
}

const struct record *next_abort(const struct view *view, const struct decision *decision, const struct plane_view *from,
                                struct arena *arena)
{
        struct record *next = start(view, decision, decision->epoch + 1, from, arena);
        next->phase = PHASE_STEADY;
        next->from = view->record->to;
        next->completed_at = view->wall;
        return next;
}

const struct record *next_commit(const struct view *view, struct arena *arena)
{
        struct record *next = arena_alloc(arena, sizeof(*next));
        *next = record_copied(view->record);
        next->phase = PHASE_STEADY;
        next->completed_at = view->wall;
        if (next->automatic)
                next->cooldown_until = view->wall + view->policy.cooldown_ms;
        return next;
}
