/* failover.c -- the decision: classify the facts, look the finding up, write down what follows. */
#include "core/failover.h"

#include <string.h>

#include "core/election.h"
#include "core/next_record.h"
#include "core/plan.h"
#include "util/mem.h"

/* One evaluation: the facts, the answer under construction, and what several classifiers need. */
struct pass {
        const struct view *view;
        struct arena *arena;
        struct decision *decision;
        struct adoption adoption;
        const struct plane_view *to; /* target plane of a DECIDE */
};

static enum finding found(struct pass *pass, enum finding finding, const char *why)
{
        pass->decision->why = why;
        return finding;
}

static void wake(struct pass *pass, mono_ms at)
{
        if (at && (!pass->decision->wake_at || at < pass->decision->wake_at))
                pass->decision->wake_at = at;
}

static bool uses_lock(const struct view *view)
{
        return view->record && view->record->phase == PHASE_SWITCHING ? view->record->plan.lock_server[0] != '\0'
                                                                      : view->policy.lock_server[0] != '\0';
}

static const char *failing_checks(struct pass *pass, const struct plane_view *plane)
{
        const char *text = "";
        for (unsigned i = 0; i < plane->check_count; i++) {
                const struct check_view *check = &plane->checks[i];
                if (check->fails || check->last_unknown)
                        text = arena_printf(pass->arena, "%s%s%s %s%s", text, text[0] ? "; " : "", check->label,
                                            check->last_unknown ? "unknown: " : "", check->text);
        }
        return text[0] ? text : "no check fails";
}

/* What keeps a policy from being looked at in any phase. */
static bool blocked_by_configuration(struct pass *pass, enum finding *ret)
{
        const struct policy_view *policy = &pass->view->policy;
        if (policy->credentials_error[0])
                *ret = found(pass, FINDING_CREDENTIALS, policy->credentials_error);
        else if (policy->rival[0] && (!pass->view->record || pass->view->record->phase != PHASE_SWITCHING))
                *ret = found(pass, FINDING_RIVAL, policy->rival);
        else
                return false;
        return true;
}

static bool target_unread(struct pass *pass, const struct target_health *health, const char *what, enum finding *ret)
{
        bool refused = health->reach == REACH_FAILED && (health->error_class == ERR_DENIED || health->error_class == ERR_INVALID);
        if (health->read_at && !refused)
                return false;
        if (refused)
                *ret = found(pass, FINDING_TARGET_REFUSED, arena_printf(pass->arena, "%s: %s", what, health->error));
        else if (health->reach == REACH_FAILED)
                *ret = found(pass, FINDING_TARGET_UNAVAILABLE, arena_printf(pass->arena, "%s: %s", what, health->error));
        else
                *ret = found(pass, FINDING_OBSERVING, arena_printf(pass->arena, "waiting for the first answer of %s", what));
        return true;
}

static bool targets_unread(struct pass *pass, enum finding *ret)
{
        const struct view *view = pass->view;
        return target_unread(pass, &view->dns_health, arena_printf(pass->arena, "DNS server %s", view->policy.dns_server), ret) ||
               (view->policy.lock_server[0] &&
                target_unread(pass, &view->lock_health, arena_printf(pass->arena, "Redis %s", view->policy.lock_server), ret));
}

static bool request_refused(struct pass *pass, const char *answer)
{
        pass->decision->answer = answer;
        return false;
}

