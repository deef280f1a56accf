/* core_failover_test.c -- what is decided while no switch is under way; each bug found in review has a test named after
 * it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core_world.h"

enum { LONG_AGO = 200000 };

static void expect_answer(struct world *world, const char *answer)
{
        struct decision decision = world_decide(world);
        if (strncmp(decision.answer, answer, strlen(answer)) != 0)
                fail_msg("answered \"%s\", expected \"%s\"", decision.answer, answer);
}

static void a_dead_active_is_left(void **state)
{
        struct world *world = *state;
        world_fail(world, 0, LONG_AGO);
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN, DO_DECIDE);
        struct decision decision = world_decide(world);
        const struct record *next = decision.next;
        assert_int_equal(next->epoch, WORLD_EPOCH + 1);
        assert_int_equal(next->id, WORLD_FRESH_ID);
        assert_int_equal(next->phase, PHASE_SWITCHING);
        assert_string_equal(next->from, "a");
        assert_string_equal(next->to, "b");
        assert_string_equal(next->reason, "ThresholdReached");
        assert_true(next->automatic);
        assert_int_equal(next->detected_at, WORLD_WALL - LONG_AGO);
        assert_int_equal(next->recent_count, 1);
        assert_int_equal(decision.gates.passed, GATE_COUNT);
}

static void other_targets_are_adopted_anew(void **state)
{
        struct world *world = *state;
        NAME(world->view.policy).ref.name = "new.example.com";
        world_dns(world, WORLD_RRSET_B, 0, "");
        world_lock(world, "cluster-b", 0, "");
        WORLD_EXPECT(world, FINDING_ADOPTABLE, DO_ADOPT);
        assert_string_equal(world_decide(world).next->to, "b");
        world_dns(world, "A 203.0.113.9", 0, "");
        WORLD_EXPECT(world, FINDING_UNKNOWN_TARGET, DO_REPORT);
        world_dns_fails(world, ERR_TRANSIENT, "timeout", false);
        WORLD_EXPECT(world, FINDING_TARGET_UNAVAILABLE, DO_WAIT);
}

static void bug_an_ill_active_kept_an_epoch_from_its_targets(void **state)
{
        struct world *world = *state;
        world_lock(world, "cluster-b", WORLD_EPOCH - 1, "b");
        world_fail(world, 0, 10000); /* failing, not yet for failoverDelay */
        WORLD_EXPECT(world, FINDING_TARGET_BEHIND, DO_WRITE);
        for (unsigned i = 0; i < WORLD_PLANES; i++)
                world_fail(world, i, LONG_AGO); /* down, and nobody could take over */
        WORLD_EXPECT(world, FINDING_TARGET_BEHIND, DO_WRITE);
        struct decision decision = world_decide(world);
        assert_non_null(strstr(decision.why, "a fails (TLS :9900 timeout)"));
        struct report report = world_report(world, &decision);
        assert_string_equal(world_condition_text(world, &report, "Ready"), "False TargetBehind");
        world_lock_fails(world, ERR_TRANSIENT, "refused", true); /* nothing can be written: the outage is the news */
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN_BLOCKED, DO_REPORT);
}

static void a_decision_outranks_a_reassertion(void **state)
{
        struct world *world = *state;
        world_lock(world, "cluster-b", WORLD_EPOCH - 1, "b");
        world_fail(world, 0, LONG_AGO);
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN, DO_DECIDE);
}

static void bug_a_reassertion_did_not_say_which_target_comes_first(void **state)
{
        struct world *world = *state;
        world_dns(world, WORLD_RRSET_A, 0, "");
        world_lock(world, NULL, 0, "");
        assert_int_equal(world_decide(world).step, STEP_LOCK);
        world_lock(world, "cluster-a", WORLD_EPOCH, "a");
        assert_int_equal(world_decide(world).step, STEP_ROUTE);
        /* Never the address while the lock is not known to be taken. */
        world_lock_fails(world, ERR_TRANSIENT, "refused", false);
        WORLD_EXPECT(world, FINDING_TARGET_UNAVAILABLE, DO_WAIT);
}

static void nothing_is_written_next_to_a_persons_edit(void **state)
{
        struct world *world = *state;
        world_dns(world, WORLD_RRSET_C, WORLD_EPOCH, "a");
        world_lock(world, NULL, 0, "");
        WORLD_EXPECT(world, FINDING_DRIFT, DO_REPORT);
        world_dns(world, WORLD_RRSET_A, WORLD_EPOCH - 1, "a");
        world_lock(world, "by hand", WORLD_EPOCH, "a");
        WORLD_EXPECT(world, FINDING_DRIFT, DO_REPORT);
}

