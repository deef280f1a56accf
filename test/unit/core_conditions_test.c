/* core_conditions_test.c -- what each condition says of the less ordinary states, and how its sentence is made. */
#include "core_rows.h"

enum { LONG_AGO = 200000, DAY_MS = 86400000 };

/* ---- Ready, Reconciling, Stalled ---- */

static void lock_behind(struct world *world)
{
        world_lock(world, "cluster-b", WORLD_EPOCH - 1, "b");
}
static void lock_behind_active_unobserved(struct world *world)
{
        lock_behind(world);
        world_stale(world, 0);
}
static void lock_behind_at_first_sight(struct world *world)
{
        lock_behind(world);
        world_fail(world, 0, 0);
        world->view.planes[0].was = VERDICT_UNKNOWN;
}
static void lock_behind_redis_down(struct world *world)
{
        lock_behind(world);
        world_lock_fails(world, ERR_TRANSIENT, "connection refused", true);
}
static void lock_behind_redis_refuses(struct world *world)
{
        lock_behind(world);
        world_lock_fails(world, ERR_DENIED, "NOPERM", true);
}
static void dns_behind_and_invalid(struct world *world)
{
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH - 1, "b");
        world_dns_fails(world, ERR_INVALID, "no such zone", true);
}
static void switching_redis_refuses_since_start(struct world *world)
{
        world_switching(world);
        world_lock_fails(world, ERR_DENIED, "NOAUTH", false);
}
static void switching_unconfirmed(struct world *world)
{
        world_switching(world);
        world->view.confirmed_epoch = WORLD_EPOCH;
}
static void switching_all_met_unconfirmed(struct world *world)
{
        switching_unconfirmed(world);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b");
}

/* ---- ActiveHealthy ---- */

static void at_first_sight(struct world *world)
{
        world_fail(world, 0, 0);
        world->view.planes[0].was = VERDICT_UNKNOWN;
}
static void answers_again(struct world *world)
{
        world_pass(world, 0, 0);
        world->view.planes[0].was = VERDICT_DOWN;
}
static void not_sampled_yet(struct world *world)
{
        struct check_view *check = &world->view.planes[0].checks[0];
        *check = (struct check_view){.label = "TLS :9900", .role = CHECK_ROLE_PATH, .text = ""};
}
static void never_could_be_sampled(struct world *world)
{
        not_sampled_yet(world);
        world->view.planes[0].checks[0].last_unknown = true;
        world->view.planes[0].checks[0].text = "Secret ca is missing";
}
static void could_not_be_sampled_says_nothing(struct world *world)
{
        not_sampled_yet(world);
        world->view.planes[0].checks[0].last_unknown = true;
}
static void no_check(struct world *world)
{
        world->view.planes[0].check_count = 0;
}
static void two_checks_fail(struct world *world)
{
        world_fail(world, 0, LONG_AGO);
        world_deployment(world, 0, 0, 3);
}
static void deployment_counts_nothing(struct world *world)
{
        world_deployment(world, 0, 3, 3);
        world->view.planes[0].checks[1].replicas_available = -1;
}
static void active_not_named(struct world *world)
{
        world->record.to = "z";
}
static void switching_from_nobody(struct world *world)
{
        world_switching(world);
        world->record.from = "z";
}

/* ---- FailoverPossible ---- */

static void switching_to_nobody(struct world *world)
{
        world_switching(world);
        world->record.to = "z";
}
/* Nothing is left to take over: b by its health or by what it writes to, and c by its health. */
static void only_by_an_obstacle(struct world *world)
{
        world_fail(world, 2, 0);
        world->view.planes[1].obstacle =
            (struct obstacle){"its Redis takes no writes", "RedisReadOnlyOnStandby", false, 0};
}
static void by_an_obstacle_of_the_last(struct world *world)
{
        world_fail(world, 1, 0);
        world->view.planes[2].obstacle = (struct obstacle){"Redis c is behind", "RedisReplicaBehind", true, 0};
}
static void switching_to_a_sick_plane(struct world *world)
{
        world_switching(world);
        world_fail(world, 1, 0);
}

/* ---- Degraded ---- */

