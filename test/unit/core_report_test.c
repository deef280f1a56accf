/* core_report_test.c -- each state of the status contract as people and GitOps tools see it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/remedy.h"
#include "core/texts.h"
#include "core/verify.h"
#include "core_world.h"

enum { LONG_AGO = 200000 };

struct row {
        const char *name;
        void (*arrange)(struct world *world);
        const char *ready, *other; /* "False Drift"; other: Reconciling or Stalled with its reason, "" neither */
        const char *state, *active, *standby, *step;
        epoch_t epoch;
};

static void steady(struct world *world)
{
        (void)world;
}
static void first_pass(struct world *world)
{
        world_without_record(world);
        world->view.record_read = false;
}
static void new_in_advise(struct world *world)
{
        world_without_record(world);
        world->view.policy.mode = MODE_ADVISE;
}
static void failing(struct world *world)
{
        world_fail(world, 0, 20000);
}
static void down(struct world *world)
{
        world_fail(world, 0, LONG_AGO);
}
static void down_in_advise(struct world *world)
{
        down(world);
        world->view.policy.mode = MODE_ADVISE;
}
static void down_suspended(struct world *world)
{
        down(world);
        world->view.policy.suspended = true;
}
static void down_cooling(struct world *world)
{
        down(world);
        world->record.cooldown_until = WORLD_WALL + 60000;
}
static void all_down(struct world *world)
{
        for (unsigned i = 0; i < WORLD_PLANES; i++)
                world_fail(world, i, LONG_AGO);
}
static void unobserved(struct world *world)
{
        world_blind(world, 0);
}
static void switching(struct world *world)
{
        world_switching(world);
}
static void routing(struct world *world)
{
        world_switching(world);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
}
static void routed(struct world *world)
{
        routing(world);
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b");
}
static void switching_without_lock(struct world *world)
{
        world_without_lock(world);
        world_switching(world);
}
static void redis_down(struct world *world)
{
        world_switching(world);
        world_lock_fails(world, ERR_TRANSIENT, "connection refused", true);
}
static void redis_down_since_start(struct world *world)
{
        world_switching(world);
        world_lock_fails(world, ERR_TRANSIENT, "connection refused", false);
}
static void redis_refuses(struct world *world)
{
        world_switching(world);
        world_lock_fails(world, ERR_DENIED, "NOAUTH", true);
}
static void bind_down(struct world *world)
{
        routing(world);
        world_dns_fails(world, ERR_TRANSIENT, "timeout", true);
}
static void bind_refuses(struct world *world)
{
        routing(world);
        world_dns_fails(world, ERR_DENIED, "NOTAUTH (BADKEY)", true);
}
static void suspended_midway(struct world *world)
{
        world_switching(world);
        world->view.policy.suspended = true;
}
static void failed_over(struct world *world)
{
        routed(world);
        world->record.phase = PHASE_STEADY;
        world->record.completed_at = WORLD_WALL;
        world->record.cooldown_until = WORLD_WALL + 3600000;
}
static void failed_over_and_back(struct world *world)
{
        failed_over(world);
        world_pass(world, 0, 300000);
}
static void failed_over_alone(struct world *world)
{
        failed_over(world);
        world->view.plane_count = 2;
}
static void quarantine(struct world *world)
{
        failed_over_alone(world);
        world_pass(world, 0, 300000);
}
static void drift(struct world *world)
{
        world_dns(world, WORLD_RRSET_C, WORLD_EPOCH, "a");
}
static void drift_without_lock(struct world *world)
{
        world_without_lock(world);
        drift(world);
}
static void drift_enforced_soon(struct world *world)
{
        drift(world);
        world->view.policy.drift = DRIFT_ENFORCE;
        world->record.enforced_count = 1;
        world->record.enforced[0] = WORLD_WALL - 1000;
}
static void drift_of_the_lock(struct world *world)
{
        world_lock(world, "cluster-c", WORLD_EPOCH, "a");
}
static void name_leads_nowhere(struct world *world)
{
        world_without_lock(world);
        world_dns(world, "A 203.0.113.9", WORLD_EPOCH, "a");
}
static void name_leads_nowhere_in_advise(struct world *world)
{
        name_leads_nowhere(world);
        world->view.policy.mode = MODE_ADVISE;
}
static void lock_aside_in_advise(struct world *world)
{
        world_lock(world, "cluster-b", WORLD_EPOCH, "a");
        world->view.policy.mode = MODE_ADVISE;
}
static void lock_aside_and_unsafe(struct world *world)
{
        world_lock(world, "cluster-b", WORLD_EPOCH, "a");
        world->view.planes[1].holds_operator = true;
}
static void failed_over_in_advise(struct world *world)
{
        failed_over(world);
        world->view.policy.mode = MODE_ADVISE;
}
static void lock_names_another(struct world *world)
{
        world_lock(world, "cluster-b", WORLD_EPOCH - 1, "b");
        world_lock_fails(world, ERR_TRANSIENT, "connection refused", true);
}
static void unsafe(struct world *world)
{
        world->view.planes[1].holds_operator = true;
}
static void suspended(struct world *world)
{
        world->view.policy.suspended = true;
}
static void claimed(struct world *world)
{
        NAME(world->view).shows.stamp.claim = "is managed by external-dns: hand it over";
}

