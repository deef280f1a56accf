/* core_target_test.c -- lists of targets: which are in force, and what is decided of each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/adopt.h"
#include "core/plan.h"
#include "core/roles.h"
#include "core/targets.h"
#include "core_world.h"

static void a_target_that_comes_back_into_force_is_read_anew(void **state)
{
        struct world *world = *state;
        const struct wanted_target lock = LOCK(world->view.policy), name = NAME(world->view.policy);
        world_spec_without_lock(world);
        assert_int_equal(world->view.target_count, 1);
        assert_null(targets_find(&world->view, TARGET_LOCK));
        assert_string_equal(targets_name(&world->view)->shows.value, WORLD_RRSET_A); /* what was known stays */
        world->view.policy.targets[0] = lock;
        world->view.policy.targets[1] = name;
        world->view.policy.target_count = 2;
        targets_place(&world->view);
        assert_int_equal(world->view.target_count, 2);
        assert_int_equal(LOCK(world->view).health.read_at, 0);
        assert_int_equal(LOCK(world->view).health.reach, REACH_NEVER);
        assert_string_equal(targets_name(&world->view)->shows.value, WORLD_RRSET_A);
}

static void what_is_not_in_a_list_is_not_found(void **state)
{
        struct world *world = *state;
        assert_non_null(plan_find(&world->record.plan, TARGET_LOCK));
        assert_non_null(wanted_find(&world->view.policy, TARGET_LOCK));
        const struct target_view lock = LOCK(world->view);
        world_without_lock(world);
        assert_null(plan_find(&world->record.plan, TARGET_LOCK));
        assert_null(wanted_find(&world->view.policy, TARGET_LOCK));
        /* Of a target that the spec does not name any more nothing is known but what it shows. */
        assert_string_equal(plan_value_at(&world->view, &lock, &world->view.planes[0], 1, &world->arena), "");
        assert_string_equal(targets_plane_of(&world->view, &lock), "");
}

static void a_write_is_named_in_full(void **state)
{
        struct world *world = *state;
        world_switching(world);
        struct decision decision = world_decide(world);
        assert_int_equal(decision.rule->then, DO_WRITE);
        assert_int_equal(decision.write.target->ref.kind, TARGET_LOCK);
        assert_string_equal(decision.write.value, "cluster-b");
        assert_int_equal(decision.write.stamp.epoch, WORLD_EPOCH + 1);
        assert_int_equal(decision.write.stamp.id, WORLD_FRESH_ID);
        assert_string_equal(decision.write.stamp.plane, "b");
        assert_string_equal(decision.write.stamp.store, WORLD_STORE);
        assert_string_equal(decision.write.former, "");
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        world->view.former_store = "k8s/before/default/gloo";
        decision = world_decide(world);
        assert_int_equal(decision.write.target->ref.kind, TARGET_NAME);
        assert_string_equal(decision.write.value, WORLD_RRSET_B);
        assert_int_equal(decision.write.ttl_s, 30);
        assert_string_equal(decision.write.former, "k8s/before/default/gloo");
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b");
        decision = world_decide(world);
        assert_null(decision.write.target);
}

static void a_stamp_that_was_taken_over_counts_as_ours(void **state)
{
        struct world *world = *state;
        static const char former[] = "k8s/uid-0/default/gloo";
        LOCK(world->view).shows.stamp.store = former;
        assert_string_equal(targets_former(&world->view, &LOCK(world->view).shows.stamp), "");
        world->view.policy.takeover = "0000000000001111";
        world->view.former_store = "";
        assert_string_equal(targets_former(&world->view, &LOCK(world->view).shows.stamp), former);
        assert_string_equal(targets_former(&world->view, &NAME(world->view).shows.stamp), "");
}

static void it_is_told_since_when_a_target_is_met(void **state)
{
        struct world *world = *state;
        struct decision decision = world_decide(world);
        assert_int_equal(decision.targets[1].met_epoch, WORLD_EPOCH);
        assert_int_equal(decision.targets[1].met_at, WORLD_NOW); /* first seen by now */
        NAME(world->view).met_at = WORLD_NOW - 7000;
        assert_int_equal(world_decide(world).targets[1].met_at, WORLD_NOW - 7000);
        NAME(world->view).met_epoch = WORLD_EPOCH - 1;
        assert_int_equal(world_decide(world).targets[1].met_at, WORLD_NOW);
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH, "a");
        decision = world_decide(world);
        assert_int_equal(decision.targets[1].met_at, 0);
        assert_int_equal(decision.targets[1].met_epoch, WORLD_EPOCH - 1);
        assert_true(decision.targets[1].is_write_over);
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH - 1, "b");
        assert_false(world_decide(world).targets[1].is_write_over);
}

static void what_was_not_read_since_the_trouble_began_is_looked_at(void **state)
{
        struct world *world = *state;
        assert_int_equal(world_decide(world).looks_beside, 0);
        world_fail(world, 0, 8000);
        NAME(world->view).health.read_at = WORLD_NOW - 9000;
        assert_int_equal(world_decide(world).looks_beside, 2);
        LOCK(world->view).health.read_at = 0;
        assert_int_equal(world_decide(world).looks_beside, 3);
}

