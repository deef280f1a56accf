/* core_doubt_test.c -- our own lateness and clocks that step: said while it lasts, bounded, and no window is shifted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core_world.h"

enum { HOUR_MS = 3600000, DAY_MS = 24 * HOUR_MS };
#define YEAR_MS ((unix_ms)365 * DAY_MS)

static void a_late_loop_is_in_the_status_while_it_lasts(void **state)
{
        struct world *world = *state;
        world->view.late_until = world->view.now + 1000;
        world->view.late_by = 7200;
        struct decision decision = world_decide(world);
        struct report report = world_report(world, &decision);
        assert_string_equal(world_condition_text(world, &report, "ActiveHealthy"), "Unknown LoopLate");
        const char *message = world_condition(&report, "ActiveHealthy")->message;
        assert_non_null(strstr(message, "the operator's own loop was 7.2s late"));
        assert_non_null(strstr(message, "before 2026-11-23T02:59:12Z"));
        assert_int_equal(decision.wake_at, world->view.now + 1000); /* and leaves it by itself */
        world_later(world, 1000);
        decision = world_decide(world);
        report = world_report(world, &decision);
        assert_string_equal(world_condition_text(world, &report, "ActiveHealthy"), "True ProbesPassed");
        assert_int_equal(decision.wake_at, 0);
}

/* The second after the last late turn is the whole hold; what is counted then decides as ever. */
static void it_holds_back_and_then_no_longer(void **state)
{
        struct world *world = *state;
        world_fail(world, 0, 40000);
        world->view.late_until = world->view.now + 1;
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN_BLOCKED, DO_REPORT);
        world->view.late_until = world->view.now;
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN, DO_DECIDE);
}

static void switched(struct world *world, unix_ms ago)
{
        world_fail(world, 0, 40000);
        world->record.recent_count = 2;
        world->record.recent[0] = WORLD_WALL - ago;
        world->record.recent[1] = WORLD_WALL - ago - 1000;
}

static void expect_gate(struct world *world, enum gate gate, mono_ms wake_in)
{
        struct decision decision = world_decide(world);
        assert_int_equal(decision.finding, FINDING_ACTIVE_DOWN_BLOCKED);
        assert_int_equal(decision.gates.verdicts[decision.gates.blocked].gate, gate);
        assert_int_equal(decision.gates.verdicts[decision.gates.blocked].wake_at, world->view.now + wake_in);
}

/* The API server's clock went back a year: what lies in the future then counts for one window from when it was seen. */
static void a_window_survives_a_clock_that_jumped_back(void **state)
{
        struct world *world = *state;
        switched(world, HOUR_MS);
        expect_gate(world, GATE_LIMIT, DAY_MS - HOUR_MS - 1000);
        switched(world, -YEAR_MS);
        expect_gate(world, GATE_LIMIT, YEAR_MS - 1000 + DAY_MS); /* not said when: taken at its word */
        world->view.record_seen_at = world->view.now - 2 * HOUR_MS;
        expect_gate(world, GATE_LIMIT, DAY_MS - 2 * HOUR_MS);
        world->view.record_seen_at = world->view.now - DAY_MS;
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN, DO_DECIDE);
}

static void a_cooldown_survives_a_clock_that_jumped_back(void **state)
{
        struct world *world = *state;
        world_fail(world, 0, 40000);
        world->record.cooldown_until = WORLD_WALL + YEAR_MS;
        world->view.record_seen_at = world->view.now - 1000;
        expect_gate(world, GATE_COOLDOWN, world->view.policy.cooldown_ms - 1000);
        world->view.record_seen_at = world->view.now - world->view.policy.cooldown_ms;
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN, DO_DECIDE);
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            WORLD_TEST(a_late_loop_is_in_the_status_while_it_lasts),
            WORLD_TEST(it_holds_back_and_then_no_longer),
            WORLD_TEST(a_window_survives_a_clock_that_jumped_back),
            WORLD_TEST(a_cooldown_survives_a_clock_that_jumped_back),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