static void answers_differ(struct world *world)
{
        NAME(world->view).shows.doubt = "another view";
}

static void answers_differ_midway(struct world *world)
{
        world_switching(world);
        answers_differ(world);
}

static void answers_unread(struct world *world)
{
        answers_differ(world);
        NAME(world->view).health.read_at = 0;
}

static void foreign(struct world *world)
{
        NAME(world->view).shows.stamp.store = WORLD_OTHER;
}
static void plane_not_named(struct world *world)
{
        world->record.to = "z";
}
static void new_and_unknown(struct world *world)
{
        world_without_record(world);
        world_dns(world, "A 203.0.113.9", 0, "");
}
static void new_and_missing(struct world *world)
{
        new_and_unknown(world);
        world->view.planes[1].known = false;
}
static void new_and_pending(struct world *world)
{
        new_and_unknown(world);
        world->view.planes[1].rrset = "";
        world->view.planes[1].address_error = "Service mesh/gloo has no ingress yet";
}
static void new_and_wrong(struct world *world)
{
        new_and_pending(world);
        world->view.planes[1].address_error = "Service mesh/gloo is of type ClusterIP";
        world->view.planes[1].address_is_wrong = true;
}
static void unknown_target(struct world *world)
{
        world_without_record(world);
        world_dns(world, "A 203.0.113.9", 0, "");
}
static void rival(struct world *world)
{
        world->view.policy.rival = "policy other/gloo is older and holds gloo.example.com";
}
static void secret_missing(struct world *world)
{
        world->view.policy.credentials_error = "Secret default/tsig: not found";
}
static void unreadable(struct world *world)
{
        world_without_record(world);
        world->view.record_error = "the record is of version 9";
}
static void plane_missing(struct world *world)
{
        world->view.planes[0].known = false;
}
static void redis_restarted_empty(struct world *world)
{
        world_lock(world, NULL, 0, "");
}
static void redis_unreachable_steady(struct world *world)
{
        world_lock_fails(world, ERR_TRANSIENT, "connection refused", true);
}

static void name_not_writable(struct world *world)
{
        NAME(world->view).health.write_denied = "192.0.2.53:53: REFUSED";
}

static void lock_not_writable(struct world *world)
{
        LOCK(world->view).health.write_denied = "its user may not MSET";
}

static void name_not_writable_in_a_switch(struct world *world)
{
        world_switching(world);
        name_not_writable(world);
}

static void announced_nowhere(struct world *world)
{
        world->view.announce_lags = "Lease ns/planekeeper-active in b: denied";
}

static void installed_under_two_names(struct world *world)
{
        world->view.planes[0].says_cluster_name = world->view.planes[1].says_cluster_name = true;
}

static void installed_under_two_names_with_many_writers(struct world *world)
{
        installed_under_two_names(world);
        world->view.policy.single_writer = false;
}

static void installed_under_one_name(struct world *world)
{
        installed_under_two_names(world);
        world->view.planes[1].cluster_name = world->view.planes[0].cluster_name;
}

/* What a pipeline delivers to b. */
static void configuration_behind(struct world *world)
{
        struct plane_view *plane = &world->view.planes[1];
        plane->checks[plane->check_count] = plane->checks[0];
        struct check_view *check = &plane->checks[plane->check_count++];
        check->label = "Kustomization ci/gloo";
        check->role = CHECK_ROLE_SIGNAL;
        check->text = "not in sync, BuildFailed: no such file";
        check->fails = 5;
        check->passes = 0;
}

