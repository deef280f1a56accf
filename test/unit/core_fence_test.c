/* core_fence_test.c -- fences in the planes: which of them are waited for, and when a plane is released. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/plan.h"
#include "core/sync.h"
#include "core/targets.h"
#include "core/waiting.h"
#include "core_world.h"

enum { E = WORLD_EPOCH };

static struct target_view *at(struct world *world, unsigned place)
{
        return &world->view.targets[place];
}

/* In @plane: open while that is active, and shut while another is. a is active, or a switch to b is under way. */
static unsigned fence_in(struct world *world, const char *plane)
{
        const unsigned place = world_add(world, TARGET_FENCE);
        struct wanted_target *wanted = &world->view.policy.targets[place];
        const bool is_switching = world->record.phase == PHASE_SWITCHING;
        wanted->plane = plane;
        wanted->value = NULL;
        for (unsigned i = 0; i < world->view.plane_count; i++) {
                const char *name = world->view.planes[i].name;
                wanted->values[wanted->value_count++] = (struct wanted_value){name, strcmp(name, plane) == 0 ? "open" : "shut"};
        }
        struct plan_target *planned = &world->record.plan.targets[place];
        planned->to = strcmp(plane, is_switching ? "b" : "a") == 0 ? "open" : "shut";
        planned->old[0] = "open";
        planned->old[1] = "shut";
        planned->old_count = 2;
        world_show(world, place, strcmp(plane, "a") == 0 ? "open" : "shut", E, "a");
        return place;
}

static bool is_beside(const struct decision *decision, const struct target_view *target)
{
        for (unsigned i = 0; i < decision->beside_count; i++)
                if (decision->beside[i].target == target)
                        return true;
        return false;
}

static void silence(struct world *world, unsigned place)
{
        at(world, place)->health.reach = REACH_FAILED;
        at(world, place)->health.error = "refused";
}

static void fenced(struct world *world, unsigned place)
{
        world_show(world, place, world->record.plan.targets[place].to, E + 1, "b");
}

/* Of a third plane too: what was not read, or is not in the plan, is not known to be shut. */
static void what_is_not_known_to_be_shut_is_waited_for(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_pass(world, 0, 3600000);
        world_pass(world, 1, 3600000);
        const unsigned third = fence_in(world, "c");
        world_pass(world, 2, 3600000);
        (void)world_decide(world);
        assert_false(waiting_is_for(&world->view, at(world, third)));
        at(world, third)->health.read_at = 0;
        assert_true(waiting_is_for(&world->view, at(world, third)));
        at(world, third)->health.read_at = world->view.now;
        const unsigned planned = world->record.plan.target_count;
        world->record.plan.target_count = third;
        assert_true(waiting_is_for(&world->view, at(world, third)));
        world->record.plan.target_count = planned;
        world->view.record = NULL;
        assert_false(waiting_is_released(&world->view, at(world, third)));
}

static void the_plane_that_is_moved_to_is_released_when_the_other_is_fenced(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_pass(world, 0, 3600000);
        world->record.automatic = false;
        const unsigned left = fence_in(world, "a"), to = fence_in(world, "b");
        struct decision decision = world_decide(world);
        assert_ptr_equal(decision.write.target, at(world, left));
        assert_string_equal(decision.write.value, "shut");
        assert_false(is_beside(&decision, at(world, to)));
        fenced(world, left);
        decision = world_decide(world);
        assert_ptr_equal(decision.write.target, &LOCK(world->view));
        assert_true(is_beside(&decision, at(world, to)));
        assert_string_equal(decision.beside[0].value, "open");
}

static void a_release_waits_for_a_fence_that_answers_in_a_plane_that_is_down(void **state)
{
        struct world *world = *state;
        world_switching(world);
        const unsigned left = fence_in(world, "a"), to = fence_in(world, "b");
        struct decision decision = world_decide(world);
        assert_ptr_equal(decision.write.target, &LOCK(world->view)); /* no step waits */
        assert_true(is_beside(&decision, at(world, left)));
        assert_false(is_beside(&decision, at(world, to)));
        silence(world, left);
        decision = world_decide(world);
        assert_true(is_beside(&decision, at(world, to)));
}

static void nothing_waits_for_a_release(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_pass(world, 0, 3600000);
        world->record.automatic = false;
        const unsigned left = fence_in(world, "a"), to = fence_in(world, "b");
        silence(world, to);
        at(world, to)->health.read_at = 0;
        fenced(world, left);
        assert_false(waiting_is_for(&world->view, at(world, to)));
        assert_ptr_equal(world_decide(world).write.target, &LOCK(world->view));
        world_lock(world, "cluster-b", E + 1, "b");
        world_dns(world, WORLD_RRSET_B, E + 1, "b");
        assert_int_equal(world_decide(world).rule->then, DO_COMMIT);
}

