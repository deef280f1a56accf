/* next_record.c -- the records that a decision writes. */
#include "core/next_record.h"

#include <string.h>

#include "core/plan.h"

/* 1 + the highest seen in the record or at any target of ours, so that an epoch is never used twice even after a restored backup. */
static epoch_t next_epoch(const struct view *view)
{
        epoch_t highest = view->record ? view->record->epoch : 0;
        if (view->dns.stamp.presence == STAMP_OURS && view->dns.stamp.epoch > highest)
                highest = view->dns.stamp.epoch;
        if (view->lock.stamp.presence == STAMP_OURS && view->lock.stamp.epoch > highest)
                highest = view->lock.stamp.epoch;
        return highest + 1;
}

static struct record *start(const struct view *view, epoch_t epoch, const struct plane_view *to, const char *reason,
                            struct arena *arena)
{
        struct record *next = arena_alloc(arena, sizeof(*next));
        *next = (struct record){
                .version = RECORD_VERSION,
                .epoch = epoch,
                .id = view->fresh_id,
                .from = "",
                .to = to->name,
                .reason = reason,
                .holder = view->identity,
                .started_at = view->wall,
                .plan = plan_for(view, to, epoch, arena),
        };
        if (view->record) {
                next->cooldown_until = view->record->cooldown_until;
                next->recent_count = view->record->recent_count;
                memcpy(next->recent, view->record->recent, sizeof(next->recent));
        }
        return next;
}

const struct record *next_switch(const struct view *view, const struct decision *decision, const struct plane_view *to,
                                 bool automatic, struct arena *arena)
{
        struct record *next = start(view, next_epoch(view), to, decision->rule->reason, arena);
        next->phase = PHASE_SWITCHING;
        next->from = decision->active ? decision->active->name : "";
        next->automatic = automatic;
        if (automatic) {
                memmove(next->recent + 1, next->recent, sizeof(next->recent) - sizeof(next->recent[0]));
                next->recent[0] = view->wall;
                next->recent_count += next->recent_count < RECENT_SWITCHES_MAX;
                if (decision->active_health.failing_since)
                        next->detected_at = view->wall - (view->now - decision->active_health.failing_since);
        }
        return next;
}

const struct record *next_adoption(const struct view *view, const struct decision *decision, const struct adoption *adoption,
                                   struct arena *arena)
{
        epoch_t epoch = next_epoch(view);
        /* A request that already stood there counts as handled: its epoch is used up by the adoption. */
        epoch_t requested = view->record ? 0 : request_highest_epoch(view, epoch + PLANES_MAX);
        struct record *next = start(view, requested > epoch ? requested : epoch, adoption->plane, decision->rule->reason, arena);
        next->from = view->record ? view->record->to : "";
        next->phase = adoption->complete ? PHASE_STEADY : PHASE_SWITCHING;
        next->completed_at = adoption->complete ? view->wall : 0;
        return next;
}

const struct record *next_abort(const struct view *view, const struct plane_view *from, struct arena *arena)
{
        struct record *next = start(view, next_epoch(view), from, "ActiveRecovered", arena);
        next->phase = PHASE_STEADY;
        next->from = view->record->to;
        next->completed_at = view->wall;
        return next;
}

const struct record *next_commit(const struct view *view, struct arena *arena)
{
        struct record *next = arena_alloc(arena, sizeof(*next));
        *next = *view->record;
        next->phase = PHASE_STEADY;
        next->completed_at = view->wall;
        if (next->automatic)
                next->cooldown_until = view->wall + view->policy.cooldown_ms;
        return next;
}