static void configuration_in_sync(struct world *world)
{
        configuration_behind(world);
        struct check_view *check = &world->view.planes[1].checks[world->view.planes[1].check_count - 1];
        check->fails = 0;
        check->passes = 5;
}

static void configuration_behind_twice(struct world *world)
{
        configuration_behind(world);
        configuration_behind(world);
        world->view.planes[1].checks[world->view.planes[1].check_count - 1].label = "Application ci/mesh";
}

static void configuration_behind_where_active(struct world *world)
{
        configuration_behind(world);
        world->view.planes[0].checks[world->view.planes[0].check_count++] =
            world->view.planes[1].checks[world->view.planes[1].check_count - 1];
        world->view.planes[1].check_count--;
}

static void name_not_writable_alone(struct world *world)
{
        name_not_writable(world);
        world->view.plane_count = 1;
}

static void server_behind(struct world *world)
{
        world_verify(world, WORLD_RRSET_A, true, 0);
        world->view.verify_count = 2;
        world->view.verify[1] = (struct verify_view){.server = "192.0.2.55:53", .shown = WORLD_RRSET_B, .seen_at = world->view.now};
}

static void server_silent(struct world *world)
{
        server_behind(world);
        world->view.verify[0].misses = VERIFY_MISSES_MAX;
}

/* After a failover: one server leads agents elsewhere, another is silent, and nobody could take over. */
static void many_troubles(struct world *world)
{
        failed_over_alone(world);
        server_silent(world);
        world->view.verify[1].shown = WORLD_RRSET_A;
        world_lock_fails(world, ERR_TRANSIENT, "connection refused", true);
        world_deployment(world, 1, 1, 3);
        world->view.planes[1].checks[0].certificate_not_after = WORLD_WALL + 1000;
}

/* A zone that is frozen for a moment, a key that is just being rotated: nobody is needed yet. */
static void for_a_moment(struct world *world)
{
        LOCK(world->view).health.failed_since = world->view.now - 4999;
        NAME(world->view).health.failed_since = world->view.now - 4999;
}
static void redis_refuses_for_a_moment(struct world *world)
{
        redis_refuses(world);
        for_a_moment(world);
}
static void dns_refuses(struct world *world)
{
        world_dns_fails(world, ERR_DENIED, "REFUSED", true);
}
static void dns_refuses_for_a_moment(struct world *world)
{
        dns_refuses(world);
        for_a_moment(world);
}
static void write_refused_for_a_moment(struct world *world)
{
        world_lock(world, "cluster-a", WORLD_EPOCH - 1, "a");
        world_lock_fails(world, ERR_DENIED, "NOPERM", true);
        for_a_moment(world);
}
static void secret_missing_in_a_switch(struct world *world)
{
        world_switching(world);
        secret_missing(world);
}
static void drift_in_a_switch(struct world *world)
{
        world_switching(world);
        world_dns(world, WORLD_RRSET_C, WORLD_EPOCH, "a");
}
static void drift_put_back_in_a_switch(struct world *world)
{
        drift_in_a_switch(world);
        world->view.policy.drift = DRIFT_ENFORCE;
        world->record.enforced_count = 1;
        world->record.enforced[0] = WORLD_WALL - 1000;
}