static void all_replicas(struct world *world)
{
        world_deployment(world, 0, 3, 3);
}
static void a_replica_missing(struct world *world)
{
        world_deployment(world, 0, 2, 3);
}
static void certificate_for_years(struct world *world)
{
        world->view.planes[0].checks[0].certificate_not_after = WORLD_WALL + (unix_ms)1000 * DAY_MS;
}
static void certificate_of_a_standby(struct world *world)
{
        world->view.planes[1].checks[0].certificate_not_after = WORLD_WALL + (unix_ms)3 * DAY_MS;
}
static void certificates_of_both(struct world *world)
{
        certificate_of_a_standby(world);
        world->view.planes[0].checks[0].certificate_not_after = WORLD_WALL + (unix_ms)21 * DAY_MS - 1;
}
static void certificate_for_21_days(struct world *world)
{
        world->view.planes[0].checks[0].certificate_not_after = WORLD_WALL + (unix_ms)21 * DAY_MS - 1;
}
static void a_server_not_asked_yet(struct world *world)
{
        world_verify(world, NULL, false, 0);
}
static void a_server_that_shows_it(struct world *world)
{
        world_verify(world, WORLD_RRSET_A, true, 0);
}
static void a_server_with_old_data(struct world *world)
{
        world_verify(world, WORLD_RRSET_B, false, 0);
}
static void a_dead_server(struct world *world)
{
        world_verify(world, NULL, false, 1);
}
static void a_strange_server(struct world *world)
{
        world_verify(world, "A 192.0.2.99", false, 0);
}
static void a_dead_server_beside_drift(struct world *world)
{
        a_dead_server(world);
        world_dns(world, WORLD_RRSET_C, WORLD_EPOCH, "a");
}

/* ---- Drift ---- */

static void lock_edited(struct world *world)
{
        world_lock(world, "by hand", WORLD_EPOCH, "a");
}
static void edited_while_failing(struct world *world)
{
        world_fail(world, 0, 20000);
        world_dns(world, WORLD_RRSET_C, WORLD_EPOCH, "a");
}
static void lock_edited_while_failing(struct world *world)
{
        world_fail(world, 0, 20000);
        lock_edited(world);
}
static void lock_removed(struct world *world)
{
        world_lock(world, NULL, WORLD_EPOCH, "a");
}
static void dns_foreign(struct world *world)
{
        NAME(world->view).shows.stamp.store = WORLD_OTHER;
}
static void lock_foreign(struct world *world)
{
        LOCK(world->view).shows.stamp.store = WORLD_OTHER;
}
static void dns_ahead(struct world *world)
{
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 3, "b");
}
static void lock_ahead(struct world *world)
{
        world_lock(world, "cluster-b", WORLD_EPOCH + 3, "b");
}

/* ---- addresses ---- */

static void half_of_a_is_dead(struct world *world)
{
        world->view.planes[0].checks[0].partial = "192.0.2.11: connection refused";
}
static void half_of_b_is_dead(struct world *world)
{
        world->view.planes[1].checks[0].partial = "192.0.2.12: timeout";
}
static void half_of_both_is_dead(struct world *world)
{
        half_of_b_is_dead(world);
        half_of_a_is_dead(world);
}
static void a_is_named_nowhere(struct world *world)
{
        world->view.planes[0].rrset = NAME(world->record.plan).to = NAME(world->view).shows.value = "CNAME lb-a.example.com";
        world->view.planes[0].name_absent = true;
        world->view.planes[0].name_error = "DNS says that there is no such name";
}
static void family_left_out(struct world *world)
{
        world->view.planes[1].left_out = "2001:db8::2";
}
static void name_left_out(struct world *world)
{
        world->view.planes[2].rrset = WORLD_RRSET_C;
        world->view.planes[2].left_out = "d.example.com";
}
static void name_left_out_of_an_alias(struct world *world)
{
        name_left_out(world);
        world->view.planes[2].rrset = "ALIAS c.example.com";
}
static void name_left_out_of_a_chosen_type(struct world *world)
{
        name_left_out(world);
        world->view.policy.dns_type_chosen = true;
}
static void family_chosen(struct world *world)
{
        family_left_out(world);
        world->view.policy.dns_type_chosen = true;
}

/* ---- what the arbiter does not take ---- */

