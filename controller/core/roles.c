/* roles.c -- each plane's role by the record, and since when. */
#include "core/roles.h"

#include <string.h>

#include "core/adopt.h"
#include "core/election.h"
#include "core/mode.h"
#include "core/sync.h"
#include "core/targets.h"

bool roles_is_stopped(const struct view *view)
{
        return view->policy.suspended || view->kill_switch;
}

const struct plane_view *roles_active(const struct view *view, bool may_act)
{
        const struct record *record = view->record;
        if (!record)
                return NULL;
        const struct plane_view *shown = NULL;
        if (record->phase == PHASE_STEADY && !may_act && targets_name(view)->health.read_at)
                shown = adopt_plane_shown(view);
        return shown ? shown : view_plane(view, record->to);
}

/* Whether a target shows the epoch of the switch under way: from then on agents or writers may be elsewhere. */
static bool has_begun_to_move(const struct view *view)
{
        for (unsigned i = 0; i < view->target_count; i++)
                if (view->plan_proof == PLAN_PROVEN && view->targets[i].shows.present &&
                    sync_of(view, view->record, i) == SYNC_MET)
                        return true;
        return false;
}

/* Whether agents and writers are where the record says, as far as that was read. */
static bool is_shown(const struct view *view)
{
        for (unsigned i = 0; i < view->target_count && view->plan_proof == PLAN_PROVEN; i++) {
                const struct target_view *target = &view->targets[i];
                const struct target_traits *traits = target_traits(target->ref.kind);
                const struct plan_target *planned = traits->names_plane ? targets_planned(view, target) : NULL;
                bool is_free = !target->shows.present && traits->absence == ABSENT_IS_FREE;
                if (planned && target->health.read_at && !is_free &&
                    !target_is_wanted(target->ref.kind, planned->to, target->shows.value))
                        return false;
        }
        return true;
}

static enum plane_role role_in_steady(const struct view *view, const struct plane_view *plane,
                                      const struct plane_view *active)
{
        const struct record *record = view->record;
        bool is_as_recorded = !record || active != view_plane(view, record->to) || is_shown(view);
        if (is_as_recorded)
                return plane == active ? ROLE_ACTIVE : ROLE_STANDBY;
        return plane == active || plane == adopt_plane_shown(view) ? ROLE_EITHER : ROLE_STANDBY;
}

static enum plane_role role_of(const struct view *view, const struct plane_view *plane, const struct plane_view *active)
{
        const struct record *record = view->record;
        if (!active)
                return ROLE_EITHER;
        if (!record || record->phase == PHASE_STEADY)
                return role_in_steady(view, plane, active);
        const struct plane_view *from = view_plane(view, record->from);
        if (plane == active)
                return plane == from ? ROLE_ACTIVE : ROLE_EITHER;
        return plane == from && !has_begun_to_move(view) ? ROLE_ACTIVE : ROLE_STANDBY;
}

static bool is_told_apart(const struct plane_view *plane)
{
        for (unsigned i = 0; i < plane->check_count; i++)
                if (plane->checks[i].when != WHEN_ALWAYS)
                        return true;
        return false;
}

/* Whether a person moved to @plane, or is moving there, although it was not fit. */
static bool is_asked_for(const struct view *view, const struct plane_view *plane)
{
        const struct record *record = view->record;
        return record && record_is_confirmed(record) && strcmp(record->to, plane->name) == 0;
}

/*
 * The switch that made @plane active. A process that saw only the record before and the one after it would take the
 * role for one that never ended, and hold the failures of the time as a standby against the plane.
 */
static epoch_t switched_by(const struct view *view, const struct plane_view *plane, enum plane_role role)
{
        const struct record *record = view->record;
        if (role != ROLE_ACTIVE || !record || strcmp(record->to, plane->name) != 0)
                return 0;
        bool is_switch = record->from[0] && strcmp(record->from, record->to) != 0;
        return is_switch ? record->epoch : plane->mark.switched;
}

/* At first sight a role is as old as the record; later as old as the evaluation that found it. */
static void begin(const struct view *view, struct plane_view *plane, enum plane_role role)
{
        struct role_mark *mark = &plane->mark;
        bool is_confirmed = is_asked_for(view, plane);
        bool is_first = !mark->is_known;
        epoch_t switched = switched_by(view, plane, role);
        if (!is_first && mark->role == role && mark->is_confirmed == is_confirmed && mark->switched == switched) {
                for (unsigned i = 0; i < plane->check_count; i++)
                        if (plane->checks[i].fails < mark->fails[i])
                                mark->fails[i] = plane->checks[i].fails;
                return;
        }
        mono_ms since = !is_first ? view->now : view->record ? view->record_seen_at : 0;
        *mark = (struct role_mark){.is_known = true, .is_confirmed = is_confirmed, .role = role, .since = since,
                                     .switched = switched};
        for (unsigned i = 0; i < plane->check_count; i++)
                mark->fails[i] = plane->checks[i].fails;
        if (is_first)
                return;
        plane->was = VERDICT_UNKNOWN;
        plane->was_since = view->now;
}

void roles_begin(struct view *view, struct arena *arena)
{
        if (!view->record_read)
                return; /* the active plane is not known yet, and nothing is decided */
        bool may_act = mode_in_effect(view, arena).mode == MODE_AUTOMATIC && !roles_is_stopped(view);
        const struct plane_view *active = roles_active(view, may_act);
        if (!view->record && targets_name(view)->health.read_at)
                active = adopt_plane_shown(view);
        for (unsigned i = 0; i < view->plane_count; i++) {
                struct plane_view *plane = &view->planes[i];
                if (is_told_apart(plane) || is_asked_for(view, plane))
                        begin(view, plane, role_of(view, plane, active));
                else
                        plane->mark = (struct role_mark){0};
        }
}
