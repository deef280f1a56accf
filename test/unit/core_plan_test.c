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
        if (is_old(NAME(*plan).old, NAME(*plan).old_count, rrset) != is_expected)
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
                LOCK(world.view.policy).value = rows[i].template;
                assert_string_equal(plan_value(&LOCK(world.view.policy), &world.view.planes[1], 7, &world.arena),
                                    rows[i].value);
        }
        /* What a plane is called is never expanded again. */
        world.view.planes[1].cluster_name = "{epoch}";
        LOCK(world.view.policy).value = "{clusterName}";
        assert_string_equal(plan_value(&LOCK(world.view.policy), &world.view.planes[1], 7, &world.arena), "{epoch}");
        world_clear(&world);
}

static void a_plan_takes_the_values_of_the_spec(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        struct plan plan = plan_to(&world, 1);
        assert_string_equal(NAME(plan).ref.name, "gloo.example.com");
        assert_string_equal(NAME(plan).ref.endpoint, "192.0.2.53:53");
        assert_int_equal(NAME(plan).ttl_s, 30);
        assert_string_equal(NAME(plan).to, WORLD_RRSET_B);
        assert_string_equal(LOCK(plan).ref.name, "mgmt-active");
        assert_string_equal(LOCK(plan).to, "cluster-b");
        expect_old(&plan, WORLD_RRSET_A, true);
        assert_int_equal(NAME(plan).old_count, 1); /* DNS has shown the record's epoch: nothing older can arrive */
        assert_true(is_old(LOCK(plan).old, LOCK(plan).old_count, "cluster-a"));
        world_clear(&world);
}

static void without_a_lock_there_is_only_the_name(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world_without_lock(&world);
        struct plan plan = plan_to(&world, 1);
        assert_int_equal(plan.target_count, 1);
        assert_int_equal(plan.targets[0].ref.kind, TARGET_NAME);
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
        NAME(world.record.plan).old[1] = "A 203.0.113.1";
        NAME(world.record.plan).old_count = 2;
        struct plan plan = plan_to(&world, 2);
        expect_old(&plan, WORLD_RRSET_A, true);
        expect_old(&plan, WORLD_RRSET_B, true);
        expect_old(&plan, "A 203.0.113.1", true);
        assert_true(is_old(LOCK(plan).old, LOCK(plan).old_count, "cluster-a"));
        assert_true(is_old(LOCK(plan).old, LOCK(plan).old_count, "cluster-b"));

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
        assert_true(is_old(LOCK(plan).old, LOCK(plan).old_count, "cluster-b"));
        world_clear(&world);
}

static void other_targets_owe_nothing_to_the_record(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        NAME(world.view.policy).ref.name = "new.example.com";
        world_dns(&world, WORLD_RRSET_C, 0, "");
        world_lock(&world, "cluster-c", 0, "");
        struct plan plan = plan_to(&world, 2);
        assert_int_equal(NAME(plan).old_count, 1);
        expect_old(&plan, WORLD_RRSET_C, true);
        assert_int_equal(LOCK(plan).old_count, 1);
        world_clear(&world);
}

/* From an unfinished switch a person moves on to new targets, which may be restored from the old ones. */
static void retargeting_carries_the_unfinished_values(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world_switching(&world);
        LOCK(world.view.policy).ref.endpoint = "new-redis.example.com:6379";
        struct plan plan = plan_to(&world, 1);
        assert_string_equal(LOCK(plan).ref.endpoint, "new-redis.example.com:6379");
        assert_true(is_old(LOCK(plan).old, LOCK(plan).old_count, "cluster-a"));
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
        memcpy(NAME(world.record.plan).old, many, sizeof(many));
        NAME(world.record.plan).old_count = PLAN_OLD_MAX;
        struct plan plan = plan_to(&world, 2);
        assert_int_equal(NAME(plan).old_count, PLAN_OLD_MAX);
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
        NAME(world.view.policy).ttl_s = 60;
        assert_true(plan_is_outdated(&world.view, a, &world.arena));
        NAME(world.view.policy).ref.name = "new.example.com"; /* to be adopted, not moved */
        assert_false(plan_is_outdated(&world.view, a, &world.arena));
        world_clear(&world);
}

/* The template's {epoch} alone never makes a plan outdated, else every epoch would cause the next. */
static void an_epoch_in_the_lock_does_not_ping_pong(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        LOCK(world.view.policy).value = "{name}-{epoch}";
        assert_true(plan_is_outdated(&world.view, &world.view.planes[0], &world.arena));
        LOCK(world.record.plan).to = "a-5";
        assert_false(plan_is_outdated(&world.view, &world.view.planes[0], &world.arena));
        world_clear(&world);
}

