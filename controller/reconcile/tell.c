/* tell.c -- what people and dashboards hear. */
#include "reconcile/tell.h"

#include <stdlib.h>
#include <string.h>

#include "core/phrase.h"
#include "reconcile/claims.h"
#include "reconcile/switch_report.h"
#include "reconcile/tell_parts.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "runtime/metrics.h"
#include "util/mem.h"
#include "util/text.h"

enum { LATE_IS_ONE_MS = 60000 }; /* late loops nearer than this are one fact */

static const double seconds_buckets[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300};
/* controller-runtime's own list, so that its dashboards' quantiles mean the same. */
static const double reconcile_buckets[] = {
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25, 1.5,
    1.75,  2.0,  2.5,   3.0,  3.5, 4.0,  4.5, 5,    6,   7,    8,   9,    10,  15,  20,  25,  30,  40,  50,   60};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct metric_family reconcile_total = {.name = "controller_runtime_reconcile_total",
                                               .help = "Total number of reconciliations per controller",
                                               .type = METRIC_COUNTER,
                                               .labels = {"controller", "result"}};
static struct metric_family reconcile_errors = {.name = "controller_runtime_reconcile_errors_total",
                                                .help = "Total number of reconciliation errors per controller",
                                                .type = METRIC_COUNTER,
                                                .labels = {"controller"}};
static struct metric_family reconcile_time = {.name = "controller_runtime_reconcile_time_seconds",
                                              .help = "Length of time per reconciliation per controller",
                                              .type = METRIC_HISTOGRAM,
                                              .labels = {"controller"},
                                              .buckets = reconcile_buckets,
                                              .bucket_count = COUNT(reconcile_buckets)};
static struct metric_family active_workers = {.name = "controller_runtime_active_workers",
                                              .help = "Number of currently used workers per controller",
                                              .type = METRIC_GAUGE,
                                              .labels = {"controller"}};
static struct metric_family max_workers = {.name = "controller_runtime_max_concurrent_reconciles",
                                           .help = "Maximum number of concurrent reconciles per controller",
                                           .type = METRIC_GAUGE,
                                           .labels = {"controller"}};
static struct metric_family master_status = {.name = "leader_election_master_status",
                                             .help = "Whether this process leads: 1 for the holder of the Lease",
                                             .type = METRIC_GAUGE,
                                             .labels = {"name"}};
static struct metric_family policy_ready = {.name = "planekeeper_policy_ready",
                                            .help = "Whether the policy is enforced and its active plane healthy",
                                            .type = METRIC_GAUGE,
                                            .labels = {"namespace", "policy"}};
static struct metric_family policy_epoch = {.name = "planekeeper_policy_epoch",
                                            .help = "Epoch of the last decision",
                                            .type = METRIC_GAUGE,
                                            .labels = {"namespace", "policy"}};
static struct metric_family policy_fit = {.name = "planekeeper_policy_failover_possible",
                                          .help = "Whether a standby is fit to take over now",
                                          .type = METRIC_GAUGE,
                                          .labels = {"namespace", "policy"}};
static struct metric_family policy_active = {.name = "planekeeper_active_plane",
                                             .help =
                                                 "1 for the plane that is active, 0 for the other planes of the policy",
                                             .type = METRIC_GAUGE,
                                             .labels = {"namespace", "policy", "plane"}};
static struct metric_family decisions = {.name = "planekeeper_decisions_total",
                                         .help = "Decisions recorded, by reason",
                                         .type = METRIC_COUNTER,
                                         .labels = {"namespace", "policy", "reason"}};
static struct metric_family completed = {.name = "planekeeper_decisions_completed_total",
                                         .help = "Decisions that came to their end, by reason: entries of the history",
                                         .type = METRIC_COUNTER,
                                         .labels = {"namespace", "policy", "reason"}};
static struct metric_family switch_seconds = {.name = "planekeeper_switch_duration_seconds",
                                              .help = "From the decision to its commit",
                                              .type = METRIC_HISTOGRAM,
                                              .buckets = seconds_buckets,
                                              .bucket_count = COUNT(seconds_buckets)};