static void a_restored_backup_adopts_the_world(void **state)
{
        struct world *world = *state;
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 3, "b");
        world_lock(world, "cluster-b", WORLD_EPOCH + 3, "b");
        WORLD_EXPECT(world, FINDING_EPOCH_AHEAD, DO_ADOPT);
        struct decision decision = world_decide(world);
        assert_int_equal(decision.next->epoch, WORLD_EPOCH + 4);
        assert_int_equal(decision.next->phase, PHASE_STEADY);
        assert_string_equal(decision.next->to, "b");
        /* ... once: the epoch that was adopted is above all, and only has to be written. */
        world->record = record_copied(decision.next);
        world->view.confirmed_epoch = decision.next->epoch;
        WORLD_EXPECT(world, FINDING_TARGET_BEHIND, DO_WRITE);
}

static void bug_the_way_out_of_an_unknown_target_was_refused(void **state)
{
        struct world *world = *state;
        world_dns(world, "A 203.0.113.9", WORLD_EPOCH + 3, "b");
        WORLD_EXPECT(world, FINDING_UNKNOWN_TARGET, DO_REPORT);
        struct decision decision = world_decide(world);
        assert_non_null(strstr(decision.why, "planekeeper.io/switch-to=a/9"));
        world->view.policy.switch_to = "a/9";
        WORLD_EXPECT(world, FINDING_SWITCH_REQUESTED, DO_DECIDE);
        decision = world_decide(world);
        assert_int_equal(decision.next->epoch, 9);
        assert_string_equal(NAME(decision.next->plan).old[0], "A 203.0.113.9"); /* so that it may be replaced */
}

static void bug_an_unread_lock_was_adopted_as_absent(void **state)
{
        struct world *world = *state;
        world_lock_fails(world, ERR_TRANSIENT, "refused", false);
        world->view.policy.adopt = "a/6";
        WORLD_EXPECT(world, FINDING_TARGET_UNAVAILABLE, DO_WAIT);
        expect_answer(world, "waiting: the targets have not been read yet");
}

static void suspended_or_advised_nothing_is_recorded(void **state)
{
        struct world *world = *state;
        world_fail(world, 0, LONG_AGO);
        for (unsigned i = 0; i < 4; i++) {
                world->view.policy.suspended = i == 0;
                world->view.kill_switch = i == 1;
                world->view.policy.mode = i == 2 ? MODE_ADVISE : MODE_AUTOMATIC;
                world->view.planes[2].holds_operator = i == 3;
                WORLD_EXPECT(world, FINDING_AWAITING_HUMAN, DO_REPORT);
                struct decision decision = world_decide(world);
                assert_null(decision.next);
                /* ... but what would be is said: whom, under which epoch, and why. */
                assert_string_equal(decision.candidate->name, "b");
                assert_int_equal(decision.epoch + 1, WORLD_EPOCH + 1);
                assert_true(decision.has_gates);
                assert_int_equal(decision.gates.passed, GATE_COUNT);
                assert_non_null(strstr(decision.why, "epoch 6 would move to b"));
        }
}

static void suspended_on_other_targets_is_no_drift(void **state)
{
        struct world *world = *state;
        world->view.policy.suspended = true;
        NAME(world->view.policy).ref.name = "new.example.com";
        world_dns(world, WORLD_RRSET_C, 0, "");
        world_lock(world, "cluster-c", 0, "");
        WORLD_EXPECT(world, FINDING_STEADY, DO_WAIT);
        struct decision decision = world_decide(world);
        struct report report = world_report(world, &decision);
        assert_string_equal(report.active, "c");
        assert_string_equal(world_condition_text(world, &report, "Drift"), "Unknown NotRead");
}

static void in_advise_the_live_plane_is_the_active_one(void **state)
{
        struct world *world = *state;
        world->view.policy.mode = MODE_ADVISE;
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH, "a");
        world_fail(world, 0, LONG_AGO);
        WORLD_EXPECT(world, FINDING_STEADY, DO_WAIT);
        assert_string_equal(world_decide(world).active->name, "b");
        world_without_record(world);
        world_lock(world, "cluster-a", 0, "");
        WORLD_EXPECT(world, FINDING_AWAITING_HUMAN, DO_REPORT);
}

