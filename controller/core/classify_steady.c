/* classify_steady.c -- a completed decision: is its plane well, and do the targets show it? */
#include "core/classify.h"

#include "core/beside.h"
#include "core/election.h"
#include "core/texts.h"
#include "core/plan.h"
#include "core/prepare.h"
#include "core/targets.h"

/* Targets that are not the record's, or at a later epoch: the targets outrank the record that is remembered. */
static bool classify_split_ownership(struct pass *pass, enum finding *ret)
{
        const struct view *view = pass->view;
        struct decision *decision = pass->decision;
        bool has_moved = targets_moved(view);
        bool is_foreign =
            failover_is_blocked(view, decision, SYNC_FOREIGN) || failover_is_blocked(view, decision, SYNC_UNREADABLE);
        /* Also at a target that no step waits for: nothing is written there under an epoch that it has passed. */
        bool is_ahead = failover_stands(view, decision, SYNC_AHEAD);
        if (!has_moved && !is_foreign && !is_ahead)
                return false;
        if (classify_unread(pass, ret))
                return true;
        pass->adoption = adopt_inquire(view, pass->arena);
        if (pass->adoption.outcome == ADOPTION_FOREIGN) {
                *ret = classify_as(pass, FINDING_FOREIGN_OWNER, pass->adoption.text);
                return true;
        }
        if (pass->adoption.outcome == ADOPTION_UNREADABLE) {
                *ret = classify_as(pass, FINDING_STAMP_UNREADABLE, pass->adoption.text);
                return true;
        }
        if (pass->adoption.outcome == ADOPTION_UNKNOWN) {
                if (!classify_request(pass, PURPOSE_TAKEOVER, ret))
                        *ret = classify_as(pass, FINDING_UNKNOWN_TARGET, pass->adoption.text);
                return true;
        }
        if (!decision->may_act)
                return false;
        *ret = classify_as(pass, has_moved ? FINDING_ADOPTABLE : FINDING_EPOCH_AHEAD,
                           arena_printf(pass->arena, "the targets name %s under epoch %llu", pass->adoption.plane->name,
                                        (unsigned long long)decision->epoch));
        return true;
}

/*
 * An epoch that has not reached every target yet (after an abort, an adoption, a Redis that lost it) is written even
 * where the active plane is unhealthy; the lock goes before the address, because agents belong only where writing is
 * allowed.
 */
static bool classify_behind(struct pass *pass, enum finding ailment, enum finding *ret)
{
        const struct view *view = pass->view;
        struct decision *decision = pass->decision;
        const struct target_view *target = classify_next(pass);
        if (!decision->may_act || failover_names_stand(view, decision, SYNC_DRIFT))
                return false;
        pass->writes_beside = true;
        if (!target || decision->targets[target - view->targets].sync == SYNC_SETTLING)
                return false;
        const struct target_health *health = &target->health;
        if (health->reach == REACH_FAILED && ailment != FINDING_STEADY)
                return false; /* nothing can be written, so the health of the plane is reported instead */
        decision->at = target;
        decision->step = target_traits(target->ref.kind)->step;
        const char *trouble = ailment != FINDING_STEADY       ? arena_printf(pass->arena, "; %s", decision->why)
                              : health->reach == REACH_FAILED ? arena_printf(pass->arena, ": %s", health->error)
                                                              : "";
        bool is_empty_name = target_traits(target->ref.kind)->leads_agents && !target->shows.present;
        bool is_settling = target->shows.settling && target->shows.stamp.epoch == view->record->epoch;
        const char *lacks = is_settling     ? target_traits(target->ref.kind)->unsettled
                            : is_empty_name ? "has no address under"
                                            : "lacks";
        const char *why = arena_printf(pass->arena, "%s %s epoch %llu%s", texts_target(target, pass->arena), lacks,
                                       (unsigned long long)view->record->epoch, trouble);
        *ret = classify_as(
            pass, view->confirmed_epoch == view->record->epoch ? FINDING_TARGET_BEHIND : FINDING_UNCONFIRMED, why);
        return true;
}

