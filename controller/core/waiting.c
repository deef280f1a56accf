/* waiting.c -- which targets are waited for. */
#include "core/waiting.h"

#include <string.h>

#include "core/health.h"
#include "core/targets.h"

/* Unless it is known to be down. Unknown is not down, nor is one that has answered again. */
static bool may_serve(const struct view *view, const char *name)
{
        const struct plane_view *plane = view_plane(view, name);
        if (!plane || !plane->known)
                return false;
        const struct plane_health health = health_of(plane, &view->policy.detection, view->now);
        return health.verdict != VERDICT_DOWN || !health.fails;
}

static bool waits_for_who_answers(const struct target_view *target)
{
        return target_traits(target->ref.kind)->blocks == BLOCKS_WHILE_LEFT_ANSWERS;
}

bool waiting_blocks(const struct view *view, const struct target_view *target, const char *left)
{
        if (!waits_for_who_answers(target))
                return target_traits(target->ref.kind)->blocks == BLOCKS_ALWAYS;
        const char *own = targets_plane_of(view, target);
        return (!own[0] || strcmp(own, left) == 0) && may_serve(view, left);
}

/* Under an older epoch, or by a person: only the stamp is to be renewed. */
static bool is_seen_as_planned(const struct view *view, const struct target_view *target)
{
        const struct plan_target *planned = targets_planned(view, target);
        return target->health.read_at && planned && strcmp(planned->to, target->shows.value) == 0;
}

bool waiting_is_released(const struct view *view, const struct target_view *target)
{
        return waits_for_who_answers(target) && view->record &&
               strcmp(targets_plane_of(view, target), view->record->to) == 0;
}

bool waiting_is_for(const struct view *view, const struct target_view *target)
{
        if (!waits_for_who_answers(target))
                return target_traits(target->ref.kind)->blocks == BLOCKS_ALWAYS;
        const struct record *record = view->record;
        if (!record || record->phase != PHASE_SWITCHING || waiting_is_released(view, target))
                return false;
        const char *own = targets_plane_of(view, target);
        if (own[0] && strcmp(own, record->from) != 0 && is_seen_as_planned(view, target))
                return false;
        return may_serve(view, own[0] ? own : record->from);
}