static void a_request_is_answered_whatever_happens(void **state)
{
        struct world *world = *state;
        world->view.policy.switch_to = "b/6";
        expect_answer(world, ""); /* not before the record says so: somebody else may take that epoch first */
        world->view.policy.suspended = true;
        expect_answer(world, "waiting: suspended");
        world->view.policy.suspended = false;
        world->view.policy.mode = MODE_ADVISE;
        expect_answer(world, "refused: in mode Advise nothing is written");
        world->view.policy.mode = MODE_AUTOMATIC;
        world_fail(world, 1, LONG_AGO);
        expect_answer(world, "waiting: gate NoFitStandby blocks: b: unhealthy");
        world->view.policy.credentials_error = "Secret tsig: not found";
        expect_answer(world, "waiting: Secret tsig: not found");
        world->view.policy.switch_to = "a/6";
        world->view.policy.credentials_error = "";
        expect_answer(world, "refused: a is active already");
}

/* Whoever may not act does not say that he will. */
static void suspended_says_when_a_switch_is_due_and_that_it_will_not_come(void **state)
{
        struct world *world = *state;
        world->view.policy.suspended = true;
        world_fail(world, 0, WORLD_DELAY_MS - 1);
        struct decision decision = world_decide(world);
        assert_non_null(strstr(decision.why, "unless it recovers, but suspended"));
        assert_null(strstr(decision.why, "switching at"));
        world->view.policy.suspended = false;
        assert_non_null(strstr(world_decide(world).why, "switching at"));
}

static void a_drift_is_adopted_or_put_back(void **state)
{
        struct world *world = *state;
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH, "a");
        WORLD_EXPECT(world, FINDING_DRIFT, DO_REPORT);
        world->view.policy.adopt = "b/6";
        expect_answer(
            world,
            "refused: gloo.example.com shows \"A 192.0.2.2\" and lock mgmt-active holds \"cluster-a\", which is not b");
        world_lock(world, "cluster-b", WORLD_EPOCH, "a");
        WORLD_EXPECT(world, FINDING_ADOPT_REQUESTED, DO_ADOPT);
        struct decision decision = world_decide(world);
        assert_string_equal(decision.next->to, "b");
        assert_int_equal(decision.next->phase, PHASE_STEADY);
        world->view.policy.adopt = "";
        world->view.policy.switch_to = "c/6";
        WORLD_EXPECT(world, FINDING_DRIFT, DO_REPORT); /* gate 10 */
        expect_answer(world, "waiting: gate Drift blocks: gloo.example.com shows");
}

static void what_stood_there_at_the_adoption_is_used_up(void **state)
{
        struct world *world = *state;
        world_without_record(world);
        world->view.policy.switch_to = "b/17";
        WORLD_EXPECT(world, FINDING_ADOPTABLE, DO_ADOPT);
        struct decision decision = world_decide(world);
        assert_int_equal(decision.next->epoch, 17);
        world->record = record_copied(decision.next);
        world->view.record = &world->record;
        world->view.confirmed_epoch = 17;
        world_dns(world, WORLD_RRSET_A, 0, "");
        expect_answer(world, "past: epoch 17 was decided already");
}

static void bug_a_request_without_a_record_ignored_the_targets(void **state)
{
        struct world *world = *state;
        world_without_record(world);
        world_dns(world, "A 203.0.113.9", 7, "a");
        world->view.policy.switch_to = "b/1";
        WORLD_EXPECT(world, FINDING_UNKNOWN_TARGET, DO_REPORT);
        expect_answer(world, "past: epoch 1");
        world->view.policy.switch_to = "b/8";
        WORLD_EXPECT(world, FINDING_SWITCH_REQUESTED, DO_DECIDE);
        assert_int_equal(world_decide(world).next->epoch, 8);
}

static void bug_planes_not_created_yet_stalled_the_policy(void **state)
{
        struct world *world = *state;
        world_without_record(world);
        world->view.planes[0].known = false;
        world->view.planes[0].rrset = "";
        WORLD_EXPECT(world, FINDING_PLANE_MISSING, DO_WAIT);
        world->view.planes[0].known = true;
        world->view.planes[0].address_error = "Service has no ingress";
        WORLD_EXPECT(world, FINDING_ADDRESS_PENDING, DO_WAIT);
        struct decision decision = world_decide(world);
        assert_non_null(strstr(decision.why, "a has no address (Service has no ingress)"));
}

static void bug_one_probe_was_enough_to_be_called_healthy(void **state)
{
        struct world *world = *state;
        world_fail(world, 0, 100);
        world_count(world, 0, 0, 1);
        world->view.planes[0].was = VERDICT_UNKNOWN; /* we have just started, and the first sample failed */
        WORLD_EXPECT(world, FINDING_ACTIVE_UNKNOWN, DO_WAIT);
}

