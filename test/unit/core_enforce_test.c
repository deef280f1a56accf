/* core_enforce_test.c -- a person's edit under drift: Enforce: put back under a new epoch, within bounds, never in a
 * fight. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/enforce.h"
#include "core_world.h"

#define BY_HAND "A 203.0.113.9"

static void edit(struct world *world)
{
        world->view.policy.drift = DRIFT_ENFORCE;
        world_dns(world, BY_HAND, WORLD_EPOCH, "a");
}

static void put_back(struct world *world, unsigned count, mono_ms newest_ago, mono_ms apart)
{
        world->record.enforced_count = count;
        for (unsigned i = 0; i < count; i++)
                world->record.enforced[i] = WORLD_WALL - newest_ago - (mono_ms)i * apart;
}

static void expect_reported(struct world *world, const char *why)
{
        struct decision decision = world_decide(world);
        struct report report = world_report(world, &decision);
        assert_string_equal(finding_name(decision.finding), "FINDING_DRIFT");
        assert_null(decision.next);
        if (!strstr(decision.why, why))
                fail_msg("\"%s\" does not say \"%s\"", decision.why, why);
        assert_string_equal(world_condition_text(world, &report, "Drift"), "True Drift");
        assert_string_equal(world_condition(&report, "Drift")->message, decision.why);
}

static void an_edit_is_put_back_under_a_new_epoch(void **state)
{
        struct world *world = *state;
        edit(world);
        struct decision decision = world_decide(world);
        assert_int_equal(decision.finding, FINDING_DRIFT_ENFORCED);
        assert_int_equal(decision.rule->then, DO_DECIDE);
        assert_string_equal(decision.rule->reason, "DriftEnforced");
        const struct record *next = decision.next;
        assert_int_equal(next->epoch, WORLD_EPOCH + 1);
        assert_int_equal(next->phase, PHASE_SWITCHING);
        assert_string_equal(next->to, "a");
        assert_string_equal(NAME(next->plan).to, WORLD_RRSET_A);
        assert_string_equal(NAME(next->plan).old[0], BY_HAND); /* what it may replace */
        assert_false(next->automatic);
        assert_int_equal(next->enforced_count, 1);
        assert_int_equal(next->enforced[0], WORLD_WALL);
}

static void a_lock_is_put_back_too(void **state)
{
        struct world *world = *state;
        world->view.policy.drift = DRIFT_ENFORCE;
        world_lock(world, "by hand", WORLD_EPOCH, "a");
        struct decision decision = world_decide(world);
        assert_int_equal(decision.finding, FINDING_DRIFT_ENFORCED);
        assert_string_equal(LOCK(decision.next->plan).to, "cluster-a");
        assert_string_equal(LOCK(decision.next->plan).old[0], "by hand");
}

static void by_default_it_is_reported(void **state)
{
        struct world *world = *state;
        edit(world);
        world->view.policy.drift = DRIFT_REPORT;
        expect_reported(world, "recorded is \"A 192.0.2.1\": put it back"); /* nobody's address cannot be kept */
        assert_null(strstr(world_decide(world).why, "adopt="));
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH, "a");
        assert_null(strstr(world_decide(world).why, "adopt=")); /* nor one whose lock is elsewhere */
        world_lock(world, "cluster-b", WORLD_EPOCH, "a");
        expect_reported(world, "put it back, or keep what is there: kubectl annotate fop gloo -n default --overwrite "
                               "planekeeper.io/adopt=b/6");
}

static void nothing_is_put_back_where_the_mode_does_not_let_us(void **state)
{
        struct world *world = *state;
        edit(world);
        world->view.policy.suspended = true;
        expect_reported(world, "nothing may be written");
        world->view.policy.suspended = false;
        world->view.kill_switch = true;
        expect_reported(world, "nothing may be written");
        world->view.kill_switch = false;
        world->view.policy.mode = MODE_ADVISE;
        assert_null(world_decide(world).next);
}

static void another_owner_and_a_later_epoch_are_left(void **state)
{
        struct world *world = *state;
        edit(world);
        NAME(world->view).shows.stamp.store = WORLD_OTHER;
        WORLD_EXPECT(world, FINDING_FOREIGN_OWNER, DO_REPORT);
        world_dns(world, BY_HAND, WORLD_EPOCH + 3, "b");
        WORLD_EXPECT(world, FINDING_UNKNOWN_TARGET, DO_REPORT);
}

/* Agents are not led back to a plane that fails: whoever moved the name may have had a reason. */
static void an_edit_away_from_a_failing_plane_stays(void **state)
{
        struct world *world = *state;
        edit(world);
        world_fail(world, 0, 40000);
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN_BLOCKED, DO_REPORT);
        world_pass(world, 0, 5000);
        world_count(world, 0, 1, 0);
        expect_reported(world, "a: recovering");
        world_pass(world, 0, 3600000);
        world->view.arbiter_answered_at = 0;
        expect_reported(world, "the decision store does not answer");
}

