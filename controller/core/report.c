/* report.c -- the decision as people see it. */
#include "core/report.h"

#include <string.h>

#include "core/election.h"
#include "util/mem.h"
#include "util/text.h"

enum { CERTIFICATE_WARNING_DAYS = 21 };
#define DAY_MS ((int64_t)86400000)

static void set(struct report *report, const char *type, enum report_status status, const char *reason, const char *message)
{
        INVARIANT(report->condition_count < REPORT_CONDITIONS_MAX);
        report->conditions[report->condition_count++] = (struct report_condition){type, status, reason, message};
}

const char *report_duration(mono_ms duration_ms, struct arena *arena)
{
        if (duration_ms < 10000)
                return arena_printf(arena, "%lld.%llds", (long long)(duration_ms / 1000), (long long)(duration_ms % 1000 / 100));
        long long seconds = (long long)(duration_ms / 1000);
        if (seconds < 60)
                return arena_printf(arena, "%llds", seconds);
        if (seconds < 3600)
                return arena_printf(arena, "%lldm%llds", seconds / 60, seconds % 60);
        return arena_printf(arena, "%lldh%lldm", seconds / 3600, seconds % 3600 / 60);
}

static const char *clock_text(unix_ms at, struct arena *arena)
{
        char text[TEXT_TIME_BYTES + 4];
        text_from_time(at, text);
        return arena_strdup(arena, text);
}

/* What each finding means for the two conditions of the status contract. */
enum contract { CONTRACT_READY, CONTRACT_PROGRESSING, CONTRACT_STALLED, CONTRACT_UNKNOWN };

static enum contract contract_of(const struct decision *decision)
{
        switch (decision->finding) {
        case FINDING_STEADY:
        case FINDING_DRIFT:
        case FINDING_TARGET_BEHIND:
                return decision->phase == PHASE_SWITCHING ? CONTRACT_PROGRESSING : CONTRACT_READY;
        case FINDING_OBSERVING:
        case FINDING_ADOPTABLE:
        case FINDING_ACTIVE_UNKNOWN:
                return CONTRACT_UNKNOWN;
        case FINDING_RECORD_UNREADABLE:
        case FINDING_CREDENTIALS:
        case FINDING_RIVAL:
        case FINDING_TARGET_REFUSED:
        case FINDING_FOREIGN_OWNER:
        case FINDING_UNKNOWN_TARGET:
                return decision->phase == PHASE_SWITCHING ? CONTRACT_PROGRESSING : CONTRACT_STALLED;
        default:
                return CONTRACT_PROGRESSING;
        }
}

static const char *blocked_reason(const char *what_denied, const char *what_silent, const struct target_health *health)
{
        bool needs_person = health->error_class == ERR_DENIED || health->error_class == ERR_INVALID;
        return needs_person ? what_denied : what_silent;
}

static bool on_preferred(const struct view *view, const struct decision *decision)
{
        return decision->active == &view->planes[0];
}

static const char *ready_reason(const struct view *view, const struct decision *decision)
{
        if (contract_of(decision) == CONTRACT_READY) {
                if (view->policy.mode == MODE_AUTOMATIC && decision->mode.mode == MODE_ADVISE)
                        return "AutomaticUnsafe";
                return on_preferred(view, decision) ? "Steady" : "FailedOver";
        }
        if (decision->finding == FINDING_LOCK_UNMET && view->lock_health.reach == REACH_FAILED)
                return blocked_reason("RedisRefused", "RedisUnavailable", &view->lock_health);
        if (decision->finding == FINDING_ROUTE_UNMET && view->dns_health.reach == REACH_FAILED)
                return blocked_reason("DNSRefused", "DNSUnavailable", &view->dns_health);
        return decision->rule->reason;
}

static const char *switching_message(const struct view *view, const struct decision *decision, struct arena *arena)
{
        const struct record *record = view->record;
        const struct target_health *health = decision->step == STEP_LOCK ? &view->lock_health : &view->dns_health;
        if (decision->finding == FINDING_LOCK_UNMET || decision->finding == FINDING_ROUTE_UNMET) {
                if (health->reach == REACH_FAILED)
                        return arena_printf(arena, "Moving to %s, epoch %llu: blocked at %s since %s: %s", record->to,
                                            (unsigned long long)record->epoch, step_name(decision->step),
                                            clock_text(health->failed_since_wall, arena), health->error);
                return arena_printf(arena, "Moving to %s, epoch %llu: at %s since %s", record->to, (unsigned long long)record->epoch,
                                    step_name(decision->step), clock_text(record->started_at, arena));
        }
        return arena_printf(arena, "Moving to %s, epoch %llu: %s", record->to, (unsigned long long)record->epoch, decision->why);
}

