/* core_pipeline_test.c -- targets that nothing waits for: their values, which may not be known, and what is told of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/plan.h"
#include "core_world.h"

enum { E = WORLD_EPOCH };

static struct target_view *at(struct world *world, unsigned place)
{
        return &world->view.targets[place];
}

/* Where a template does not say it: a kubeconfig has another server for each plane. */
static void a_value_may_be_given_for_each_plane(void **state)
{
        struct world *world = *state;
        const unsigned place = world_add(world, TARGET_PIPELINE);
        struct wanted_target *wanted = &world->view.policy.targets[place];
        wanted->value_count = 2;
        wanted->values[0] = (struct wanted_value){"a", "https://a"};
        wanted->values[1] = (struct wanted_value){"b", "{name}"};
        const struct plane_view *planes = world->view.planes;
        assert_string_equal(plan_value(wanted, &planes[0], E, &world->arena), "https://a");
        assert_string_equal(plan_value(wanted, &planes[1], E, &world->arena), "{name}"); /* no template */
        assert_string_equal(plan_value(wanted, &planes[2], E, &world->arena), "c");
        const struct plan plan = plan_for(&world->view, &planes[0], E + 1, &world->arena);
        assert_string_equal(plan.targets[place].to, "https://a");
}

/* Its Secret could not be read at the decision, or cannot now. */
static void a_value_that_is_not_known_holds_nothing_up_and_is_not_written(void **state)
{
        struct world *world = *state;
        const unsigned place = world_add(world, TARGET_PIPELINE);
        struct wanted_target *wanted = &world->view.policy.targets[place];
        wanted->value_count = 1;
        wanted->values[0] = (struct wanted_value){"a", ""};
        assert_false(plan_is_outdated(&world->view, &world->view.planes[0], &world->arena));
        WORLD_EXPECT(world, FINDING_STEADY, DO_WAIT);
        wanted->values[0].value = "a2";
        assert_true(plan_is_outdated(&world->view, &world->view.planes[0], &world->arena));
        WORLD_EXPECT(world, FINDING_PLAN_OUTDATED, DO_DECIDE);
        world->record.plan.targets[place].to = "";
        world_show(world, place, "b", E - 1, "b");
        wanted->values[0].value = "";
        assert_int_equal(world_decide(world).beside_count, 0);
        WORLD_EXPECT(world, FINDING_STEADY, DO_WAIT);
        const struct runbook runbook = world_runbook(world, &world_tools);
        assert_string_not_equal(world_line_with(&runbook, "thing-2"), "");
        wanted->values[0] = (struct wanted_value){"b", ""};
        const struct runbook without = world_runbook(world, &world_tools);
        assert_string_equal(world_line_with(&without, "thing-2"), "");
}

static void each_of_one_kind_is_moved_by_hand_to_its_own_value(void **state)
{
        struct world *world = *state;
        (void)world_add(world, TARGET_PIPELINE);
        world->view.policy.targets[world_add(world, TARGET_PIPELINE)].value = "second-{name}";
        const struct runbook runbook = world_runbook(world, &world_tools);
        assert_string_not_equal(world_line_with(&runbook, "set thing-2 b 0"), "");
        assert_string_not_equal(world_line_with(&runbook, "set thing-3 second-b 0"), "");
}

static const char *degraded(struct world *world)
{
        const struct decision decision = world_decide(world);
        const struct report report = world_report(world, &decision);
        return arena_printf(&world->arena, "%s: %s", world_condition_text(world, &report, "Degraded"),
                            world_condition(&report, "Degraded")->message);
}

/* Nothing else tells of it, since no step waits. */
static void why_a_pipeline_is_not_written_is_told(void **state)
{
        struct world *world = *state;
        const unsigned place = world_add(world, TARGET_PIPELINE);
        at(world, place)->shows.stamp.store = WORLD_OTHER;
        at(world, place)->shows.stamp.raw = "v=pk1 e=9 theirs";
        assert_string_equal(degraded(world),
                            "True PipelineStale: pipeline thing-2 is not written: the annotation planekeeper.io/stamp of thing-2 is "
                            "another owner's: \"v=pk1 e=9 theirs\". Remove it where nobody needs it");
        at(world, place)->shows.stamp.presence = STAMP_UNREADABLE;
        at(world, place)->shows.stamp.store = WORLD_STORE;
        at(world, place)->shows.stamp.raw = "";
        assert_non_null(strstr(degraded(world), "cannot be read: \"" WORLD_STORE "\""));
        world_show(world, place, "a", E + 3, "a");
        assert_non_null(strstr(degraded(world), "pipeline thing-2 shows epoch 8, which this record (5) does not know"));
        world_show(world, place, "by hand", E, "a"); /* condition Drift says it */
        assert_string_equal(degraded(world), "False Redundant: Every check passes and a standby is fit");
}

/* A controller that would put the field back is told of before the failover. */
static void a_contested_pipeline_is_told(void **state)
{
        struct world *world = *state;
        const unsigned place = world_add(world, TARGET_PIPELINE);
        at(world, place)->shows.doubt = "argocd-controller puts it back";
        assert_string_equal(degraded(world), "True PipelineContested: argocd-controller puts it back");
        WORLD_EXPECT(world, FINDING_STEADY, DO_WAIT);
        at(world, place)->health.read_at = 0;
        assert_non_null(strstr(degraded(world), "False Redundant"));
}

/* Where it will not settle by itself, the reason is told with it. */
static void why_a_pipeline_does_not_settle_is_told(void **state)
{
        struct world *world = *state;
        const unsigned place = world_add(world, TARGET_PIPELINE);
        at(world, place)->shows.settling = true;
        assert_string_equal(degraded(world), "True PipelineStale: pipeline thing-2 has not delivered yet, under epoch 5");
        at(world, place)->shows.obstacle = "the Job failed";
        assert_string_equal(degraded(world), "True PipelineStale: pipeline thing-2 has not delivered yet, under epoch 5: the Job failed");
}

/* It is told, and a switch would be made all the same. */
static void a_pipeline_that_cannot_be_written_disarms_nothing(void **state)
{
        struct world *world = *state;
        const unsigned place = world_add(world, TARGET_PIPELINE);
        at(world, place)->health.write_denied = "grant it";
        assert_string_equal(degraded(world), "True WriteDenied: pipeline thing-2 cannot be written: grant it");
        const struct decision decision = world_decide(world);
        const struct report report = world_report(world, &decision);
        assert_string_equal(world_condition_text(world, &report, "Armed"), "True Armed");
        LOCK(world->view).health.write_denied = "grant that";
        const struct report other = world_report(world, &decision);
        assert_string_equal(world_condition_text(world, &other, "Armed"), "False WriteDenied");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
        const struct CMUnitTest tests[] = {
            CASE(a_value_may_be_given_for_each_plane),
            CASE(a_value_that_is_not_known_holds_nothing_up_and_is_not_written),
            CASE(each_of_one_kind_is_moved_by_hand_to_its_own_value),
            CASE(why_a_pipeline_is_not_written_is_told),
            CASE(a_contested_pipeline_is_told),
            CASE(why_a_pipeline_does_not_settle_is_told),
            CASE(a_pipeline_that_cannot_be_written_disarms_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
