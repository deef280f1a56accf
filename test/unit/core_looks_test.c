/* core_looks_test.c -- nothing is done on a look at another target that is too old: that is read first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/looks.h"
#include "core_world.h"

/* The lock has been moved, the name has not. */
static void locked(struct world *world)
{
        world_switching(world);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
}

static void test_the_lock_is_looked_at_before_each_try_of_the_name(void **state)
{
        struct world *world = *state;
        locked(world);
        LOCK(world->view).health.looked_at = WORLD_NOW - LOOK_STEP_MS;
        NAME(world->view).health.looked_at = 0; /* what is written at a target is fenced there */
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
        LOCK(world->view).health.looked_at -= 1;
        WORLD_EXPECT(world, FINDING_LOOK_OLD, DO_READ);
        struct decision decision = world_decide(world);
        assert_int_equal(decision.looks, 1);
        struct report report = world_report(world, &decision);
        assert_string_equal(world_condition_text(world, &report, "Ready"), "False FailoverInProgress");
        assert_int_equal(decision.step, STEP_ROUTE);
        assert_string_equal(decision.why, "the name is to be moved");
        world_without_lock(world);
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
}

static void test_a_broken_connection_makes_it_doubtful_at_once(void **state)
{
        struct world *world = *state;
        locked(world);
        world_lock_fails(world, ERR_TRANSIENT, "connection refused", true);
        WORLD_EXPECT(world, FINDING_LOOK_OLD, DO_READ);
        struct decision decision = world_decide(world);
        struct report report = world_report(world, &decision);
        assert_string_equal(world_condition_text(world, &report, "Ready"), "False RedisUnavailable");
        assert_non_null(strstr(report.message, "blocked at Route since"));
        assert_non_null(strstr(report.message, "connection refused"));
        LOCK(world->view).health.error_class = ERR_DENIED;
        decision = world_decide(world);
        report = world_report(world, &decision);
        assert_string_equal(world_condition_text(world, &report, "Ready"), "False RedisRefused");
}

static void test_a_lock_that_was_forgotten_is_written_before_the_name(void **state)
{
        struct world *world = *state;
        locked(world);
        LOCK(world->view).health.looked_at = WORLD_NOW - 60000;
        WORLD_EXPECT(world, FINDING_LOOK_OLD, DO_READ);
        world_lock(world, "cluster-a", WORLD_EPOCH, "a"); /* what the look shows */
        LOCK(world->view).health.looked_at = WORLD_NOW;
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
}

/* In Steady, too; the lock itself rests on nothing. */
static void test_what_is_brought_up_to_the_record_is_no_exception(void **state)
{
        struct world *world = *state;
        world->view.record_refusal = "of long ago";
        struct decision steady = world_decide(world);
        struct report calm = world_report(world, &steady);
        assert_string_equal(world_condition_text(world, &calm, "Ready"), "True Steady");
        world->view.record_refusal = NULL;
        world_dns(world, WORLD_RRSET_A, WORLD_EPOCH - 1, "a");
        WORLD_EXPECT(world, FINDING_TARGET_BEHIND, DO_WRITE);
        LOCK(world->view).health.looked_at = WORLD_NOW - LOOK_STEP_MS - 1;
        WORLD_EXPECT(world, FINDING_LOOK_OLD, DO_READ);
        struct decision decision = world_decide(world);
        struct report report = world_report(world, &decision);
        assert_string_equal(world_condition_text(world, &report, "Ready"), "True Steady");
        world_lock(world, "cluster-a", WORLD_EPOCH - 1, "a");
        WORLD_EXPECT(world, FINDING_TARGET_BEHIND, DO_WRITE);
}

static void test_a_commit_rests_on_both(void **state)
{
        struct world *world = *state;
        locked(world);
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b");
        NAME(world->view).health.looked_at = LOCK(world->view).health.looked_at = WORLD_NOW - LOOK_VISIT_MS;
        WORLD_EXPECT(world, FINDING_ALL_MET, DO_COMMIT);
        NAME(world->view).health.looked_at -= 1;
        assert_int_equal(world_decide(world).looks, 2);
        LOCK(world->view).health.looked_at -= 1;
        assert_int_equal(world_decide(world).looks, 3);
        struct decision decision = world_decide(world);
        assert_null(decision.next);
        world_dns_fails(world, ERR_TRANSIENT, "no answer in time", true);
        world_later(world, 1);
        decision = world_decide(world);
        assert_string_equal(decision.why, "every target shows the new plane; what it rests on is read again first: DNS "
                                          "server 192.0.2.53:53: no answer in time");
        struct report report = world_report(world, &decision);
        assert_string_equal(world_condition_text(world, &report, "Ready"), "False DNSUnavailable");
        NAME(world->view).health.reach = REACH_OK;
        decision = world_decide(world);
        report = world_report(world, &decision);
        assert_string_equal(world_condition_text(world, &report, "Ready"), "False FailoverInProgress");
}

static void test_an_adoption_rests_on_both(void **state)
{
        struct world *world = *state;
        world_without_record(world);
        LOCK(world->view).health.looked_at = 0;
        WORLD_EXPECT(world, FINDING_LOOK_OLD, DO_READ);
        struct decision decision = world_decide(world);
        struct report report = world_report(world, &decision);
        assert_string_equal(world_condition_text(world, &report, "Ready"), "Unknown Observing");
        world->view.record_refusal = "HTTP 403"; /* which it stays while it is tried again */
        report = world_report(world, &decision);
        assert_string_equal(world_condition_text(world, &report, "Stalled"), "True RecordRefused");
        world->view.record_refusal = NULL;
        LOCK(world->view).health.looked_at = WORLD_NOW;
        WORLD_EXPECT(world, FINDING_ADOPTABLE, DO_ADOPT);
}

static void test_the_way_back_rests_on_both(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_pass(world, 0, 60000);
        WORLD_EXPECT(world, FINDING_ACTIVE_RECOVERED, DO_ABORT);
        NAME(world->view).health.looked_at = 0;
        WORLD_EXPECT(world, FINDING_LOOK_OLD, DO_READ);
}

/* What lives in the plane that is left and is lost with it need not answer; the gates say so. */
static void test_a_failover_rests_on_what_still_answers(void **state)
{
        struct world *world = *state;
        world_fail(world, 0, 60000);
        LOCK(world->view).health.looked_at = WORLD_NOW - LOOK_VISIT_MS - 1;
        WORLD_EXPECT(world, FINDING_LOOK_OLD, DO_READ);
        LOCK(world->view.policy).plane = "a";
        world_lock_fails(world, ERR_TRANSIENT, "no answer", true);
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN, DO_DECIDE);
        LOCK(world->view.policy).plane = "";
        NAME(world->view.policy).plane = "a";
        LOCK(world->view).health = (struct target_health){
            .reach = REACH_OK, .error = "", .read_at = WORLD_NOW, .looked_at = WORLD_NOW};
        world_dns_fails(world, ERR_TRANSIENT, "no answer", true);
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN, DO_DECIDE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
        const struct CMUnitTest tests[] = {
            TEST(test_the_lock_is_looked_at_before_each_try_of_the_name),
            TEST(test_a_broken_connection_makes_it_doubtful_at_once),
            TEST(test_a_lock_that_was_forgotten_is_written_before_the_name),
            TEST(test_what_is_brought_up_to_the_record_is_no_exception),
            TEST(test_a_commit_rests_on_both),
            TEST(test_an_adoption_rests_on_both),
            TEST(test_the_way_back_rests_on_both),
            TEST(test_a_failover_rests_on_what_still_answers),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