static struct metric_family step_seconds = {.name = "planekeeper_step_duration_seconds",
                                            .help = "Time that one visit to a target took",
                                            .type = METRIC_HISTOGRAM,
                                            .labels = {"step"},
                                            .buckets = seconds_buckets,
                                            .bucket_count = COUNT(seconds_buckets)};
static struct metric_family target_errors = {.name = "planekeeper_target_errors_total",
                                             .help = "Failed visits to a target, by class of error",
                                             .type = METRIC_COUNTER,
                                             .labels = {"target", "error"}};
static struct metric_family late_turns = {.name = "planekeeper_loop_late_total",
                                          .help =
                                              "Turns of the event loop that came so late that samples were discarded",
                                          .type = METRIC_COUNTER};

void tell_setup(const char *election_id)
{
        struct metric_family *const families[] = {&reconcile_total, &reconcile_errors, &reconcile_time, &active_workers,
                                                  &max_workers,     &master_status,    &policy_ready,   &policy_epoch,
                                                  &policy_fit,      &policy_active,    &decisions,      &completed,
                                                  &switch_seconds,  &step_seconds,     &target_errors,  &late_turns};
        for (size_t i = 0; i < COUNT(families); i++)
                metrics_register(families[i]);
        static const char *const results[] = {"success", "error", "requeue", "requeue_after"};
        for (size_t i = 0; i < COUNT(results); i++)
                metric_add(METRIC(&reconcile_total, "failoverpolicy", results[i]), 0);
        metric_set(METRIC(&master_status, election_id), 0);
        metric_add(METRIC(&reconcile_errors, "failoverpolicy"), 0);
        metric_set(METRIC(&active_workers, "failoverpolicy"), 0);
        metric_set(METRIC(&max_workers, "failoverpolicy"), 1);
}

void tell_late(mono_ms late_ms)
{
        metric_add(metrics_child(&late_turns, NULL), 1);
        log_line(LOG_WARN, "manager", "my own loop was late: samples are discarded",
                 LOG_NUMBER_FIELD("late_ms", late_ms));
}

void tell_pass_time(int64_t took_us, bool comes_again)
{
        metric_add(METRIC(&reconcile_total, "failoverpolicy", comes_again ? "requeue_after" : "success"), 1);
        metric_observe(METRIC(&reconcile_time, "failoverpolicy"), (double)took_us / 1e6);
}

void tell_leading(const struct manager_options *options, bool is_leader)
{
        metric_set(METRIC(&master_status, options->election_id), is_leader);
        if (options->leader_elect)
                log_line(LOG_INFO, "election", is_leader ? "leading" : "standing by",
                         LOG_TEXT_FIELD("lease", options->election_id), LOG_TEXT_FIELD("identity", options->identity));
        else
                log_line(LOG_INFO, "election", "leading without a Lease, for --leader-elect is off",
                         LOG_TEXT_FIELD("identity", options->identity));
}

void tell_event(struct policy *policy, bool is_warning, const char *reason, const char *action, const char *message)
{
        const struct event_subject subject = {&kube_policies, policy->namespace_name, policy->name,
                                              policy->uid ? policy->uid : ""};
        event_record(policy->manager->events, &subject, is_warning, reason, action, message);
        log_line(is_warning ? LOG_WARN : LOG_INFO, "policy", message, LOG_TEXT_FIELD("policy", policy->key),
                 LOG_TEXT_FIELD("reason", reason),
                 LOG_NUMBER_FIELD("epoch", policy->record ? (int64_t)policy->record->epoch : 0));
}

static void set_metrics(struct policy *policy, const struct view *view, const struct decision *decision)
{
        metric_set(METRIC(&policy_ready, policy->namespace_name, policy->name), report_is_ready(view, decision));
        metric_set(METRIC(&policy_epoch, policy->namespace_name, policy->name),
                   view->record ? (double)view->record->epoch : 0);
        metric_set(METRIC(&policy_fit, policy->namespace_name, policy->name), decision->candidate != NULL);
        for (unsigned i = 0; i < view->plane_count; i++)
                metric_set(METRIC(&policy_active, policy->namespace_name, policy->name, view->planes[i].name),
                           &view->planes[i] == decision->active);
}

