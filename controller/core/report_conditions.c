/* report_conditions.c -- the decision as conditions, by the status contract. */
#include <string.h>

#include "core/adopt.h"
#include "core/election.h"
#include "core/looks.h"
#include "core/maintenance.h"
#include "core/texts.h"
#include "core/remedy.h"
#include "core/report_parts.h"
#include "core/targets.h"
#include "util/mem.h"

/* The input and output of the condition setters. */
struct writer {
        const struct view *view;
        const struct decision *decision;
        const struct report_roles *roles;
        struct arena *arena;
        struct report *report;
};

static void set(const struct writer *w, const char *type, enum report_status status, const char *reason,
                const char *message)
{
        struct report *report = w->report;
        INVARIANT(report->condition_count < REPORT_CONDITIONS_MAX);
        report->conditions[report->condition_count++] = (struct report_condition){type, status, reason, message};
}

enum contract { CONTRACT_READY, CONTRACT_PROGRESSING, CONTRACT_STALLED, CONTRACT_UNKNOWN };

/* A target that is being brought to the record's epoch says nothing of the plane. */
static enum contract contract_of_health(const struct plane_health *health)
{
        if (!health->fresh || health->verdict == VERDICT_UNKNOWN)
                return CONTRACT_UNKNOWN;
        return health->verdict == VERDICT_DOWN ? CONTRACT_PROGRESSING : CONTRACT_READY;
}

/*
 * Agents are led to a plane that may not write, or to nobody: the name and the lock as they were read disagree, or the
 * name shows neither a plane nor what was recorded. "" where all is well, or not known.
 */
static const char *led_astray(const struct writer *w)
{
        const struct view *view = w->view;
        if (!targets_are_read(view) || targets_moved(view))
                return "";
        const struct plane_view *shown = adopt_plane_shown(view);
        const struct target_view *name = targets_name(view);
        bool is_recorded =
            view->record && strcmp(name->shows.value, view->record->plan.targets[name - view->targets].to) == 0;
        if (!shown)
                return is_recorded ? ""
                                   : arena_printf(w->arena, "%s leads to no plane: it shows \"%s\"", name->ref.name,
                                                  texts_value(name, w->arena));
        const struct target_view *other = view->policy.single_writer ? adopt_dissenter(view, shown, w->arena) : NULL;
        return other ? arena_printf(w->arena, "%s leads agents to %s, which may not write: %s", name->ref.name,
                                    shown->name, texts_shows(other, w->arena))
                     : "";
}

/* The target that a switch waits for; NULL where the one that its step needs answers. */
static const struct target_view *blocking_target(const struct writer *w)
{
        const struct decision *decision = w->decision;
        const enum finding finding = decision->finding;
        bool is_waiting = finding == FINDING_STEP_UNMET || finding == FINDING_STEP_PENDING ||
                          finding == FINDING_LOOK_OLD ||
                          finding == FINDING_TARGET_UNAVAILABLE || finding == FINDING_TARGET_REFUSED;
        bool is_blocking = decision->phase == PHASE_SWITCHING && is_waiting && decision->at &&
                           decision->at->health.reach == REACH_FAILED;
        return is_blocking ? decision->at : NULL;
}

/* A target that answers, but does not take the record's epoch: the next switch would end there, too. */
static bool is_write_refused(const struct writer *w)
{
        return w->decision->phase == PHASE_STEADY && w->decision->finding == FINDING_TARGET_BEHIND &&
               targets_refusal_lasts(&w->decision->at->health, w->view->now);
}

/* By a target or the arbiter, so that a person is needed: by one yardstick, in a switch and out of it. */
static bool is_refused(const struct writer *w)
{
        const struct target_view *blocking = blocking_target(w);
        return is_write_refused(w) || report_is_record_refused(w->view, w->decision) ||
               (blocking && targets_refusal_lasts(&blocking->health, w->view->now));
}

/* Put back by itself where the policy says so and it may be, else only by a person. */
static enum contract contract_of_edit(const struct writer *w)
{
        bool is_put_back = w->view->policy.drift == DRIFT_ENFORCE && w->decision->may_act;
        return is_put_back ? CONTRACT_PROGRESSING : CONTRACT_STALLED;
}

