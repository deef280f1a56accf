/* core_switching_test.c -- the steps of a switch, its turns, and targets edited meanwhile; each bug found has a test
 * named after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/verify.h"
#include "core_world.h"

enum { LONG_AGO = 200000 };

static void expect_answer(struct world *world, const char *answer)
{
        struct decision decision = world_decide(world);
        if (strncmp(decision.answer, answer, strlen(answer)) != 0)
                fail_msg("answered \"%s\", expected \"%s\"", decision.answer, answer);
}

static void steps_are_taken_in_order(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world->view.confirmed_epoch = 0;
        WORLD_EXPECT(world, FINDING_UNCONFIRMED, DO_CONFIRM);
        world->view.confirmed_epoch = WORLD_EPOCH + 1;
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b");
        WORLD_EXPECT(world, FINDING_ALL_MET, DO_COMMIT);
        struct decision decision = world_decide(world);
        assert_int_equal(decision.next->phase, PHASE_STEADY);
        assert_int_equal(decision.next->epoch, WORLD_EPOCH + 1);
        assert_int_equal(decision.next->cooldown_until, WORLD_WALL + 3600000);
}

static void the_route_waits_for_the_lock_however_the_dns_looks(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b");
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE); /* Redis lost its write after Route */
        world_lock_fails(world, ERR_TRANSIENT, "refused", false);
        WORLD_EXPECT(world, FINDING_TARGET_UNAVAILABLE, DO_WAIT);
}

/* A lock that is lost with its server is as if it had never been moved: the name does not follow it. */
static void the_route_waits_for_a_replica_that_has_the_lock(void **state)
{
        struct world *world = *state;
        world_switching(world);
        LOCK(world->view).shows.settling = true; /* as every look says while there are replicas: here the old value */
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        LOCK(world->view).shows.settling = true;
        WORLD_EXPECT(world, FINDING_STEP_SETTLING, DO_WRITE);
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b"); /* whoever moved it: no Commit either */
        WORLD_EXPECT(world, FINDING_STEP_SETTLING, DO_WRITE);
        struct target_health answers = LOCK(world->view).health;
        world_lock_fails(world, ERR_TRANSIENT, "refused", true);
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
        LOCK(world->view).health = answers;
        LOCK(world->view).shows.settling = false;
        WORLD_EXPECT(world, FINDING_ALL_MET, DO_COMMIT);
}

/* Its epoch is there before the value, which a product's own command sets. */
static void the_route_waits_for_a_lock_that_a_command_sets(void **state)
{
        struct world *world = *state;
        world_switching(world);
        struct target_view *lock = &LOCK(world->view);
        lock->is_weak = true;
        lock->shows.is_half = true;
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
        world_lock(world, "cluster-a", WORLD_EPOCH + 1, "b");
        lock->shows.is_half = lock->shows.settling = true;
        lock->shows.obstacle = "Job x has not ended";
        WORLD_EXPECT(world, FINDING_STEP_PENDING, DO_WAIT);
        assert_string_equal(world_decide(world).why, "Job x has not ended");
        lock->shows.obstacle = NULL;
        assert_string_equal(world_decide(world).why, target_traits(TARGET_LOCK)->settling);
        lock->shows.obstacle = "Job x is complete";
        lock->shows.settling = false; /* it has ended, and the value is the old one */
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
        lock->shows.value = "by hand";
        WORLD_EXPECT(world, FINDING_DRIFT, DO_REPORT);
        assert_non_null(strstr(world_decide(world).why, "recorded is \"cluster-b\": Job x is complete"));
        lock->shows = (struct target_state){
            .present = true, .value = "cluster-b", .stamp = lock->shows.stamp, .obstacle = NULL};
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
        assert_int_equal(world_decide(world).step, STEP_ROUTE);
}

static void a_lock_at_rest_waits_for_no_replica(void **state)
{
        struct world *world = *state;
        LOCK(world->view).shows.settling = true;
        WORLD_EXPECT(world, FINDING_STEADY, DO_WAIT);
}

static void a_name_that_is_brought_back_waits_for_the_lock_as_in_a_switch(void **state)
{
        struct world *world = *state;
        world_dns(world, WORLD_RRSET_A, WORLD_EPOCH - 1, "a");
        WORLD_EXPECT(world, FINDING_TARGET_BEHIND, DO_WRITE);
        assert_int_equal(world_decide(world).step, STEP_ROUTE);
        LOCK(world->view).shows.settling = true;
        WORLD_EXPECT(world, FINDING_TARGET_BEHIND, DO_WRITE);
        struct decision decision = world_decide(world);
        assert_int_equal(decision.step, STEP_LOCK);
        assert_non_null(strstr(decision.why, "is not known to be at a replica of Redis, under epoch"));
}

