/* tell_metrics.c -- the metrics of policies. */
#include "reconcile/tell.h"

#include "core/report.h"
#include "reconcile/tell_parts.h"
#include "runtime/metrics.h"
#include "util/text.h"

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
static struct metric_family armed_now = {.name = "planekeeper_armed",
                                         .help = "Whether a dead active plane would be left without a person: 1, or 0",
                                         .type = METRIC_GAUGE,
                                         .labels = {"namespace", "policy"}};
static struct metric_family armed_reason = {.name = "planekeeper_armed_reason",
                                            .help = "1 for the reason of condition Armed, 0 for reasons that are over",
                                            .type = METRIC_GAUGE,
                                            .labels = {"namespace", "policy", "reason"}};
static struct metric_family evaluated = {.name = "planekeeper_last_evaluation_timestamp_seconds",
                                         .help = "When the policy was last judged, in seconds since 1970",
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
static struct metric_family prepared = {.name = "planekeeper_prepared_total",
                                        .help = "Switches prepared before they were needed, by what became of them",
                                        .type = METRIC_COUNTER,
                                        .labels = {"namespace", "policy", "outcome"}};
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

static struct metric_family kill_switch = {.name = "planekeeper_kill_switch",
                                           .help = "1 while the operator-wide kill switch stops every decision",
                                           .type = METRIC_GAUGE};
static struct metric_family kill_switch_unclear = {
    .name = "planekeeper_kill_switch_unclear",
    .help = "1 while the kill switch counts as on because it is not understood or may not be read",
    .type = METRIC_GAUGE};

void tell_setup(const char *election_id)
{
        struct metric_family *const families[] = {&reconcile_total, &reconcile_errors, &reconcile_time, &active_workers,
                                                  &max_workers,     &master_status,    &policy_ready,   &policy_epoch,
                                                  &policy_fit,      &armed_now,        &armed_reason,   &evaluated,
                                                  &policy_active,   &decisions,        &completed,      &switch_seconds,
                                                  &step_seconds,    &target_errors,    &late_turns,     &prepared,
                                                  &kill_switch,     &kill_switch_unclear};
        for (size_t i = 0; i < COUNT(families); i++)
                metrics_register(families[i]);
        static const char *const results[] = {"success", "error", "requeue", "requeue_after"};
        for (size_t i = 0; i < COUNT(results); i++)
                metric_add(METRIC(&reconcile_total, "failoverpolicy", results[i]), 0);
        metric_set(METRIC(&master_status, election_id), 0);
        tell_metrics_kill_switch(false, false);
        metric_add(METRIC(&reconcile_errors, "failoverpolicy"), 0);
        metric_set(METRIC(&active_workers, "failoverpolicy"), 0);
        metric_set(METRIC(&max_workers, "failoverpolicy"), 1);
}

void tell_pass_time(int64_t took_us, bool comes_again)
{
        metric_add(METRIC(&reconcile_total, "failoverpolicy", comes_again ? "requeue_after" : "success"), 1);
        metric_observe(METRIC(&reconcile_time, "failoverpolicy"), (double)took_us / 1e6);
}

void tell_metrics_leading(const char *election_id, bool is_leader)
{
        metric_set(METRIC(&master_status, election_id), is_leader);
}

void tell_metrics_judged(const struct policy *policy)
{
        metric_set(METRIC(&evaluated, policy->namespace_name, policy->name),
                   (double)pace_wall(&policy->manager->pace) / 1000.0);
}

void tell_metrics_armed(const struct policy *policy, bool is_armed, const char *reason)
{
        if (policy->told.armed && !text_equal(policy->told.armed, reason))
                metric_set(METRIC(&armed_reason, policy->namespace_name, policy->name, policy->told.armed), 0);
        metric_set(METRIC(&armed_now, policy->namespace_name, policy->name), is_armed);
        metric_set(METRIC(&armed_reason, policy->namespace_name, policy->name, reason), 1);
}

void tell_metrics_not_ready(const struct policy *policy)
{
        metric_set(METRIC(&policy_ready, policy->namespace_name, policy->name), 0);
}

void tell_metrics_policy(const struct policy *policy, const struct view *view, const struct decision *decision,
                         struct arena *arena)
{
        tell_metrics_judged(policy);
        metric_set(METRIC(&policy_ready, policy->namespace_name, policy->name), report_is_ready(view, decision, arena));
        metric_set(METRIC(&policy_epoch, policy->namespace_name, policy->name),
                   view->record ? (double)view->record->epoch : 0);
        metric_set(METRIC(&policy_fit, policy->namespace_name, policy->name), decision->candidate != NULL);
        for (unsigned i = 0; i < view->plane_count; i++)
                metric_set(METRIC(&policy_active, policy->namespace_name, policy->name, view->planes[i].name),
                           &view->planes[i] == decision->active);
}

void tell_metrics_late(void)
{
        metric_add(metrics_child(&late_turns, NULL), 1);
}

void tell_metrics_kill_switch(bool is_on, bool is_unclear)
{
        metric_set(metrics_child(&kill_switch, NULL), is_on);
        metric_set(metrics_child(&kill_switch_unclear, NULL), is_unclear);
}

void tell_metrics_decided(const struct policy *policy, const struct record *record)
{
        metric_add(METRIC(&decisions, policy->namespace_name, policy->name, record->reason), 1);
}

void tell_metrics_prepared(const struct policy *policy, const char *outcome)
{
        metric_add(METRIC(&prepared, policy->namespace_name, policy->name, outcome), 1);
}

void tell_metrics_completed(const struct policy *policy, const struct record *record)
{
        metric_add(METRIC(&completed, policy->namespace_name, policy->name, record->reason), 1);
}

void tell_metrics_switched(mono_ms took)
{
        metric_observe(metrics_child(&switch_seconds, NULL), (double)took / 1000.0);
}

void tell_metrics_step(const char *step, int64_t took_us)
{
        metric_observe(METRIC(&step_seconds, step), (double)took_us / 1e6);
}

void tell_metrics_visit_failed(const char *target, enum err err)
{
        metric_add(METRIC(&target_errors, target, err_name(err)), 1);
        metric_add(METRIC(&reconcile_errors, "failoverpolicy"), 1);
        metric_add(METRIC(&reconcile_total, "failoverpolicy", "error"), 1);
}

/* The judgements of a former leader go stale, so their metrics go; the times at which they were made stay. */
void tell_not_leading(void)
{
        struct metric_family *const families[] = {&policy_ready, &policy_fit, &armed_now, &armed_reason,
                                                  &policy_active};
        for (size_t i = 0; i < COUNT(families); i++)
                metrics_forget_all(families[i]);
}

void tell_forget_planes(struct policy *policy)
{
        metrics_forget(&policy_active, "policy", policy->name);
}

void tell_forget(struct policy *policy)
{
        /* Label values may repeat in other namespaces; losing their children only means that they are set again in the
         * next pass. */
        struct metric_family *const families[] = {&policy_ready, &policy_epoch,  &policy_fit, &armed_now, &armed_reason,
                                                  &evaluated,    &policy_active, &decisions,  &completed};
        for (size_t i = 0; i < COUNT(families); i++)
                metrics_forget(families[i], "policy", policy->name);
}