/* Whether the person's request can be acted on now; else it is answered and everything else goes on. */
static bool request_acts(struct pass *pass, enum finding *ret)
{
        struct decision *decision = pass->decision;
        const struct view *view = pass->view;
        const struct request *request = &decision->request;
        decision->answer = request->answer;
        if (request->kind == REQUEST_NONE)
                return false;
        if (decision->mode.mode == MODE_ADVISE)
                return request_refused(pass, "refused: in mode Advise I write nothing; follow status.runbook");
        if (!decision->may_act)
                return request_refused(pass, "waiting: suspended");
        if (request->kind == REQUEST_ADOPT && decision->phase == PHASE_SWITCHING)
                return request_refused(pass, "waiting: a switch is under way");
        if (request->kind == REQUEST_ADOPT) {
                if (!adopt_matches(view, request->plane, pass->arena))
                        return request_refused(pass, arena_printf(pass->arena, "refused: %s shows \"%.100s\", and %s is \"%s\"",
                                                                  view->policy.dns_name, view->dns.rrset, request->plane->name,
                                                                  request->plane->rrset));
                pass->adoption = (struct adoption){.outcome = ADOPTION_NAMED, .plane = request->plane, .complete = true};
                *ret = found(pass, FINDING_ADOPT_REQUESTED, arena_printf(pass->arena, "a person says %s is active", request->plane->name));
                decision->answer = "accepted";
                return true;
        }
        if (request->plane == decision->active && view->record)
                return request_refused(pass, arena_printf(pass->arena, "refused: %s is active already", request->plane->name));
        const char *unfit = election_unfit(view, request->plane, decision->active, pass->arena);
        struct gates gates = gates_evaluate(view, PURPOSE_REQUEST, decision->active, unfit[0] ? NULL : request->plane,
                                            arena_printf(pass->arena, "%s: %s", request->plane->name, unfit), pass->arena);
        if (gates.refused >= 0) {
                wake(pass, gates.wake_at);
                return request_refused(pass, arena_printf(pass->arena, "waiting: %s", gates.verdicts[gates.refused].text));
        }
        pass->to = request->plane;
        decision->gates = gates;
        decision->has_gates = true;
        decision->answer = "accepted";
        *ret = found(pass, FINDING_SWITCH_REQUESTED, arena_printf(pass->arena, "a person asked for %s", request->plane->name));
        return true;
}

/* The health of the active plane, and what it lets us do. FINDING_STEADY: nothing ails it. */
static enum finding classify_active(struct pass *pass)
{
        struct decision *decision = pass->decision;
        const struct view *view = pass->view;
        const struct plane_view *active = decision->active;
        if (!active)
                return found(pass, FINDING_PLANE_MISSING,
                             arena_printf(pass->arena, "the active plane %s is not in spec.planes; name it there, or annotate switch-to",
                                          view->record ? view->record->to : "(unknown)"));
        if (!active->known)
                return found(pass, FINDING_PLANE_MISSING,
                             arena_printf(pass->arena, "no ManagementPlane %s in namespace %s: create it", active->name,
                                          view->policy.namespace_name));
        const struct plane_health *health = &decision->active_health;
        if (!health->fresh)
                return found(pass, FINDING_ACTIVE_UNKNOWN,
                             arena_printf(pass->arena, "%s is not observed: %s", active->name, failing_checks(pass, active)));
        if (health->verdict != VERDICT_DOWN)
                return found(pass, FINDING_STEADY, arena_printf(pass->arena, "%s is active and healthy", active->name));
        if (health->fails < view->policy.detection.failure_threshold)
                return found(pass, FINDING_ACTIVE_FAILING, arena_printf(pass->arena, "%s answers again; %u passes in a row are wanted",
                                                                        active->name, view->policy.detection.success_threshold));
        decision->gates = gates_evaluate(view, PURPOSE_FAILOVER, active, decision->candidate, decision->why_no_candidate, pass->arena);
        decision->has_gates = true;
        wake(pass, decision->gates.wake_at);
        if (decision->gates.refused < 0) {
                const char *why = arena_printf(pass->arena, "%s fails: %s; %u/%u gates hold", active->name, failing_checks(pass, active),
                                               decision->gates.held, decision->gates.count);
                pass->to = decision->candidate;
                return found(pass, decision->may_act ? FINDING_ACTIVE_DOWN : FINDING_AWAITING_HUMAN, why);
        }
        const struct gate_verdict *refused = &decision->gates.verdicts[decision->gates.refused];
        const char *why = arena_printf(pass->arena, "%s fails (%s); %s", active->name, failing_checks(pass, active), refused->text);
        if (refused->gate == GATE_ACTIVE_DOWN)
                return found(pass, FINDING_ACTIVE_FAILING, why);
        return found(pass, decision->may_act ? FINDING_ACTIVE_DOWN_HELD : FINDING_AWAITING_HUMAN, why);
}

