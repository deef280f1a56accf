/* sync.c -- the state of a target against the decision record. */
#include "core/sync.h"

#include <string.h>

#include "core/plan.h"
#include "core/targets.h"
#include "core/waiting.h"

/* The stamp against the record's epoch. SYNC_BEHIND stands for "an older epoch, look at the value". */
static enum sync compare_stamp(const struct view *view, const struct record *record, const struct stamp *stamp)
{
        if (targets_stamp_is_foreign(view, stamp))
                return SYNC_FOREIGN;
        if (stamp->presence == STAMP_UNREADABLE)
                return SYNC_UNREADABLE;
        if (stamp->presence == STAMP_ABSENT || stamp->epoch < record->epoch)
                return SYNC_BEHIND;
        if (stamp->epoch > record->epoch || stamp->id != record->id)
                return SYNC_AHEAD;
        return SYNC_MET;
}

/*
 * An absent value is nobody's, so writing it takes nothing from anyone. In a switch it is written in any case. At rest,
 * where a stamp of this policy is there and the recorded value was never seen, a write of it was half done: of this
 * epoch, or of one that this epoch has aborted. A value that was seen and is gone was removed by a person.
 */
static enum sync compare_absent(const struct target_view *target, const struct record *record, enum sync stamp)
{
        const enum absence absence = target_traits(target->ref.kind)->absence;
        if (absence == ABSENT_IS_MET)
                return SYNC_MET;
        if (absence == ABSENT_IS_FREE)
                return stamp == SYNC_MET ? SYNC_DRIFT : SYNC_BEHIND;
        bool is_half_done = target->shows.stamp.presence == STAMP_OURS && target->met_epoch != record->epoch;
        return record->phase == PHASE_SWITCHING || is_half_done ? SYNC_BEHIND : SYNC_EMPTY;
}

/* Whether a later step that waits for this one is still to be taken. */
static bool is_followed(const struct view *view, const struct record *record, unsigned i)
{
        for (unsigned later = i + 1; later < view->target_count; later++)
                if (waiting_is_for(view, &view->targets[later]) &&
                    sync_of(view, record, later) == SYNC_BEHIND)
                        return true;
        return record->phase == PHASE_SWITCHING;
}

/* A kind without a stamp cannot show an owner or an epoch, so it is never another owner's, nor ahead. */
static enum sync stamp_of(const struct view *view, const struct record *record, const struct target_view *target)
{
        return target_traits(target->ref.kind)->is_stamped ? compare_stamp(view, record, &target->shows.stamp)
                                                           : SYNC_BEHIND;
}

/*
 * A weak target refuses no older epoch, so a late write may undo its value at any time. One whose server moves it by
 * itself is moved on where a switch wants it elsewhere, and at rest is not fought.
 */
static enum sync compare_weak(const struct target_view *target, const struct record *record,
                              const struct plan_target *planned, enum sync stamp)
{
        bool has_stamp = target_traits(target->ref.kind)->is_stamped && target->shows.stamp.presence != STAMP_ABSENT;
        if (target_is_wanted(target->ref.kind, planned->to, target->shows.value))
                return has_stamp && stamp != SYNC_MET ? SYNC_BEHIND : SYNC_MET;
        if (target->moves_itself)
                return record->phase == PHASE_SWITCHING ? SYNC_BEHIND : SYNC_DRIFT;
        return plan_may_replace(planned, target->shows.value) ? SYNC_BEHIND : SYNC_DRIFT;
}

/*
 * The stamp came first, and the value does not count yet. A value that no record has is nobody's who writes for this
 * policy.
 */
static enum sync compare_half(const struct target_view *target, const struct plan_target *planned, enum sync stamp)
{
        const char *value = target->shows.value;
        if (target->shows.present && strcmp(value, planned->to) != 0 && !plan_may_replace(planned, value))
                return SYNC_DRIFT;
        return stamp == SYNC_MET && target->shows.settling ? SYNC_SETTLING : SYNC_BEHIND;
}

enum sync sync_of(const struct view *view, const struct record *record, unsigned i)
{
        const struct target_view *target = &view->targets[i];
        const struct plan_target *planned = &record->plan.targets[i];
        if (!target->health.read_at)
                return SYNC_UNREAD;
        const struct target_traits *traits = target_traits(target->ref.kind);
        enum sync stamp = stamp_of(view, record, target);
        if (stamp != SYNC_MET && stamp != SYNC_BEHIND)
                return stamp;
        if (target->shows.is_half)
                return compare_half(target, planned, stamp);
        if (target->shows.settling && !traits->settles_by_writing && (stamp == SYNC_MET || !traits->is_stamped))
                return SYNC_SETTLING;
        if (!target->shows.present)
                return compare_absent(target, record, stamp);
        if (targets_is_weak(target) && !target->shows.settling)
                return compare_weak(target, record, planned, stamp);
        bool is_wanted = strcmp(target->shows.value, planned->to) == 0;
        /* The next step may rest only on a value that a replica has, too: it is written again until that is known. */
        if (stamp == SYNC_MET && is_wanted)
                return target->shows.settling && is_followed(view, record, i) ? SYNC_BEHIND : SYNC_MET;
        if (stamp == SYNC_MET)
                return SYNC_DRIFT;
        return is_wanted || plan_may_replace(planned, target->shows.value) ? SYNC_BEHIND : SYNC_DRIFT;
}
