/* core_gates_purpose_test.c -- which gates a purpose asks, which of them is the reason, and what they take as given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/gates.h"
#include "core_world.h"

enum { LONG_AGO = 200000 };

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

static void purposes_ask_what_concerns_them(void **state)
{
        (void)state;
        /* One letter a gate, in the order of GATE_LIST: x asked, - not. */
        static const char *const wanted[PURPOSE_COUNT] = {
            [PURPOSE_FAILOVER] = "xxxxxxxxxxxxxxx", [PURPOSE_REQUEST] = "----x---x-xx---",
            [PURPOSE_TAKEOVER] = "----x---x-x----", [PURPOSE_RETARGET] = "----x---x------",
            [PURPOSE_FAILBACK] = "x--xx---xxxxxxx", [PURPOSE_SUPERSEDE] = "xxxxxxxxxxxx-xx",
            [PURPOSE_ENFORCE] = "----x---x-x----",  [PURPOSE_ARMED] = "x--xxxx-xxxxxxx",
            [PURPOSE_PREPARE] = "x-xxxxxxxxxxxxx",
        };
        for (unsigned purpose = 0; purpose < PURPOSE_COUNT; purpose++) {
                char asked[GATE_COUNT + 1] = "";
                for (unsigned gate = 0; gate < GATE_COUNT; gate++)
                        asked[gate] = gate_applies((enum gate)gate, (enum purpose)purpose) ? 'x' : '-';
                assert_string_equal(asked, wanted[purpose]);
        }
}

static void the_first_that_refuses_is_the_reason(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world_fail(&world, 0, LONG_AGO);
        world.record.cooldown_until = world.view.wall + 60000;
        world.view.late_until = world.view.now + 700;
        struct gates gates = ask(&world, PURPOSE_FAILOVER);
        assert_int_equal(gates.verdicts[gates.blocked].gate, GATE_NOT_LATE);
        assert_int_equal(gates.passed, gates.count - 2);
        assert_int_equal(gates.wake_at, world.view.now + 700);
        world.view.late_until = world.view.now + 90000; /* time opens the second one first */
        gates = ask(&world, PURPOSE_FAILOVER);
        assert_int_equal(gates.verdicts[gates.blocked].gate, GATE_NOT_LATE);
        assert_int_equal(gates.wake_at, world.view.now + 60000);
        world_clear(&world);
}

static void a_failback_waits_for_the_rollout_it_goes_to(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world_deployment(&world, 1, 3, 3);
        world.view.planes[1].checks[1].replicas_updated = 1;
        struct gates gates = ask(&world, PURPOSE_FAILBACK);
        assert_false(verdict_of(&gates, GATE_ROLLOUT)->passes);
        world.view.planes[1].checks[1].replicas_updated = 3;
        gates = ask(&world, PURPOSE_FAILBACK);
        assert_int_equal(gates.blocked, -1);
        world_clear(&world);
}

static void the_delay_depends_on_the_regions(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        assert_int_equal(gates_failover_delay(&world.view), WORLD_DELAY_MS);
        world.view.policy.detection.failover_delay_ms = 0;
        assert_int_equal(gates_failover_delay(&world.view), 0);
        world.view.policy.detection.failover_delay_ms = -1;
        assert_int_equal(gates_failover_delay(&world.view), 30000);
        world.view.planes[1].region = "eu-central-1";
        assert_int_equal(gates_failover_delay(&world.view), 60000);
        world_clear(&world);
}

/* The wall clock jumped back between two switches: what is said to leave the window next has left it by now. */
static void switches_out_of_order_say_no_time(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world_fail(&world, 0, LONG_AGO);
        world.view.policy.max_switches = 1;
        world.record.recent_count = 2;
        world.record.recent[0] = world.view.wall - 2 * 86400000;
        world.record.recent[1] = world.view.wall - 1000;
        struct gates gates = ask(&world, PURPOSE_FAILOVER);
        assert_int_equal(gates.verdicts[gates.blocked].gate, GATE_LIMIT);
        assert_int_equal(gates.wake_at, 0);
        world_clear(&world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(purposes_ask_what_concerns_them),
            cmocka_unit_test(the_first_that_refuses_is_the_reason),
            cmocka_unit_test(a_failback_waits_for_the_rollout_it_goes_to),
            cmocka_unit_test(the_delay_depends_on_the_regions),
            cmocka_unit_test(switches_out_of_order_say_no_time),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
