/*
 * core_gates_outage_test.c -- the gates that ask whether the active plane is down, and not we: when each holds, when it
 * does not, and when time opens it.
 */
#include "core_gate_rows.h"

static void nothing(struct world *world)
{
        (void)world;
}
static void not_observed(struct world *world)
{
        world_stale(world, 0);
}
static void two_fails(struct world *world)
{
        world_count(world, 0, 0, 2);
}
static void three_fails(struct world *world)
{
        world_count(world, 0, 0, 3);
}
static void delay_not_over(struct world *world)
{
        world_fail(world, 0, WORLD_DELAY_MS - 1);
}
static void delay_over(struct world *world)
{
        world_fail(world, 0, WORLD_DELAY_MS);
}
static void deployment_up_short(struct world *world)
{
        world_fail(world, 0, CONTRADICTION_DELAY_MS - 500);
        world_deployment(world, 0, 1, 3);
}
static void deployment_up_long(struct world *world)
{
        world_fail(world, 0, CONTRADICTION_DELAY_MS);
        world_deployment(world, 0, 1, 3);
}
static void deployment_down(struct world *world)
{
        world_deployment(world, 0, 0, 3);
}
static void deployment_unknown(struct world *world)
{
        world_deployment(world, 0, 3, 3);
        world->view.planes[0].checks[1].last_unknown = true;
        world->view.planes[0].checks[1].unknowns = 3;
        world->view.planes[0].checks[1].counted_at -= 60000;
}
static void maintained(struct world *world)
{
        world->view.planes[0].maintenance_until = world->view.wall + 900;
}
static void maintenance_is_over(struct world *world)
{
        world->view.planes[0].maintenance_until = world->view.wall;
}
static void late(struct world *world)
{
        world->view.late_until = world->view.now + 700;
}
static void late_is_over(struct world *world)
{
        world->view.late_until = world->view.now;
}
/* The others and both mechanisms answered last before the outage began. */
static void alone(struct world *world)
{
        mono_ms before = world->view.now - LONG_AGO - 1;
        world_stale(world, 1);
        world_stale(world, 2);
        NAME(world->view).health.read_at = LOCK(world->view).health.read_at = before;
}
static void back_since(struct world *world, mono_ms ago)
{
        for (unsigned i = 1; i < WORLD_PLANES; i++)
                world->view.planes[i].was_since = world->view.now - ago;
}
static void all_back_lately(struct world *world)
{
        back_since(world, 1000);
}
static void all_back_now(struct world *world)
{
        for (unsigned i = 1; i < WORLD_PLANES; i++)
                world->view.planes[i].was = VERDICT_DOWN;
}
static void all_back_for_the_delay(struct world *world)
{
        back_since(world, WORLD_DELAY_MS);
}
static void one_was_never_gone(struct world *world)
{
        back_since(world, 1000);
        world->view.planes[2].was_since = world->view.now - LONG_AGO - 1;
}
static void seen_for_the_first_time(struct world *world, mono_ms run)
{
        for (unsigned i = 1; i < WORLD_PLANES; i++) {
                world_pass(world, i, run);
                world->view.planes[i].was = VERDICT_UNKNOWN;
        }
}
static void all_are_new_and_back_lately(struct world *world)
{
        seen_for_the_first_time(world, 1000);
}
static void all_are_new_and_were_never_gone(struct world *world)
{
        seen_for_the_first_time(world, LONG_AGO + 1);
}
static void the_first_is_back_for_the_delay(struct world *world)
{
        back_since(world, 1000);
        world->view.planes[1].was_since = world->view.now - WORLD_DELAY_MS;
}
static void alone_but_redis(struct world *world)
{
        alone(world);
        LOCK(world->view).health.read_at = world->view.now;
}
static void alone_but_dns(struct world *world)
{
        alone(world);
        NAME(world->view).health.read_at = world->view.now;
}
/* At the very moment when the outage began. */
static void alone_but_redis_at_the_start(struct world *world)
{
        alone(world);
        LOCK(world->view).health.read_at = world->view.now - LONG_AGO;
}
static void alone_but_dns_at_the_start(struct world *world)
{
        alone(world);
        NAME(world->view).health.read_at = world->view.now - LONG_AGO;
}
static void alone_but_plane_at_the_start(struct world *world)
{
        alone(world);
        world_fail(world, 0, 10000);
        world_pass(world, 2, 10000);
        world->view.planes[2].checks[0].counted_at = world->view.now - 10000;
}
static void alone_but_dns_failing_now(struct world *world)
{
        alone(world);
        NAME(world->view).health.read_at = world->view.now;
        NAME(world->view).health.reach = REACH_FAILED;
}
static void alone_but_own_cluster(struct world *world)
{
        alone(world);
        world_pass(world, 1, 10000);
        world->view.planes[1].holds_operator = true;
}
/* Both answer, from the plane that I run in myself. */
static void alone_but_own_mechanisms(struct world *world)
{
        alone(world);
        NAME(world->view).health.read_at = LOCK(world->view).health.read_at = world->view.now;
        world->view.planes[1].holds_operator = true;
        NAME(world->view.policy).plane = LOCK(world->view.policy).plane = world->view.planes[1].name;
}
static void alone_but_dns_of_another_plane(struct world *world)
{
        alone_but_own_mechanisms(world);
        NAME(world->view.policy).plane = world->view.planes[2].name;
}
static void alone_but_plane(struct world *world)
{
        alone(world);
        world_pass(world, 2, 10000);
}
static void contradicted(struct world *world)
{
        world->view.alive = (struct alive_view){.is_used = true,
                                                .seen_at = world->view.now - WORLD_DELAY_MS + 300,
                                                .read_at = world->view.now,
                                                .every_ms = 10000,
                                                .plane = "a"};
}
static void contradicted_no_more(struct world *world)
{
        contradicted(world);
        world->view.alive.seen_at -= 300;
}
static void contradicted_until_it_is_read_again(struct world *world)
{
        contradicted_no_more(world);
        world->view.alive.read_at -= 1;
}
static void not_listened_yet(struct world *world)
{
        world->view.alive = (struct alive_view){.is_used = true, .plane = ""};
}
/* Silent at last, but since then nobody listened. */
static void contradicted_as_long_as_was_listened(struct world *world)
{
        contradicted_no_more(world);
        world->view.alive.seen_at -= MECHANISM_FRESH_MS;
        world->view.alive.read_at -= MECHANISM_FRESH_MS - 1000;
}
static void all_fail(struct world *world)
{
        world_fail(world, 1, LONG_AGO);
        world_fail(world, 2, LONG_AGO);
}
static void one_of_two_fails(struct world *world)
{
        world_fail(world, 1, LONG_AGO);
}
static void ineligible_does_not_count(struct world *world)
{
        world_fail(world, 1, LONG_AGO);
        world->view.planes[2].eligible = false;
}
static void rollout_short(struct world *world)
{
        world_deployment(world, 0, 0, 3);
        world->view.planes[0].checks[1].replicas_updated = 1;
}
static void rollout_long(struct world *world)
{
        world_fail(world, 0, ROLLOUT_LIMIT_MS);
        rollout_short(world);
}

