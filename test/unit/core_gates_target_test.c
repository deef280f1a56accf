/*
 * core_gates_target_test.c -- the gates that ask whether a switch could go through, and may now: when each holds, when
 * it does not, and when time opens it.
 */
#include "core_gate_rows.h"

static void nothing(struct world *world)
{
        (void)world;
}
static void arbiter_in_time(struct world *world)
{
        world->view.arbiter_answered_at = world->view.now - WORLD_INTERVAL_MS - 1000;
}
static void arbiter_silent(struct world *world)
{
        world->view.arbiter_answered_at = world->view.now - WORLD_INTERVAL_MS - 1001;
}
static void arbiter_never(struct world *world)
{
        world->view.arbiter_answered_at = 0;
}
static void dns_silent(struct world *world)
{
        world_dns_fails(world, ERR_TRANSIENT, "timeout", true);
}
static void dns_read_just_recently(struct world *world)
{
        NAME(world->view).health.read_at = world->view.now - MECHANISM_FRESH_MS;
}
static void dns_read_long_ago(struct world *world)
{
        NAME(world->view).health.read_at = world->view.now - MECHANISM_FRESH_MS - 1;
}
static void redis_silent(struct world *world)
{
        world_lock_fails(world, ERR_TRANSIENT, "refused", true);
}
static void redis_silent_unused(struct world *world)
{
        redis_silent(world);
        world_without_lock(world);
}
static void redis_silent_inside_active(struct world *world)
{
        redis_silent(world);
        LOCK(world->view.policy).plane = "a";
}
/* An earlier step brings it back, in the plane that becomes active. */
static void redis_silent_and_moved(struct world *world)
{
        redis_silent(world);
        LOCK(world->view.policy).is_moved = true;
}
static void redis_silent_and_moved_without_record(struct world *world)
{
        redis_silent_and_moved(world);
        world->view.record = NULL;
}
static void redis_silent_inside_standby(struct world *world)
{
        redis_silent(world);
        LOCK(world->view.policy).plane = "b";
}
static void dns_silent_inside_active(struct world *world)
{
        dns_silent(world);
        NAME(world->view.policy).plane = "a";
}
static void dns_silent_redis_inside_active(struct world *world)
{
        dns_silent(world);
        LOCK(world->view.policy).plane = "a";
}
static void dns_drift(struct world *world)
{
        world_dns(world, WORLD_RRSET_C, WORLD_EPOCH, "a");
}
static void lock_drift(struct world *world)
{
        world_lock(world, "by hand", WORLD_EPOCH, "a");
}
/* Sentinel was quicker than the operator. */
static void lock_moved_itself(struct world *world)
{
        lock_drift(world);
        LOCK(world->view).moves_itself = true;
}
static void drift_of_old_targets(struct world *world)
{
        dns_drift(world);
        NAME(world->view.policy).ref.name = "other.example.com";
}
static void cooling(struct world *world)
{
        world->record.cooldown_until = world->view.wall + 60000;
}
static void cooling_acknowledged(struct world *world)
{
        cooling(world);
        world->view.policy.ack = "5";
}
static void cooling_acknowledged_before(struct world *world)
{
        cooling(world);
        world->view.policy.ack = "4";
}
static void cooled(struct world *world)
{
        world->record.cooldown_until = world->view.wall;
}
/* Ten years in the record: a clock that was wrong once. */
static void cooling_by_a_broken_clock(struct world *world)
{
        world->record.cooldown_until = world->view.wall + 315360000000;
        world->view.record_seen_at = world->view.now - 3000000;
}
static void cooled_by_a_broken_clock(struct world *world)
{
        cooling_by_a_broken_clock(world);
        world->view.record_seen_at = world->view.now - 3600000;
}
static void two_in_a_day(struct world *world)
{
        world->record.recent_count = 2;
        world->record.recent[0] = world->view.wall - 3600000;
        world->record.recent[1] = world->view.wall - 86400000 + 5000;
}
static void two_in_a_day_acknowledged(struct world *world)
{
        two_in_a_day(world);
        world->view.policy.ack = "5";
}
static void two_in_two_days(struct world *world)
{
        two_in_a_day(world);
        world->record.recent[1] = world->view.wall - 86400000;
}
static void blast(struct world *world)
{
        world->view.blast_limit_reached = true;
}

