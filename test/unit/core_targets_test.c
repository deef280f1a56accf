/* core_targets_test.c -- which registers count, whether they are read, and whether the spec names others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/targets.h"
#include "core_world.h"

static void any_part_makes_another_target(void **state)
{
        (void)state;
        const struct target_ref ours = {TARGET_LOCK, "redisLock", "redis:6379", "active", 1};
        const struct target_ref others[] = {
            {TARGET_NAME, "redisLock", "redis:6379", "active", 1}, {TARGET_LOCK, "job", "redis:6379", "active", 1},
            {TARGET_LOCK, "redisLock", "redis:6380", "active", 1}, {TARGET_LOCK, "redisLock", "redis:6379", "writer", 1},
            {TARGET_LOCK, "redisLock", "redis:6379", "active", 2},
        };
        const struct target_ref copy = ours;
        assert_true(target_ref_equal(&ours, &copy));
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
                assert_false(target_ref_equal(&ours, &others[i]));
}

static void only_what_is_recorded_can_move(void **state)
{
        struct world *world = *state;
        assert_false(targets_moved(&world->view));
        LOCK(world->view.policy).ref.db = 3;
        assert_true(targets_moved(&world->view));
        world->view.record = NULL;
        assert_false(targets_moved(&world->view));
}

static void every_target_in_force_has_to_be_read(void **state)
{
        struct world *world = *state;
        static const struct {
                bool name_read, lock_read, are_read;
        } rows[] = {{true, true, true}, {false, true, false}, {true, false, false}};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                NAME(world->view).health.read_at = rows[i].name_read ? WORLD_NOW : 0;
                LOCK(world->view).health.read_at = rows[i].lock_read ? WORLD_NOW : 0;
                assert_int_equal(targets_are_read(&world->view), rows[i].are_read);
        }
        world_without_lock(world);
        assert_true(targets_are_read(&world->view));
}

/* Looked at again when it has lasted: nothing else may happen until then. */
static void a_refusal_lasts_after_a_few_tries(void **state)
{
        struct world *world = *state;
        struct target_health *health = &NAME(world->view).health;
        mono_ms now = world->view.now;
        world_dns_fails(world, ERR_DENIED, "REFUSED", true);
        health->failed_since = now - 4999;
        assert_false(targets_refusal_lasts(health, now));
        assert_int_equal(targets_refusal_due(health, now), now + 1);
        assert_int_equal(world_decide(world).wake_at, now + 1);
        health->failed_since = now - 5000;
        assert_true(targets_refusal_lasts(health, now));
        assert_int_equal(targets_refusal_due(health, now), 0);
        health->error_class = ERR_INVALID;
        assert_true(targets_refusal_lasts(health, now));
        health->error_class = ERR_TRANSIENT; /* it does not answer: that is not a refusal, however long */
        assert_false(targets_refusal_lasts(health, now));
        assert_int_equal(targets_refusal_due(health, now), 0);
        health->reach = REACH_OK;
        assert_false(targets_refusal_lasts(health, now));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(any_part_makes_another_target),
            cmocka_unit_test_setup_teardown(only_what_is_recorded_can_move, world_set_up, world_tear_down),
            cmocka_unit_test_setup_teardown(every_target_in_force_has_to_be_read, world_set_up, world_tear_down),
            cmocka_unit_test_setup_teardown(a_refusal_lasts_after_a_few_tries, world_set_up, world_tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