/* The record is beside the name, whose server refused to take the last decision. */
static void a_refused_decision_is_tried_as_if_it_were_not(void **state)
{
        struct world *world = *state;
        world_fail(world, 0, 40000);
        world_dns_fails(world, ERR_DENIED, "refused", true);
        NAME(world->view).health.refuses_record = true;
        struct decision decision = world_decide(world);
        assert_null(decision.next);
        assert_int_equal(decision.finding, FINDING_ACTIVE_DOWN_BLOCKED); /* what people are told */
        assert_non_null(decision.attempt);
        assert_int_equal(decision.attempt->decision.finding, FINDING_ACTIVE_DOWN);
        assert_string_equal(decision.attempt->decision.next->to, "b");
        assert_false(decision.targets[1].is_write_over);
        LOCK(world->view).health.looked_at = 0; /* and not before what it rests on was looked at */
        decision = world_decide(world);
        assert_null(decision.attempt->decision.next);
        assert_int_equal(decision.attempt->decision.looks, 1);
        world_pass(world, 0, 40000);
        decision = world_decide(world);
        assert_null(decision.attempt);
        assert_true(decision.targets[1].is_write_over); /* nothing is to be decided any more */
        world_dns(world, WORLD_RRSET_A, WORLD_EPOCH, "a");
        NAME(world->view).health = (struct target_health){
            .reach = REACH_OK, .error = "", .read_at = WORLD_NOW, .looked_at = WORLD_NOW, .refuses_record = true};
        LOCK(world->view).health.looked_at = WORLD_NOW;
        world_fail(world, 0, 40000);
        decision = world_decide(world);
        assert_non_null(decision.next);
        assert_null(decision.attempt);
        assert_false(decision.targets[1].is_write_over);
}

static void an_absent_name_is_not_anybodys(void **state)
{
        struct world *world = *state;
        world_lock(world, NULL, 0, "");
        assert_true(adopt_matches(&world->view, &world->view.planes[0], &world->arena));
        world_dns(world, "", 0, "");
        assert_false(adopt_matches(&world->view, &world->view.planes[0], &world->arena));
}

static void stamps_that_name_others_than_the_values_are_asked_about(void **state)
{
        struct world *world = *state;
        world_without_record(world);
        world_dns(world, WORLD_RRSET_A, WORLD_EPOCH - 1, "a");
        world_lock(world, "cluster-a", WORLD_EPOCH, "b");
        struct adoption adoption = adopt_inquire(&world->view, &world->arena);
        assert_int_equal(adoption.outcome, ADOPTION_UNKNOWN);
        assert_non_null(strstr(adoption.text, "every target shows a, but their ownership records name other planes. "));
}

static const char *why(struct world *world)
{
        return world_decide(world).why;
}

/* A lock of an epoch before may settle, too: that says nothing of this one. */
static void what_settles_of_an_epoch_before_is_only_behind(void **state)
{
        struct world *world = *state;
        world_lock(world, "cluster-b", WORLD_EPOCH - 1, "b");
        LOCK(world->view).shows.settling = true;
        WORLD_EXPECT(world, FINDING_TARGET_BEHIND, DO_WRITE);
        assert_string_equal(why(world), "lock mgmt-active lacks epoch 5");
}

static bool counts_as_active(struct world *world)
{
        struct plane_view *plane = &world->view.planes[0];
        plane->checks[0].when = WHEN_ACTIVE;
        plane->mark = (struct role_mark){0};
        targets_place(&world->view);
        roles_begin(&world->view, &world->arena);
        return plane->mark.role == ROLE_ACTIVE;
}

static void whoever_is_recorded_is_active_where_the_targets_do_not_say_otherwise(void **state)
{
        struct world *world = *state;
        assert_true(counts_as_active(world));
        world_lock(world, NULL, 0, "");
        assert_true(counts_as_active(world)); /* names nobody */
        world->record.plan.targets[0] = NAME(world->record.plan);
        world->record.plan.target_count = 1;
        world_lock(world, "cluster-b", WORLD_EPOCH, "b");
        assert_true(counts_as_active(world)); /* is not the record's */
        world_dns(world, "", WORLD_EPOCH, "a");
        assert_false(counts_as_active(world)); /* agents are not there */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            CASE(a_target_that_comes_back_into_force_is_read_anew),
            CASE(what_is_not_in_a_list_is_not_found),
            CASE(a_write_is_named_in_full),
            CASE(a_stamp_that_was_taken_over_counts_as_ours),
            CASE(it_is_told_since_when_a_target_is_met),
            CASE(what_was_not_read_since_the_trouble_began_is_looked_at),
            CASE(a_refused_decision_is_tried_as_if_it_were_not),
            CASE(an_absent_name_is_not_anybodys),
            CASE(stamps_that_name_others_than_the_values_are_asked_about),
            CASE(what_settles_of_an_epoch_before_is_only_behind),
            CASE(whoever_is_recorded_is_active_where_the_targets_do_not_say_otherwise),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
