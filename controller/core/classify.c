/* classify.c -- the parts that the classifiers of all phases share. */
#include "core/classify.h"

#include "core/election.h"
#include "core/enforce.h"
#include "core/maintenance.h"
#include "core/prepare.h"
#include "core/texts.h"
#include "core/targets.h"

bool classify_configuration(struct pass *pass, enum finding *ret)
{
        const struct policy_view *policy = &pass->view->policy;
        if (policy->credentials_error[0])
                *ret = classify_as(pass, FINDING_CREDENTIALS, policy->credentials_error);
        else if (policy->rival[0] && pass->decision->phase != PHASE_SWITCHING)
                *ret = classify_as(pass, FINDING_RIVAL, policy->rival);
        else
                return false;
        return true;
}

struct remedy classify_offer(struct pass *pass)
{
        const struct view *view = pass->view;
        const struct plane_view *active = pass->decision->active, *candidate = pass->decision->candidate;
        bool is_fit = active && !election_unfit(view, active, active, pass->arena)[0];
        return remedy_switch(view, is_fit || !candidate ? active : candidate, pass->arena);
}

const char *classify_keep(struct pass *pass, const char *put_back)
{
        const struct view *view = pass->view;
        const struct plane_view *shown = adopt_plane_shown(view);
        if (!shown || !adopt_matches(view, shown, pass->arena))
                return put_back;
        const struct remedy keep = remedy_adopt(view, shown, pass->arena);
        return keep.command ? arena_printf(pass->arena, "%s, or keep what is there: %s", put_back, keep.command)
                            : put_back;
}

bool classify_plan(struct pass *pass, enum finding *ret)
{
        const struct view *view = pass->view;
        if (view->plan_proof == PLAN_PROVEN)
                return false;
        if (view->plan_proof == PLAN_PENDING)
                *ret = classify_as(pass, FINDING_OBSERVING, view->plan_text);
        else if (!classify_request(pass, PURPOSE_TAKEOVER, ret)) {
                const struct remedy offer = classify_offer(pass);
                *ret = classify_as(pass, FINDING_PLAN_MISMATCH,
                                   arena_printf(pass->arena, "%s. It goes on when they agree%s%s", view->plan_text,
                                                offer.command ? ", or by: " : "", offer.command ? offer.command : ""));
        }
        return true;
}

/* A conflict means that another writer changed it. It is being read again, so it is not silent. */
static bool is_unread(struct pass *pass, const struct target_view *target, enum finding *ret)
{
        const struct target_health *health = &target->health;
        bool is_refused = targets_refuses(health);
        bool must_be_read = !health->read_at || (is_refused && pass->decision->phase != PHASE_SWITCHING);
        if (!must_be_read)
                return false;
        pass->decision->at = target;
        pass->decision->step = target_traits(target->ref.kind)->step;
        if (health->reach != REACH_FAILED || health->error_class == ERR_CONFLICT)
                *ret = classify_as(
                    pass, FINDING_OBSERVING,
                    arena_printf(pass->arena, "waiting for an answer of %s", texts_server(target, pass->arena)));
        else
                *ret = classify_as(pass, is_refused ? FINDING_TARGET_REFUSED : FINDING_TARGET_UNAVAILABLE,
                                   texts_trouble(target, pass->arena));
        return true;
}

bool classify_unread(struct pass *pass, enum finding *ret)
{
        for (unsigned i = 0; i < pass->view->target_count; i++)
                if (pass->decision->targets[i].is_blocking && is_unread(pass, &pass->view->targets[i], ret))
                        return true;
        return false;
}

/* Which of several of one step comes first: one that can be written, before one that is looked at or is silent. */
static unsigned order_of(const struct target_view *target, enum sync sync)
{
        return sync == SYNC_SETTLING ? 1 : target->health.reach == REACH_FAILED ? 2 : 0;
}