/* The last look before the write: the name was right at the decision, and DNS says otherwise now. */
static void a_name_that_leads_nowhere_is_not_published(void **state)
{
        struct world *world = *state;
        world_switching(world);
        struct plane_view *b = &world->view.planes[1];
        b->rrset = NAME(world->record.plan).to = "CNAME lb-b.example.com";
        b->name_error = "DNS says that there is no such name";
        b->name_absent = true;
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        WORLD_EXPECT(world, FINDING_NAME_UNFIT, DO_WAIT);
        struct decision decision = world_decide(world);
        assert_int_equal(decision.step, STEP_ROUTE);
        assert_non_null(strstr(decision.why, "b: its address lb-b.example.com leads agents nowhere"));
        b->name_absent = false;
        b->name_confirmed_at = world->view.now;
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
        b->name_absent = true;
        b->rrset = "CNAME other.example.com"; /* what was recorded is not what this is about */
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
        world->view.plane_count = 1; /* b was taken out of the spec */
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
}

static void all_clusters_has_no_lock_step(void **state)
{
        struct world *world = *state;
        world_without_lock(world);
        world_switching(world);
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
}

static void a_lagging_server_delays_the_commit_a_dead_one_does_not(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b");
        NAME(world->view).met_epoch = WORLD_EPOCH + 1;
        NAME(world->view).met_at = world->view.now - 1000;
        static const struct {
                const char *shown;
                bool shows;
                unsigned misses;
                mono_ms wait;
                const char *why;
        } rows[] = {{NULL, false, 0, VERIFY_FIRST_ANSWER_MS, "DNS server 192.0.2.54:53 is being asked"},
                    {WORLD_RRSET_A, false, 0, VERIFY_WAIT_MS, "\"" WORLD_RRSET_A "\", the address of a"},
                    {WORLD_RRSET_A, false, VERIFY_MISSES_MAX - 1, VERIFY_WAIT_MS, "still answers old data"},
                    {WORLD_RRSET_A, false, VERIFY_MISSES_MAX, 0, ""},
                    {"A 192.0.2.99", false, 0, VERIFY_WAIT_MS, "shows \"A 192.0.2.99\", which belongs to no plane"},
                    {WORLD_RRSET_B, true, 0, 0, ""},
                    {NULL, false, 1, 0, ""}};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                world_verify(world, rows[i].shown, rows[i].shows, rows[i].misses);
                struct decision decision = world_decide(world);
                assert_int_equal(decision.finding, rows[i].wait ? FINDING_SERVER_BEHIND : FINDING_ALL_MET);
                assert_non_null(strstr(decision.why, rows[i].why));
                assert_int_equal(decision.wake_at, rows[i].wait ? NAME(world->view).met_at + rows[i].wait : 0);
        }
        world_verify(world, WORLD_RRSET_A, false, 0);
        NAME(world->view).met_at = world->view.now - VERIFY_WAIT_MS;
        WORLD_EXPECT(world, FINDING_ALL_MET, DO_COMMIT);
}

static void a_recovered_active_aborts_before_the_first_effect(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_pass(world, 0, LONG_AGO);
        WORLD_EXPECT(world, FINDING_ACTIVE_RECOVERED, DO_ABORT);
        struct decision decision = world_decide(world);
        assert_int_equal(decision.next->epoch, WORLD_EPOCH + 2);
        assert_int_equal(decision.next->phase, PHASE_STEADY);
        assert_string_equal(decision.next->to, "a");
        assert_false(decision.next->automatic);
        /* The lock write of epoch 6 may still be on its way: what it leaves is the new epoch's to replace. */
        assert_string_equal(LOCK(decision.next->plan).old[1], "cluster-b");
}

static void after_the_first_effect_there_is_only_forward(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_pass(world, 0, LONG_AGO);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
        world_clear(world);
        world_init(world);
        world_without_lock(world);
        world_switching(world);
        world_pass(world, 0, LONG_AGO);
        WORLD_EXPECT(world, FINDING_ACTIVE_RECOVERED, DO_ABORT);
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b");
        WORLD_EXPECT(world, FINDING_ALL_MET, DO_COMMIT);
}