/* Targets that no step waits for are written beside everything else, once the policy was read again. */
static bool classify_unconfirmed(struct pass *pass, enum finding *ret)
{
        const struct target_view *target = beside_unconfirmed(pass);
        if (!target)
                return false;
        *ret = classify_as(pass, FINDING_UNCONFIRMED,
                           arena_printf(pass->arena, "%s lacks epoch %llu; %s", texts_target(target, pass->arena),
                                        (unsigned long long)pass->view->record->epoch, pass->decision->why));
        return true;
}

/*
 * A prepared switch that a target shows was begun, by a process that could not record it any more. It is gone on with,
 * once the record says so.
 */
static bool classify_begun(struct pass *pass, enum finding *ret)
{
        const struct prepared *prepared = &pass->view->record->prepared;
        if (!pass->decision->may_act || !prepare_is_shown(pass->view))
                return false;
        *ret = classify_as(pass, FINDING_PREPARED_SHOWN,
                           arena_printf(pass->arena, "the switch to %s that was prepared as epoch %llu was begun",
                                        prepared->to, (unsigned long long)prepared->epoch));
        return true;
}

static bool classify_preparable(struct pass *pass, enum finding ailment, enum finding *ret)
{
        const struct decision *decision = pass->decision;
        if ((ailment != FINDING_STEADY && ailment != FINDING_ACTIVE_FAILING) || !prepare_is_due(pass))
                return false;
        pass->to = decision->candidate;
        *ret = classify_as(pass, FINDING_PREPARABLE,
                           arena_printf(pass->arena, "%s fails (%s); the switch to %s is prepared as epoch %llu",
                                        decision->active->name, texts_bad_checks(decision->active, pass->arena),
                                        pass->to->name, (unsigned long long)decision->epoch + 1));
        return true;
}

/*
 * The plane passes again. What this process prepared and has not begun leaves no trace, so its end is recorded, and
 * nothing else. What another one prepared may be on its way to a target: only a later epoch at every target ends that.
 */
static bool classify_prepared(struct pass *pass, enum finding *ret)
{
        const struct view *view = pass->view;
        const struct decision *decision = pass->decision;
        const struct prepared *prepared = &view->record->prepared;
        if (!prepared->epoch || !decision->may_act || decision->active_health.fails || !decision->active->rrset[0])
                return false;
        const char *what = arena_printf(pass->arena, "epoch %llu, prepared to move to %s",
                                        (unsigned long long)prepared->epoch, prepared->to);
        if (view->owns_prepared) {
                *ret = classify_as(pass, FINDING_PREPARED_UNUSED,
                                   arena_printf(pass->arena, "%s passes again; %s, is given up", decision->active->name,
                                                what));
                return true;
        }
        pass->adoption =
            (struct adoption){.outcome = ADOPTION_NAMED, .plane = decision->active, .complete = true, .text = ""};
        *ret = classify_as(pass, FINDING_PREPARED_LEFT,
                           arena_printf(pass->arena, "%s is active and passes; %s by another process, is superseded",
                                        decision->active->name, what));
        return true;
}

/*
 * A name without a value. Writing it takes nothing from anyone, but the person who removed it may have meant it, so a
 * person is asked once. In Advise it is reported just the same.
 */
static bool classify_empty(struct pass *pass, enum finding *ret)
{
        const struct view *view = pass->view;
        const struct decision *decision = pass->decision;
        if (!targets_name_is_empty(view))
                return false;
        const struct remedy offer = classify_offer(pass);
        const char *way_out =
            offer.command ? arena_printf(pass->arena, "to write it again: %s", offer.command)
            : !decision->may_act
                ? arena_printf(pass->arena, "nothing is written (%s): %s", classify_why_not_acting(pass),
                               adopt_runbook_text(view, decision->active, pass->arena))
                : arena_printf(pass->arena, "it cannot be written again now (%s): %s", offer.why_not,
                               adopt_runbook_text(view, decision->active, pass->arena));
        *ret = classify_edit(pass, FINDING_NAME_EMPTY, texts_name_empty(view, pass->arena), way_out);
        return true;
}

/*
 * A person's edit is reported, not fought, unless the policy says that it is to be put back. In Advise a person moves
 * the targets: the Drift condition says it, and nothing is wrong as long as the name leads to a plane.
 */