static const struct gate_row rows[] = {
    {"arbiter in time", arbiter_in_time, GATE_ARBITER, true, 0},
    {"arbiter silent", arbiter_silent, GATE_ARBITER, false, 0},
    {"arbiter never", arbiter_never, GATE_ARBITER, false, 0},
    {"mechanisms answer", nothing, GATE_MECHANISMS, true, 0},
    {"dns silent", dns_silent, GATE_MECHANISMS, false, 0},
    {"dns read just recently", dns_read_just_recently, GATE_MECHANISMS, true, 0},
    {"dns read long ago", dns_read_long_ago, GATE_MECHANISMS, false, 0},
    {"redis silent", redis_silent, GATE_MECHANISMS, false, 0},
    {"redis silent, unused", redis_silent_unused, GATE_MECHANISMS, true, 0},
    {"redis silent, inside the failed plane", redis_silent_inside_active, GATE_MECHANISMS, true, 0},
    {"redis silent, moved by an earlier step", redis_silent_and_moved, GATE_MECHANISMS, true, 0},
    {"redis silent, moved, nothing recorded", redis_silent_and_moved_without_record, GATE_MECHANISMS, false, 0},
    {"redis silent, inside another plane", redis_silent_inside_standby, GATE_MECHANISMS, false, 0},
    {"dns silent, inside the failed plane", dns_silent_inside_active, GATE_MECHANISMS, true, 0},
    {"dns silent, redis inside the failed plane", dns_silent_redis_inside_active, GATE_MECHANISMS, false, 0},
    {"no drift", nothing, GATE_NO_DRIFT, true, 0},
    {"dns drift", dns_drift, GATE_NO_DRIFT, false, 0},
    {"lock drift", lock_drift, GATE_NO_DRIFT, false, 0},
    {"lock moved by its own server", lock_moved_itself, GATE_NO_DRIFT, true, 0},
    {"other targets", drift_of_old_targets, GATE_NO_DRIFT, true, 0},
    {"never cooled down", nothing, GATE_COOLDOWN, true, 0},
    {"cooling down", cooling, GATE_COOLDOWN, false, 60000},
    {"acknowledged", cooling_acknowledged, GATE_COOLDOWN, true, 0},
    {"an epoch before acknowledged", cooling_acknowledged_before, GATE_COOLDOWN, false, 60000},
    {"cooled down", cooled, GATE_COOLDOWN, true, 0},
    {"broken clock", cooling_by_a_broken_clock, GATE_COOLDOWN, false, 600000},
    {"broken clock, waited", cooled_by_a_broken_clock, GATE_COOLDOWN, true, 0},
    {"none in a day", nothing, GATE_LIMIT, true, 0},
    {"two in a day", two_in_a_day, GATE_LIMIT, false, 5000},
    {"two in a day, acknowledged", two_in_a_day_acknowledged, GATE_LIMIT, true, 0},
    {"two in two days", two_in_two_days, GATE_LIMIT, true, 0},
    {"blast", blast, GATE_BLAST, false, 1000},
    {"no blast", nothing, GATE_BLAST, true, 0},
};

static void every_gate_holds_and_does_not(void **state)
{
        (void)state;
        gate_rows_check(rows, sizeof(rows) / sizeof(rows[0]));
}

static void every_gate_is_tried_both_ways(void **state)
{
        (void)state;
        gate_rows_try_both_ways(rows, sizeof(rows) / sizeof(rows[0]), false);
}

static void texts_do_not_run(void **state)
{
        (void)state;
        gate_rows_stand_still(rows, sizeof(rows) / sizeof(rows[0]));
}

static void the_candidate_is_a_gate(void **state)
{
        (void)state;
        struct world world;
        gate_rows_outage(&world);
        const struct gate_question question = {PURPOSE_FAILOVER, &world.view.planes[0], NULL, "b: eligible: false"};
        struct gates gates = gates_evaluate(&world.view, &question, &world.arena);
        assert_false(gate_rows_verdict(&gates, GATE_CANDIDATE)->passes);
        assert_string_equal(gate_rows_verdict(&gates, GATE_CANDIDATE)->text, "b: eligible: false");
        struct gates fit = gate_rows_ask(&world);
        assert_true(gate_rows_verdict(&fit, GATE_CANDIDATE)->passes);
        assert_int_equal(fit.blocked, -1);
        assert_int_equal(fit.passed, fit.count);
        world_clear(&world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_gate_holds_and_does_not),
            cmocka_unit_test(every_gate_is_tried_both_ways),
            cmocka_unit_test(texts_do_not_run),
            cmocka_unit_test(the_candidate_is_a_gate),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
