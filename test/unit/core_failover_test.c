/* core_failover_test.c -- what is decided when; each bug that was found in review has a test named after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core_world.h"

enum { LONG_AGO = 200000 };

static int set_up(void **state)
{
        static struct world world;
        world_init(&world);
        *state = &world;
        return 0;
}

static int tear_down(void **state)
{
        world_clear(*state);
        return 0;
}

static void expect_answer(struct world *world, const char *answer)
{
        struct decision decision = world_decide(world);
        if (strncmp(decision.answer, answer, strlen(answer)) != 0)
                fail_msg("answered \"%s\", expected \"%s\"", decision.answer, answer);
}

/* ---- the ordinary course ---- */

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
        assert_int_equal(decision.gates.held, GATE_COUNT);
}

static void steps_are_taken_in_order(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world->view.confirmed_epoch = 0;
        WORLD_EXPECT(world, FINDING_UNCONFIRMED, DO_CONFIRM);
        world->view.confirmed_epoch = WORLD_EPOCH + 1;
        WORLD_EXPECT(world, FINDING_LOCK_UNMET, DO_LOCK);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        WORLD_EXPECT(world, FINDING_ROUTE_UNMET, DO_ROUTE);
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
        WORLD_EXPECT(world, FINDING_LOCK_UNMET, DO_LOCK); /* Redis lost its write after Route */
        world_lock_fails(world, ERR_TRANSIENT, "refused", false);
        WORLD_EXPECT(world, FINDING_TARGET_UNAVAILABLE, DO_WAIT);
}

static void all_clusters_has_no_lock_step(void **state)
{
        struct world *world = *state;
        world_without_lock(world);
        world_switching(world);
        WORLD_EXPECT(world, FINDING_ROUTE_UNMET, DO_ROUTE);
}

static void a_lagging_server_delays_the_commit_a_dead_one_does_not(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b");
        world->view.verify_count = 1;
        world->view.dns_met_at = world->view.now - 1000;
        static const struct {
                enum reach reach;
                bool shows;
                mono_ms wait;
        } rows[] = {{REACH_NEVER, false, VERIFY_FIRST_ANSWER_MS}, {REACH_OK, false, VERIFY_WAIT_MS}, {REACH_OK, true, 0}, {REACH_FAILED, false, 0}};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                world->view.verify[0] = (struct verify_view){"192.0.2.54", rows[i].reach, rows[i].shows};
                struct decision decision = world_decide(world);
                assert_int_equal(decision.finding, rows[i].wait ? FINDING_SERVER_BEHIND : FINDING_ALL_MET);
                assert_int_equal(decision.wake_at, rows[i].wait ? world->view.dns_met_at + rows[i].wait : 0);
        }
        world->view.verify[0] = (struct verify_view){"192.0.2.54", REACH_OK, false};
        world->view.dns_met_at = world->view.now - VERIFY_WAIT_MS;
        WORLD_EXPECT(world, FINDING_ALL_MET, DO_COMMIT);
}

/* ---- turning ---- */

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
        assert_string_equal(decision.next->plan.old_locks[1], "cluster-b");
}

static void after_the_first_effect_there_is_only_forward(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_pass(world, 0, LONG_AGO);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        WORLD_EXPECT(world, FINDING_ROUTE_UNMET, DO_ROUTE);
        world_clear(world);
        world_init(world);
        world_without_lock(world);
        world_switching(world);
        world_pass(world, 0, LONG_AGO);
        WORLD_EXPECT(world, FINDING_ACTIVE_RECOVERED, DO_ABORT);
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b");
        WORLD_EXPECT(world, FINDING_ALL_MET, DO_COMMIT);
}

/* A lock that reads the same for every plane still carries the epoch, and that is what tells. */
static void a_lock_of_one_value_is_a_point_of_no_return_too(void **state)
{
        struct world *world = *state;
        world->view.policy.lock_template = "taken";
        world_switching(world);
        world->record.plan.to_lock = world->record.plan.old_locks[0] = "taken";
        world_pass(world, 0, LONG_AGO);
        world_lock(world, "taken", WORLD_EPOCH, "a");
        WORLD_EXPECT(world, FINDING_ACTIVE_RECOVERED, DO_ABORT);
        world_lock(world, "taken", WORLD_EPOCH + 1, "b");
        WORLD_EXPECT(world, FINDING_ROUTE_UNMET, DO_ROUTE);
}