/* A failover by itself was asked for and cannot be had as things are, however well the plane is. */
static bool is_automatic_unsafe(const struct writer *w)
{
        return w->decision->finding == FINDING_STEADY && w->view->policy.mode == MODE_AUTOMATIC &&
               w->decision->mode.mode == MODE_ADVISE && !led_astray(w)[0];
}

static enum contract contract_of_steady(const struct writer *w)
{
        if (led_astray(w)[0])
                return contract_of_edit(w);
        if (!is_automatic_unsafe(w))
                return CONTRACT_READY;
        return w->decision->mode.may_pass ? CONTRACT_PROGRESSING : CONTRACT_STALLED;
}

/* Stalled is only what a person has to mend; a dead site never is, nor a switch that goes on by itself. */
static enum contract contract_of_finding(const struct writer *w)
{
        const struct decision *decision = w->decision;
        if (is_refused(w))
                return CONTRACT_STALLED;
        switch (decision->rule->means) {
        case MEANS_STALLED:
                return CONTRACT_STALLED;
        case MEANS_UNKNOWN:
                return CONTRACT_UNKNOWN;
        case MEANS_EDIT:
                return decision->phase == PHASE_SWITCHING || led_astray(w)[0] ? contract_of_edit(w) : CONTRACT_READY;
        case MEANS_REFUSAL:
                return targets_refusal_lasts(&decision->at->health, w->view->now) ? CONTRACT_STALLED
                                                                                 : CONTRACT_PROGRESSING;
        case MEANS_PLANE: /* one that left spec.planes comes back by an edit; another may still be applied */
                return decision->active ? CONTRACT_PROGRESSING : CONTRACT_STALLED;
        case MEANS_HEALTH:
                return led_astray(w)[0] ? CONTRACT_PROGRESSING : contract_of_health(&decision->active_health);
        case MEANS_STEADY:
                return contract_of_steady(w);
        default:
                return CONTRACT_PROGRESSING;
        }
}

/* The only trouble: users are answered something else than the recorded value. */
static bool is_doubtful(const struct writer *w)
{
        return targets_name(w->view)->shows.doubt && contract_of_finding(w) == CONTRACT_READY;
}

static enum contract contract_of(const struct writer *w)
{
        return is_doubtful(w) ? CONTRACT_STALLED : contract_of_finding(w);
}

bool report_is_ready(const struct view *view, const struct decision *decision, struct arena *arena)
{
        const struct writer writer = {.view = view, .decision = decision, .arena = arena};
        return contract_of(&writer) == CONTRACT_READY;
}

static bool is_on_preferred(const struct writer *w)
{
        return w->roles->active == &w->view->planes[0];
}

const char *report_blocked_by(const struct view *view, const struct decision *decision)
{
        const struct writer writer = {.view = view, .decision = decision};
        const struct target_view *blocking = blocking_target(&writer);
        if (blocking)
                return targets_refuses(&blocking->health) ? target_traits(blocking->ref.kind)->refused_reason
                                                          : target_traits(blocking->ref.kind)->silent_reason;
        return report_is_record_refused(view, decision) ? "RecordRefused" : NULL;
}

/* The active plane is healthy. Where a person has stopped the operator, Ready must not look as if it were protected. */
static const char *healthy_word(const struct writer *w)
{
        if (w->view->kill_switch)
                return "KillSwitch";
        if (w->view->policy.suspended)
                return "Suspended";
        return is_on_preferred(w) ? "Steady" : "FailedOver";
}

static const char *ready_reason(const struct writer *w, enum contract contract)
{
        const char *blocked = report_blocked_by(w->view, w->decision);
        if (blocked)
                return blocked;
        if (is_write_refused(w))
                return "TargetRefused";
        if (is_doubtful(w))
                return "DNSAnswersDiffer";
        if (is_automatic_unsafe(w))
                return "AutomaticUnsafe";
        if (contract != CONTRACT_READY)
                return w->decision->finding == FINDING_STEADY ? "Drift" : w->decision->rule->reason;
        return healthy_word(w);
}