/* A finding is news when its reason is; the runbook is logged with trouble, because the API server may be gone when it
 * is needed. */
static bool is_trouble(const struct decision *decision)
{
        return decision->rule->then == DO_HOLD || decision->finding == FINDING_ACTIVE_FAILING ||
               decision->finding == FINDING_TARGET_UNAVAILABLE || decision->finding == FINDING_SERVER_BEHIND;
}

static void answer_request(struct policy *policy, const struct decision *decision)
{
        if (!decision->request.text[0] || !decision->answer[0] ||
            (text_equal(policy->last_request, decision->request.text) &&
             text_equal(policy->last_answer, decision->answer)))
                return;
        /* Once acted upon, a request is "past" for ever after: the answer that counts is the one it was given first. */
        bool was_accepted = text_equal(policy->last_request, decision->request.text) && policy->last_answer &&
                            text_has_prefix(policy->last_answer, "accepted");
        if (was_accepted)
                return;
        free(policy->last_request);
        free(policy->last_answer);
        policy->last_request = mem_strdup(decision->request.text);
        policy->last_answer = mem_strdup(decision->answer);
        policy->last_request_at = manager_wall(policy->manager) / 1000 * 1000;
        struct arena arena = {0};
        tell_event(policy, false, "RequestAnswered", "Request",
                   arena_printf(&arena, "%s: %s", decision->request.text, decision->answer));
        arena_deinit(&arena);
}

void tell_invalid(struct policy *policy)
{
        if (text_equal(policy->last_why, policy->spec_error))
                return;
        free(policy->last_why);
        policy->last_why = mem_strdup(policy->spec_error);
        policy->last_finding = FINDING_COUNT;
        metric_set(METRIC(&policy_ready, policy->namespace_name, policy->name), 0);
        tell_event(policy, true, "InvalidSpec", "Judge", policy->spec_error);
}

/* An entry of the history is an Event, a metric and a log line too, by the one word that says why it was decided. */
static void tell_entry(struct policy *policy, const struct record *record, struct arena *arena)
{
        if (!switch_report_complete(policy, record))
                return;
        mono_ms took = (mono_ms)(record->completed_at - record->started_at);
        metric_add(METRIC(&completed, policy->namespace_name, policy->name, record->reason), 1);
        const char *from =
            record->from[0] && strcmp(record->from, record->to) != 0 ? arena_printf(arena, "%s -> ", record->from) : "";
        tell_event(policy, strcmp(record->reason, "ActiveRecovered") == 0, record->reason, "Record",
                   arena_printf(arena, "epoch %llu: %s%s is active%s", (unsigned long long)record->epoch, from,
                                record->to,
                                took ? arena_printf(arena, ", done in %s", report_duration(took, arena)) : ""));
}

/* The leader that committed a switch may have died before its status was written; the record tells as much as is
 * needed. */
static void complete_for_another(struct policy *policy, struct arena *arena)
{
        const struct record *record = policy->record;
        if (record && record->phase == PHASE_STEADY && record->completed_at >= policy->created_at)
                tell_entry(policy, record, arena);
}

/* The rival is told too: its owner would otherwise never hear of the claim. */
static void tell_rival(struct policy *policy, struct arena *arena)
{
        const char *what;
        struct policy *rival = claims_find(policy, &what, arena);
        if (!rival)
                return;
        status_request(&rival->status);
        tell_event(
            rival, true, "DuplicateTarget", "Judge",
            arena_printf(arena, "policy %s claims the same %s; it is held back, this one goes on", policy->key, what));
}