static const struct row rows[] = {
    {"steady", steady, "True Steady", "", "Steady", "a", "2/2", "-", 5},
    {"first pass", first_pass, "Unknown Observing", "Reconciling Observing", "Observing", "Unknown", "3/3", "-", 0},
    {"new in Advise", new_in_advise, "True Steady", "", "Steady", "a", "2/2", "-", 1},
    {"active failing", failing, "False ActiveUnhealthy", "Reconciling ActiveUnhealthy", "ActiveUnhealthy", "a", "2/2",
     "-", 5},
    {"active down", down, "False ThresholdReached", "Reconciling ThresholdReached", "Switching", "a", "2/2", "-", 5},
    {"down in Advise", down_in_advise, "False AwaitingHuman", "Reconciling AwaitingHuman", "AwaitingHuman", "a", "2/2",
     "-", 5},
    {"down, suspended", down_suspended, "False AwaitingHuman", "Reconciling AwaitingHuman", "AwaitingHuman", "a", "2/2",
     "-", 5},
    {"down, cooling", down_cooling, "False FailoverHeld", "Reconciling FailoverHeld", "ActiveUnhealthy", "a", "2/2",
     "-", 5},
    {"all down", all_down, "False FailoverHeld", "Reconciling FailoverHeld", "ActiveUnhealthy", "a", "0/2", "-", 5},
    {"unobserved", unobserved, "Unknown ActiveUnobserved", "Reconciling ActiveUnobserved", "ActiveUnobserved", "a",
     "2/2", "-", 5},
    {"at Lock", switching, "False FailoverInProgress", "Reconciling FailoverInProgress", "Switching", "a", "2/2",
     "Lock (2/4)", 6},
    {"at Route", routing, "False FailoverInProgress", "Reconciling FailoverInProgress", "Switching", "a", "2/2",
     "Route (3/4)", 6},
    {"at Commit", routed, "False SwitchComplete", "Reconciling SwitchComplete", "Switching", "b", "1/2", "Commit (4/4)",
     6},
    {"no lock", switching_without_lock, "False FailoverInProgress", "Reconciling FailoverInProgress", "Switching", "a",
     "2/2", "Route (2/3)", 6},
    {"Redis down", redis_down, "False RedisUnavailable", "Reconciling RedisUnavailable", "Switching", "a", "2/2",
     "Lock (2/4)", 6},
    {"Redis down since start", redis_down_since_start, "False RedisUnavailable", "Reconciling RedisUnavailable",
     "Switching", "a", "2/2", "Lock (2/4)", 6},
    {"Redis refuses for a moment", redis_refuses_for_a_moment, "False RedisRefused", "Reconciling RedisRefused",
     "Switching", "a", "2/2", "Lock (2/4)", 6},
    {"DNS refuses", dns_refuses, "False TargetRefused", "Stalled TargetRefused", "TargetRefused", "a", "2/2", "-", 5},
    {"DNS refuses for a moment", dns_refuses_for_a_moment, "False TargetRefused", "Reconciling TargetRefused",
     "TargetRefused", "a", "2/2", "-", 5},
    {"a write is refused for a moment", write_refused_for_a_moment, "True Steady", "", "Steady", "a", "2/2", "-", 5},
    {"Secret missing in a switch", secret_missing_in_a_switch, "False CredentialsInvalid", "Stalled CredentialsInvalid",
     "Switching", "a", "2/2", "Lock (2/4)", 6},
    {"drift in a switch", drift_in_a_switch, "False Drift", "Stalled Drift", "Switching", "a", "2/2", "Lock (2/4)", 6},
    {"drift put back in a switch", drift_put_back_in_a_switch, "False Drift", "Reconciling Drift", "Switching", "a",
     "2/2", "Lock (2/4)", 6},
    {"Redis refuses", redis_refuses, "False RedisRefused", "Stalled RedisRefused", "Switching", "a", "2/2",
     "Lock (2/4)", 6},
    {"BIND down", bind_down, "False DNSUnavailable", "Reconciling DNSUnavailable", "Switching", "a", "2/2",
     "Route (3/4)", 6},
    {"BIND refuses", bind_refuses, "False DNSRefused", "Stalled DNSRefused", "Switching", "a", "2/2", "Route (3/4)",
     6},
    {"suspended midway", suspended_midway, "False SuspendedMidSwitch", "Reconciling SuspendedMidSwitch",
     "SuspendedMidSwitch", "a", "2/2", "Lock (2/4)", 6},
    {"failed over", failed_over, "True FailedOver", "", "FailedOver", "b", "1/2", "-", 6},
    {"failed over, alone", failed_over_alone, "True FailedOver", "", "FailedOver", "b", "0/1", "-", 6},
    {"quarantine", quarantine, "True FailedOver", "", "FailedOver", "b", "0/1", "-", 6},
    {"drift", drift, "False Drift", "Stalled Drift", "Drift", "a", "2/2", "-", 5},
    {"drift, one writer's lock aside", drift_without_lock, "True Steady", "", "Drift", "a", "2/2", "-", 5},
    {"drift that is put back", drift_enforced_soon, "False Drift", "Reconciling Drift", "Drift", "a", "2/2", "-", 5},
    {"drift of the lock", drift_of_the_lock, "False Drift", "Stalled Drift", "Drift", "a", "2/2", "-", 5},
    {"a stranger's address", name_leads_nowhere, "False Drift", "Stalled Drift", "Drift", "a", "2/2", "-", 5},
    {"a stranger's address in Advise", name_leads_nowhere_in_advise, "False Drift", "Stalled Drift", "Drift", "a", "2/2", "-", 5},
    {"the lock aside in Advise", lock_aside_in_advise, "False Drift", "Stalled Drift", "Drift", "a", "2/2", "-", 5},
    {"the lock aside, and unsafe", lock_aside_and_unsafe, "False Drift", "Stalled Drift", "Drift", "a", "2/2", "-", 5},
    {"failed over, in Advise", failed_over_in_advise, "True FailedOver", "", "FailedOver", "b", "1/2", "-", 6},
    {"the lock behind, not healed", lock_names_another, "False TargetBehind", "Reconciling TargetBehind", "Steady", "a",
     "2/2", "-", 5},
    {"unsafe Automatic", unsafe, "False AutomaticUnsafe", "Stalled AutomaticUnsafe", "AutomaticUnsafe", "a", "2/2",
     "-", 5},
    {"suspended", suspended, "True Suspended", "", "Suspended", "a", "2/2", "-", 5},
    {"foreign", foreign, "False ForeignOwner", "Stalled ForeignOwner", "ForeignOwner", "a", "2/2", "-", 5},
    {"claimed", claimed, "False ForeignOwner", "Stalled ForeignOwner", "ForeignOwner", "a", "2/2", "-", 5},
    {"answers differ", answers_differ, "False DNSAnswersDiffer", "Stalled DNSAnswersDiffer", "DNSAnswersDiffer", "a",
     "2/2", "-", 5},
    {"answers differ in a switch", answers_differ_midway, "False FailoverInProgress", "Reconciling FailoverInProgress",
     "Switching", "a", "2/2", "Lock (2/4)", 6},
    {"unknown target", unknown_target, "False UnknownTarget", "Stalled UnknownTarget", "UnknownTarget", "Unknown",
     "3/3", "-", 0},
    {"rival", rival, "False DuplicateTarget", "Stalled DuplicateTarget", "DuplicateTarget", "a", "2/2", "-", 5},
    {"Secret missing", secret_missing, "False CredentialsInvalid", "Stalled CredentialsInvalid", "CredentialsInvalid",
     "a", "2/2", "-", 5},
    {"record unreadable", unreadable, "False RecordUnreadable", "Stalled RecordUnreadable", "Frozen", "Unknown", "3/3",
     "-", 0},
    {"plane taken from the spec", plane_not_named, "False PlaneNotFound", "Stalled PlaneNotFound", "PlaneNotFound", "z",
     "3/3", "-", 5},
    {"new, a plane to come", new_and_missing, "False PlaneNotFound", "Reconciling PlaneNotFound", "PlaneNotFound",
     "Unknown", "2/3", "-", 0},
    {"new, an address to come", new_and_pending, "False AddressPending", "Reconciling AddressPending", "AddressPending",
     "Unknown", "2/3", "-", 0},
    {"new, an address that never comes", new_and_wrong, "False UnknownTarget", "Stalled UnknownTarget", "UnknownTarget",
     "Unknown", "2/3", "-", 0},
    {"plane missing", plane_missing, "False PlaneNotFound", "Reconciling PlaneNotFound", "PlaneNotFound", "a", "2/2",
     "-", 5},
    {"Redis empty", redis_restarted_empty, "True Steady", "", "Steady", "a", "2/2", "-", 5},
    {"Redis unreachable", redis_unreachable_steady, "True Steady", "", "Steady", "a", "2/2", "-", 5},
};

