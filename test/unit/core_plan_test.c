/* core_plan_test.c -- what an epoch will write, what it may replace, and when it is outdated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/plan.h"
#include "core_world.h"

static bool is_old(const char *const *values, unsigned count, const char *value)
{
        for (unsigned i = 0; i < count; i++)
                if (strcmp(values[i], value) == 0)
                        return true;
        return false;
}

static void expect_old(const struct plan *plan, const char *rrset, bool is_expected)
{
        if (is_old(plan->old_rrsets, plan->old_rrset_count, rrset) != is_expected)
                fail_msg("%s is %san old value", rrset, is_expected ? "not " : "");
}

static struct plan plan_to(struct world *world, unsigned plane)
{
        return plan_for(&world->view, &world->view.planes[plane], world->record.epoch + 1, &world->arena);
}

static void the_lock_template(void **state)
{
        (void)state;
        static const struct {
                const char *template;
                const char *value;
        } rows[] = {
            {"{clusterName}", "cluster-b"},
            {"{name}", "b"},
            {"{uid}", "uid-b"},
            {"{epoch}", "7"},
            {"{name}:{epoch}:{clusterName}", "b:7:cluster-b"},
            {"fixed", "fixed"},
            {"", ""},
            {"{", "{"},
            {"{unknown}{name}", "{unknown}b"},
            {"{{name}}", "{b}"},
            {"{name", "{name"},
            {"a{b}c", "a{b}c"},
        };
        struct world world;
        world_init(&world);
        world.view.planes[1].uid = "uid-b";
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                world.view.policy.lock_template = rows[i].template;
                assert_string_equal(plan_lock_value(&world.view, &world.view.planes[1], 7, &world.arena),
                                    rows[i].value);
        }
        /* What a plane is called is never expanded again. */
        world.view.planes[1].cluster_name = "{epoch}";
        world.view.policy.lock_template = "{clusterName}";
        assert_string_equal(plan_lock_value(&world.view, &world.view.planes[1], 7, &world.arena), "{epoch}");
        world_clear(&world);
}

static void a_plan_takes_the_values_of_the_spec(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        struct plan plan = plan_to(&world, 1);
        assert_string_equal(plan.dns_name, "gloo.example.com");
        assert_string_equal(plan.dns_server, "192.0.2.53:53");
        assert_int_equal(plan.dns_ttl_s, 30);
        assert_string_equal(plan.to_rrset, WORLD_RRSET_B);
        assert_string_equal(plan.lock_key, "mgmt-active");
        assert_string_equal(plan.to_lock, "cluster-b");
        expect_old(&plan, WORLD_RRSET_A, true);
        assert_int_equal(plan.old_rrset_count, 1); /* DNS has shown the record's epoch: nothing older can arrive */
        assert_true(is_old(plan.old_locks, plan.old_lock_count, "cluster-a"));
        world_clear(&world);
}

static void without_a_lock_its_fields_are_empty(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world_without_lock(&world);
        world.view.policy.lock_key = "left over";
        struct plan plan = plan_to(&world, 1);
        assert_string_equal(plan.lock_server, "");
        assert_string_equal(plan.lock_key, "");
        assert_string_equal(plan.to_lock, "");
        assert_int_equal(plan.old_lock_count, 0);
        world_clear(&world);
}

/*
 * Epoch 6 (a -> b) never reached its targets; epoch 7 supersedes it to c: a late packet of 6 may still leave b there.
 */