/* The third plane's stamp is renewed beside the switch; one that is not seen to be shut may serve. */
static void another_plane_is_waited_for_unless_it_is_seen_to_be_shut(void **state)
{
        struct world *world = *state;
        world_switching(world);
        const unsigned left = fence_in(world, "a"), third = fence_in(world, "c");
        silence(world, left);
        silence(world, third);
        assert_ptr_equal(world_decide(world).write.target, &LOCK(world->view));
        world_show(world, third, "open", E, "a");
        silence(world, third);
        assert_true(waiting_is_for(&world->view, at(world, third)));
        assert_ptr_equal(world_decide(world).at, at(world, third));
        world_fail(world, 2, 200000);
        assert_ptr_equal(world_decide(world).write.target, &LOCK(world->view));
}

static void at_rest_nothing_waits_for_a_fence(void **state)
{
        struct world *world = *state;
        const unsigned active = fence_in(world, "a"), standby = fence_in(world, "b");
        for (unsigned place = active; place <= standby; place++) {
                silence(world, place);
                at(world, place)->health.read_at = 0;
                at(world, place)->health.error_class = ERR_INVALID;
                at(world, place)->health.failed_since = world->view.now - 60000;
        }
        WORLD_EXPECT(world, FINDING_STEADY, DO_WAIT);
        world_fail(world, 0, 200000);
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN, DO_DECIDE);
}

/* A plane that comes back while the record names another one is fenced, whatever else is done. */
static void a_plane_that_is_back_is_fenced_at_rest(void **state)
{
        struct world *world = *state;
        const unsigned place = fence_in(world, "c");
        world_show(world, place, "open", E - 1, "c");
        const struct decision decision = world_decide(world);
        assert_true(is_beside(&decision, at(world, place)));
        assert_string_equal(decision.beside[0].value, "shut");
}

/* The store went back in time, and only a fence knows: nothing could be written to it under the epoch of the record. */
static void a_fence_of_a_later_epoch_outranks_the_record(void **state)
{
        struct world *world = *state;
        const unsigned place = fence_in(world, "b");
        world_show(world, place, "open", E + 2, "b");
        WORLD_EXPECT(world, FINDING_EPOCH_AHEAD, DO_ADOPT);
        const struct decision decision = world_decide(world);
        assert_int_equal(decision.next->epoch, E + 3);
        assert_string_equal(decision.next->to, "a");
}

static void an_edit_of_a_standby_is_told(void **state)
{
        struct world *world = *state;
        const unsigned place = fence_in(world, "b");
        world_show(world, place, "open", E, "a");
        assert_int_equal(sync_of(&world->view, &world->record, place), SYNC_DRIFT);
}

/* Also where it was not read at the decision. */
static void a_plan_may_replace_either_value(void **state)
{
        struct world *world = *state;
        const unsigned place = fence_in(world, "b");
        at(world, place)->health.read_at = 0;
        world_without_record(world);
        const struct plan plan = plan_for(&world->view, &world->view.planes[0], E + 1, &world->arena);
        assert_string_equal(plan.targets[place].to, "shut");
        assert_true(plan_may_replace(&plan.targets[place], "open"));
        assert_false(plan_may_replace(&plan.targets[place], "ajar"));
}

static void a_person_is_not_switched_into_a_fence_that_is_silent(void **state)
{
        struct world *world = *state;
        const unsigned place = fence_in(world, "a");
        silence(world, place);
        world->view.policy.switch_to = "b/6";
        struct decision decision = world_decide(world);
        assert_null(decision.next);
        assert_non_null(strstr(decision.answer, "MechanismUnreachable"));
        world_fail(world, 0, 200000);
        decision = world_decide(world);
        assert_non_null(decision.next); /* the plane is down */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            CASE(what_is_not_known_to_be_shut_is_waited_for),
            CASE(the_plane_that_is_moved_to_is_released_when_the_other_is_fenced),
            CASE(a_release_waits_for_a_fence_that_answers_in_a_plane_that_is_down),
            CASE(nothing_waits_for_a_release),
            CASE(another_plane_is_waited_for_unless_it_is_seen_to_be_shut),
            CASE(at_rest_nothing_waits_for_a_fence),
            CASE(a_plane_that_is_back_is_fenced_at_rest),
            CASE(a_fence_of_a_later_epoch_outranks_the_record),
            CASE(an_edit_of_a_standby_is_told),
            CASE(a_plan_may_replace_either_value),
            CASE(a_person_is_not_switched_into_a_fence_that_is_silent),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