static void an_aborted_lock_write_that_arrives_late_is_replaced(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_pass(world, 0, LONG_AGO);
        struct decision decision = world_decide(world);
        world->record = *decision.next;
        world->view.confirmed_epoch = 0;
        WORLD_EXPECT(world, FINDING_UNCONFIRMED, DO_CONFIRM);
        world->view.confirmed_epoch = WORLD_EPOCH + 2;
        WORLD_EXPECT(world, FINDING_TARGET_BEHIND, DO_REASSERT);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        WORLD_EXPECT(world, FINDING_TARGET_BEHIND, DO_REASSERT);
        assert_int_equal(world_decide(world).step, STEP_LOCK);
        world_lock(world, "cluster-a", WORLD_EPOCH + 2, "a");
        WORLD_EXPECT(world, FINDING_TARGET_BEHIND, DO_REASSERT);
        assert_int_equal(world_decide(world).step, STEP_ROUTE);
        world_dns(world, WORLD_RRSET_A, WORLD_EPOCH + 2, "a");
        WORLD_EXPECT(world, FINDING_STEADY, DO_WAIT);
}

/* Redis lost the lock of this epoch after Route: going back would undo the epoch. */
static void bug_a_lost_lock_after_route_was_aborted(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_pass(world, 0, LONG_AGO);
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b");
        WORLD_EXPECT(world, FINDING_LOCK_UNMET, DO_LOCK);
}

/* The plane that a failback leaves is healthy by intent: its health is no reason to go back to it. */
static void bug_an_automatic_failback_aborted_itself(void **state)
{
        struct world *world = *state;
        world->view.policy.failback = FAILBACK_AUTOMATIC;
        world->record.from = "a";
        world->record.to = "b";
        world->record.plan.to_rrset = WORLD_RRSET_B;
        world->record.plan.to_lock = "cluster-b";
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH, "b");
        world_lock(world, "cluster-b", WORLD_EPOCH, "b");
        WORLD_EXPECT(world, FINDING_FAILBACK_DUE, DO_DECIDE);
        struct decision decision = world_decide(world);
        assert_true(decision.next->automatic);
        assert_int_equal(decision.next->detected_at, 0);
        world->record = *decision.next;
        world->view.confirmed_epoch = decision.next->epoch;
        WORLD_EXPECT(world, FINDING_LOCK_UNMET, DO_LOCK);
}

/* Epoch 7 leads from the lost b (which holds the lock) to c while DNS still shows a: b's return is not a way back. */
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
        world->record = *decision.next;
        world->view.confirmed_epoch = decision.next->epoch;
        world_pass(world, 1, LONG_AGO);
        WORLD_EXPECT(world, FINDING_LOCK_UNMET, DO_LOCK);
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
        WORLD_EXPECT(world, FINDING_ROUTE_UNMET, DO_ROUTE); /* maxSwitches: it goes on instead */
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
        WORLD_EXPECT(world, FINDING_LOCK_UNMET, DO_LOCK);
        expect_answer(world, "refused: b is active already");
}

/* ---- targets that were edited in the spec during a switch ---- */

static void bug_a_spec_edit_in_mid_switch_mixed_the_targets(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world->view.policy.lock_server = world->view.policy.lock_key = world->view.policy.lock_template = "";
        WORLD_EXPECT(world, FINDING_LOCK_UNMET, DO_LOCK); /* its own targets first */
        world_pass(world, 0, LONG_AGO);
        WORLD_EXPECT(world, FINDING_LOCK_UNMET, DO_LOCK); /* no way back with half of the values */
        world_fail(world, 1, LONG_AGO);
        WORLD_EXPECT(world, FINDING_LOCK_UNMET, DO_LOCK);
        world->record.phase = PHASE_STEADY;
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b");
        WORLD_EXPECT(world, FINDING_ADOPTABLE, DO_ADOPT);
        assert_string_equal(world_decide(world).next->plan.lock_server, "");
}