static const char *other_condition(struct world *world, const struct report *report)
{
        const struct report_condition *found = world_condition(report, "Reconciling");
        found = found ? found : world_condition(report, "Stalled");
        return found ? arena_printf(&world->arena, "%s %s", found->type, found->reason) : "";
}

static void every_state_of_the_contract(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct row *row = &rows[i];
                struct world world;
                world_init(&world);
                row->arrange(&world);
                struct decision decision = world_decide(&world);
                struct report report = world_report(&world, &decision);
                const char *ready = world_condition_text(&world, &report, "Ready");
                const char *other = other_condition(&world, &report);
                bool is_right = strcmp(ready, row->ready) == 0 && strcmp(other, row->other) == 0 &&
                                strcmp(report.state, row->state) == 0 && strcmp(report.active, row->active) == 0 &&
                                strcmp(report.standby, row->standby) == 0 && strcmp(report.step, row->step) == 0 &&
                                report.epoch == row->epoch;
                if (!is_right)
                        fail_msg("%s: Ready %s, other \"%s\", %s %s %s %s %llu: %s", row->name, ready, other,
                                 report.state, report.active, report.standby, report.step,
                                 (unsigned long long)report.epoch, report.message);
                world_clear(&world);
        }
}

static const struct {
        void (*arrange)(struct world *world);
        const char *type, *wanted, *message; /* message: contained; "" any */
} conditions[] = {
    {steady, "ActiveHealthy", "True ProbesPassed", "a: TLS :9900 ok"},
    {steady, "FailoverPossible", "True Chosen", "b: TLS :9900 ok"},
    {steady, "Degraded", "False Redundant", ""},
    {steady, "Drift", "False AsRecorded", ""},
    {steady, "Armed", "True Armed", "if a fails for 30s, agents are moved to b without a person"},
    {steady, "OnPreferred", "True OnPreferred", "a is active"},
    {failing, "ActiveHealthy", "False ProbesFailed", "a failing since 2026-11-23T02:58:51Z: TLS :9900 timeout"},
    {failing, "Ready", "False ActiveUnhealthy", "switching at 2026-11-23T02:59:21Z unless it recovers"},
    {switching, "Ready", "False FailoverInProgress",
     "Moving to b, epoch 6: at Lock since 2026-11-23T02:59:10Z; then Route, Commit"},
    {switching, "ActiveHealthy", "False ProbesFailed", "a failing since"}, /* whom people still reach */
    {switching, "FailoverPossible", "True Chosen", "b: TLS :9900 ok"},
    {switching, "Degraded", "True SwitchInProgress", ""},
    {switching, "OnPreferred", "True OnPreferred", "a is active"},
    {routed, "ActiveHealthy", "True ProbesPassed", "b: "},
    {routed, "OnPreferred", "False FailedOver", "b is active"},
    {redis_down, "Ready", "False RedisUnavailable",
     "Moving to b, epoch 6: blocked at Lock since 2026-11-23T02:59:01Z: connection refused"},
    {failed_over, "Ready", "True FailedOver",
     "b is active since 2026-11-23T02:59:11Z, epoch 6 (ThresholdReached); no return to a now: gate NoFitStandby "
     "blocks: a: unhealthy (TLS :9900 timeout)"},
    {failed_over_and_back, "Ready", "True FailedOver",
     "b is active since 2026-11-23T02:59:11Z, epoch 6 (ThresholdReached); to return: kubectl annotate fop gloo -n "
     "default --overwrite "
     "planekeeper.io/switch-to=a/7 --field-manager=oncall"},
    {failed_over, "OnPreferred", "False FailedOver", ""},
    {failed_over, "Degraded", "False Redundant", ""}, /* c is fit */
    {failed_over_alone, "Degraded", "True NoStandby", ""},
    {failed_over_alone, "FailoverPossible", "False NoStandby",
     "a: unhealthy (TLS :9900 timeout); a failure of b needs a person"},
    {quarantine, "FailoverPossible", "False NoStandby", "a: quarantined until 2026-11-23T03:04:11Z"},
    {drift, "Drift", "True Drift", "gloo.example.com shows \"CNAME c.example.com\", recorded is \"A 192.0.2.1\""},
    {drift, "Ready", "False Drift",
     "gloo.example.com leads agents to c, which may not write: lock mgmt-active holds \"cluster-a\". gloo.example.com shows"},
    {drift, "Ready", "False Drift", "recorded is \"A 192.0.2.1\": put it back"},
    {drift_without_lock, "Ready", "True Steady", "planekeeper.io/adopt=c/6"},
    {name_leads_nowhere, "Ready", "False Drift", "gloo.example.com leads to no plane: it shows \"A 203.0.113.9\""},
    {lock_aside_in_advise, "Ready", "False Drift", "lock mgmt-active holds \"cluster-b\". Correct the one that is wrong by hand: follow status.runbook"},
    {foreign, "Drift", "Unknown OtherDecision", ""},
    {new_in_advise, "Drift", "False NothingRecorded", ""},
    {unsafe, "Ready", "False AutomaticUnsafe", "The operator runs inside plane b"},
    {unsafe, "Stalled", "True AutomaticUnsafe", "The operator runs inside plane b"},
    {suspended, "Armed", "False Suspended", "to arm: kubectl patch fop gloo -n default --type merge -p '{\"spec\":"},
    {suspended, "Ready", "True Suspended", "spec.suspend is true, so no failover happens by itself"},
    {suspended, "FailoverPossible", "True Chosen", "; not by itself: Armed is False, Suspended"},
    {down_in_advise, "Ready", "False AwaitingHuman", "epoch 6 would move to b, follow status.runbook"},
    {down_in_advise, "FailoverPossible", "True Chosen", "b"},
    {unknown_target, "ActiveHealthy", "Unknown Unobserved", ""},
    {unknown_target, "OnPreferred", "Unknown Unknown", ""},
    {unknown_target, "Degraded", "Unknown Unobserved", ""},
    {unobserved, "ActiveHealthy", "Unknown Unobserved", "a: TLS :9900 unknown: own CA is not readable"},
    {redis_unreachable_steady, "Degraded", "True MechanismUnreachable",
     "Redis redis.example.com:6379: connection refused"},
    {name_not_writable, "FailoverPossible", "False WriteDenied",
     "b is fit, and gloo.example.com cannot be written: 192.0.2.53:53: REFUSED"},
    {name_not_writable, "Armed", "False WriteDenied", "gloo.example.com cannot be written: 192.0.2.53:53: REFUSED"},
    {name_not_writable, "Degraded", "True WriteDenied", "gloo.example.com cannot be written: 192.0.2.53:53: REFUSED"},
    {name_not_writable, "Ready", "True Steady", ""},
    {lock_not_writable, "Armed", "False WriteDenied", "lock mgmt-active cannot be written: its user may not MSET"},
    {name_not_writable_in_a_switch, "FailoverPossible", "True Chosen", ""},
    {name_not_writable_in_a_switch, "Armed", "False Switching", ""},
    {announced_nowhere, "Degraded", "True AnnouncementStale", "Lease ns/planekeeper-active in b: denied"},
    {announced_nowhere, "Ready", "True Steady", ""},
    {installed_under_two_names, "Degraded", "True ClusterNamesDiffer",
     "a is installed as cluster cluster-a and b as cluster-b: a single writer wants one name in all planes"},
    {installed_under_two_names, "Ready", "True Steady", ""},
    {installed_under_two_names, "FailoverPossible", "True Chosen", ""},
    {installed_under_two_names_with_many_writers, "Degraded", "False Redundant", ""},
    {installed_under_one_name, "Degraded", "False Redundant", ""},
    {configuration_behind, "Degraded", "True ConfigurationBehind",
     "b: Kustomization ci/gloo not in sync, BuildFailed: no such file"},
    {configuration_in_sync, "Degraded", "False Redundant", ""},
    {configuration_behind_twice, "Degraded", "True ConfigurationBehind",
     "b: Kustomization ci/gloo not in sync, BuildFailed: no such file; b: Application ci/mesh not in sync"},
    {configuration_behind, "Ready", "True Steady", ""},
    {configuration_behind, "FailoverPossible", "True Chosen", ""},
    {configuration_behind_where_active, "Degraded", "True CheckLacking",
     "a: Kustomization ci/gloo not in sync, BuildFailed: no such file"},
    {configuration_behind_where_active, "ActiveHealthy", "True ProbesPassed", ""},
    {name_not_writable_alone, "FailoverPossible", "False NoStandby", ""},
    {server_behind, "Degraded", "True DNSServerBehind", "192.0.2.55:53 still answers old data"},
    {server_behind, "Ready", "True Steady", ""},
    {server_silent, "Degraded", "True DNSServerBehind", "192.0.2.54:53 does not answer"},
    {many_troubles, "Degraded", "True DNSServerBehind",
     "DNS server 192.0.2.55:53 still answers old data: \"A 192.0.2.1\", the address of a; also: NoStandby: No plane could take over now; "
     "MechanismUnreachable: Redis redis.example.com:6379: connection refused; ReplicasMissing: b: 1/3 replicas; "
     "CertificateExpires: b: certificate expires 2026-11-23T02:59:12Z; and 1 more"},
    {redis_down_since_start, "Drift", "Unknown NotRead", ""},
    {claimed, "Ready", "False ForeignOwner", "gloo.example.com is managed by external-dns: hand it over"},
    {answers_differ, "Ready", "False DNSAnswersDiffer", "another view"},
    {answers_differ, "Degraded", "True DNSAnswersDiffer", "another view"},
    {answers_differ_midway, "Degraded", "True SwitchInProgress", "also: DNSAnswersDiffer: another view"},
    {answers_unread, "Degraded", "False Redundant", ""},
};

