/*
 * core_next_record_test.c -- the records that decisions write: epochs only rise, and what the cooldown rests on is
 * handed on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/next_record.h"
#include "core_world.h"

/* A decision of the kind that ends in @finding, so that reason and counting are those of its rule. */
static struct decision decision_of(struct world *world, enum finding finding)
{
        struct decision decision = world_decide(world);
        decision.finding = finding;
        decision.rule = rule_find(decision.phase, finding);
        assert_non_null(decision.rule);
        return decision;
}

static const struct record *switch_for(struct world *world, enum finding finding)
{
        struct decision decision = decision_of(world, finding);
        return next_switch(&world->view, &decision, &world->view.planes[1], &world->arena);
}

static void only_what_nobody_asked_for_counts(void **state)
{
        (void)state;
        static const struct {
                enum finding finding;
                bool is_automatic;
        } rows[] = {{FINDING_ACTIVE_DOWN, true},
                    {FINDING_FAILBACK_DUE, true},
                    {FINDING_SWITCH_REQUESTED, false},
                    {FINDING_SWITCH_CONFIRMED, false},
                    {FINDING_PLAN_OUTDATED, false}};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct world world;
                world_init(&world);
                const struct record *next = switch_for(&world, rows[i].finding);
                assert_int_equal(next->automatic, rows[i].is_automatic);
                assert_int_equal(next->recent_count, rows[i].is_automatic);
                assert_int_equal(next->epoch, WORLD_EPOCH + 1);
                assert_int_equal(next->phase, PHASE_SWITCHING);
                assert_int_equal(next->completed_at, 0);
                world.record = record_copied(next);
                const struct record *done = next_commit(&world.view, &world.arena);
                assert_int_equal(done->epoch, next->epoch);
                assert_int_equal(done->id, next->id);
                assert_int_equal(done->completed_at, WORLD_WALL);
                assert_int_equal(done->cooldown_until, rows[i].is_automatic ? WORLD_WALL + 3600000 : 0);
                world_clear(&world);
        }
}

/* A manual switch neither starts a cooldown nor ends the one that runs. */
static void a_cooldown_survives_a_manual_switch(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world.record.cooldown_until = WORLD_WALL + 60000;
        world.record.recent_count = 1;
        world.record.recent[0] = WORLD_WALL - 1000;
        world.record = *switch_for(&world, FINDING_SWITCH_REQUESTED);
        world.record = *next_commit(&world.view, &world.arena);
        assert_int_equal(world.record.cooldown_until, WORLD_WALL + 60000);
        assert_int_equal(world.record.recent_count, 1);
        assert_int_equal(world.record.recent[0], WORLD_WALL - 1000);
        world_clear(&world);
}

static void the_newest_switches_are_remembered(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        for (int i = 1; i <= RECENT_SWITCHES_MAX + 3; i++) {
                world_later(&world, 1000);
                world.record = *switch_for(&world, FINDING_ACTIVE_DOWN);
                world.record = *next_commit(&world.view, &world.arena);
                assert_int_equal(world.record.recent_count, i < RECENT_SWITCHES_MAX ? i : RECENT_SWITCHES_MAX);
        }
        for (int i = 0; i < RECENT_SWITCHES_MAX; i++)
                assert_int_equal(world.record.recent[i], WORLD_WALL + 1000 * (RECENT_SWITCHES_MAX + 3 - i));
        world_clear(&world);
}

static void an_epoch_is_above_everything_seen(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world_lock(&world, "cluster-a", 40, "a");
        world_dns(&world, WORLD_RRSET_A, 30, "a");
        assert_int_equal(switch_for(&world, FINDING_SWITCH_REQUESTED)->epoch, 41);
        struct decision decision = decision_of(&world, FINDING_EPOCH_AHEAD);
        const struct adoption adoption = {
            .outcome = ADOPTION_NAMED, .plane = &world.view.planes[0], .complete = false, .text = ""};
        const struct record *next = next_adoption(&world.view, &decision, &adoption, &world.arena);
        assert_int_equal(next->epoch, 41);
        assert_int_equal(next->phase, PHASE_SWITCHING); /* not every target shows it yet */
        assert_string_equal(next->reason, "EpochAhead");
        assert_string_equal(next->from, "a");
        world_clear(&world);
}

static void a_first_adoption_uses_up_what_stands_there(void **state)
{
        (void)state;
        static const struct {
                const char *switch_to;
                epoch_t epoch;
        } rows[] = {{"", 1}, {"b/1", 1}, {"b/2", 2}, {"b/900000", 900000}, {"b/9007199254740992", 1}, {"nonsense", 1}};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct world world;
                world_init(&world);
                world_without_record(&world);
                world.view.policy.switch_to = rows[i].switch_to;
                struct decision decision = world_decide(&world);
                assert_int_equal(decision.next->epoch, rows[i].epoch);
                assert_string_equal(decision.next->from, "");
                assert_string_equal(decision.next->to, "a");
                world_clear(&world);
        }
}

static void an_abort_is_a_new_decision(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world_switching(&world);
        struct decision decision = decision_of(&world, FINDING_ACTIVE_RECOVERED);
        const struct record *next = next_abort(&world.view, &decision, &world.view.planes[0], &world.arena);
        assert_int_equal(next->epoch, world.record.epoch + 1);
        assert_string_equal(next->from, "b");
        assert_string_equal(next->to, "a");
        assert_string_equal(next->reason, "ActiveRecovered");
        assert_int_equal(next->phase, PHASE_STEADY);
        assert_int_equal(next->recent_count, 1); /* the aborted switch counts: flapping is bounded by maxSwitches */
        assert_int_equal(next->cooldown_until, 0);
        world_clear(&world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(only_what_nobody_asked_for_counts),
            cmocka_unit_test(a_cooldown_survives_a_manual_switch),
            cmocka_unit_test(the_newest_switches_are_remembered),
            cmocka_unit_test(an_epoch_is_above_everything_seen),
            cmocka_unit_test(a_first_adoption_uses_up_what_stands_there),
            cmocka_unit_test(an_abort_is_a_new_decision),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