static void unread_targets_do_not_hide_an_outage(void **state)
{
        struct world *world = *state;
        world_dns_fails(world, ERR_DENIED, "NOTAUTH (BADKEY)", false);
        WORLD_EXPECT(world, FINDING_TARGET_REFUSED, DO_REPORT);
        world_fail(world, 0, LONG_AGO);
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN_BLOCKED, DO_REPORT);
        assert_non_null(strstr(world_decide(world).why, "DNS server 192.0.2.53:53: NOTAUTH (BADKEY)"));
}

static void bug_an_untried_address_was_routed(void **state)
{
        struct world *world = *state;
        world->view.planes[0].rrset = "A 192.0.2.77";
        world_count(world, 0, 1, 0);
        WORLD_EXPECT(world, FINDING_STEADY, DO_WAIT);
        world_count(world, 0, 3, 0);
        WORLD_EXPECT(world, FINDING_PLAN_OUTDATED, DO_DECIDE);
        struct decision decision = world_decide(world);
        assert_false(decision.next->automatic);
        assert_string_equal(decision.next->from, "a");
        assert_string_equal(decision.next->to, "a");
        world_dns_fails(world, ERR_TRANSIENT, "timeout", true);
        WORLD_EXPECT(world, FINDING_STEADY, DO_WAIT);
}

static void failback_waits_for_stable_for_and_the_cooldown(void **state)
{
        struct world *world = *state;
        world->view.policy.failback = FAILBACK_AUTOMATIC;
        world->record.from = "a";
        world->record.to = "c";
        NAME(world->record.plan).to = WORLD_RRSET_C;
        LOCK(world->record.plan).to = "cluster-c";
        world_dns(world, WORLD_RRSET_C, WORLD_EPOCH, "c");
        world_lock(world, "cluster-c", WORLD_EPOCH, "c");
        world_fail(world, 0, LONG_AGO);
        world_pass(world, 1, 540000);
        WORLD_EXPECT(world, FINDING_STEADY, DO_WAIT);
        assert_int_equal(world_decide(world).wake_at, world->view.now + 60000);
        world_pass(world, 1, 600000);
        world->record.cooldown_until = WORLD_WALL + 5000;
        WORLD_EXPECT(world, FINDING_STEADY, DO_WAIT);
        assert_int_equal(world_decide(world).wake_at, world->view.now + 5000);
        world->record.cooldown_until = 0;
        WORLD_EXPECT(world, FINDING_FAILBACK_DUE, DO_DECIDE);
        assert_string_equal(world_decide(world).next->to, "b"); /* a would be preferred, but is not fit */
        world->view.policy.failback = FAILBACK_MANUAL;
        WORLD_EXPECT(world, FINDING_STEADY, DO_WAIT);
        world->view.policy.failback = FAILBACK_NEVER;
        WORLD_EXPECT(world, FINDING_STEADY, DO_WAIT);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            CASE(a_dead_active_is_left),
            CASE(other_targets_are_adopted_anew),
            CASE(bug_an_ill_active_kept_an_epoch_from_its_targets),
            CASE(a_decision_outranks_a_reassertion),
            CASE(bug_a_reassertion_did_not_say_which_target_comes_first),
            CASE(nothing_is_written_next_to_a_persons_edit),
            CASE(a_restored_backup_adopts_the_world),
            CASE(bug_the_way_out_of_an_unknown_target_was_refused),
            CASE(bug_an_unread_lock_was_adopted_as_absent),
            CASE(suspended_or_advised_nothing_is_recorded),
            CASE(suspended_on_other_targets_is_no_drift),
            CASE(in_advise_the_live_plane_is_the_active_one),
            CASE(a_request_is_answered_whatever_happens),
            CASE(suspended_says_when_a_switch_is_due_and_that_it_will_not_come),
            CASE(a_drift_is_adopted_or_put_back),
            CASE(what_stood_there_at_the_adoption_is_used_up),
            CASE(bug_a_request_without_a_record_ignored_the_targets),
            CASE(bug_planes_not_created_yet_stalled_the_policy),
            CASE(bug_one_probe_was_enough_to_be_called_healthy),
            CASE(unread_targets_do_not_hide_an_outage),
            CASE(bug_an_untried_address_was_routed),
            CASE(failback_waits_for_stable_for_and_the_cooldown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