static void adoption_refused(struct world *world)
{
        world_without_record(world);
        world->view.record_refusal = "HTTP 403 (grant it by RBAC)";
}
static void failover_refused(struct world *world)
{
        world_fail(world, 0, 3600000);
        world->view.record_refusal = "HTTP 403 (grant it by RBAC)";
}
static void refused_once(struct world *world)
{
        world->view.record_refusal = "HTTP 403 (grant it by RBAC)"; /* and there is nothing to be recorded now */
}
static void commit_refused(struct world *world)
{
        world_switching(world);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b");
        world->view.record_refusal = "HTTP 403 (grant it by RBAC)";
}

/* ---- Ready where people have stopped us ---- */

static void clear_kill_switch(struct world *world)
{
        world->view.kill_switch = true;
        world->view.kill_switch_why = "";
}

static void unclear_kill_switch(struct world *world)
{
        world->view.kill_switch = true;
        world->view.kill_switch_why = "killSwitch is \"on\"";
}

static void kill_switch(struct world *world)
{
        world->view.kill_switch = world->view.policy.suspended = true;
}

static void stamp_behind(struct world *world)
{
        world_lock(world, "cluster-a", WORLD_EPOCH - 1, "a");
}
static void stamp_behind_active_unobserved(struct world *world)
{
        stamp_behind(world);
        world_stale(world, 0);
}
static void stamp_behind_at_first_sight(struct world *world)
{
        stamp_behind(world);
        world_fail(world, 0, 0);
        world->view.planes[0].was = VERDICT_UNKNOWN;
}
static void dns_never_read(struct world *world)
{
        world_dns_fails(world, ERR_TRANSIENT, "timeout", false);
}
static void advised_with_a_record(struct world *world)
{
        world->view.policy.mode = MODE_ADVISE;
}
static void advised_and_moved_by_hand(struct world *world)
{
        world_without_lock(world);
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH, "a");
        world->view.policy.mode = MODE_ADVISE;
}
static void lock_to_be_looked_at_again(struct world *world)
{
        world_switching(world);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        LOCK(world->view).health.looked_at = 0;
}
static void refused_and_to_be_looked_at_again(struct world *world)
{
        world_fail(world, 0, LONG_AGO);
        NAME(world->view).health.looked_at = 0;
        world->view.record_refusal = "HTTP 403";
}
static void destination_lost(struct world *world)
{
        world_switching(world);
        world_fail(world, 1, LONG_AGO);
}