const struct target_view *classify_next(const struct pass *pass)
{
        const struct target_standing *targets = pass->decision->targets;
        const struct target_view *next = NULL;
        unsigned order = 0;
        for (unsigned i = 0; i < pass->view->target_count; i++) {
                const struct target_view *target = &pass->view->targets[i];
                if (!targets[i].is_blocking || targets[i].sync == SYNC_MET)
                        continue;
                if (next && target_traits(next->ref.kind)->step != target_traits(target->ref.kind)->step)
                        break;
                if (targets[i].sync != SYNC_BEHIND && targets[i].sync != SYNC_SETTLING)
                        return NULL;
                if (next && order_of(target, targets[i].sync) >= order)
                        continue;
                next = target;
                order = order_of(target, targets[i].sync);
        }
        return next;
}

bool classify_gates(struct pass *pass, const struct gate_question *question)
{
        struct gates gates = gates_evaluate(pass->view, question, pass->arena);
        classify_wake(pass, gates.wake_at);
        if (gates.blocked >= 0) {
                pass->blocked = gate_blocks(&gates.verdicts[gates.blocked], pass->arena);
                return false;
        }
        pass->decision->gates = gates;
        pass->decision->has_gates = true;
        return true;
}

/* "" when it may be put back: to the plane that the record names, which has to be fit for agents. */
static const char *why_not_enforced(struct pass *pass)
{
        const struct view *view = pass->view;
        struct decision *decision = pass->decision;
        const struct plane_view *active = decision->active;
        if (!decision->may_act || !active || targets_moved(view))
                return "nothing may be written";
        const struct enforcement enforcement = enforce_drift(view, pass->arena);
        classify_wake(pass, enforcement.wake_at);
        if (enforcement.why_not[0])
                return enforcement.why_not;
        const char *unfit = election_unfit(view, active, active, pass->arena);
        const struct gate_question question = {PURPOSE_ENFORCE, active, unfit[0] ? NULL : active,
                                               arena_printf(pass->arena, "%s: %s", active->name, unfit)};
        struct gates gates = gates_evaluate(view, &question, pass->arena);
        classify_wake(pass, gates.wake_at);
        if (gates.blocked >= 0)
                return gate_blocks(&gates.verdicts[gates.blocked], pass->arena);
        decision->gates = gates;
        decision->has_gates = true;
        return "";
}

enum finding classify_edit(struct pass *pass, enum finding reported, const char *what, const char *way_out)
{
        if (pass->view->policy.drift != DRIFT_ENFORCE)
                return classify_as(pass, reported, arena_printf(pass->arena, "%s: %s", what, way_out));
        const char *why_not = why_not_enforced(pass);
        if (why_not[0])
                return classify_as(pass, reported,
                                   arena_printf(pass->arena, "%s: %s. Or %s", what, why_not, way_out));
        pass->to = pass->decision->active;
        return classify_as(pass, FINDING_DRIFT_ENFORCED, arena_printf(pass->arena, "%s: put back", what));
}

const char *classify_why_not_acting(const struct pass *pass)
{
        const struct view *view = pass->view;
        return view->kill_switch ? texts_kill_switch(view) : view->policy.suspended ? "suspended" : "mode Advise";
}