static const char *steps_to_come(const struct writer *w)
{
        const enum step step = w->decision->step;
        const char *names = "";
        enum step last = step;
        for (unsigned i = 0; i < w->view->target_count; i++) {
                const enum step later = target_traits(w->view->targets[i].ref.kind)->step;
                if (later > last)
                        names = arena_printf(w->arena, "%s%s, ", names, step_name(later));
                last = later > last ? later : last;
        }
        return step == STEP_COMMIT ? "" : arena_printf(w->arena, "; then %s%s", names, step_name(STEP_COMMIT));
}

static const char *lost_text(const struct writer *w, const char *before)
{
        return w->decision->lost[0] ? arena_printf(w->arena, "%s%s", before, w->decision->lost) : "";
}

static const char *switching_message(const struct writer *w)
{
        const struct record *record = w->view->record;
        const struct decision *decision = w->decision;
        const struct target_view *blocking = blocking_target(w);
        const char *moving =
            arena_printf(w->arena, "Moving to %s, epoch %llu", record->to, (unsigned long long)record->epoch);
        const char *step = step_name(decision->step);
        if (blocking)
                return arena_printf(w->arena, "%s: blocked at %s since %s: %s%s", moving, step,
                                    texts_time(blocking->health.failed_since_wall, w->arena), blocking->health.error,
                                    lost_text(w, "; "));
        if (decision->finding == FINDING_STEP_UNMET || decision->finding == FINDING_LOOK_OLD ||
            decision->finding == FINDING_UNCONFIRMED)
                return arena_printf(w->arena, "%s: at %s since %s%s%s", moving, step,
                                    texts_time(record->started_at, w->arena), steps_to_come(w),
                                    lost_text(w, "; "));
        return arena_printf(w->arena, "%s: %s%s", moving, report_why(w->view, decision, w->arena), lost_text(w, "; "));
}

static const char *failed_over_message(const struct writer *w)
{
        const struct view *view = w->view;
        const struct record *record = view->record;
        const char *back =
            view->policy.failback == FAILBACK_NEVER ? "" : remedy_to_return(view, &view->planes[0], w->arena);
        return arena_printf(w->arena, "%s is active since %s, epoch %llu (%s)%s", record->to,
                            texts_time(record->completed_at, w->arena), (unsigned long long)record->epoch,
                            record->reason, back);
}

/* In Advise a person moves the targets, so another decider is reported before the state of the targets. */
static const char *how_to_correct(const struct writer *w)
{
        return targets_split_owner(w->view) && w->decision->mode.message[0]
                   ? w->decision->mode.message
                   : arena_printf(w->arena, "Correct the one that is wrong by hand: %s",
                                  adopt_runbook_text(w->view, w->decision->active, w->arena));
}

static const char *ready_message(const struct writer *w, enum contract contract)
{
        const struct record *record = w->view->record;
        const struct decision *decision = w->decision;
        if (decision->phase == PHASE_SWITCHING)
                return switching_message(w);
        const char *astray = led_astray(w);
        if (astray[0] && decision->finding == FINDING_STEADY)
                return arena_printf(w->arena, "%s. %s", astray, how_to_correct(w));
        if (astray[0] && decision->finding == FINDING_DRIFT)
                return arena_printf(w->arena, "%s. %s", astray, decision->why);
        if (is_doubtful(w))
                return targets_name(w->view)->shows.doubt;
        if (is_automatic_unsafe(w))
                return decision->mode.message;
        if (contract != CONTRACT_READY || decision->finding != FINDING_STEADY)
                return report_why(w->view, decision, w->arena);
        if (w->view->kill_switch || w->view->policy.suspended)
                return arena_printf(w->arena, "%s; %s, so no failover happens by itself", decision->why,
                                    w->view->kill_switch ? texts_kill_switch(w->view) : "spec.suspend is true");
        bool is_recorded = record && strcmp(record->to, decision->active->name) == 0;
        return is_recorded && decision->may_act && !is_on_preferred(w) ? failed_over_message(w) : decision->why;
}