/* The Redis of the plan is gone for good: the person who names another one and asks again is the way out. */
static void a_person_may_leave_targets_that_are_gone(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_lock_fails(world, ERR_TRANSIENT, "no route to host", false);
        world->view.policy.lock_server = "new-redis.example.com:6379";
        WORLD_EXPECT(world, FINDING_TARGET_UNAVAILABLE, DO_WAIT);
        world->view.policy.switch_to = "b/7";
        WORLD_EXPECT(world, FINDING_SWITCH_REQUESTED, DO_DECIDE);
        struct decision decision = world_decide(world);
        assert_string_equal(decision.next->plan.lock_server, "new-redis.example.com:6379");
        assert_string_equal(decision.next->to, "b");
}

static void other_targets_are_adopted_anew(void **state)
{
        struct world *world = *state;
        world->view.policy.dns_name = "new.example.com";
        world_dns(world, WORLD_RRSET_B, 0, "");
        world_lock(world, "cluster-b", 0, "");
        WORLD_EXPECT(world, FINDING_ADOPTABLE, DO_ADOPT);
        assert_string_equal(world_decide(world).next->to, "b");
        world_dns(world, "A 203.0.113.9", 0, "");
        WORLD_EXPECT(world, FINDING_UNKNOWN_TARGET, DO_HOLD);
        world_dns_fails(world, ERR_TRANSIENT, "timeout", false);
        WORLD_EXPECT(world, FINDING_TARGET_UNAVAILABLE, DO_WAIT);
}

/* ---- convergence ---- */

static void bug_an_ill_active_kept_an_epoch_from_its_targets(void **state)
{
        struct world *world = *state;
        world_lock(world, "cluster-b", WORLD_EPOCH - 1, "b");
        world_fail(world, 0, 10000); /* failing, not yet for failoverDelay */
        WORLD_EXPECT(world, FINDING_TARGET_BEHIND, DO_REASSERT);
        for (unsigned i = 0; i < WORLD_PLANES; i++)
                world_fail(world, i, LONG_AGO); /* down, and nobody could take over */
        WORLD_EXPECT(world, FINDING_TARGET_BEHIND, DO_REASSERT);
        struct decision decision = world_decide(world);
        assert_non_null(strstr(decision.why, "a fails (TLS :9900 timeout)"));
        struct report report = world_report(world, &decision);
        assert_string_equal(world_condition_text(world, &report, "Ready"), "False TargetBehind");
        world_lock_fails(world, ERR_TRANSIENT, "refused", true); /* nothing can be written: the outage is the news */
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN_HELD, DO_HOLD);
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
        WORLD_EXPECT(world, FINDING_DRIFT, DO_HOLD);
        world_dns(world, WORLD_RRSET_A, WORLD_EPOCH - 1, "a");
        world_lock(world, "by hand", WORLD_EPOCH, "a");
        WORLD_EXPECT(world, FINDING_DRIFT, DO_HOLD);
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
        world->record = *decision.next;
        world->view.confirmed_epoch = decision.next->epoch;
        WORLD_EXPECT(world, FINDING_TARGET_BEHIND, DO_REASSERT);
}

/* The text said "annotate switch-to=a/9", and that was refused: wrong epoch, and "a is active already". */
static void bug_the_way_out_of_an_unknown_target_was_refused(void **state)
{
        struct world *world = *state;
        world_dns(world, "A 203.0.113.9", WORLD_EPOCH + 3, "b");
        WORLD_EXPECT(world, FINDING_UNKNOWN_TARGET, DO_HOLD);
        struct decision decision = world_decide(world);
        assert_non_null(strstr(decision.why, "planekeeper.io/switch-to=a/9"));
        world->view.policy.switch_to = "a/9";
        WORLD_EXPECT(world, FINDING_SWITCH_REQUESTED, DO_DECIDE);
        decision = world_decide(world);
        assert_int_equal(decision.next->epoch, 9);
        assert_string_equal(decision.next->plan.old_rrsets[0], "A 203.0.113.9"); /* so that it may be replaced */
}

static void bug_an_unread_lock_was_adopted_as_absent(void **state)
{
        struct world *world = *state;
        world_lock_fails(world, ERR_TRANSIENT, "refused", false);
        world->view.policy.adopt = "a/6";
        WORLD_EXPECT(world, FINDING_TARGET_UNAVAILABLE, DO_WAIT);
        expect_answer(world, "waiting: the targets have not been read yet");
}

