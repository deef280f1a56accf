/* core_gates_test.c -- each gate: when it holds, when it does not, and when time opens it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/gates.h"
#include "core_world.h"

enum { LONG_AGO = 200000 };

/* Plane a failed long ago; b is fit; every gate holds. */
static void ordinary_outage(struct world *world)
{
        world_init(world);
        world_fail(world, 0, LONG_AGO);
}

static struct gates ask(struct world *world, enum purpose purpose)
{
        const struct gate_question question = {purpose, &world->view.planes[0], &world->view.planes[1], ""};
        return gates_evaluate(&world->view, &question, &world->arena);
}

static const struct gate_verdict *verdict_of(const struct gates *gates, enum gate gate)
{
        for (unsigned i = 0; i < gates->count; i++)
                if (gates->verdicts[i].gate == gate)
                        return &gates->verdicts[i];
        return NULL;
}

struct row {
        const char *name;
        void (*arrange)(struct world *world);
        enum gate gate;
        bool holds;
        mono_ms wake_in; /* 0: no wake */
};

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
/* The others and both mechanisms answered last before the outage began. */
static void alone(struct world *world)
{
        mono_ms before = world->view.now - LONG_AGO - 1;
        world_stale(world, 1);
        world_stale(world, 2);
        world->view.dns_health.read_at = world->view.lock_health.read_at = before;
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
        world->view.lock_health.read_at = world->view.now;
}
static void alone_but_dns(struct world *world)
{
        alone(world);
        world->view.dns_health.read_at = world->view.now;
}
/* At the very moment when the outage began. */
static void alone_but_redis_at_the_start(struct world *world)
{
        alone(world);
        world->view.lock_health.read_at = world->view.now - LONG_AGO;
}
static void alone_but_dns_at_the_start(struct world *world)
{
        alone(world);
        world->view.dns_health.read_at = world->view.now - LONG_AGO;
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
        world->view.dns_health.read_at = world->view.now;
        world->view.dns_health.reach = REACH_FAILED;
}
static void alone_but_own_cluster(struct world *world)
{
        alone(world);
        world_pass(world, 1, 10000);
        world->view.planes[1].holds_operator = true;
}
static void alone_but_plane(struct world *world)
{
        alone(world);
        world_pass(world, 2, 10000);
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
static void dns_silent(struct world *world)
{
        world_dns_fails(world, ERR_TRANSIENT, "timeout", true);
}
static void dns_read_just_recently(struct world *world)
{
        world->view.dns_health.read_at = world->view.now - MECHANISM_FRESH_MS;
}
static void dns_read_long_ago(struct world *world)
{
        world->view.dns_health.read_at = world->view.now - MECHANISM_FRESH_MS - 1;
}
static void redis_silent(struct world *world)
{
        world_lock_fails(world, ERR_TRANSIENT, "refused", true);
}
static void redis_silent_unused(struct world *world)
{
        world_without_lock(world);
        world_lock_fails(world, ERR_TRANSIENT, "refused", true);
}
static void redis_silent_inside_active(struct world *world)
{
        redis_silent(world);
        world->view.policy.lock_plane = "a";
}
static void redis_silent_inside_standby(struct world *world)
{
        redis_silent(world);
        world->view.policy.lock_plane = "b";
}
static void dns_silent_inside_active(struct world *world)
{
        dns_silent(world);
        world->view.policy.dns_plane = "a";
}
static void dns_silent_redis_inside_active(struct world *world)
{
        dns_silent(world);
        world->view.policy.lock_plane = "a";
}
static void dns_drift(struct world *world)
{
        world_dns(world, WORLD_RRSET_C, WORLD_EPOCH, "a");
}
static void lock_drift(struct world *world)
{
        world_lock(world, "by hand", WORLD_EPOCH, "a");
}
static void drift_of_old_targets(struct world *world)
{
        dns_drift(world);
        world->view.policy.dns_name = "other.example.com";
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

static const struct row rows[] = {
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
    {"arbiter in time", arbiter_in_time, GATE_ARBITER, true, 0},
    {"arbiter silent", arbiter_silent, GATE_ARBITER, false, 0},
    {"arbiter never", arbiter_never, GATE_ARBITER, false, 0},
    {"alone", alone, GATE_NOT_ISOLATED, false, 0},
    {"redis answers", alone_but_redis, GATE_NOT_ISOLATED, true, 0},
    {"dns answers", alone_but_dns, GATE_NOT_ISOLATED, true, 0},
    {"redis answered at the start", alone_but_redis_at_the_start, GATE_NOT_ISOLATED, true, 0},
    {"dns answered at the start", alone_but_dns_at_the_start, GATE_NOT_ISOLATED, true, 0},
    {"another plane answered at the start", alone_but_plane_at_the_start, GATE_NOT_ISOLATED, true, 0},
    {"dns answered, but no longer", alone_but_dns_failing_now, GATE_NOT_ISOLATED, false, 0},
    {"only my own cluster answers", alone_but_own_cluster, GATE_NOT_ISOLATED, false, 0},
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
    {"mechanisms answer", nothing, GATE_MECHANISMS, true, 0},
    {"dns silent", dns_silent, GATE_MECHANISMS, false, 0},
    {"dns read just recently", dns_read_just_recently, GATE_MECHANISMS, true, 0},
    {"dns read long ago", dns_read_long_ago, GATE_MECHANISMS, false, 0},
    {"redis silent", redis_silent, GATE_MECHANISMS, false, 0},
    {"redis silent, unused", redis_silent_unused, GATE_MECHANISMS, true, 0},
    {"redis silent, inside the failed plane", redis_silent_inside_active, GATE_MECHANISMS, true, 0},
    {"redis silent, inside another plane", redis_silent_inside_standby, GATE_MECHANISMS, false, 0},
    {"dns silent, inside the failed plane", dns_silent_inside_active, GATE_MECHANISMS, true, 0},
    {"dns silent, redis inside the failed plane", dns_silent_redis_inside_active, GATE_MECHANISMS, false, 0},
    {"no drift", nothing, GATE_NO_DRIFT, true, 0},
    {"dns drift", dns_drift, GATE_NO_DRIFT, false, 0},
    {"lock drift", lock_drift, GATE_NO_DRIFT, false, 0},
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
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct world world;
                ordinary_outage(&world);
                rows[i].arrange(&world);
                struct gates gates = ask(&world, PURPOSE_FAILOVER);
                const struct gate_verdict *verdict = verdict_of(&gates, rows[i].gate);
                mono_ms wake = rows[i].wake_in ? world.view.now + rows[i].wake_in : 0;
                if (verdict->holds != rows[i].holds || verdict->wake_at != wake || !verdict->text[0])
                        fail_msg("%s: %s %s, wake %lld: %s", rows[i].name, gate_name(rows[i].gate),
                                 verdict->holds ? "holds" : "refuses", (long long)verdict->wake_at, verdict->text);
                world_clear(&world);
        }
}

static void every_gate_is_tried_both_ways(void **state)
{
        (void)state;
        for (unsigned gate = 0; gate < GATE_COUNT; gate++) {
                unsigned seen = gate == GATE_CANDIDATE ? 3 : 0; /* in a test of its own */
                for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                        if (rows[i].gate == (enum gate)gate)
                                seen |= rows[i].holds ? 1U : 2U;
                if (seen != 3)
                        fail_msg("%s is not tried both ways", gate_name((enum gate)gate));
        }
}

static void the_candidate_is_a_gate(void **state)
{
        (void)state;
        struct world world;
        ordinary_outage(&world);
        const struct gate_question question = {PURPOSE_FAILOVER, &world.view.planes[0], NULL, "b: eligible: false"};
        struct gates gates = gates_evaluate(&world.view, &question, &world.arena);
        assert_false(verdict_of(&gates, GATE_CANDIDATE)->holds);
        assert_string_equal(verdict_of(&gates, GATE_CANDIDATE)->text, "b: eligible: false");
        struct gates fit = ask(&world, PURPOSE_FAILOVER);
        assert_true(verdict_of(&fit, GATE_CANDIDATE)->holds);
        assert_int_equal(fit.refused, -1);
        assert_int_equal(fit.held, fit.count);
        world_clear(&world);
}

/* Texts hold what was fixed at a transition: time alone changes none, unless it opens the gate. */
static void texts_do_not_run(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct world world;
                ordinary_outage(&world);
                rows[i].arrange(&world);
                struct gates before = ask(&world, PURPOSE_FAILOVER);
                const struct gate_verdict *first = verdict_of(&before, rows[i].gate);
                world_later(&world, 400);
                struct gates after = ask(&world, PURPOSE_FAILOVER);
                const struct gate_verdict *second = verdict_of(&after, rows[i].gate);
                if (first->holds == second->holds)
                        assert_string_equal(first->text, second->text);
                world_clear(&world);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_gate_holds_and_does_not),
            cmocka_unit_test(every_gate_is_tried_both_ways),
            cmocka_unit_test(the_candidate_is_a_gate),
            cmocka_unit_test(texts_do_not_run),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
