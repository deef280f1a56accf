/*
 * report_armed.c -- whether a failover would happen without a person: the gates of a failover, evaluated as if the
 * active plane were down, and everything that keeps them from being evaluated.
 */
#include <string.h>

#include "core/election.h"
#include "core/mode.h"
#include "core/texts.h"
#include "core/report_parts.h"
#include "core/targets.h"

static const char *patch(const struct report_subject *s, const char *spec)
{
        return arena_printf(s->arena, "kubectl patch fop %s -n %s --type merge -p '{\"spec\":{%s}}'",
                            s->view->policy.name, s->view->policy.namespace_name, spec);
}

/* The reason why Automatic is not in effect; "" where it is. */
static const char *why_advise_stays(const struct report_subject *s)
{
        struct view wanted = *s->view;
        wanted.policy.mode = MODE_AUTOMATIC;
        const struct effective_mode mode = mode_in_effect(&wanted, s->arena);
        return mode.mode == MODE_ADVISE ? mode.message : "";
}

static void look_at_advise(const struct report_subject *s, struct troubles *ret)
{
        const struct effective_mode *mode = &s->decision->mode;
        if (mode->mode != MODE_ADVISE)
                return;
        if (s->view->policy.mode == MODE_AUTOMATIC) {
                troubles_add(ret, "AutomaticUnsafe", mode->message);
                return;
        }
        const char *stays = why_advise_stays(s);
        troubles_add(ret, "Advise",
                     stays[0] ? arena_printf(s->arena, "spec.mode is Advise, and Automatic would not take effect: %s",
                                             stays)
                              : arena_printf(s->arena, "spec.mode is Advise: a person switches; to arm: %s",
                                             patch(s, "\"mode\":\"Automatic\"")));
}

/* Suspend, the kill switch and the mode. */
static void look_at_brakes(const struct report_subject *s, struct troubles *ret)
{
        if (s->view->kill_switch)
                troubles_add(ret, "KillSwitch", texts_kill_switch_remedy(s->view, s->arena));
        if (s->view->policy.suspended)
                troubles_add(ret, "Suspended",
                             arena_printf(s->arena,
                                          "spec.suspend is true: nothing outside status is written; to arm: %s",
                                          patch(s, "\"suspend\":false")));
        look_at_advise(s, ret);
}

static void look_at_finding(const struct report_subject *s, struct troubles *ret)
{
        const struct decision *decision = s->decision;
        const struct plane_health *health = &decision->active_health;
        if (report_is_record_refused(s->view, decision))
                troubles_add(ret, "RecordRefused",
                             arena_printf(s->arena, "a decision cannot be recorded: %s", s->view->record_refusal));
        if (decision->phase == PHASE_SWITCHING)
                troubles_add(ret, "Switching",
                             arena_printf(s->arena,
                                          "epoch %llu is moving to %s; no other failover begins before it is done",
                                          (unsigned long long)s->view->record->epoch, s->view->record->to));
        else if (decision->rule->flags & RULE_BARS_FAILOVER)
                troubles_add(ret, decision->rule->reason, decision->why);
        else if (decision->phase == PHASE_NONE && decision->may_act)
                troubles_add(ret, "NotRecorded", "which plane is active is not recorded yet");
        else if (!decision->active)
                troubles_add(ret, "ActiveUnknown", "which plane is active is not known");
        else if (!health->fresh || health->verdict == VERDICT_UNKNOWN)
                troubles_add(ret, "ActiveUnobserved",
                             arena_printf(s->arena, "unknown is not down, and %s is not observed: %s",
                                          decision->active->name, texts_bad_checks(decision->active, s->arena)));
}

/* The server said so when it was asked: a switch would be decided, and would not get past that target. */
static void look_at_rights(const struct report_subject *s, struct troubles *ret)
{
        const char *denied = texts_write_denied(s->view, s->arena);
        if (denied && s->decision->phase != PHASE_SWITCHING)
                troubles_add(ret, "WriteDenied", denied);
}

/* The word in the ARMED column, where it is not the gate's own. */
static const char *word_of(enum gate gate)
{
        switch (gate) {
        case GATE_CANDIDATE:
                return "NoStandby";
        case GATE_LIMIT:
                return "LimitReached";
        default:
                return gate_name(gate);
        }
}

static void add_gate(const struct report_subject *s, const struct gate_verdict *verdict, struct troubles *ret)
{
        const struct decision *decision = s->decision;
        bool is_told = verdict->gate == GATE_MECHANISMS && (decision->finding == FINDING_TARGET_UNAVAILABLE ||
                                                            decision->finding == FINDING_TARGET_REFUSED);
        if (is_told)
                return;
        const char *text = verdict->text;
        if (verdict->gate == GATE_CANDIDATE)
                text = arena_printf(s->arena, "no plane could take over: %s", text);
        else if (verdict->gate == GATE_NO_DRIFT && decision->finding == FINDING_DRIFT)
                text = decision->why; /* with the way out */
        troubles_add(ret, word_of(verdict->gate), text);
}

/* Where the active plane fails already, its gates are known; else they are evaluated as if it did. */
static void look_at_gates(const struct report_subject *s, struct troubles *ret, mono_ms *ret_until)
{
        const struct decision *decision = s->decision;
        if (!decision->active || decision->phase == PHASE_SWITCHING)
                return;
        const struct gate_question question = {PURPOSE_ARMED, decision->active, decision->candidate,
                                               decision->why_no_candidate};
        bool is_held = decision->has_gates && decision->gates.blocked >= 0;
        struct gates gates = is_held ? decision->gates : gates_evaluate(s->view, &question, s->arena);
        for (unsigned i = 0; i < gates.count; i++)
                if (!gates.verdicts[i].passes && gates.verdicts[i].gate != GATE_ACTIVE_DOWN)
                        add_gate(s, &gates.verdicts[i], ret);
        *ret_until = gates.wake_at;
}

/* Words of a state that passes by itself, mostly within seconds. */
static bool is_passing(const char *reason)
{
        static const char *const words[] = {"Observing",          "NotRecorded", "Switching",
                                            "ActiveUnobserved",   "LoopLate",    "AddressPending",
                                            "TargetUnavailable",  "Isolated",    "MechanismUnreachable",
                                            "ArbiterUnreachable", "PlaneNotFound"};
        for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (strcmp(reason, words[i]) == 0)
                        return true;
        return false;
}

struct report_armed report_armed_of(const struct view *view, const struct decision *decision, struct arena *arena)
{
        const struct report_subject subject = {.view = view, .decision = decision, .arena = arena};
        struct troubles troubles = {.count = 0};
        struct report_armed armed = {.is_armed = false};
        look_at_brakes(&subject, &troubles);
        look_at_finding(&subject, &troubles);
        look_at_rights(&subject, &troubles);
        look_at_gates(&subject, &troubles, &armed.until);
        if (troubles.count) {
                armed.reason = troubles.items[0].reason;
                armed.message = troubles_text(&troubles, arena);
                armed.is_passing = is_passing(armed.reason);
                return armed;
        }
        return (struct report_armed){
            .is_armed = true,
            .reason = "Armed",
            .message = arena_printf(arena, "if %s fails for %s, agents are moved to %s without a person",
                                    decision->active->name, report_duration(gates_failover_delay(view), arena),
                                    decision->candidate->name)};
}
