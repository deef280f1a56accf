/* core_maintenance_test.c -- a plane that a person works on is not judged, in time and within bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/election.h"
#include "core/maintenance.h"
#include "core_world.h"

enum { HOUR_MS = 3600000 };

static void maintain(struct world *world, unsigned plane, const char *until)
{
        const struct maintenance maintenance = maintenance_read(until, world->view.wall);
        maintenance_set(&world->view.planes[plane], &maintenance, world->view.wall, world->view.now);
}

static void texts_are_read_within_bounds(void **state)
{
        struct world *world = *state;
        const struct {
                const char *text;
                enum maintenance_state state;
                const char *reason, *message;
        } cases[] = {
            {"", MAINTENANCE_NONE, "NoMaintenance", "none"},
            {"2026-11-23T02:59:12Z", MAINTENANCE_HOLDS, "MaintenanceUntil", "not judged until 2026-11-23T02:59:12Z"},
            {"2026-11-23T04:59:12+02:00", MAINTENANCE_HOLDS, "MaintenanceUntil", "until 2026-11-23T02:59:12Z"},
            {"2026-11-23T02:59:11Z", MAINTENANCE_ENDED, "MaintenanceEnded", "ended 2026-11-23T02:59:11Z"},
            {"1999-01-01T00:00:00Z", MAINTENANCE_ENDED, "MaintenanceEnded", "ended"},
            {"2026-11-30T02:59:11Z", MAINTENANCE_HOLDS, "MaintenanceUntil", "not judged"},
            {"2026-11-30T02:59:12Z", MAINTENANCE_TOO_LONG, "MaintenanceTooLong",
             "more than 7 days ahead, so it is ignored before 2026-11-23T02:59:12Z"},
            {"9999-12-31T23:59:59Z", MAINTENANCE_TOO_LONG, "MaintenanceTooLong", "write an earlier time"},
            {"tomorrow", MAINTENANCE_INVALID, "MaintenanceInvalid", "\"tomorrow\" is no time and ignored"},
            {"1950-01-01T00:00:00Z", MAINTENANCE_INVALID, "MaintenanceInvalid", "is no time"},
            {"2026-11-23", MAINTENANCE_INVALID, "MaintenanceInvalid", "write one such as 2026-11-23T02:59:11Z"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                const struct maintenance maintenance = maintenance_read(cases[i].text, WORLD_WALL);
                const char *message = maintenance_message(&maintenance, cases[i].text, &world->arena);
                assert_int_equal(maintenance.state, cases[i].state);
                assert_string_equal(maintenance_reason(&maintenance), cases[i].reason);
                if (!strstr(message, cases[i].message))
                        fail_msg("\"%s\" does not say \"%s\"", message, cases[i].message);
        }
}

static void what_is_ignored_changes_nothing(void **state)
{
        struct world *world = *state;
        world_fail(world, 0, 40000);
        static const char *const texts[] = {"", "tomorrow", "2027-01-01T00:00:00Z", "2026-11-01T00:00:00Z"};
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                maintain(world, 0, texts[i]);
                maintain(world, 1, texts[i]);
                WORLD_EXPECT(world, FINDING_ACTIVE_DOWN, DO_DECIDE);
        }
}

static void the_active_plane_is_not_left_by_itself(void **state)
{
        struct world *world = *state;
        world_fail(world, 0, 40000);
        maintain(world, 0, "2026-11-23T03:59:11Z");
        struct decision decision = world_decide(world);
        struct report report = world_report(world, &decision);
        assert_int_equal(decision.finding, FINDING_MAINTENANCE);
        assert_int_equal(decision.rule->then, DO_REPORT);
        assert_string_equal(decision.rule->reason, "MaintenanceUntil");
        assert_non_null(strstr(decision.why, "a is in maintenance until 2026-11-23T03:59:11Z and not judged"));
        assert_int_equal(decision.wake_at, world->view.now + HOUR_MS); /* it ends by itself */
        assert_int_equal(decision.gates.verdicts[decision.gates.blocked].gate, GATE_MAINTENANCE);
        assert_string_equal(world_condition_text(world, &report, "Ready"), "Unknown MaintenanceUntil");
        assert_string_equal(world_condition_text(world, &report, "ActiveHealthy"), "Unknown MaintenanceUntil");
        assert_string_equal(world_condition_text(world, &report, "Degraded"), "True MaintenanceUntil");
        assert_string_equal(world_condition_text(world, &report, "Reconciling"), "True MaintenanceUntil");
        assert_string_equal(report.state, "Maintenance");
}