/* ---- who may act ---- */

static void suspended_or_advised_nothing_is_recorded(void **state)
{
        struct world *world = *state;
        world_fail(world, 0, LONG_AGO);
        for (unsigned i = 0; i < 4; i++) {
                world->view.policy.suspended = i == 0;
                world->view.kill_switch = i == 1;
                world->view.policy.mode = i == 2 ? MODE_ADVISE : MODE_AUTOMATIC;
                world->view.planes[2].holds_operator = i == 3;
                WORLD_EXPECT(world, FINDING_AWAITING_HUMAN, DO_HOLD);
                struct decision decision = world_decide(world);
                assert_null(decision.next);
                /* ... but what would be is said: whom, under which epoch, and why. */
                assert_string_equal(decision.candidate->name, "b");
                assert_int_equal(decision.epoch + 1, WORLD_EPOCH + 1);
                assert_true(decision.has_gates);
                assert_int_equal(decision.gates.held, GATE_COUNT);
                assert_non_null(strstr(decision.why, "epoch 6 would move to b"));
        }
}

/* The policy asked for Automatic, but the operator runs inside plane c: nothing is written, in a switch neither. */
static void bug_unsafe_automatic_went_on_in_mid_switch(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world->view.planes[2].holds_operator = true;
        WORLD_EXPECT(world, FINDING_STOPPED_MIDWAY, DO_HOLD);
        world_lock(world, "cluster-b", WORLD_EPOCH + 4, "b");
        WORLD_EXPECT(world, FINDING_STOPPED_MIDWAY, DO_HOLD);
}

static void suspended_in_mid_switch_it_stops_before_the_next_effect(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        world->view.policy.suspended = true;
        WORLD_EXPECT(world, FINDING_STOPPED_MIDWAY, DO_HOLD);
        world->view.policy.suspended = false;
        WORLD_EXPECT(world, FINDING_ROUTE_UNMET, DO_ROUTE); /* and resumes by itself */
}

/* Other targets are not compared with what is recorded of the old ones. */
static void suspended_on_other_targets_is_no_drift(void **state)
{
        struct world *world = *state;
        world->view.policy.suspended = true;
        world->view.policy.dns_name = "new.example.com";
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
        WORLD_EXPECT(world, FINDING_AWAITING_HUMAN, DO_HOLD);
}

/* ---- requests ---- */

static void a_request_is_answered_whatever_happens(void **state)
{
        struct world *world = *state;
        world->view.policy.switch_to = "b/6";
        expect_answer(world, "accepted: epoch 6");
        world->view.policy.suspended = true;
        expect_answer(world, "waiting: suspended");
        world->view.policy.suspended = false;
        world->view.policy.mode = MODE_ADVISE;
        expect_answer(world, "refused: in mode Advise I write nothing");
        world->view.policy.mode = MODE_AUTOMATIC;
        world_fail(world, 1, LONG_AGO);
        expect_answer(world, "waiting: b: unhealthy");
        world->view.policy.credentials_error = "Secret tsig: not found";
        expect_answer(world, "waiting: Secret tsig: not found");
        world->view.policy.switch_to = "a/6";
        world->view.policy.credentials_error = "";
        expect_answer(world, "refused: a is active already");
}

static void a_drift_is_adopted_or_put_back(void **state)
{
        struct world *world = *state;
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH, "a");
        WORLD_EXPECT(world, FINDING_DRIFT, DO_HOLD);
        world->view.policy.adopt = "b/6";
        expect_answer(world, "refused: gloo.example.com shows \"A 192.0.2.2\" and lock mgmt-active holds \"cluster-a\", which is not b");
        world_lock(world, "cluster-b", WORLD_EPOCH, "a");
        WORLD_EXPECT(world, FINDING_ADOPT_REQUESTED, DO_ADOPT);
        struct decision decision = world_decide(world);
        assert_string_equal(decision.next->to, "b");
        assert_int_equal(decision.next->phase, PHASE_STEADY);
        world->view.policy.adopt = "";
        world->view.policy.switch_to = "c/6";
        WORLD_EXPECT(world, FINDING_DRIFT, DO_HOLD); /* gate 10 */
        expect_answer(world, "waiting: gloo.example.com shows");
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
        assert_string_equal(plan->old_locks[1], "cluster-b");
}