static enum finding classify_none(struct pass *pass)
{
        const struct view *view = pass->view;
        enum finding finding;
        if (view->record_error[0])
                return found(pass, FINDING_RECORD_UNREADABLE, view->record_error);
        if (!view->record_read)
                return found(pass, FINDING_OBSERVING, "waiting for the decision store");
        if (blocked_by_configuration(pass, &finding) || targets_unread(pass, &finding))
                return finding;
        pass->adoption = adopt_inquire(view, pass->arena);
        if (pass->adoption.outcome == ADOPTION_FOREIGN)
                return found(pass, FINDING_FOREIGN_OWNER, pass->adoption.text);
        if (pass->adoption.outcome == ADOPTION_UNKNOWN)
                return request_acts(pass, &finding) ? finding : found(pass, FINDING_UNKNOWN_TARGET, pass->adoption.text);
        if (pass->decision->may_act)
                return found(pass, FINDING_ADOPTABLE,
                             arena_printf(pass->arena, "the targets name %s: recorded as they are", pass->adoption.plane->name));
        (void)request_acts(pass, &finding);
        pass->decision->active = pass->adoption.plane;
        pass->decision->active_health = health_of(pass->adoption.plane, &view->policy.detection, view->now);
        pass->decision->candidate =
                election_choose(view, pass->adoption.plane, pass->arena, &pass->decision->why_no_candidate);
        return classify_active(pass);
}

static bool failback_due(struct pass *pass)
{
        const struct view *view = pass->view;
        struct decision *decision = pass->decision;
        if (view->policy.failback != FAILBACK_AUTOMATIC || !decision->may_act)
                return false;
        for (unsigned i = 0; i < view->plane_count && &view->planes[i] != decision->active; i++) {
                const struct plane_view *plane = &view->planes[i];
                struct plane_health health = health_of(plane, &view->policy.detection, view->now);
                if (election_unfit(view, plane, decision->active, pass->arena)[0] || !health.healthy_since)
                        continue;
                mono_ms stable_at = health.healthy_since + view->policy.failback_stable_ms;
                if (view->now < stable_at) {
                        wake(pass, stable_at);
                        continue;
                }
                struct gates gates = gates_evaluate(view, PURPOSE_FAILBACK, decision->active, plane, "", pass->arena);
                wake(pass, gates.wake_at);
                if (gates.refused >= 0)
                        return false;
                decision->gates = gates;
                decision->has_gates = true;
                pass->to = plane;
                decision->why = arena_printf(pass->arena, "%s is preferred and has been healthy for stableFor", plane->name);
                return true;
        }
        return false;
}

static enum finding classify_quiet(struct pass *pass)
{
        const struct view *view = pass->view;
        struct decision *decision = pass->decision;
        bool is_drift = decision->dns == FENCE_DRIFT || decision->lock == FENCE_DRIFT;
        if (is_drift && decision->mode.mode == MODE_AUTOMATIC)
                return found(pass, FINDING_DRIFT,
                             decision->dns == FENCE_DRIFT
                                     ? arena_printf(pass->arena,
                                                    "%s shows \"%.200s\", the record says \"%s\": to keep it annotate "
                                                    "planekeeper.io/adopt=<plane>/%llu, else put it back",
                                                    view->policy.dns_name, view->dns.rrset, view->record->plan.to_rrset,
                                                    (unsigned long long)(view->record->epoch + 1))
                                     : arena_printf(pass->arena, "lock %s holds \"%.100s\", the record says \"%s\": put it back",
                                                    view->policy.lock_key, view->lock.value, view->record->plan.to_lock));
        if ((decision->dns == FENCE_BEHIND || decision->lock == FENCE_BEHIND) && decision->may_act)
                return found(pass, FINDING_TARGET_BEHIND,
                             arena_printf(pass->arena, "%s lacks epoch %llu", decision->lock == FENCE_BEHIND ? "the lock" : "the DNS record",
                                          (unsigned long long)view->record->epoch));
        if (decision->may_act && !is_drift && plan_is_outdated(view, view->record, decision->active)) {
                pass->to = decision->active;
                return found(pass, FINDING_PLAN_OUTDATED,
                             arena_printf(pass->arena, "%s is now \"%s\"", decision->active->name, decision->active->rrset));
        }
        if (failback_due(pass))
                return FINDING_FAILBACK_DUE;
        return FINDING_STEADY;
}