static void an_active_plane_that_looks_well_stays_steady(void **state)
{
        struct world *world = *state;
        maintain(world, 0, "2026-11-23T03:59:11Z");
        struct decision decision = world_decide(world);
        struct report report = world_report(world, &decision);
        assert_int_equal(decision.finding, FINDING_STEADY);
        assert_int_equal(decision.wake_at, world->view.now + HOUR_MS);
        assert_string_equal(world_condition_text(world, &report, "Ready"), "True Steady");
        assert_string_equal(world_condition_text(world, &report, "Degraded"), "True MaintenanceUntil");
        world_stale(world, 0); /* its probes say nothing either while it is worked on */
        WORLD_EXPECT(world, FINDING_MAINTENANCE, DO_REPORT);
}

static void a_person_may_leave_it(void **state)
{
        struct world *world = *state;
        world_fail(world, 0, 40000);
        maintain(world, 0, "2026-11-23T03:59:11Z");
        world->view.policy.switch_to = "b/6";
        struct decision decision = world_decide(world);
        assert_int_equal(decision.finding, FINDING_SWITCH_REQUESTED);
        assert_string_equal(decision.next->to, "b");
}

static void it_is_not_chosen(void **state)
{
        struct world *world = *state;
        world_fail(world, 0, 40000);
        maintain(world, 1, "2026-11-23T03:59:11Z");
        struct decision decision = world_decide(world);
        assert_string_equal(decision.next->to, "c");
        assert_string_equal(election_unfit(&world->view, &world->view.planes[1], NULL, &world->arena),
                            "in maintenance until 2026-11-23T03:59:11Z");
        maintain(world, 2, "2026-11-23T03:59:11Z");
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN_BLOCKED, DO_REPORT);
        world_pass(world, 0, HOUR_MS);
        world->view.policy.switch_to = "b/6";
        decision = world_decide(world);
        assert_int_equal(decision.finding, FINDING_STEADY);
        assert_non_null(strstr(decision.answer, "waiting: gate NoFitStandby blocks: b: in maintenance until 2026-11-23T03:59:11Z"));
}

/* Failures of a plane that is worked on are no symptom that the others share. */
static void a_failing_standby_in_maintenance_shares_no_symptom(void **state)
{
        struct world *world = *state;
        world->view.plane_count = 2;
        world_fail(world, 0, 40000);
        world_fail(world, 1, 40000);
        maintain(world, 1, "2026-11-23T03:59:11Z");
        struct decision decision = world_decide(world);
        assert_int_equal(decision.gates.verdicts[decision.gates.blocked].gate, GATE_CANDIDATE);
}

/* It failed for an hour under maintenance: after its end it has failoverDelay like any other. */
static void failures_count_from_the_end(void **state)
{
        struct world *world = *state;
        world_fail(world, 0, HOUR_MS);
        maintain(world, 0, "2026-11-23T02:59:11Z"); /* this very moment */
        struct decision decision = world_decide(world);
        assert_int_equal(decision.finding, FINDING_ACTIVE_FAILING);
        assert_int_equal(decision.wake_at, world->view.now + WORLD_DELAY_MS);
        world_later(world, WORLD_DELAY_MS);
        world_fail(world, 0, HOUR_MS);
        maintain(world, 0, "2026-11-23T02:59:11Z");
        NAME(world->view).health.read_at = LOCK(world->view).health.read_at = world->view.now;
        NAME(world->view).health.looked_at = LOCK(world->view).health.looked_at = world->view.now;
        world->view.arbiter_answered_at = world->view.now;
        world_pass(world, 1, HOUR_MS);
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN, DO_DECIDE);
}

static void a_switch_does_not_turn_away_from_it(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_fail(world, 1, 40000);
        WORLD_EXPECT(world, FINDING_TARGET_LOST, DO_DECIDE);
        maintain(world, 1, "2026-11-23T03:59:11Z");
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            WORLD_TEST(texts_are_read_within_bounds),
            WORLD_TEST(what_is_ignored_changes_nothing),
            WORLD_TEST(the_active_plane_is_not_left_by_itself),
            WORLD_TEST(an_active_plane_that_looks_well_stays_steady),
            WORLD_TEST(a_person_may_leave_it),
            WORLD_TEST(it_is_not_chosen),
            WORLD_TEST(a_failing_standby_in_maintenance_shares_no_symptom),
            WORLD_TEST(failures_count_from_the_end),
            WORLD_TEST(a_switch_does_not_turn_away_from_it),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