static void a_lock_of_one_value_is_a_point_of_no_return_too(void **state)
{
        struct world *world = *state;
        LOCK(world->view.policy).value = "taken";
        world_switching(world);
        LOCK(world->record.plan).to = LOCK(world->record.plan).old[0] = "taken";
        world_pass(world, 0, LONG_AGO);
        world_lock(world, "taken", WORLD_EPOCH, "a");
        WORLD_EXPECT(world, FINDING_ACTIVE_RECOVERED, DO_ABORT);
        world_lock(world, "taken", WORLD_EPOCH + 1, "b");
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
}

static void an_aborted_lock_write_that_arrives_late_is_replaced(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_pass(world, 0, LONG_AGO);
        struct decision decision = world_decide(world);
        world->record = record_copied(decision.next);
        world->view.confirmed_epoch = 0;
        WORLD_EXPECT(world, FINDING_UNCONFIRMED, DO_CONFIRM);
        world->view.confirmed_epoch = WORLD_EPOCH + 2;
        WORLD_EXPECT(world, FINDING_TARGET_BEHIND, DO_WRITE);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        WORLD_EXPECT(world, FINDING_TARGET_BEHIND, DO_WRITE);
        assert_int_equal(world_decide(world).step, STEP_LOCK);
        world_lock(world, "cluster-a", WORLD_EPOCH + 2, "a");
        WORLD_EXPECT(world, FINDING_TARGET_BEHIND, DO_WRITE);
        assert_int_equal(world_decide(world).step, STEP_ROUTE);
        world_dns(world, WORLD_RRSET_A, WORLD_EPOCH + 2, "a");
        WORLD_EXPECT(world, FINDING_STEADY, DO_WAIT);
}

static void bug_a_lost_lock_after_route_was_aborted(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_pass(world, 0, LONG_AGO);
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b");
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
}

static void bug_an_automatic_failback_aborted_itself(void **state)
{
        struct world *world = *state;
        world->view.policy.failback = FAILBACK_AUTOMATIC;
        world->record.from = "a";
        world->record.to = "b";
        NAME(world->record.plan).to = WORLD_RRSET_B;
        LOCK(world->record.plan).to = "cluster-b";
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH, "b");
        world_lock(world, "cluster-b", WORLD_EPOCH, "b");
        WORLD_EXPECT(world, FINDING_FAILBACK_DUE, DO_DECIDE);
        struct decision decision = world_decide(world);
        assert_true(decision.next->automatic);
        assert_int_equal(decision.next->detected_at, 0);
        world->record = record_copied(decision.next);
        world->view.confirmed_epoch = decision.next->epoch;
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
}

static void bug_a_superseding_switch_was_aborted_to_where_nobody_is(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        world_fail(world, 1, LONG_AGO);
        WORLD_EXPECT(world, FINDING_TARGET_LOST, DO_DECIDE);
        struct decision decision = world_decide(world);
        assert_string_equal(decision.next->from, "b");
        assert_string_equal(decision.next->to, "c");
        world->record = record_copied(decision.next);
        world->view.confirmed_epoch = decision.next->epoch;
        world_pass(world, 1, LONG_AGO);
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
}

/* The lock names b, the route to it is refused for as long as it was tried, and b dies. */
static void lost_while_the_route_is_refused(struct world *world)
{
        world_switching(world);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        world_dns_fails(world, ERR_DENIED, "REFUSED", true);
        world_fail(world, 1, LONG_AGO);
}

/* It was neither superseded nor said: when the zone thawed, agents were sent to a plane that was long dead. */
static void a_target_lost_while_the_route_is_refused_is_superseded(void **state)
{
        struct world *world = *state;
        lost_while_the_route_is_refused(world);
        WORLD_EXPECT(world, FINDING_TARGET_LOST, DO_DECIDE);
        assert_string_equal(world_decide(world).next->to, "c");
        NAME(world->view).health.failed_since = world->view.now - 1000; /* a moment: it may be over at once */
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
        NAME(world->view).health.failed_since = world->view.now - 10000;
        NAME(world->view).health.read_at = world->view.now - 30000; /* not even read */
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
        NAME(world->view).health.read_at = world->view.now;
        world->view.store = "dns/default/gloo"; /* the refused register is the one that would decide */
        NAME(world->view).shows.stamp.store = LOCK(world->view).shows.stamp.store = world->view.store;
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
}