static enum finding classify_steady(struct pass *pass)
{
        const struct view *view = pass->view;
        struct decision *decision = pass->decision;
        enum finding finding;
        if (blocked_by_configuration(pass, &finding) || targets_unread(pass, &finding))
                return finding;
        bool is_elsewhere = plan_names_other_targets(view, view->record);
        bool is_foreign = decision->dns == FENCE_FOREIGN || decision->lock == FENCE_FOREIGN;
        if (is_elsewhere || is_foreign || decision->dns == FENCE_AHEAD || decision->lock == FENCE_AHEAD) {
                pass->adoption = adopt_inquire(view, pass->arena);
                if (pass->adoption.outcome == ADOPTION_FOREIGN)
                        return found(pass, FINDING_FOREIGN_OWNER, pass->adoption.text);
                if (pass->adoption.outcome == ADOPTION_UNKNOWN)
                        return request_acts(pass, &finding) ? finding : found(pass, FINDING_UNKNOWN_TARGET, pass->adoption.text);
                if (decision->may_act)
                        return found(pass, is_elsewhere ? FINDING_ADOPTABLE : FINDING_EPOCH_AHEAD,
                                     arena_printf(pass->arena, "the targets name %s under epoch %llu", pass->adoption.plane->name,
                                                  (unsigned long long)pass->adoption.seen));
        }
        if (request_acts(pass, &finding))
                return finding;
        finding = classify_active(pass);
        return finding == FINDING_STEADY ? classify_quiet(pass) : finding;
}

static const char *stop_reason(const struct view *view)
{
        return view->kill_switch ? "the kill switch is on" : view->policy.suspended ? "spec.suspend is true" : "spec.mode is Advise";
}

/* Before the point of no return the way back is free; afterwards there is only forward, to this plane or to another. */
static bool switch_turns(struct pass *pass, enum finding *ret)
{
        const struct view *view = pass->view;
        struct decision *decision = pass->decision;
        bool lock_used = view->record->plan.lock_server[0] != '\0';
        bool is_past_no_return = lock_used ? decision->lock == FENCE_MET : decision->dns == FENCE_MET;
        const struct plane_view *from = election_find(view, view->record->from);
        const struct plane_view *to = election_find(view, view->record->to);
        if (view->record->automatic && !is_past_no_return && from && from != to && !election_unfit(view, from, NULL, pass->arena)[0]) {
                pass->to = from;
                *ret = found(pass, FINDING_ACTIVE_RECOVERED, arena_printf(pass->arena, "%s is back before anything was changed", from->name));
                return true;
        }
        if (!to || health_of(to, &view->policy.detection, view->now).verdict != VERDICT_DOWN)
                return false;
        const char *why_none = "";
        const struct plane_view *other = election_choose(view, to, pass->arena, &why_none);
        struct gates gates = gates_evaluate(view, PURPOSE_SUPERSEDE, to, other, why_none, pass->arena);
        wake(pass, gates.wake_at);
        if (gates.refused >= 0)
                return false;
        decision->gates = gates;
        decision->has_gates = true;
        pass->to = other;
        *ret = found(pass, FINDING_TARGET_LOST, arena_printf(pass->arena, "%s was lost during the switch; %s is fit", to->name, other->name));
        return true;
}

static bool servers_behind(struct pass *pass, const char **ret_server)
{
        const struct view *view = pass->view;
        for (unsigned i = 0; i < view->verify_count; i++) {
                const struct verify_view *verify = &view->verify[i];
                bool waits = verify->reach == REACH_NEVER || (verify->reach == REACH_OK && !verify->shows_record);
                mono_ms until = view->dns_met_at + (verify->reach == REACH_NEVER ? VERIFY_FIRST_ANSWER_MS : VERIFY_WAIT_MS);
                if (waits && view->dns_met_at && view->now < until) {
                        wake(pass, until);
                        *ret_server = verify->server;
                        return true;
                }
        }
        return false;
}

static enum finding classify_steps(struct pass *pass)
{
        const struct view *view = pass->view;
        struct decision *decision = pass->decision;
        const char *server = "";
        if (decision->lock == FENCE_BEHIND) {
                decision->step = STEP_LOCK;
                return found(pass, FINDING_LOCK_UNMET, view->lock_health.error);
        }
        if (decision->dns == FENCE_BEHIND) {
                decision->step = STEP_ROUTE;
                return found(pass, FINDING_ROUTE_UNMET, view->dns_health.error);
        }
        decision->step = STEP_COMMIT;
        if (servers_behind(pass, &server))
                return found(pass, FINDING_SERVER_BEHIND, arena_printf(pass->arena, "DNS server %s still answers old data", server));
        return found(pass, FINDING_ALL_MET, "every target shows the new plane");
}