static const struct condition_row rows[] = {
    {"stamp behind", stamp_behind, "Ready", "True Steady", "lacks epoch 5"},
    {"stamp behind, unobserved", stamp_behind_active_unobserved, "Ready", "Unknown TargetBehind", "not observed"},
    {"stamp behind, first sight", stamp_behind_at_first_sight, "Ready", "Unknown TargetBehind", "not observed"},
    {"DNS never read", dns_never_read, "Ready", "False TargetUnavailable", "timeout"},
    {"Advise, recorded", advised_with_a_record, "Ready", "True Steady", "a is active and healthy"},
    {"Advise, moved by hand", advised_and_moved_by_hand, "Ready", "True FailedOver", "b is active and healthy"},
    {"lock to be looked at", lock_to_be_looked_at_again, "Ready", "False FailoverInProgress", "Moving to b, epoch 6: at"},
    {"refused, to be looked at", refused_and_to_be_looked_at_again, "Ready", "False RecordRefused", "HTTP 403"},
    {"destination lost", destination_lost, "Degraded", "True SwitchInProgress", "Configuration changes"},
    {"lock behind", lock_behind, "Ready", "False TargetBehind", "lacks epoch 5"},
    {"lock behind, unobserved", lock_behind_active_unobserved, "Ready", "False TargetBehind", "not observed"},
    {"lock behind, first sight", lock_behind_at_first_sight, "Ready", "False TargetBehind", "not observed"},
    {"lock behind, Redis down", lock_behind_redis_down, "Ready", "False TargetBehind", "connection refused"},
    {"lock refused", lock_behind_redis_refuses, "Stalled", "True TargetRefused", "lacks epoch 5: NOPERM"},
    {"DNS refused", dns_behind_and_invalid, "Stalled", "True TargetRefused", "lacks epoch 5: no such zone"},
    {"switching, refused", switching_redis_refuses_since_start, "Ready", "False RedisRefused",
     "Moving to b, epoch 6: blocked at Lock since"},
    {"switching, unconfirmed", switching_unconfirmed, "Ready", "False FailoverInProgress", "; then Route, Commit"},
    {"switching, all met", switching_all_met_unconfirmed, "Ready", "False FailoverInProgress",
     "at Commit since 2026-11-23T02:59:10Z"},

    {"first sight", at_first_sight, "ActiveHealthy", "Unknown Unobserved", "a: TLS :9900 timeout"},
    {"answers again", answers_again, "ActiveHealthy", "False Recovering", "a answers again"},
    {"not sampled", not_sampled_yet, "ActiveHealthy", "Unknown Unobserved", "a: TLS :9900 not sampled yet"},
    {"cannot be sampled", never_could_be_sampled, "ActiveHealthy", "Unknown Unobserved",
     "a: TLS :9900 unknown: Secret ca is missing"},
    {"says nothing", could_not_be_sampled_says_nothing, "ActiveHealthy", "Unknown Unobserved",
     "a: TLS :9900 not sampled yet"},
    {"no check", no_check, "ActiveHealthy", "Unknown Unobserved", "a: no check is set up"},
    {"two fail", two_checks_fail, "ActiveHealthy", "False ProbesFailed", "TLS :9900 timeout; Deployment 0 available"},
    {"no count", deployment_counts_nothing, "ActiveHealthy", "True ProbesPassed", "a: TLS :9900 ok, Deployment ok"},
    {"not named", active_not_named, "ActiveHealthy", "Unknown Unobserved", "The active plane is not known"},
    {"left, not named", switching_from_nobody, "ActiveHealthy", "Unknown Unobserved", "The active plane is not known"},

    {"active not named", active_not_named, "FailoverPossible", "False NoStandby", "the active plane is not known"},
    {"to nobody", switching_to_nobody, "FailoverPossible", "False NoStandby",
     "the plane that it moves to is not in spec.planes"},
    {"a Redis that takes no writes", only_by_an_obstacle, "FailoverPossible", "False RedisReadOnlyOnStandby",
     "b: its Redis takes no writes; c: unhealthy ("},
    {"a replica that is behind", by_an_obstacle_of_the_last, "FailoverPossible", "False RedisReplicaBehind",
     "c: Redis c is behind; a failure of a needs a person"},
    {"to a sick plane", switching_to_a_sick_plane, "FailoverPossible", "False NoStandby", "unhealthy (TLS :9900"},

    {"all replicas", all_replicas, "Degraded", "False Redundant", "a standby is fit"},
    {"a replica missing", a_replica_missing, "Degraded", "True ReplicasMissing", "a: 2/3 replicas"},
    {"certificate for years", certificate_for_years, "Degraded", "False Redundant", "a standby is fit"},
    {"a standby's for 3 days", certificate_of_a_standby, "Degraded", "True CertificateExpires",
     "b: certificate expires 2026-11-26T02:59:11Z"},
    {"the active one's first", certificates_of_both, "Degraded", "True CertificateExpires",
     "a: certificate expires 2026-12-14T02:59:10Z"},
    {"certificate for 21 days", certificate_for_21_days, "Degraded", "True CertificateExpires",
     "a: certificate expires 2026-12-14T02:59:10Z"},
    {"half of a", half_of_a_is_dead, "Degraded", "True AddressFailing",
     "a: TLS :9900 fails at 192.0.2.11: connection refused; agents may be given that address"},
    {"half of b", half_of_b_is_dead, "Degraded", "True AddressFailing", "b: TLS :9900 fails at 192.0.2.12: timeout"},
    {"half of both", half_of_both_is_dead, "Degraded", "True AddressFailing", "a: TLS :9900 fails at 192.0.2.11"},
    {"named nowhere", a_is_named_nowhere, "Degraded", "True NameUnfit",
     "a: its address lb-a.example.com leads agents nowhere"},
    {"name left out", name_left_out, "Degraded", "True NameLeftOut",
     "the record leaves out d.example.com, because a CNAME leads to one name; give the one"},
    {"name left out of an alias", name_left_out_of_an_alias, "Degraded", "True NameLeftOut",
     "the record leaves out d.example.com, because an ALIAS leads to one name; give the one"},
    {"name left out of a type that was chosen", name_left_out_of_a_chosen_type, "Degraded", "True NameLeftOut", ""},
    {"family left out", family_left_out, "Degraded", "True FamilyLeftOut",
     "b: the record leaves out 2001:db8::2, because it carries one family; name the family in dns.recordType"},
    {"family chosen", family_chosen, "Degraded", "False Redundant", "a standby is fit"},
    {"server not asked", a_server_not_asked_yet, "Degraded", "False Redundant", "a standby is fit"},
    {"server shows it", a_server_that_shows_it, "Degraded", "False Redundant", "a standby is fit"},
    {"server behind", a_server_with_old_data, "Degraded", "True DNSServerBehind", "still answers old data"},
    {"server strange", a_strange_server, "Degraded", "True DNSServerAstray", "which belongs to no plane"},
    {"server dead", a_dead_server, "Degraded", "True DNSServerBehind", "192.0.2.54:53 does not answer"},
    {"server beside drift", a_dead_server_beside_drift, "Degraded", "False Redundant", "a standby is fit"},

    {"lock edited", lock_edited, "Drift", "True Drift", "lock mgmt-active holds \"by hand\""},
    {"edited while failing", edited_while_failing, "Drift", "True Drift", "gloo.example.com shows \"CNAME c"},
    {"lock edited while failing", lock_edited_while_failing, "Drift", "True Drift", "holds \"by hand\""},
    {"lock removed", lock_removed, "Drift", "True Drift", "lock mgmt-active holds \"nothing\""},
    {"DNS foreign", dns_foreign, "Drift", "Unknown OtherDecision", "the ownership record of another owner"},
    {"lock foreign", lock_foreign, "Drift", "Unknown OtherDecision", "the ownership record of another owner"},
    {"DNS ahead", dns_ahead, "Drift", "Unknown OtherDecision", "or a later epoch"},
    {"lock ahead", lock_ahead, "Drift", "Unknown OtherDecision", "or a later epoch"},

    {"adoption refused", adoption_refused, "Stalled", "True RecordRefused",
     "recorded as they are; it cannot be recorded: HTTP 403 (grant it by RBAC)"},
    {"failover refused", failover_refused, "Stalled", "True RecordRefused",
     "; it cannot be recorded: HTTP 403 (grant it by RBAC)"},
    {"refused once", refused_once, "Ready", "True Steady", "a is active and healthy"},
    {"commit refused", commit_refused, "Ready", "False RecordRefused",
     "Moving to b, epoch 6: every target shows the new plane; it cannot be recorded: HTTP 403"},

    {"kill switch", kill_switch, "Armed", "False KillSwitch", "nothing decides anywhere"},
    {"kill switch that is clear", clear_kill_switch, "Armed", "False KillSwitch", "kill switch is on"},
    {"kill switch, unclear", unclear_kill_switch, "Armed", "False KillSwitch", "anywhere. killSwitch is \"on\""},
    {"kill switch", kill_switch, "Ready", "True KillSwitch", "the kill switch is on, so no failover happens by itself"},
};