static void a_target_lost_while_the_lock_is_refused_is_superseded(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_lock_fails(world, ERR_DENIED, "NOPERM", true);
        world_fail(world, 1, LONG_AGO);
        WORLD_EXPECT(world, FINDING_TARGET_LOST, DO_DECIDE);
        LOCK(world->view).health.read_at = 0;
        world_pass(world, 1, LONG_AGO);
        WORLD_EXPECT(world, FINDING_TARGET_REFUSED, DO_REPORT);
}

static void expect_said(struct world *world, const char *ready, const char *degraded, const char *trouble)
{
        struct decision decision = world_decide(world);
        struct report report = world_report(world, &decision);
        if (!strstr(report.message, ready))
                fail_msg("Ready says \"%s\", not \"%s\"", report.message, ready);
        assert_string_equal(world_condition_text(world, &report, "Degraded"), degraded);
        if (!strstr(world_condition(&report, "Degraded")->message, trouble))
                fail_msg("Degraded says \"%s\", not \"%s\"", world_condition(&report, "Degraded")->message, trouble);
}

static void a_lost_target_that_is_not_left_is_said(void **state)
{
        struct world *world = *state;
        lost_while_the_route_is_refused(world);
        world->record.recent_count = world->view.policy.max_switches = 1;
        world->record.recent[0] = WORLD_WALL - 1000;
        const char *lost = "b, where the switch moves to, fails (TLS :9900 timeout), and is not left for another plane: "
                           "gate MaxSwitchesReached blocks: maxSwitches 1 in 24h";
        expect_said(world, lost, "True DestinationDown", lost);
        expect_said(world, "blocked at Route since", "True DestinationDown", "; also: SwitchInProgress: Configuration");
        NAME(world->view).health = (struct target_health){.reach = REACH_OK, .error = "", .read_at = world->view.now};
        expect_said(world, lost, "True DestinationDown", lost); /* the step is on its way */
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b");
        expect_said(world, lost, "True DestinationDown", lost); /* all met */
        world->view.policy.suspended = true;
        expect_said(world, "stopped before", "True DestinationDown", "b, where the switch moves to, fails (TLS :9900");
}

/* A wait for a gate names it, whatever is waiting: a return, new values of the active plane. */
static void what_waits_for_a_gate_is_said(void **state)
{
        struct world *world = *state;
        world->view.policy.failback = FAILBACK_AUTOMATIC;
        world->record.to = "b";
        NAME(world->record.plan).to = WORLD_RRSET_B;
        LOCK(world->record.plan).to = "cluster-b";
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH, "b");
        world_lock(world, "cluster-b", WORLD_EPOCH, "b");
        world->record.cooldown_until = WORLD_WALL + 60000;
        WORLD_EXPECT(world, FINDING_STEADY, DO_WAIT);
        struct decision decision = world_decide(world);
        struct report report = world_report(world, &decision);
        assert_non_null(strstr(world_condition(&report, "OnPreferred")->message,
                               "b is active; the return to a is due; gate CoolingDown blocks: cooling down until"));
        world->view.planes[1].rrset = "A 192.0.2.9"; /* the address of b is new, and b is not fit for it */
        world->view.planes[1].eligible = false;
        expect_said(world, "b is active", "True PlanOutdated",
                    "what is recorded of b is outdated, it is now \"A 192.0.2.9\"; gate NoFitStandby blocks: eligible");
}

static void a_lost_target_is_superseded_by_the_old_active_too(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        world->record.cooldown_until = WORLD_WALL + 600000; /* exempt */
        world_fail(world, 1, LONG_AGO);
        world_pass(world, 0, 60000); /* not yet ten minutes, and still better than nothing */
        WORLD_EXPECT(world, FINDING_TARGET_LOST, DO_DECIDE);
        struct decision decision = world_decide(world);
        assert_string_equal(decision.next->to, "a");
        assert_int_equal(decision.next->recent_count, 2); /* counted */
        world->record.recent_count = 2;
        world->record.recent[1] = WORLD_WALL - 1000;
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE); /* maxSwitches: it goes on instead */
}

static void a_person_may_turn_a_switch(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world->view.policy.switch_to = "c/7";
        WORLD_EXPECT(world, FINDING_SWITCH_REQUESTED, DO_DECIDE);
        struct decision decision = world_decide(world);
        assert_string_equal(decision.next->from, "b");
        assert_string_equal(decision.next->to, "c");
        assert_false(decision.next->automatic);
        world->view.policy.switch_to = "b/7";
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
        expect_answer(world, "refused: b is active already");
}