/* Of this length: what the lock says for b while an old epoch was in force. */
static const char *long_value(struct world *world, char first, size_t bytes)
{
        char *value = arena_alloc(&world->arena, bytes + 1);
        memset(value, 'x', bytes);
        value[0] = first;
        value[bytes] = '\0';
        return value;
}

/* Redis may show any lock of before, so its old values grow with each switch, until a decision did not fit any more. */
static void old_values_that_do_not_fit_are_left_out(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        struct plan_target *recorded = &LOCK(world.record.plan);
        const char *shown = long_value(&world, 'a', 500);
        recorded->to = long_value(&world, 'b', 500);
        recorded->old_count = 0;
        for (char first = 'c'; first < 'i'; first++)
                recorded->old[recorded->old_count++] = long_value(&world, first, 500);
        world_lock(&world, shown, WORLD_EPOCH, "a");
        struct plan plan = plan_to(&world, 1);
        assert_true(plan_bytes(&plan) <= PLAN_BYTES_MAX);
        assert_int_equal(LOCK(plan).old_count, 5);
        assert_ptr_equal(LOCK(plan).old[0], shown);
        assert_ptr_equal(LOCK(plan).old[1], recorded->to);
        assert_ptr_equal(LOCK(plan).old[2], recorded->old[0]); /* the newest of the rest */
        world.view.store = "dns/default/gloo"; /* there they are digests */
        plan = plan_to(&world, 1);
        assert_int_equal(LOCK(plan).old_count, 8);
        assert_int_equal(plan_bytes_at_most(&world.view, &world.view.planes[1], &world.arena), 0);
        world_clear(&world);
}

/* The same of the name, while the epochs before have not reached it. */
static void old_addresses_that_do_not_fit_are_left_out(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world_switching(&world);
        struct plan_target *recorded = &NAME(world.record.plan);
        recorded->old_count = 0;
        for (char first = 'c'; first < 'k'; first++)
                recorded->old[recorded->old_count++] = long_value(&world, first, 500);
        struct plan plan = plan_to(&world, 2);
        assert_true(plan_bytes(&plan) <= PLAN_BYTES_MAX);
        assert_int_equal(NAME(plan).old_count, 7);
        assert_ptr_equal(NAME(plan).old[2], recorded->old[0]);
        world_clear(&world);
}

static void what_is_shown_is_never_left_out(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        LOCK(world.record.plan).to = long_value(&world, 'b', 2000);
        LOCK(world.record.plan).old[0] = "older";
        LOCK(world.record.plan).old_count = 1;
        world_lock(&world, long_value(&world, 'a', 2000), WORLD_EPOCH, "a");
        world_dns(&world, WORLD_RRSET_C, WORLD_EPOCH, "c");
        struct plan plan = plan_to(&world, 1);
        assert_true(plan_bytes(&plan) > PLAN_BYTES_MAX); /* told by election.c, where it matters */
        assert_int_equal(LOCK(plan).old_count, 2);
        assert_int_equal(NAME(plan).old_count, 2);
        world_clear(&world);
}

/* What two planes say is there at most twice, what three say three times; a quote and a backslash are two in JSON. */
static void what_a_plane_takes_at_most(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        const struct plane_view *b = &world.view.planes[1];
        size_t three = plan_bytes_at_most(&world.view, b, &world.arena);
        size_t values = strlen(b->rrset) + strlen("cluster-b");
        world.view.plane_count = 2;
        size_t two = plan_bytes_at_most(&world.view, b, &world.arena);
        assert_int_equal(three - two, values + 2 * strlen(",\"\""));
        world.view.plane_count = 1;
        assert_int_equal(two - plan_bytes_at_most(&world.view, b, &world.arena), values + 2 * strlen(",\"\""));
        LOCK(world.view.policy).value = "{clusterName}\"\\";
        world.view.plane_count = 2;
        assert_int_equal(plan_bytes_at_most(&world.view, b, &world.arena) - two, 2 * 4);
        world_clear(&world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_lock_template),
            cmocka_unit_test(a_plan_takes_the_values_of_the_spec),
            cmocka_unit_test(without_a_lock_there_is_only_the_name),
            cmocka_unit_test(a_superseding_plan_carries_what_the_old_one_may_leave),
            cmocka_unit_test(redis_may_forget_what_it_had_shown),
            cmocka_unit_test(other_targets_owe_nothing_to_the_record),
            cmocka_unit_test(retargeting_carries_the_unfinished_values),
            cmocka_unit_test(the_newest_old_values_are_kept),
            cmocka_unit_test(old_values_that_do_not_fit_are_left_out),
            cmocka_unit_test(old_addresses_that_do_not_fit_are_left_out),
            cmocka_unit_test(what_is_shown_is_never_left_out),
            cmocka_unit_test(what_a_plane_takes_at_most),
            cmocka_unit_test(when_a_plan_is_outdated),
            cmocka_unit_test(an_epoch_in_the_lock_does_not_ping_pong),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