static void each_condition_says_what_it_is(void **state)
{
        (void)state;
        rows_report(rows, ROWS_COUNT(rows));
}

static void the_state_column_names_the_refusal(void **state)
{
        struct world *world = *state;
        lock_behind_redis_refuses(world);
        struct decision decision = world_decide(world);
        assert_string_equal(world_report(world, &decision).state, "TargetRefused");
}

/* The columns while the active plane is known only by its name, or by none. */
static void the_active_column_is_never_empty(void **state)
{
        (void)state;
        static const struct {
                void (*arrange)(struct world *world);
                const char *active;
        } columns[] = {{active_not_named, "z"}, {switching_from_nobody, "z"}, {switching_to_a_sick_plane, "a"}};
        for (size_t i = 0; i < ROWS_COUNT(columns); i++) {
                struct world world;
                world_init(&world);
                columns[i].arrange(&world);
                struct decision decision = world_decide(&world);
                assert_string_equal(world_report(&world, &decision).active, columns[i].active);
                world.record.from = ""; /* of a first adoption that is not complete: nobody is left */
                decision = world_decide(&world);
                assert_string_equal(world_report(&world, &decision).active, i == 0 ? "z" : "b");
                world_clear(&world);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(each_condition_says_what_it_is),
            cmocka_unit_test_setup_teardown(the_state_column_names_the_refusal, world_set_up, world_tear_down),
            cmocka_unit_test(the_active_column_is_never_empty),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
