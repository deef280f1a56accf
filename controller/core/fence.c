/* fence.c -- what a target shows, held against the decision record. */
#include "core/fence.h"

#include <string.h>

#include "core/targets.h"

static bool is_among(const char *value, const char *const *values, unsigned count)
{
        for (unsigned i = 0; i < count; i++)
                if (strcmp(value, values[i]) == 0)
                        return true;
        return false;
}

/*
 * The part that both targets share: the stamp against the record's epoch. FENCE_BEHIND stands for "an older epoch, look
 * at the value".
 */
static enum fence compare_stamp(const struct view *view, const struct record *record, const struct stamp *stamp)
{
        if (targets_stamp_is_foreign(view, stamp))
                return FENCE_FOREIGN;
        if (stamp->presence == STAMP_UNREADABLE)
                return FENCE_UNREADABLE;
        if (stamp->presence == STAMP_ABSENT || stamp->epoch < record->epoch)
                return FENCE_BEHIND;
        if (stamp->epoch > record->epoch || stamp->id != record->id)
                return FENCE_AHEAD;
        return FENCE_MET;
}

/*
 * A name without an address is nobody's value, so that writing it takes nothing from anyone. In a switch it is written
 * whatever made it so; and where a stamp of ours is there and the recorded value was never seen, a write of ours was
 * half done: of this epoch, or of one that this epoch has aborted. What was there and is gone, a person has removed.
 */
static enum fence compare_empty(const struct view *view, const struct record *record)
{
        bool is_half_done = view->dns.stamp.presence == STAMP_OURS && !view->dns_was_met;
        return record->phase == PHASE_SWITCHING || is_half_done ? FENCE_BEHIND : FENCE_EMPTY;
}

enum fence fence_dns(const struct record *record, const struct view *view)
{
        if (!view->dns_health.read_at)
                return FENCE_UNREAD;
        enum fence stamp = compare_stamp(view, record, &view->dns.stamp);
        if (!view->dns.rrset[0] && (stamp == FENCE_MET || stamp == FENCE_BEHIND))
                return compare_empty(view, record);
        bool is_wanted = strcmp(view->dns.rrset, record->plan.to_rrset) == 0;
        if (stamp == FENCE_MET)
                return is_wanted ? FENCE_MET : FENCE_DRIFT;
        if (stamp != FENCE_BEHIND)
                return stamp;
        bool may_replace = is_among(view->dns.rrset, record->plan.old_rrsets, record->plan.old_rrset_count);
        return is_wanted || may_replace ? FENCE_BEHIND : FENCE_DRIFT;
}

enum fence fence_lock(const struct record *record, const struct view *view)
{
        if (!record->plan.lock_server[0])
                return FENCE_MET;
        if (!view->lock_health.read_at)
                return FENCE_UNREAD;
        enum fence stamp = compare_stamp(view, record, &view->lock.stamp);
        bool is_wanted = view->lock.present && strcmp(view->lock.value, record->plan.to_lock) == 0;
        /* The name may follow only a lock that outlives its server: it is written again until that is known. */
        bool is_followed = record->phase == PHASE_SWITCHING || fence_dns(record, view) == FENCE_BEHIND;
        if (stamp == FENCE_MET && is_wanted)
                return view->lock.settling && is_followed ? FENCE_BEHIND : FENCE_MET;
        if (stamp == FENCE_MET)
                return FENCE_DRIFT;
        if (stamp != FENCE_BEHIND)
                return stamp;
        /* An absent lock names nobody (a flushed or restored Redis): writing it takes nothing from anyone. */
        bool may_replace =
            !view->lock.present || is_among(view->lock.value, record->plan.old_locks, record->plan.old_lock_count);
        return is_wanted || may_replace ? FENCE_BEHIND : FENCE_DRIFT;
}