static void a_superseding_plan_carries_what_the_old_one_may_leave(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world_switching(&world);
        world.record.plan.old_rrsets[1] = "A 203.0.113.1";
        world.record.plan.old_rrset_count = 2;
        struct plan plan = plan_to(&world, 2);
        expect_old(&plan, WORLD_RRSET_A, true);
        expect_old(&plan, WORLD_RRSET_B, true);
        expect_old(&plan, "A 203.0.113.1", true);
        assert_true(is_old(plan.old_locks, plan.old_lock_count, "cluster-a"));
        assert_true(is_old(plan.old_locks, plan.old_lock_count, "cluster-b"));

        world_dns(&world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b"); /* epoch 6 arrived: what was before it is fenced off */
        plan = plan_to(&world, 2);
        expect_old(&plan, WORLD_RRSET_B, true);
        expect_old(&plan, WORLD_RRSET_A, false);
        world_clear(&world);
}

/* Redis has shown epoch 5 (a), loses that write by a failover of its own, and shows b of epoch 4 again. */
static void redis_may_forget_what_it_had_shown(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        struct plan plan = plan_to(&world, 2);
        assert_true(is_old(plan.old_locks, plan.old_lock_count, "cluster-b"));
        world_clear(&world);
}

static void other_targets_owe_nothing_to_the_record(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world.view.policy.dns_name = "new.example.com";
        world_dns(&world, WORLD_RRSET_C, 0, "");
        world_lock(&world, "cluster-c", 0, "");
        struct plan plan = plan_to(&world, 2);
        assert_int_equal(plan.old_rrset_count, 1);
        expect_old(&plan, WORLD_RRSET_C, true);
        assert_int_equal(plan.old_lock_count, 1);
        world_clear(&world);
}

/* From an unfinished switch a person moves on to new targets, which may be restored from the old ones. */
static void retargeting_carries_the_unfinished_values(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world_switching(&world);
        world.view.policy.lock_server = "new-redis.example.com:6379";
        struct plan plan = plan_to(&world, 1);
        assert_string_equal(plan.lock_server, "new-redis.example.com:6379");
        assert_true(is_old(plan.old_locks, plan.old_lock_count, "cluster-a"));
        expect_old(&plan, WORLD_RRSET_A, true);
        world_clear(&world);
}

static void the_newest_old_values_are_kept(void **state)
{
        (void)state;
        static const char *const many[PLAN_OLD_MAX] = {"A 10.0.0.1", "A 10.0.0.2", "A 10.0.0.3",
                                                       "A 10.0.0.4", "A 10.0.0.5", "A 10.0.0.6",
                                                       "A 10.0.0.7", "A 10.0.0.8", "A 10.0.0.9"};
        struct world world;
        world_init(&world);
        world_switching(&world);
        memcpy(world.record.plan.old_rrsets, many, sizeof(many));
        world.record.plan.old_rrset_count = PLAN_OLD_MAX;
        struct plan plan = plan_to(&world, 2);
        assert_int_equal(plan.old_rrset_count, PLAN_OLD_MAX);
        expect_old(&plan, WORLD_RRSET_A, true); /* live */
        expect_old(&plan, WORLD_RRSET_B, true); /* under way */
        expect_old(&plan, "A 10.0.0.7", true);
        expect_old(&plan, "A 10.0.0.8", false);
        world_clear(&world);
}

static void when_a_plan_is_outdated(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        struct plane_view *a = &world.view.planes[0];
        assert_false(plan_is_outdated(&world.view, a, &world.arena));
        a->rrset = "A 192.0.2.77";
        assert_true(plan_is_outdated(&world.view, a, &world.arena));
        a->rrset = ""; /* nothing better is known */
        assert_false(plan_is_outdated(&world.view, a, &world.arena));
        a->rrset = WORLD_RRSET_A;
        world.view.policy.dns_ttl_s = 60;
        assert_true(plan_is_outdated(&world.view, a, &world.arena));
        world.view.policy.dns_name = "new.example.com"; /* to be adopted, not moved */
        assert_false(plan_is_outdated(&world.view, a, &world.arena));
        world_clear(&world);
}

/* The template's {epoch} alone never makes a plan outdated, else every epoch would cause the next. */
static void an_epoch_in_the_lock_does_not_ping_pong(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world.view.policy.lock_template = "{name}-{epoch}";
        assert_true(plan_is_outdated(&world.view, &world.view.planes[0], &world.arena));
        world.record.plan.to_lock = "a-5";
        assert_false(plan_is_outdated(&world.view, &world.view.planes[0], &world.arena));
        world_clear(&world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_lock_template),
            cmocka_unit_test(a_plan_takes_the_values_of_the_spec),
            cmocka_unit_test(without_a_lock_its_fields_are_empty),
            cmocka_unit_test(a_superseding_plan_carries_what_the_old_one_may_leave),
            cmocka_unit_test(redis_may_forget_what_it_had_shown),
            cmocka_unit_test(other_targets_owe_nothing_to_the_record),
            cmocka_unit_test(retargeting_carries_the_unfinished_values),
            cmocka_unit_test(the_newest_old_values_are_kept),
            cmocka_unit_test(when_a_plan_is_outdated),
            cmocka_unit_test(an_epoch_in_the_lock_does_not_ping_pong),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