/* Once, however many turns on end are late. */
static void tell_doubt(struct policy *policy, const struct view *view, struct arena *arena)
{
        if (view->now >= view->late_until)
                return;
        bool is_told = policy->late_told_until >= view->now;
        policy->late_told_until = view->late_until + LATE_IS_ONE_MS;
        if (!is_told)
                tell_event(policy, true, "LoopLate", "Judge",
                           arena_printf(arena,
                                        "my own loop was %s late: samples are discarded and counted anew, nothing is "
                                        "decided on them",
                                        report_duration(view->late_by, arena)));
}

void tell_pass(struct policy *policy, const struct view *view, const struct decision *decision, struct arena *arena)
{
        set_metrics(policy, view, decision);
        tell_doubt(policy, view, arena);
        complete_for_another(policy, arena);
        answer_request(policy, decision);
        const char *blocked = report_blocked_by(view, decision);
        const char *reason = blocked ? blocked : decision->rule->reason;
        bool is_news = blocked || is_trouble(decision);
        bool is_told = policy->last_finding == decision->finding && text_equal(policy->last_reason, reason);
        policy->last_finding = decision->finding;
        if (is_told && (!is_news || text_equal(policy->last_why, decision->why)))
                return;
        bool only_text = is_told;
        free(policy->last_reason);
        free(policy->last_why);
        policy->last_reason = mem_strdup(reason);
        policy->last_why = mem_strdup(decision->why);
        if (decision->finding == FINDING_RIVAL && !only_text)
                tell_rival(policy, arena);
        if (is_news && !only_text) {
                tell_event(policy, true, reason, "Judge", decision->why);
                switch_report_log_runbook(policy, view, decision, arena);
        } else if (decision->finding == FINDING_STEADY || is_news) {
                log_line(LOG_INFO, "policy", decision->why, LOG_TEXT_FIELD("policy", policy->key),
                         LOG_TEXT_FIELD("reason", reason));
        } else {
                log_line(LOG_DEBUG, "policy", decision->why, LOG_TEXT_FIELD("policy", policy->key),
                         LOG_TEXT_FIELD("reason", reason));
        }
}

void tell_decided(struct policy *policy, const struct view *view, const struct decision *decision)
{
        struct record_write *write = &policy->record_write;
        if (write->action == DO_COMMIT)
                return;
        policy->times = (struct step_times){.epoch = write->record->epoch, .decided_us = clock_mono_us()};
        write->report = switch_report_decision(write->record, view, decision);
        write->gates_held = decision->has_gates ? decision->gates.held : 0;
        write->gate_count = decision->has_gates ? decision->gates.count : 0;
}

static void tell_begun(struct policy *policy, struct record_write *write, struct arena *arena)
{
        const struct record *record = write->record;
        policy->times.recorded_us = clock_mono_us();
        free(policy->last_decision);
        policy->last_decision = write->report;
        write->report = NULL;
        metric_add(METRIC(&decisions, policy->namespace_name, policy->name, record->reason), 1);
        if (record->automatic)
                manager_count_switch(policy->manager);
        const char *gates =
            write->gate_count ? arena_printf(arena, "; %u/%u gates hold", write->gates_held, write->gate_count) : "";
        if (record->phase == PHASE_SWITCHING && strcmp(record->from, record->to) == 0)
                tell_event(policy, false, record->reason, "Decide",
                           arena_printf(arena,
                                        "epoch %llu: %s stays active, what is recorded of it is brought up to date",
                                        (unsigned long long)record->epoch, record->to));
        else if (record->phase == PHASE_SWITCHING)
                tell_event(policy, record->automatic, "FailoverDecided", "Decide",
                           arena_printf(arena, "epoch %llu: %s -> %s (%s)%s; record in status.lastDecision",
                                        (unsigned long long)record->epoch, record->from[0] ? record->from : "(unknown)",
                                        record->to, record->reason, gates));
        else if (record->from[0])
                tell_entry(policy, record, arena);
        else
                tell_event(
                    policy, false, record->reason, "Record",
                    arena_printf(arena, "epoch %llu: %s is active", (unsigned long long)record->epoch, record->to));
}