static const char *ready_message(const struct view *view, const struct decision *decision, struct arena *arena)
{
        const struct record *record = view->record;
        if (decision->phase == PHASE_SWITCHING)
                return switching_message(view, decision, arena);
        if (contract_of(decision) != CONTRACT_READY)
                return decision->why;
        if (view->policy.mode == MODE_AUTOMATIC && decision->mode.mode == MODE_ADVISE)
                return decision->mode.message;
        if (decision->finding != FINDING_STEADY)
                return decision->why;
        const char *active = decision->active ? decision->active->name : "";
        if (record && !on_preferred(view, decision) && record->from[0] && strcmp(record->to, active) == 0)
                return arena_printf(arena,
                                    "%s is active since %s, epoch %llu (%s); to return: kubectl annotate fop %s -n %s --overwrite "
                                    "planekeeper.io/switch-to=%s/%llu --field-manager=oncall",
                                    active, clock_text(record->completed_at, arena), (unsigned long long)record->epoch, record->reason,
                                    view->policy.name, view->policy.namespace_name, view->planes[0].name,
                                    (unsigned long long)(record->epoch + 1));
        return decision->why;
}

static void set_contract(const struct view *view, const struct decision *decision, struct arena *arena, struct report *report)
{
        enum contract contract = contract_of(decision);
        const char *reason = ready_reason(view, decision);
        const char *message = ready_message(view, decision, arena);
        static const enum report_status statuses[] = {REPORT_TRUE, REPORT_FALSE, REPORT_FALSE, REPORT_UNKNOWN};
        set(report, "Ready", statuses[contract], reason, message);
        if (contract == CONTRACT_STALLED)
                set(report, "Stalled", REPORT_TRUE, reason, message);
        else if (contract != CONTRACT_READY)
                set(report, "Reconciling", REPORT_TRUE, reason, message);
        report->message = message;
        report->state = decision->rule->state;
        if (contract == CONTRACT_READY && decision->finding != FINDING_DRIFT)
                report->state = on_preferred(view, decision) ? "Steady" : "FailedOver";
}

static const char *check_summary(const struct plane_view *plane, bool only_bad, struct arena *arena)
{
        const char *text = "";
        for (unsigned i = 0; i < plane->check_count; i++) {
                const struct check_view *check = &plane->checks[i];
                bool is_bad = check->fails || check->last_unknown || !check->counted_at;
                if (only_bad && !is_bad)
                        continue;
                const char *verdict = !check->counted_at && !check->sampled_at ? "not sampled yet"
                                      : check->last_unknown                    ? "unknown: "
                                      : check->fails                           ? ""
                                                                               : "ok";
                text = arena_printf(arena, "%s%s%s %s%s", text, text[0] ? "; " : "", check->label, verdict,
                                    is_bad && check->sampled_at ? check->text : "");
        }
        return text;
}

static void set_active_healthy(const struct view *view, const struct decision *decision, struct arena *arena, struct report *report)
{
        const struct plane_view *active = decision->active;
        const struct plane_health *health = &decision->active_health;
        if (!active || !health->fresh || health->verdict == VERDICT_UNKNOWN) {
                set(report, "ActiveHealthy", REPORT_UNKNOWN, "Unobserved",
                    active ? arena_printf(arena, "%s: %s", active->name, check_summary(active, true, arena)) : "the active plane is not known");
                return;
        }
        if (health->verdict == VERDICT_UP) {
                set(report, "ActiveHealthy", REPORT_TRUE, "ProbesPassed",
                    arena_printf(arena, "%s: %s", active->name, check_summary(active, false, arena)));
                return;
        }
        if (!health->failing_since) {
                set(report, "ActiveHealthy", REPORT_FALSE, "Recovering", arena_printf(arena, "%s answers again", active->name));
                return;
        }
        set(report, "ActiveHealthy", REPORT_FALSE, "ProbesFailed",
            arena_printf(arena, "%s failing since %s: %s", active->name,
                         clock_text((view->wall - (view->now - health->failing_since)) / 1000 * 1000, arena),
                         check_summary(active, true, arena)));
}

static void set_failover_possible(const struct decision *decision, struct arena *arena, struct report *report)
{
        if (decision->candidate) {
                set(report, "FailoverPossible", REPORT_TRUE, "Chosen",
                    arena_printf(arena, "%s: %s", decision->candidate->name, check_summary(decision->candidate, false, arena)));
                report->failover = "Possible";
                return;
        }
        const char *why = decision->why_no_candidate[0] ? decision->why_no_candidate : "the active plane is not known";
        set(report, "FailoverPossible", REPORT_FALSE, "NoStandby", arena_printf(arena, "%s; a second failure needs a person", why));
        report->failover = "NoStandby";
}