static void at_most_once_a_minute(void **state)
{
        struct world *world = *state;
        edit(world);
        put_back(world, 1, 20000, 0);
        expect_reported(world, "put back at most once a minute, so at 2026-11-23T02:59:51Z");
        assert_int_equal(world_decide(world).wake_at, world->view.now + 40000);
        put_back(world, 1, 60000, 0);
        WORLD_EXPECT(world, FINDING_DRIFT_ENFORCED, DO_DECIDE);
}

static void three_in_ten_minutes_are_a_fight(void **state)
{
        struct world *world = *state;
        edit(world);
        put_back(world, 3, 61000, 300001); /* not within ten minutes */
        WORLD_EXPECT(world, FINDING_DRIFT_ENFORCED, DO_DECIDE);
        put_back(world, 2, 61000, 60000);
        WORLD_EXPECT(world, FINDING_DRIFT_ENFORCED, DO_DECIDE);
        put_back(world, 3, 61000, 300000);
        expect_reported(world, "somebody, who is not known here, fights back");
        expect_reported(world, "planekeeper.io/ack=5");
        put_back(world, 3, 23 * 3600000, 300000);
        expect_reported(world, "fights back");
        put_back(world, 3, ENFORCE_LIMIT_MS, 300000);
        WORLD_EXPECT(world, FINDING_DRIFT_ENFORCED, DO_DECIDE);
}

static void a_person_ends_the_limit(void **state)
{
        struct world *world = *state;
        edit(world);
        put_back(world, 3, 61000, 60000);
        world->view.policy.ack = "5";
        struct decision decision = world_decide(world);
        assert_int_equal(decision.finding, FINDING_DRIFT_ENFORCED);
        assert_int_equal(decision.next->enforced_count, 3); /* one more, and then it is a fight again */
        assert_int_equal(decision.next->enforced[0], WORLD_WALL);
        world->view.policy.ack = "";
        world_dns(world, WORLD_RRSET_A, WORLD_EPOCH, "a");
        world->view.policy.switch_to = "b/6";
        decision = world_decide(world);
        assert_int_equal(decision.finding, FINDING_SWITCH_REQUESTED);
        assert_int_equal(decision.next->enforced_count, 0);
        world->view.policy.switch_to = "";
        world_fail(world, 0, 40000); /* nobody decided this: the fight is remembered */
        assert_int_equal(world_decide(world).next->enforced_count, 3);
}

/* The API server's clock went back a day: the pause is one minute from when the record was first seen, not a day. */
static void a_clock_that_jumped_back_does_not_hold_for_ever(void **state)
{
        struct world *world = *state;
        edit(world);
        put_back(world, 1, -86400000, 0);
        world->view.record_seen_at = world->view.now - 50000;
        assert_int_equal(world_decide(world).wake_at, world->view.now + 10000);
        world->view.record_seen_at = world->view.now - 60000;
        WORLD_EXPECT(world, FINDING_DRIFT_ENFORCED, DO_DECIDE);
}

/* In the middle of a switch it is still that switch: where it came from, why, and what it counts for stay. */
static void in_a_switch_the_switch_goes_on(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world->view.policy.drift = DRIFT_ENFORCE;
        world_dns(world, BY_HAND, WORLD_EPOCH + 1, "b");
        struct decision decision = world_decide(world);
        assert_int_equal(decision.finding, FINDING_DRIFT_ENFORCED);
        const struct record *next = decision.next;
        assert_int_equal(next->epoch, WORLD_EPOCH + 2);
        assert_string_equal(next->from, "a");
        assert_string_equal(next->to, "b");
        assert_true(next->automatic);
        assert_int_equal(next->detected_at, world->record.detected_at);
        assert_int_equal(next->recent_count, 1); /* it is no second switch */
        world->record.to = "z";                  /* whose address nobody knows any more */
        expect_reported(world, "nothing may be written");
        world->record.to = "b";
        NAME(world->view.policy).ref.name = "new.example.com";
        expect_reported(world, "nothing may be written");
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            WORLD_TEST(an_edit_is_put_back_under_a_new_epoch),
            WORLD_TEST(a_lock_is_put_back_too),
            WORLD_TEST(by_default_it_is_reported),
            WORLD_TEST(nothing_is_put_back_where_the_mode_does_not_let_us),
            WORLD_TEST(another_owner_and_a_later_epoch_are_left),
            WORLD_TEST(an_edit_away_from_a_failing_plane_stays),
            WORLD_TEST(at_most_once_a_minute),
            WORLD_TEST(three_in_ten_minutes_are_a_fight),
            WORLD_TEST(a_person_ends_the_limit),
            WORLD_TEST(a_clock_that_jumped_back_does_not_hold_for_ever),
            WORLD_TEST(in_a_switch_the_switch_goes_on),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