static void what_stood_there_at_the_adoption_is_used_up(void **state)
{
        struct world *world = *state;
        world_without_record(world);
        world->view.policy.switch_to = "b/17";
        WORLD_EXPECT(world, FINDING_ADOPTABLE, DO_ADOPT);
        struct decision decision = world_decide(world);
        assert_int_equal(decision.next->epoch, 17);
        world->record = *decision.next;
        world->view.record = &world->record;
        world->view.confirmed_epoch = 17;
        world_dns(world, WORLD_RRSET_A, 0, "");
        expect_answer(world, "past: epoch 17 was decided already");
}

/* After a lost memory the targets carry epoch 7: a request for epoch 1 is past, and the next one is 8. */
static void bug_a_request_without_a_record_ignored_the_targets(void **state)
{
        struct world *world = *state;
        world_without_record(world);
        world_dns(world, "A 203.0.113.9", 7, "a");
        world->view.policy.switch_to = "b/1";
        WORLD_EXPECT(world, FINDING_UNKNOWN_TARGET, DO_HOLD);
        expect_answer(world, "past: epoch 1");
        world->view.policy.switch_to = "b/8";
        WORLD_EXPECT(world, FINDING_SWITCH_REQUESTED, DO_DECIDE);
        assert_int_equal(world_decide(world).next->epoch, 8);
}

/* Applied together, the policy is seen before its planes: that is no reason to call for a person. */
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

/* ---- health of the active plane ---- */

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
        WORLD_EXPECT(world, FINDING_TARGET_REFUSED, DO_HOLD);
        world_fail(world, 0, LONG_AGO);
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN_HELD, DO_HOLD);
        assert_non_null(strstr(world_decide(world).why, "DNS server 192.0.2.53:53: NOTAUTH (BADKEY)"));
}

/* The new address was never tried: DNS does not move there on the strength of the old one's health. */
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
        world->record.plan.to_rrset = WORLD_RRSET_C;
        world->record.plan.to_lock = "cluster-c";
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

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                CASE(a_dead_active_is_left),
                CASE(steps_are_taken_in_order),
                CASE(the_route_waits_for_the_lock_however_the_dns_looks),
                CASE(all_clusters_has_no_lock_step),
                CASE(a_lagging_server_delays_the_commit_a_dead_one_does_not),
                CASE(a_recovered_active_aborts_before_the_first_effect),
                CASE(after_the_first_effect_there_is_only_forward),
                CASE(a_lock_of_one_value_is_a_point_of_no_return_too),
                CASE(an_aborted_lock_write_that_arrives_late_is_replaced),
                CASE(bug_a_lost_lock_after_route_was_aborted),
                CASE(bug_an_automatic_failback_aborted_itself),
                CASE(bug_a_superseding_switch_was_aborted_to_where_nobody_is),
                CASE(a_lost_target_is_superseded_by_the_old_active_too),
                CASE(a_person_may_turn_a_switch),
                CASE(bug_a_spec_edit_in_mid_switch_mixed_the_targets),
                CASE(a_person_may_leave_targets_that_are_gone),
                CASE(other_targets_are_adopted_anew),
                CASE(bug_an_ill_active_kept_an_epoch_from_its_targets),
                CASE(a_decision_outranks_a_reassertion),
                CASE(bug_a_reassertion_did_not_say_which_target_comes_first),
                CASE(nothing_is_written_next_to_a_persons_edit),
                CASE(a_restored_backup_adopts_the_world),
                CASE(bug_the_way_out_of_an_unknown_target_was_refused),
                CASE(bug_an_unread_lock_was_adopted_as_absent),
                CASE(suspended_or_advised_nothing_is_recorded),
                CASE(bug_unsafe_automatic_went_on_in_mid_switch),
                CASE(suspended_in_mid_switch_it_stops_before_the_next_effect),
                CASE(suspended_on_other_targets_is_no_drift),
                CASE(in_advise_the_live_plane_is_the_active_one),
                CASE(a_request_is_answered_whatever_happens),
                CASE(a_drift_is_adopted_or_put_back),
                CASE(a_drift_in_mid_switch_may_be_adopted),
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