static void bug_a_spec_edit_in_mid_switch_mixed_the_targets(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_spec_without_lock(world);
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE); /* its own targets first */
        world_pass(world, 0, LONG_AGO);
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE); /* no way back with half of the values */
        world_fail(world, 1, LONG_AGO);
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
        world->record.phase = PHASE_STEADY;
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b");
        WORLD_EXPECT(world, FINDING_ADOPTABLE, DO_ADOPT);
        assert_int_equal(world_decide(world).next->plan.target_count, 1);
}

static void a_person_may_leave_targets_that_are_gone(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_lock_fails(world, ERR_TRANSIENT, "no route to host", false);
        LOCK(world->view.policy).ref.endpoint = "new-redis.example.com:6379";
        WORLD_EXPECT(world, FINDING_TARGET_UNAVAILABLE, DO_WAIT);
        world->view.policy.switch_to = "b/7";
        WORLD_EXPECT(world, FINDING_SWITCH_REQUESTED, DO_DECIDE);
        struct decision decision = world_decide(world);
        assert_string_equal(LOCK(decision.next->plan).ref.endpoint, "new-redis.example.com:6379");
        assert_string_equal(decision.next->to, "b");
}

static void bug_unsafe_automatic_went_on_in_mid_switch(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world->view.planes[2].holds_operator = true;
        WORLD_EXPECT(world, FINDING_STOPPED_MIDWAY, DO_REPORT);
        world_lock(world, "cluster-b", WORLD_EPOCH + 4, "b");
        WORLD_EXPECT(world, FINDING_STOPPED_MIDWAY, DO_REPORT);
}

static void suspended_in_mid_switch_it_stops_before_the_next_effect(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        world->view.policy.suspended = true;
        WORLD_EXPECT(world, FINDING_STOPPED_MIDWAY, DO_REPORT);
        world->view.policy.suspended = false;
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE); /* and resumes by itself */
}

static void a_drift_in_mid_switch_may_be_adopted(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world->view.policy.adopt = "b/7";
        expect_answer(world, "waiting: a switch is under way");
        world_dns(world, WORLD_RRSET_C, WORLD_EPOCH, "a");
        world_lock(world, "cluster-c", WORLD_EPOCH, "a");
        world->view.policy.adopt = "c/7";
        WORLD_EXPECT(world, FINDING_ADOPT_REQUESTED, DO_ADOPT);
        assert_string_equal(world_decide(world).next->to, "c");
        /* A late lock write of epoch 6 is known to the adoption. */
        const struct plan *plan = &world_decide(world).next->plan;
        assert_string_equal(LOCK(*plan).old[1], "cluster-b");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            CASE(steps_are_taken_in_order),
            CASE(the_route_waits_for_the_lock_however_the_dns_looks),
            CASE(the_route_waits_for_a_replica_that_has_the_lock),
            CASE(the_route_waits_for_a_lock_that_a_command_sets),
            CASE(a_lock_at_rest_waits_for_no_replica),
            CASE(a_name_that_is_brought_back_waits_for_the_lock_as_in_a_switch),
            CASE(all_clusters_has_no_lock_step),
            CASE(a_name_that_leads_nowhere_is_not_published),
            CASE(a_lagging_server_delays_the_commit_a_dead_one_does_not),
            CASE(a_recovered_active_aborts_before_the_first_effect),
            CASE(after_the_first_effect_there_is_only_forward),
            CASE(a_lock_of_one_value_is_a_point_of_no_return_too),
            CASE(an_aborted_lock_write_that_arrives_late_is_replaced),
            CASE(bug_a_lost_lock_after_route_was_aborted),
            CASE(bug_an_automatic_failback_aborted_itself),
            CASE(bug_a_superseding_switch_was_aborted_to_where_nobody_is),
            CASE(a_lost_target_is_superseded_by_the_old_active_too),
            CASE(a_target_lost_while_the_route_is_refused_is_superseded),
            CASE(a_target_lost_while_the_lock_is_refused_is_superseded),
            CASE(a_lost_target_that_is_not_left_is_said),
            CASE(what_waits_for_a_gate_is_said),
            CASE(a_person_may_turn_a_switch),
            CASE(bug_a_spec_edit_in_mid_switch_mixed_the_targets),
            CASE(a_person_may_leave_targets_that_are_gone),
            CASE(bug_unsafe_automatic_went_on_in_mid_switch),
            CASE(suspended_in_mid_switch_it_stops_before_the_next_effect),
            CASE(a_drift_in_mid_switch_may_be_adopted),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