static const struct gate_row rows[] = {
    {"worked on", maintained, GATE_MAINTENANCE, false, 900},
    {"no longer worked on", maintenance_is_over, GATE_MAINTENANCE, true, 0},
    {"failing long enough", nothing, GATE_ACTIVE_DOWN, true, 0},
    {"not observed", not_observed, GATE_ACTIVE_DOWN, false, 0},
    {"below the threshold", two_fails, GATE_ACTIVE_DOWN, false, 0},
    {"at the threshold", three_fails, GATE_ACTIVE_DOWN, true, 0},
    {"failoverDelay not over", delay_not_over, GATE_ACTIVE_DOWN, false, 1},
    {"failoverDelay over", delay_over, GATE_ACTIVE_DOWN, true, 0},
    {"no deployment watched", nothing, GATE_CONTRADICTION, true, 0},
    {"deployment available, short", deployment_up_short, GATE_CONTRADICTION, false, 500},
    {"deployment available, long", deployment_up_long, GATE_CONTRADICTION, true, 0},
    {"deployment unavailable", deployment_down, GATE_CONTRADICTION, true, 0},
    {"deployment unknown", deployment_unknown, GATE_CONTRADICTION, true, 0},
    {"on time", nothing, GATE_NOT_LATE, true, 0},
    {"late", late, GATE_NOT_LATE, false, 700},
    {"late until now", late_is_over, GATE_NOT_LATE, true, 0},
    {"nobody speaks for it", nothing, GATE_DISSENT, true, 0},
    {"whether somebody inside does was not heard yet", not_listened_yet, GATE_DISSENT, false, 0},
    {"somebody inside does", contradicted, GATE_DISSENT, false, 300},
    {"somebody inside did", contradicted_no_more, GATE_DISSENT, true, 0},
    {"somebody inside did, but who knows", contradicted_as_long_as_was_listened, GATE_DISSENT, false, 0},
    {"whether somebody inside still does is being asked", contradicted_until_it_is_read_again, GATE_DISSENT, false, 0},
    {"alone", alone, GATE_NOT_ISOLATED, false, 0},
    {"redis answers", alone_but_redis, GATE_NOT_ISOLATED, true, 0},
    {"dns answers", alone_but_dns, GATE_NOT_ISOLATED, true, 0},
    {"redis answered at the start", alone_but_redis_at_the_start, GATE_NOT_ISOLATED, true, 0},
    {"dns answered at the start", alone_but_dns_at_the_start, GATE_NOT_ISOLATED, true, 0},
    {"another plane answered at the start", alone_but_plane_at_the_start, GATE_NOT_ISOLATED, true, 0},
    {"dns answered, but no longer", alone_but_dns_failing_now, GATE_NOT_ISOLATED, false, 0},
    {"only my own cluster answers", alone_but_own_cluster, GATE_NOT_ISOLATED, false, 0},
    {"only DNS and Redis of my own cluster answer", alone_but_own_mechanisms, GATE_NOT_ISOLATED, false, 0},
    {"DNS of another plane answers", alone_but_dns_of_another_plane, GATE_NOT_ISOLATED, true, 0},
    {"another plane answers", alone_but_plane, GATE_NOT_ISOLATED, true, 0},
    {"all others are back since lately", all_back_lately, GATE_NOT_ISOLATED, false, WORLD_DELAY_MS - 1000},
    {"all others are back just now", all_back_now, GATE_NOT_ISOLATED, false, WORLD_DELAY_MS},
    {"all others are back for the delay", all_back_for_the_delay, GATE_NOT_ISOLATED, true, 0},
    {"one other was never gone", one_was_never_gone, GATE_NOT_ISOLATED, true, 0},
    {"all others are new, back since lately", all_are_new_and_back_lately, GATE_NOT_ISOLATED, false,
     WORLD_DELAY_MS - 1000},
    {"all others are new, were never gone", all_are_new_and_were_never_gone, GATE_NOT_ISOLATED, true, 0},
    {"the first other is back for the delay", the_first_is_back_for_the_delay, GATE_NOT_ISOLATED, true, 0},
    {"all standbys fail", all_fail, GATE_HELPS, false, 0},
    {"one standby fails", one_of_two_fails, GATE_HELPS, true, 0},
    {"the other is not eligible", ineligible_does_not_count, GATE_HELPS, false, 0},
    {"no rollout", nothing, GATE_ROLLOUT, true, 0},
    {"rollout", rollout_short, GATE_ROLLOUT, false, ROLLOUT_LIMIT_MS - LONG_AGO},
    {"rollout for ever", rollout_long, GATE_ROLLOUT, true, 0},
};

static void every_gate_holds_and_does_not(void **state)
{
        (void)state;
        gate_rows_check(rows, sizeof(rows) / sizeof(rows[0]));
}

static void every_gate_is_tried_both_ways(void **state)
{
        (void)state;
        gate_rows_try_both_ways(rows, sizeof(rows) / sizeof(rows[0]), true);
}

static void texts_do_not_run(void **state)
{
        (void)state;
        gate_rows_stand_still(rows, sizeof(rows) / sizeof(rows[0]));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_gate_holds_and_does_not),
            cmocka_unit_test(every_gate_is_tried_both_ways),
            cmocka_unit_test(texts_do_not_run),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