static void tell_complete(struct policy *policy, const struct record *record, struct arena *arena)
{
        mono_ms took = (mono_ms)(record->completed_at - record->started_at);
        metric_observe(metrics_child(&switch_seconds, NULL), (double)took / 1000.0);
        tell_entry(policy, record, arena);
        if (strcmp(record->from, record->to) == 0)
                return; /* nobody has moved */
        const char *detected = record->detected_at
                                   ? arena_printf(arena, " after %s of detection",
                                                  report_duration(record->started_at - record->detected_at, arena))
                                   : "";
        bool may_return = record->from[0] && policy->spec && policy->spec->failback != FAILBACK_NEVER;
        const char *back = may_return ? phrase_how_to_return(policy->namespace_name, policy->name, record->from,
                                                             record->epoch + 1, arena)
                                      : "";
        tell_event(policy, false, "FailoverComplete", "Commit",
                   arena_printf(arena, "epoch %llu in %s%s%s", (unsigned long long)record->epoch,
                                report_duration(took, arena), detected, back));
}

void tell_recorded(struct policy *policy, struct record_write *write)
{
        struct arena arena = {0};
        if (write->action == DO_COMMIT)
                tell_complete(policy, write->record, &arena);
        else
                tell_begun(policy, write, &arena);
        arena_deinit(&arena);
}

void tell_effect_done(struct policy *policy, const struct effect *effect)
{
        bool is_set = effect->kind == EFFECT_SET_DNS || effect->kind == EFFECT_SET_LOCK;
        if (!is_set)
                return;
        int64_t took_us = effect->ended_us - effect->started_us;
        const char *step = effect->kind == EFFECT_SET_DNS ? "Route" : "Lock";
        metric_observe(METRIC(&step_seconds, step), (double)took_us / 1e6);
        if (policy->times.epoch == effect->epoch)
                *(effect->kind == EFFECT_SET_DNS ? &policy->times.routed_us : &policy->times.locked_us) =
                    clock_mono_us();
        struct arena arena = {0};
        const char *value = effect->kind == EFFECT_SET_DNS ? effect->want.rrset : effect->lock_value;
        const char *name = effect->kind == EFFECT_SET_DNS ? effect->config.name : effect->lock.key;
        const char *tail = effect->kind == EFFECT_SET_DNS
                               ? arena_printf(&arena, " ; clients follow within TTL %us", (unsigned)effect->want.ttl_s)
                               : "";
        tell_event(policy, false, "StepDone", step,
                   arena_printf(&arena, "%s %lldms: %s -> %s%s", step, (long long)((took_us + 500) / 1000), name, value,
                                tail));
        arena_deinit(&arena);
}

void tell_effect_failed(struct policy *policy, const struct effect *effect)
{
        bool is_dns = effect_is_dns(effect->kind);
        const struct target_slot *slot = is_dns ? &policy->dns_slot : &policy->lock_slot;
        metric_add(METRIC(&target_errors, is_dns ? "dns" : "lock", err_name(effect->err)), 1);
        metric_add(METRIC(&reconcile_errors, "failoverpolicy"), 1);
        metric_add(METRIC(&reconcile_total, "failoverpolicy", "error"), 1);
        /* The first of a row is news, the rest is the same fact. */
        log_line(slot->failures <= 1 ? LOG_WARN : LOG_DEBUG, "target", effect->why.text,
                 LOG_TEXT_FIELD("policy", policy->key), LOG_TEXT_FIELD("target", is_dns ? "dns" : "lock"),
                 LOG_TEXT_FIELD("class", err_name(effect->err)));
}

void tell_forget_planes(struct policy *policy)
{
        metrics_forget(&policy_active, "policy", policy->name);
}

void tell_forget(struct policy *policy)
{
        /* Label values may repeat in other namespaces; losing their children only means that they are set again in the
         * next pass. */
        struct metric_family *const families[] = {&policy_ready,  &policy_epoch, &policy_fit,
                                                  &policy_active, &decisions,    &completed};
        for (size_t i = 0; i < COUNT(families); i++)
                metrics_forget(families[i], "policy", policy->name);
}