/* The plane is down by rise and fall: whether every gate passes, and whether this operator may act. */
static enum finding classify_outage(struct pass *pass)
{
        struct decision *decision = pass->decision;
        const char *name = decision->active->name;
        const char *checks = texts_bad_checks(decision->active, pass->arena);
        const struct gate_question question = {PURPOSE_FAILOVER, decision->active, decision->candidate,
                                               decision->why_no_candidate};
        decision->gates =
            gates_evaluate(pass->view, &question, pass->arena); /* shown even where they refuse: why not */
        decision->has_gates = true;
        classify_wake(pass, decision->gates.wake_at);
        if (decision->gates.blocked < 0) {
                pass->to = decision->candidate;
                decision->is_prepared =
                    decision->may_act && prepare_is_usable(pass->view, pass->to, pass->arena);
                const char *why =
                    arena_printf(pass->arena, "%s fails (%s); %u/%u gates pass%s", name, checks, decision->gates.passed,
                                 decision->gates.count, decision->is_prepared ? "; it was prepared" : "");
                if (decision->may_act)
                        return classify_as(pass, FINDING_ACTIVE_DOWN, why);
                return classify_as(pass, FINDING_AWAITING_HUMAN,
                                   arena_printf(pass->arena,
                                                "%s; %s: epoch %llu would move to %s, follow status.runbook", why,
                                                classify_why_not_acting(pass), (unsigned long long)decision->epoch + 1,
                                                decision->candidate->name));
        }
        const struct gate_verdict *refused = &decision->gates.verdicts[decision->gates.blocked];
        const char *then =
            refused->gate == GATE_ACTIVE_DOWN && !decision->may_act
                ? arena_printf(pass->arena, "a switch is due at %s unless it recovers, but %s",
                               texts_instant(pass->view, refused->wake_at, pass->arena), classify_why_not_acting(pass))
            : refused->gate == GATE_ACTIVE_DOWN ? refused->text
                                                : gate_blocks(refused, pass->arena);
        const char *why = arena_printf(pass->arena, "%s fails (%s); %s", name, checks, then);
        if (refused->gate == GATE_ACTIVE_DOWN)
                return classify_as(pass, FINDING_ACTIVE_FAILING, why);
        return classify_as(pass, decision->may_act ? FINDING_ACTIVE_DOWN_BLOCKED : FINDING_AWAITING_HUMAN, why);
}

/* The result of its checks is shown, and no decision follows from it. */
static enum finding classify_maintenance(struct pass *pass)
{
        struct decision *decision = pass->decision;
        const struct plane_view *active = decision->active;
        const struct gate_question question = {PURPOSE_FAILOVER, active, decision->candidate,
                                               decision->why_no_candidate};
        if (decision->active_health.verdict == VERDICT_DOWN) {
                decision->gates = gates_evaluate(pass->view, &question, pass->arena);
                decision->has_gates = true;
        }
        return classify_as(pass, FINDING_MAINTENANCE,
                           arena_printf(pass->arena, "%s is %s and not judged (%s)", active->name,
                                        maintenance_phrase(active, pass->arena),
                                        texts_bad_checks(active, pass->arena)));
}

enum finding classify_active(struct pass *pass)
{
        const struct view *view = pass->view;
        const struct plane_view *active = pass->decision->active;
        const struct plane_health *health = &pass->decision->active_health;
        if (!active) {
                const struct remedy offer = classify_offer(pass);
                return classify_as(pass, FINDING_PLANE_MISSING,
                                   arena_printf(pass->arena,
                                                "the active plane %s is not in spec.planes; name it there%s%s",
                                                view->record->to, offer.command ? ", or move to another: " : "",
                                                offer.command ? offer.command : ""));
        }
        if (!active->known)
                return classify_as(pass, FINDING_PLANE_MISSING,
                                   arena_printf(pass->arena, "no ManagementPlane %s in namespace %s: create it",
                                                active->name, view->policy.namespace_name));
        if (maintenance_holds(view, active) && health->verdict != VERDICT_UP)
                return classify_maintenance(pass);
        if (!health->fresh || health->verdict == VERDICT_UNKNOWN)
                return classify_as(pass, FINDING_ACTIVE_UNKNOWN,
                                   health->fresh && health_settles_at(active, &view->policy.detection, view->now)
                                       ? texts_new_role(view, active, pass->arena)
                                       : arena_printf(pass->arena, "%s is not observed long enough (%s)", active->name,
                                                      texts_bad_checks(active, pass->arena)));
        if (health->verdict == VERDICT_UP)
                return classify_as(pass, FINDING_STEADY,
                                   arena_printf(pass->arena, "%s is active and healthy", active->name));
        if (health->fails < view->policy.detection.failure_threshold)
                return classify_as(pass, FINDING_ACTIVE_FAILING,
                                   arena_printf(pass->arena, "%s answers again; %u passes in a row are wanted",
                                                active->name, view->policy.detection.success_threshold));
        return classify_outage(pass);
}