static void set_contract(const struct writer *w)
{
        static const enum report_status statuses[] = {REPORT_TRUE, REPORT_FALSE, REPORT_FALSE, REPORT_UNKNOWN};
        enum contract contract = contract_of(w);
        struct report *report = w->report;
        const char *reason = ready_reason(w, contract);
        report->message = ready_message(w, contract);
        report->state = w->decision->rule->state;
        if (contract == CONTRACT_READY && w->decision->finding != FINDING_DRIFT)
                report->state = healthy_word(w);
        else if (is_doubtful(w) ||
                 (w->decision->phase != PHASE_SWITCHING && (is_refused(w) || w->decision->finding == FINDING_STEADY)))
                report->state = reason;
        set(w, "Ready", statuses[contract], reason, report->message);
        if (contract == CONTRACT_STALLED)
                set(w, "Stalled", REPORT_TRUE, reason, report->message);
        else if (contract != CONTRACT_READY)
                set(w, "Reconciling", REPORT_TRUE, reason, report->message);
}

static void set_active_healthy(const struct writer *w)
{
        static const char type[] = "ActiveHealthy";
        const struct plane_view *active = w->roles->active;
        const struct plane_health *health = &w->roles->health;
        if (!active) {
                set(w, type, REPORT_UNKNOWN, "Unobserved", "The active plane is not known");
                return;
        }
        const char *bad = texts_bad_checks(active, w->arena);
        if (w->view->now < w->view->late_until)
                set(w, type, REPORT_UNKNOWN, "LoopLate",
                    arena_printf(
                        w->arena,
                        "the operator's own loop was %s late (suspended, or starved of CPU), so the samples of %s are "
                        "discarded and counted anew; nothing is decided on them before %s",
                        report_duration(w->view->late_by, w->arena), active->name,
                        texts_instant(w->view, w->view->late_until, w->arena)));
        else if (maintenance_holds(w->view, active) && health->verdict != VERDICT_UP)
                set(w, type, REPORT_UNKNOWN, "MaintenanceUntil",
                    arena_printf(w->arena, "%s is %s and not judged: %s", active->name,
                                 maintenance_phrase(active, w->arena), bad));
        else if (!health->fresh || health->verdict == VERDICT_UNKNOWN)
                set(w, type, REPORT_UNKNOWN, "Unobserved", arena_printf(w->arena, "%s: %s", active->name, bad));
        else if (health->verdict == VERDICT_UP)
                set(w, type, REPORT_TRUE, "ProbesPassed",
                    arena_printf(w->arena, "%s: %s", active->name, texts_all_checks(active, w->arena)));
        else if (!health->failing_since)
                set(w, type, REPORT_FALSE, "Recovering", arena_printf(w->arena, "%s answers again", active->name));
        else
                set(w, type, REPORT_FALSE, "ProbesFailed",
                    arena_printf(w->arena, "%s failing since %s: %s", active->name,
                                 texts_instant(w->view, health->failing_since, w->arena), bad));
}

/* A standby is fit, but nobody is moved to it without a person. */
static bool is_by_hand(const struct writer *w, const struct report_armed *armed)
{
        return !armed->is_armed && w->decision->phase != PHASE_SWITCHING;
}

/* The first plane's that something beside its health keeps from taking over. */
static const char *no_standby_reason(const struct writer *w)
{
        for (unsigned i = 0; i < w->view->plane_count; i++) {
                const struct plane_view *plane = &w->view->planes[i];
                const struct unfitness unfit = election_unfitness(w->view, plane, w->roles->active, w->arena);
                if (plane != w->roles->active && unfit.reason)
                        return unfit.reason;
        }
        return "NoStandby";
}

static void set_failover_possible(const struct writer *w, const struct report_armed *armed)
{
        const struct plane_view *candidate = w->roles->candidate;
        const char *why = w->roles->why_no_candidate[0] ? w->roles->why_no_candidate : "the active plane is not known";
        const char *denied = texts_write_denied(w->view, w->arena);
        const char *of = w->roles->active ? arena_printf(w->arena, " of %s", w->roles->active_name) : "";
        if (candidate && denied && w->decision->phase != PHASE_SWITCHING)
                set(w, "FailoverPossible", REPORT_FALSE, "WriteDenied",
                    arena_printf(w->arena, "%s is fit, and %s", candidate->name, denied));
        else if (candidate)
                set(w, "FailoverPossible", REPORT_TRUE, "Chosen",
                    arena_printf(w->arena, "%s: %s%s", candidate->name, texts_all_checks(candidate, w->arena),
                                 is_by_hand(w, armed) ? arena_printf(w->arena, "; not by itself: Armed is False, %s",
                                                                     armed->reason)
                                                      : ""));
        else
                set(w, "FailoverPossible", REPORT_FALSE, no_standby_reason(w),
                    arena_printf(w->arena, "%s; a failure%s needs a person", why, of));
        w->report->failover = !candidate ? "NoStandby" : is_by_hand(w, armed) ? "ByHand" : "Possible";
}