static enum finding classify_switching(struct pass *pass)
{
        const struct view *view = pass->view;
        struct decision *decision = pass->decision;
        enum finding finding;
        decision->step = uses_lock(view) ? STEP_LOCK : STEP_ROUTE;
        if (view->kill_switch || view->policy.suspended || view->policy.mode == MODE_ADVISE)
                return found(pass, FINDING_STOPPED_MIDWAY, arena_printf(pass->arena, "stopped before the next effect: %s", stop_reason(view)));
        if (blocked_by_configuration(pass, &finding))
                return finding;
        if (decision->dns == FENCE_UNREAD || decision->lock == FENCE_UNREAD)
                return found(pass, FINDING_OBSERVING, decision->lock == FENCE_UNREAD ? view->lock_health.error : view->dns_health.error);
        if (decision->dns == FENCE_FOREIGN || decision->lock == FENCE_FOREIGN)
                return found(pass, FINDING_FOREIGN_OWNER, "a target carries another owner's stamp");
        if (decision->dns == FENCE_AHEAD || decision->lock == FENCE_AHEAD) {
                pass->adoption = adopt_inquire(view, pass->arena);
                return pass->adoption.outcome == ADOPTION_NAMED ? found(pass, FINDING_EPOCH_AHEAD, "the targets carry a later epoch of ours")
                                                                : found(pass, FINDING_UNKNOWN_TARGET, pass->adoption.text);
        }
        if (decision->dns == FENCE_DRIFT || decision->lock == FENCE_DRIFT)
                return found(pass, FINDING_DRIFT,
                             decision->lock == FENCE_DRIFT
                                     ? arena_printf(pass->arena, "lock %s was changed to \"%.100s\" by hand: put it back to go on",
                                                    view->record->plan.lock_key, view->lock.value)
                                     : arena_printf(pass->arena, "%s was changed to \"%.200s\" by hand: put it back to go on",
                                                    view->record->plan.dns_name, view->dns.rrset));
        if (request_acts(pass, &finding) || switch_turns(pass, &finding))
                return finding;
        if (view->confirmed_epoch != view->record->epoch)
                return found(pass, FINDING_UNCONFIRMED, "reading the policy once more before the first effect");
        return classify_steps(pass);
}

static void look_around(struct pass *pass)
{
        const struct view *view = pass->view;
        struct decision *decision = pass->decision;
        decision->mode = mode_in_effect(view, pass->arena);
        decision->may_act = decision->mode.mode == MODE_AUTOMATIC && !view->policy.suspended && !view->kill_switch;
        decision->why_no_candidate = "";
        for (unsigned i = 0; i < view->plane_count; i++)
                decision->verdicts[i] = health_of(&view->planes[i], &view->policy.detection, view->now).verdict;
        if (view->record) {
                decision->dns = fence_dns(view->record, view);
                decision->lock = fence_lock(view->record, view);
                decision->active = election_find(view, view->record->to);
                /* In Advise a person moves the record, so what is live is what is active. */
                if (decision->mode.mode == MODE_ADVISE && view->dns_health.read_at && adopt_plane_shown(view))
                        decision->active = adopt_plane_shown(view);
        }
        if (decision->active) {
                decision->active_health = health_of(decision->active, &view->policy.detection, view->now);
                decision->candidate = election_choose(view, decision->active, pass->arena, &decision->why_no_candidate);
        }
        decision->request = request_read(view, view->record ? view->record->epoch : 0, pass->arena);
        decision->answer = decision->request.answer;
}

static void write_down(struct pass *pass)
{
        struct decision *decision = pass->decision;
        switch (decision->rule->then) {
        case DO_ADOPT:
                decision->next = next_adoption(pass->view, decision, &pass->adoption, pass->arena);
                break;
        case DO_DECIDE:
                decision->next = next_switch(pass->view, decision, pass->to,
                                             decision->finding != FINDING_SWITCH_REQUESTED && decision->finding != FINDING_PLAN_OUTDATED,
                                             pass->arena);
                break;
        case DO_ABORT:
                decision->next = next_abort(pass->view, pass->to, pass->arena);
                break;
        case DO_COMMIT:
                decision->next = next_commit(pass->view, pass->arena);
                break;
        default:
                break;
        }
}

void failover_decide(const struct view *view, struct arena *arena, struct decision *ret)
{
        *ret = (struct decision){.why = "", .answer = ""};
        struct pass pass = {.view = view, .arena = arena, .decision = ret};
        ret->phase = view->record ? view->record->phase : PHASE_NONE;
        look_around(&pass);
        if (ret->phase == PHASE_SWITCHING)
                ret->finding = classify_switching(&pass);
        else if (ret->phase == PHASE_STEADY)
                ret->finding = classify_steady(&pass);
        else
                ret->finding = classify_none(&pass);
        ret->rule = rule_find(ret->phase, ret->finding);
        INVARIANT(ret->rule);
        write_down(&pass);
}
