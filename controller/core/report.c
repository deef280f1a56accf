/*
 * report.c -- the decision for people: the printed columns and the sentence. The conditions are in report_conditions.c.
 */
#include "core/report.h"

#include "core/election.h"
#include "core/report_parts.h"
#include "core/targets.h"

/* Until a switch has routed, the plane that it leaves is where the agents are. */
static struct report_roles roles_of(const struct view *view, const struct decision *decision, struct arena *arena)
{
        bool is_leaving =
            decision->phase == PHASE_SWITCHING && !failover_names_are_met(view, decision) && view->record->from[0];
        if (!is_leaving)
                return (struct report_roles){.active = decision->active,
                                             .active_name = decision->active ? decision->active->name
                                                            : view->record   ? view->record->to
                                                                             : "Unknown",
                                             .health = decision->active_health,
                                             .candidate = decision->candidate,
                                             .why_no_candidate = decision->why_no_candidate};
        struct report_roles roles = {.active = view_plane(view, view->record->from),
                                     .active_name = view->record->from};
        if (roles.active)
                roles.health = health_of(roles.active, &view->policy.detection, view->now);
        roles.why_no_candidate = "the plane that it moves to is not in spec.planes";
        if (decision->active)
                roles.why_no_candidate = election_unfit(view, decision->active, roles.active, arena);
        roles.candidate = roles.why_no_candidate[0] ? NULL : decision->active;
        return roles;
}

static const char *step_text(const struct view *view, const struct decision *decision, struct arena *arena)
{
        if (decision->phase != PHASE_SWITCHING)
                return "-";
        bool has_step[STEP_COUNT] = {[STEP_INTENT] = true, [STEP_COMMIT] = true};
        unsigned total = 0, number = 0;
        for (unsigned i = 0; i < view->target_count; i++)
                has_step[target_traits(view->targets[i].ref.kind)->step] = true;
        for (unsigned step = 0; step < STEP_COUNT; step++) {
                total += has_step[step];
                number = step == decision->step ? total : number;
        }
        return arena_printf(arena, "%s (%u/%u)", step_name(decision->step), number, total);
}

static const char *standby_text(const struct view *view, const struct report_roles *roles, struct arena *arena)
{
        unsigned others = 0, ready = 0;
        for (unsigned i = 0; i < view->plane_count; i++) {
                if (&view->planes[i] == roles->active)
                        continue;
                others++;
                ready += !election_unready(view, &view->planes[i], roles->active, arena)[0];
        }
        return arena_printf(arena, "%u/%u", ready, others);
}

/*
 * Where a live name is not recorded yet (Advise writes nothing) it counts as the first epoch: a cell is never empty. An
 * epoch that was only prepared was not decided; a request may name the one after that which is shown.
 */
static epoch_t epoch_shown(const struct view *view, const struct decision *decision)
{
        if (view->record && decision->epoch == record_highest_epoch(view->record))
                return view->record->epoch;
        return !decision->epoch && decision->active ? 1 : decision->epoch;
}

void report_build(const struct view *view, const struct decision *decision, struct arena *arena, struct report *ret)
{
        const struct report_roles roles = roles_of(view, decision, arena);
        *ret = (struct report){
            .mode = decision->mode.mode == MODE_AUTOMATIC ? "Automatic" : "Advise",
            .active = roles.active_name,
            .standby = standby_text(view, &roles, arena),
            .step = step_text(view, decision, arena),
            .epoch = epoch_shown(view, decision),
        };
        report_conditions(view, decision, &roles, arena, ret);
}