static void set_degraded(const struct writer *w)
{
        static const char type[] = "Degraded";
        const struct report_subject subject = {w->view, w->decision, w->roles, w->arena};
        struct troubles troubles = {.count = 0};
        report_troubles(&subject, &troubles);
        if (!w->roles->active && w->decision->phase != PHASE_SWITCHING)
                set(w, type, REPORT_UNKNOWN, "Unobserved", "The active plane is not known");
        else if (troubles.count)
                set(w, type, REPORT_TRUE, troubles.items[0].reason, troubles_text(&troubles, w->arena));
        else
                set(w, type, REPORT_FALSE, "Redundant", "Every check passes and a standby is fit");
}

static const char *drift_text(const struct writer *w)
{
        const unsigned drifted = failover_first_drift(w->view, w->decision);
        return drifted < w->view->target_count ? texts_drift(w->view, drifted, w->arena) : NULL;
}

static void set_drift(const struct writer *w)
{
        static const char type[] = "Drift";
        const struct view *view = w->view;
        const struct decision *decision = w->decision;
        const char *drift = drift_text(w);
        if (!view->record)
                set(w, type, REPORT_FALSE, "NothingRecorded", "Nothing is recorded that the targets could differ from");
        else if (failover_names_stand(view, decision, SYNC_EMPTY))
                set(w, type, REPORT_TRUE, "NameEmpty", texts_name_empty(view, w->arena));
        else if (decision->finding == FINDING_DRIFT)
                set(w, type, REPORT_TRUE, "Drift", decision->why);
        else if (drift)
                set(w, type, REPORT_TRUE, "Drift", drift);
        else if (failover_stands(view, decision, SYNC_AHEAD) || failover_stands(view, decision, SYNC_FOREIGN) ||
                 failover_stands(view, decision, SYNC_UNREADABLE))
                set(w, type, REPORT_UNKNOWN, "OtherDecision",
                    "A target carries the ownership record of another owner, one that cannot be read, or a later "
                    "epoch");
        else if (failover_stands(view, decision, SYNC_UNREAD))
                set(w, type, REPORT_UNKNOWN, "NotRead", "Not every target has been read yet");
        else
                set(w, type, REPORT_FALSE, "AsRecorded", "The targets show what was recorded");
}

static void set_armed(const struct writer *w, const struct report_armed *armed)
{
        set(w, "Armed", armed->is_armed ? REPORT_TRUE : REPORT_FALSE, armed->reason, armed->message);
        w->report->armed = armed->is_armed ? "True" : armed->reason;
}

static void set_on_preferred(const struct writer *w)
{
        if (!w->roles->active)
                set(w, "OnPreferred", REPORT_UNKNOWN, "Unknown", "The active plane is not known");
        else
                set(w, "OnPreferred", is_on_preferred(w) ? REPORT_TRUE : REPORT_FALSE,
                    is_on_preferred(w) ? "OnPreferred" : "FailedOver",
                    arena_printf(w->arena, "%s is active%s%s", w->roles->active_name,
                                 w->decision->held_return[0] ? "; " : "", w->decision->held_return));
}

void report_conditions(const struct view *view, const struct decision *decision, const struct report_roles *roles,
                       struct arena *arena, struct report *ret)
{
        const struct writer writer = {view, decision, roles, arena, ret};
        const struct report_armed armed = report_armed_of(view, decision, arena);
        set_contract(&writer);
        set_armed(&writer, &armed);
        set_active_healthy(&writer);
        set_failover_possible(&writer, &armed);
        set_degraded(&writer);
        set_drift(&writer);
        set_on_preferred(&writer);
}