static void every_condition(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
                struct world world;
                world_init(&world);
                conditions[i].arrange(&world);
                struct decision decision = world_decide(&world);
                struct report report = world_report(&world, &decision);
                const char *text = world_condition_text(&world, &report, conditions[i].type);
                const struct report_condition *condition = world_condition(&report, conditions[i].type);
                if (strcmp(text, conditions[i].wanted) != 0 || !strstr(condition->message, conditions[i].message))
                        fail_msg("row %zu, %s: %s: %s", i, conditions[i].type, text,
                                 condition ? condition->message : "");
                world_clear(&world);
        }
}

static void degraded_says_what_is_lacking(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        struct check_view *check = &world.view.planes[0].checks[0];
        check->certificate_not_after = WORLD_WALL + (int64_t)20 * 86400000;
        struct decision decision = world_decide(&world);
        struct report report = world_report(&world, &decision);
        assert_string_equal(world_condition_text(&world, &report, "Degraded"), "True CertificateExpires");
        world_deployment(&world, 0, 2, 3);
        decision = world_decide(&world);
        report = world_report(&world, &decision);
        assert_string_equal(world_condition_text(&world, &report, "Degraded"), "True ReplicasMissing");
        assert_string_equal(world_condition(&report, "ActiveHealthy")->message, "a: TLS :9900 ok, 2/3 replicas");
        world.view.planes[0].checks[1].last_unknown = true;
        decision = world_decide(&world);
        report = world_report(&world, &decision);
        assert_string_equal(world_condition_text(&world, &report, "Degraded"), "True CheckLacking");
        world_clear(&world);
}