static bool classify_drift(struct pass *pass, enum finding *ret)
{
        const struct view *view = pass->view;
        const struct decision *decision = pass->decision;
        bool is_astray = failover_names_stand(view, decision, SYNC_DRIFT) && !adopt_plane_shown(view);
        /* Drift of a target that no step waits for only shows in condition Drift, unless it is to be put back. */
        bool is_drifted = view->policy.drift == DRIFT_ENFORCE ? failover_stands(view, decision, SYNC_DRIFT)
                                                              : failover_is_blocked(view, decision, SYNC_DRIFT);
        if ((decision->mode.mode == MODE_ADVISE && !is_astray) || !is_drifted)
                return false;
        const unsigned drifted = failover_first_drift(view, decision);
        const char *what = texts_drift(view, drifted, pass->arena);
        *ret = classify_edit(pass, FINDING_DRIFT, what, classify_keep(pass, "put it back"));
        return true;
}

/* New values for the same plane go out like a switch to it, and ask the same of it. */
static bool classify_outdated(struct pass *pass, enum finding *ret)
{
        const struct view *view = pass->view;
        struct decision *decision = pass->decision;
        const struct plane_view *active = decision->active;
        if (!decision->may_act || !plan_is_outdated(view, active, pass->arena))
                return false;
        const char *unfit = election_unfit(view, active, active, pass->arena);
        const struct gate_question question = {PURPOSE_REQUEST, active, unfit[0] ? NULL : active, unfit};
        if (!classify_gates(pass, &question)) {
                decision->held_update =
                    arena_printf(pass->arena, "what is recorded of %s is outdated, it is now \"%s\"; %s", active->name,
                                 active->rrset, pass->blocked);
                return false;
        }
        pass->to = active;
        *ret = classify_as(pass, FINDING_PLAN_OUTDATED,
                           arena_printf(pass->arena, "what is recorded of %s is outdated: it is now \"%s\"",
                                        active->name, active->rrset));
        return true;
}

/* When a plane of higher preference may be returned to; 0: not by the passing of time. */
static mono_ms stable_at(const struct pass *pass, const struct plane_view *plane)
{
        const struct view *view = pass->view;
        if (election_unfit(view, plane, pass->decision->active, pass->arena)[0])
                return 0;
        return health_of(plane, &view->policy.detection, view->now).healthy_since + view->policy.failback_stable_ms;
}

static bool classify_failback(struct pass *pass, enum finding *ret)
{
        const struct view *view = pass->view;
        struct decision *decision = pass->decision;
        if (view->policy.failback != FAILBACK_AUTOMATIC || !decision->may_act)
                return false;
        /* The planes of higher preference. */
        for (const struct plane_view *plane = view->planes; plane != decision->active; plane++) {
                mono_ms due = stable_at(pass, plane);
                if (!due || view->now < due) {
                        classify_wake(pass, due);
                        continue;
                }
                const struct gate_question question = {PURPOSE_FAILBACK, decision->active, plane, ""};
                if (!classify_gates(pass, &question)) {
                        decision->held_return =
                            arena_printf(pass->arena, "the return to %s is due; %s", plane->name, pass->blocked);
                        return false;
                }
                pass->to = plane;
                *ret = classify_as(
                    pass, FINDING_FAILBACK_DUE,
                    arena_printf(pass->arena, "%s is preferred and has been healthy for stableFor", plane->name));
                return true;
        }
        return false;
}

enum finding classify_steady(struct pass *pass)
{
        enum finding finding;
        if (classify_configuration(pass, &finding) || classify_plan(pass, &finding) ||
            classify_contradictory_record(pass, &finding) || classify_begun(pass, &finding) ||
            classify_split_ownership(pass, &finding) ||
            classify_request(pass, PURPOSE_REQUEST, &finding))
                return finding;
        const enum finding ailment = classify_active(pass);
        const char *why = pass->decision->why;
        if (ailment == FINDING_ACTIVE_DOWN || classify_behind(pass, ailment, &finding) ||
            classify_unconfirmed(pass, &finding))
                return ailment == FINDING_ACTIVE_DOWN ? ailment : finding;
        if (classify_preparable(pass, ailment, &finding))
                return finding;
        if (ailment != FINDING_STEADY)
                return ailment;
        if (classify_unread(pass, &finding) || classify_empty(pass, &finding) || classify_drift(pass, &finding) ||
            classify_outdated(pass, &finding) || classify_prepared(pass, &finding) ||
            classify_failback(pass, &finding))
                return finding;
        return classify_as(pass, FINDING_STEADY, why);
}
