/* runbook.c -- the commands that a person would run now. */
#include "core/runbook.h"

#include "core/election.h"
#include "core/texts.h"
#include "core/plan.h"
#include "core/remedy.h"
#include "core/targets.h"
#include "util/mem.h"

static void add(struct runbook *runbook, const char *line)
{
        INVARIANT(runbook->count < RUNBOOK_LINES_MAX);
        runbook->lines[runbook->count++] = line;
}

/* The plane that agents are led to while the lock, or the record, names another; NULL: there is none. */
static const struct plane_view *half_shown(const struct view *view, const struct decision *decision,
                                           struct arena *arena)
{
        bool is_edited = decision->finding == FINDING_DRIFT || decision->finding == FINDING_UNKNOWN_TARGET ||
                         decision->finding == FINDING_STEADY;
        if (decision->phase == PHASE_SWITCHING || !is_edited)
                return NULL;
        const struct plane_view *shown = decision->active ? decision->active : adopt_plane_shown(view);
        return shown && shown->rrset[0] && !adopt_matches(view, shown, arena) ? shown : NULL;
}

/*
 * A switch under way is finished by hand, an empty name is written again; else the runbook moves to the plane that the
 * operator would choose, or at least to one with an address.
 */
static const struct plane_view *destination(const struct view *view, const struct decision *decision,
                                            struct arena *arena)
{
        bool is_unwritten = decision->phase == PHASE_SWITCHING || decision->finding == FINDING_NAME_EMPTY;
        if (is_unwritten && decision->active && decision->active->rrset[0])
                return decision->active;
        const struct plane_view *half = half_shown(view, decision, arena);
        if (half || decision->candidate)
                return half ? half : decision->candidate;
        return adopt_by_hand(view, decision->active, arena);
}

static bool is_fit(const struct view *view, const struct decision *decision, const struct plane_view *plane,
                   struct arena *arena)
{
        return decision->verdicts[plane - view->planes] == VERDICT_UP && !election_name_unfit(view, plane, arena)[0];
}

/* How the operator is told, or why it need not be. */
static const char *last_line(const struct view *view, const struct decision *decision, const struct plane_view *to,
                             struct arena *arena)
{
        struct view released = *view; /* a suspended policy goes on once it is released, and waits until then */
        released.policy.suspended = released.kill_switch = false;
        const struct remedy adopt = remedy_adopt_by_hand(&released, to, arena);
        const char *held = view->kill_switch ? texts_kill_switch(view) : "spec.suspend is true";
        if (adopt.command)
                return arena_printf(arena, "%s --field-manager=oncall%s%s", adopt.command,
                                    view->kill_switch || view->policy.suspended ? " # held as long as " : "",
                                    view->kill_switch || view->policy.suspended ? held : "");
        if (view->policy.mode == MODE_ADVISE)
                return "# nothing to annotate: mode Advise records nothing, its status follows the name";
        if (decision->phase == PHASE_SWITCHING && to == decision->active)
                return "# nothing to annotate: the operator goes on from there by itself";
        return arena_printf(arena, "# nothing to annotate now: %s", adopt.why_not);
}

static void add_target(struct runbook *runbook, const struct by_hand *hand)
{
        add(runbook, hand->move);
        if (hand->look)
                add(runbook, hand->look);
}

/* The files and variables that the commands need; those of the last step are printed first. */
static const char *with_needs(const char *needs, const struct by_hand *hand, struct arena *arena)
{
        if (!hand->needs)
                return needs;
        return needs[0] ? arena_printf(arena, "%s, %s", hand->needs, needs) : hand->needs;
}

void runbook_build(const struct view *view, const struct decision *decision, const struct by_hand_tools *tools,
                   struct arena *arena, struct runbook *ret)
{
        const struct plane_view *to = destination(view, decision, arena);
        struct by_hand hands[TARGETS_MAX];
        unsigned count = 0;
        const char *needs = "", *before = NULL;
        *ret = (struct runbook){0};
        if (!to) {
                add(ret, "# no other plane has an address: nothing can be switched by hand either");
                return;
        }
        for (unsigned i = 0; i < view->target_count; i++) {
                const struct target_view *target = &view->targets[i];
                const struct wanted_target *wanted = targets_wanted(view, target);
                const char *value = wanted ? plan_value(wanted, to, decision->epoch + 1, arena) : "";
                if (!value[0]) /* the spec has none any more, or none is known */
                        continue;
                /* The target of an earlier step has taken the server along by then. */
                const struct by_hand_write write = {target, value, wanted->ttl_s, to->name,
                                                    wanted->is_moved ? before : NULL};
                before = value;
                hands[count] = tools->tell(tools, &write, arena);
                needs = with_needs(needs, &hands[count++], arena);
        }
        add(ret, arena_printf(arena, "# to %s by hand (healthy now: %s)%s%s", to->name,
                              is_fit(view, decision, to, arena) ? "yes" : "no, check it first", needs[0] ? "; " : "",
                              needs));
        if (view->record && view->record->prepared.epoch)
                add(ret,
                    arena_printf(arena, "# prepared as epoch %llu, to %s: the operator begins it with the next failure",
                                 (unsigned long long)view->record->prepared.epoch, view->record->prepared.to));
        for (unsigned i = 0; i < count; i++)
                add_target(ret, &hands[i]);
        add(ret, last_line(view, decision, to, arena));
}