static void durations_as_people_write_them(void **state)
{
        (void)state;
        static const struct {
                mono_ms duration;
                const char *text;
        } texts[] = {{0, "0.0s"},    {412, "0.4s"},     {9999, "9.9s"},    {10000, "10s"},
                     {59999, "59s"}, {151000, "2m31s"}, {3600000, "1h0m"}, {90061000, "25h1m"}};
        struct arena arena = {0};
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                assert_string_equal(report_duration(texts[i].duration, &arena), texts[i].text);
        arena_deinit(&arena);
}

/* "Never does not mention it." */
static void failback_never_is_not_mentioned(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        failed_over(&world);
        world.view.policy.failback = FAILBACK_NEVER;
        struct decision decision = world_decide(&world);
        struct report report = world_report(&world, &decision);
        assert_string_equal(report.message, "b is active since 2026-11-23T02:59:11Z, epoch 6 (ThresholdReached)");
        world_clear(&world);
}

/* What the metric and the Event say is what the condition says. */
static void ready_and_blocked_agree_with_the_condition(void **state)
{
        (void)state;
        void (*const scenes[])(struct world *) = {failed_over, drift, switching, redis_down, unknown_target, suspended};
        for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
                struct world world;
                world_init(&world);
                scenes[i](&world);
                struct decision decision = world_decide(&world);
                struct report report = world_report(&world, &decision);
                const char *ready = world_condition_text(&world, &report, "Ready");
                assert_int_equal(report_is_ready(&world.view, &decision, &world.arena), strncmp(ready, "True ", 5) == 0);
                const char *blocked = report_blocked_by(&world.view, &decision);
                assert_true(!blocked || strcmp(ready + strlen("False "), blocked) == 0);
                assert_int_equal(blocked != NULL, scenes[i] == redis_down);
                world_clear(&world);
        }
}

static void the_way_back_can_be_pasted(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world.view.policy.namespace_name = "mesh";
        assert_string_equal(remedy_to_return(&world.view, &world.view.planes[1], &world.arena),
                            "; to return: kubectl annotate fop gloo -n mesh --overwrite planekeeper.io/switch-to=b/6 "
                            "--field-manager=oncall");
        world.view.decide = NULL;
        assert_string_equal(remedy_to_return(&world.view, &world.view.planes[1], &world.arena), "");
        world_clear(&world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(failback_never_is_not_mentioned),
            cmocka_unit_test(ready_and_blocked_agree_with_the_condition),
            cmocka_unit_test(every_state_of_the_contract),
            cmocka_unit_test(every_condition),
            cmocka_unit_test(degraded_says_what_is_lacking),
            cmocka_unit_test(durations_as_people_write_them),
            cmocka_unit_test(the_way_back_can_be_pasted),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