static void set_degraded(const struct view *view, const struct decision *decision, struct arena *arena, struct report *report)
{
        const struct plane_health *health = &decision->active_health;
        const struct plane_view *active = decision->active;
        if (decision->phase == PHASE_SWITCHING)
                set(report, "Degraded", REPORT_TRUE, "SwitchInProgress",
                    "Configuration changes are not propagated; traffic in the mesh is not affected");
        else if (!active || !decision->candidate)
                set(report, "Degraded", REPORT_TRUE, "NoStandby", "No plane could take over now");
        else if (health->failing_checks || health->unknown_checks)
                set(report, "Degraded", REPORT_TRUE, "CheckLacking",
                    arena_printf(arena, "%s: %s", active->name, check_summary(active, true, arena)));
        else if (health->replicas_available >= 0 && health->replicas_available < health->replicas_wanted)
                set(report, "Degraded", REPORT_TRUE, "ReplicasMissing",
                    arena_printf(arena, "%s: %d/%d replicas", active->name, (int)health->replicas_available, (int)health->replicas_wanted));
        else if (health->certificate_not_after && health->certificate_not_after - view->wall < CERTIFICATE_WARNING_DAYS * DAY_MS)
                set(report, "Degraded", REPORT_TRUE, "CertificateExpires",
                    arena_printf(arena, "%s: certificate expires %s", active->name, clock_text(health->certificate_not_after, arena)));
        else if (view->dns_health.reach == REACH_FAILED || view->lock_health.reach == REACH_FAILED)
                set(report, "Degraded", REPORT_TRUE, "MechanismUnreachable",
                    view->dns_health.reach == REACH_FAILED
                            ? arena_printf(arena, "DNS server %s: %s", view->policy.dns_server, view->dns_health.error)
                            : arena_printf(arena, "Redis %s: %s", view->policy.lock_server, view->lock_health.error));
        else
                set(report, "Degraded", REPORT_FALSE, "Redundant", "Every check passes and a standby is fit");
}

static void set_drift(const struct view *view, const struct decision *decision, struct arena *arena, struct report *report)
{
        if (!view->record || (decision->dns != FENCE_DRIFT && decision->lock != FENCE_DRIFT)) {
                set(report, "Drift", REPORT_FALSE, "AsRecorded", "The targets show what was recorded");
                return;
        }
        const struct plan *plan = &view->record->plan;
        set(report, "Drift", REPORT_TRUE, "Drift",
            decision->dns == FENCE_DRIFT ? arena_printf(arena, "%s shows \"%.200s\", recorded is \"%s\"", plan->dns_name,
                                                        view->dns.rrset[0] ? view->dns.rrset : "nothing", plan->to_rrset)
                                         : arena_printf(arena, "lock %s holds \"%.100s\", recorded is \"%s\"", plan->lock_key,
                                                        view->lock.value, plan->to_lock));
}

static void set_columns(const struct view *view, const struct decision *decision, struct arena *arena, struct report *report)
{
        unsigned others = 0, fit = 0;
        for (unsigned i = 0; i < view->plane_count; i++) {
                if (&view->planes[i] == decision->active)
                        continue;
                others++;
                fit += !election_unfit(view, &view->planes[i], decision->active, arena)[0];
        }
        report->standby = arena_printf(arena, "%u/%u", fit, others);
        report->active = decision->active ? decision->active->name : view->record ? view->record->to : "Unknown";
        report->mode = decision->mode.mode == MODE_AUTOMATIC ? "Automatic" : "Advise";
        report->epoch = view->record ? view->record->epoch : view->dns.stamp.epoch > 1 ? view->dns.stamp.epoch : 1;
        report->step = "-";
        if (decision->phase == PHASE_SWITCHING) {
                bool lock_used = view->record->plan.lock_server[0] != '\0';
                unsigned total = lock_used ? 4 : 3;
                unsigned number = decision->step == STEP_LOCK ? 2 : decision->step == STEP_ROUTE ? total - 1 : total;
                report->step = arena_printf(arena, "%s (%u/%u)", step_name(decision->step), number, total);
        }
}

void report_build(const struct view *view, const struct decision *decision, struct arena *arena, struct report *ret)
{
        *ret = (struct report){.message = ""};
        set_contract(view, decision, arena, ret);
        set_active_healthy(view, decision, arena, ret);
        set_failover_possible(decision, arena, ret);
        set_degraded(view, decision, arena, ret);
        set_drift(view, decision, arena, ret);
        if (view->kill_switch)
                set(ret, "Paused", REPORT_TRUE, "KillSwitch", "The operator-wide kill switch is on: nothing decides anywhere");
        else if (view->policy.suspended)
                set(ret, "Paused", REPORT_TRUE, "Suspended", "spec.suspend is true: no effect outside status");
        else
                set(ret, "Paused", REPORT_FALSE, "NotSuspended", "Decisions are made as the mode says");
        bool preferred = decision->active && on_preferred(view, decision);
        set(ret, "OnPreferred", !decision->active ? REPORT_UNKNOWN : preferred ? REPORT_TRUE : REPORT_FALSE,
            !decision->active ? "Unknown" : preferred ? "OnPreferred" : "FailedOver",
            !decision->active ? "The active plane is not known" : arena_printf(arena, "%s is active", decision->active->name));
        set_columns(view, decision, arena, ret);
}
