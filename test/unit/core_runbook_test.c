/* core_runbook_test.c -- what a person would do by hand: to whom the name is moved, target by target, and how the operator hears of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/runbook.h"
#include "core_world.h"

static struct runbook build(struct world *world)
{
        return world_runbook(world, &world_tools);
}

static void each_target_in_its_turn(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        struct runbook runbook = build(&world);
        assert_int_equal(runbook.count, 5);
        assert_string_equal(runbook.lines[0], "# to b by hand (healthy now: yes); the tool of rfc2136, the tool of redisLock");
        assert_string_equal(runbook.lines[1], "set mgmt-active cluster-b 0");
        assert_string_equal(runbook.lines[2], "set gloo.example.com A 192.0.2.2 30");
        assert_string_equal(runbook.lines[3], "look at gloo.example.com");
        assert_string_equal(runbook.lines[4],
                            "kubectl annotate fop gloo -n default --overwrite planekeeper.io/adopt=b/6 --field-manager=oncall");
        world_clear(&world);
}

/* The plan still moves it, and nobody knows by now what it should hold. */
static void a_lock_that_the_spec_no_longer_names_is_left_out(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world_switching(&world);
        world_spec_without_lock(&world);
        struct runbook runbook = build(&world);
        assert_int_equal(runbook.count, 4);
        assert_string_equal(runbook.lines[1], "set gloo.example.com A 192.0.2.2 30");
        world_clear(&world);
}

static struct by_hand tell_server(const struct by_hand_tools *tools, const struct by_hand_write *write,
                                  struct arena *arena)
{
        (void)tools;
        return (struct by_hand){.move = arena_printf(arena, "%s at %s", write->target->ref.name,
                                                     write->server ? write->server : "its own")};
}

static void a_lock_is_set_where_the_primary_is_by_then(void **state)
{
        (void)state;
        static const struct by_hand_tools tools = {tell_server};
        struct world world;
        world_init(&world);
        (void)world_add(&world, TARGET_PROMOTION);
        LOCK(world.view.policy).is_moved = true;
        struct decision decision = {.epoch = 5, .candidate = &world.view.planes[1]};
        struct runbook runbook;
        runbook_build(&world.view, &decision, &tools, &world.arena, &runbook);
        assert_string_equal(runbook.lines[2], "mgmt-active at b");
        assert_string_equal(runbook.lines[3], "gloo.example.com at its own");
        world_clear(&world);
}

static void a_tool_that_needs_nothing(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world_without_lock(&world);
        world.view.targets[0].ref.driver = "nothing";
        struct decision decision = {.epoch = 5, .candidate = &world.view.planes[1]};
        struct runbook runbook;
        runbook_build(&world.view, &decision, &world_tools, &world.arena, &runbook);
        assert_string_equal(runbook.lines[0], "# to b by hand (healthy now: no, check it first)");
        world_clear(&world);
}

static void a_name_that_leads_nowhere_is_not_called_healthy(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world.view.planes[1].rrset = "CNAME lb-b.example.com";
        world.view.planes[1].name_absent = true;
        world.view.planes[2].eligible = false;
        assert_non_null(strstr(build(&world).lines[0], "# to b by hand (healthy now: no, check it first)"));
        world_clear(&world);
}

/* The destination is whom the operator would choose; mid-switch whom it is moving to; else anybody with an address. */
static void where_it_leads(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world_fail(&world, 1, 200000);
        struct runbook runbook = build(&world);
        assert_non_null(strstr(runbook.lines[0], "# to c by hand (healthy now: yes)"));
        world_fail(&world, 2, 200000);
        runbook = build(&world);
        assert_non_null(strstr(runbook.lines[0], "# to b by hand (healthy now: no, check it first)"));
        world_switching(&world);
        runbook = build(&world);
        assert_non_null(strstr(runbook.lines[0], "# to b by hand"));
        assert_string_equal(runbook.lines[4], "# nothing to annotate: the operator goes on from there by itself");
        world_clear(&world);
}

static void nobody_else_has_an_address(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world.view.planes[1].rrset = world.view.planes[2].rrset = "";
        struct runbook runbook = build(&world);
        assert_int_equal(runbook.count, 1);
        assert_non_null(strstr(runbook.lines[0], "no other plane has an address"));
        world_clear(&world);
}

/* A switch under way to a plane that has lost its address, or its place in the spec. */
static void the_plane_that_it_moves_to_is_gone(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world_switching(&world);
        world.view.planes[1].rrset = "";
        struct runbook runbook = build(&world);
        assert_non_null(strstr(runbook.lines[0], "# to c by hand (healthy now: yes)"));
        world.record.to = "z";
        runbook = build(&world);
        assert_non_null(strstr(runbook.lines[0], "# to a by hand (healthy now: no, check it first)"));
        world_clear(&world);
}

/* Advise without a record: nothing to adopt into, and no lock where none is used. */
static void without_a_record(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world_without_lock(&world);
        world_without_record(&world);
        world.view.policy.mode = MODE_ADVISE;
        struct runbook runbook = build(&world);
        assert_string_equal(world_line_with(&runbook, "kubectl"), "");
        assert_non_null(strstr(runbook.lines[runbook.count - 1], "mode Advise records nothing"));
        assert_string_equal(world_line_with(&runbook, "set mgmt-active"), "");
        assert_non_null(strstr(world_line_with(&runbook, "set gloo.example.com"), "192.0.2.2"));
        world.view.policy.mode = MODE_AUTOMATIC;
        runbook = build(&world);
        assert_string_equal(world_line_with(&runbook, "kubectl"), "");
        assert_non_null(strstr(runbook.lines[runbook.count - 1],
                               "# nothing to annotate now: the targets name a: recorded as they are"));
        world_clear(&world);
}

static void what_people_have_stopped_is_held(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world.view.policy.suspended = true;
        struct runbook runbook = build(&world);
        assert_non_null(strstr(runbook.lines[runbook.count - 1],
                               "adopt=b/6 --field-manager=oncall # held as long as spec.suspend is true"));
        world.view.kill_switch = true;
        runbook = build(&world);
        assert_non_null(strstr(runbook.lines[runbook.count - 1], "# held as long as the kill switch is on"));
        world_clear(&world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(each_target_in_its_turn),
            cmocka_unit_test(a_lock_that_the_spec_no_longer_names_is_left_out),
            cmocka_unit_test(a_lock_is_set_where_the_primary_is_by_then),
            cmocka_unit_test(a_tool_that_needs_nothing),
            cmocka_unit_test(a_name_that_leads_nowhere_is_not_called_healthy),
            cmocka_unit_test(where_it_leads),
            cmocka_unit_test(nobody_else_has_an_address),
            cmocka_unit_test(the_plane_that_it_moves_to_is_gone),
            cmocka_unit_test(without_a_record),
            cmocka_unit_test(what_people_have_stopped_is_held),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
