/* sim_text_test.c -- an action of the simulated world that is printed can be read back: histories are handed on as
 * text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim.h"

static void assert_reads_back(struct sim_action action)
{
        char text[64];
        struct sim_action read;
        sim_action_print(action, text, sizeof(text));
        assert_true(sim_action_parse(text, &read));
        assert_int_equal(read.verb, action.verb);
        assert_int_equal(read.who, action.who);
        assert_int_equal(read.plane, action.plane);
        assert_int_equal(read.ending, action.ending);
        assert_int_equal(read.down, action.down);
}

static void every_action_reads_back(void **state)
{
        (void)state;
        const struct sim_config config = {.plane_count = 3,
                                          .operator_count = 2,
                                          .packet_max = 1,
                                          .judgement = SIM_AT_WILL,
                                          .uses_lock = true,
                                          .max_switches = 100,
                                          .has_people = true,
                                          .has_amnesia = true,
                                          .has_weak_redis = true,
                                          .has_odd_clocks = true,
                                          .has_odd_probes = true,
                                          .lock_waits = true};
        static struct sim sim;
        struct sim_action actions[SIM_ACTIONS_MAX];
        sim_init(&sim, &config);
        unsigned count = sim_actions(&sim, actions);
        assert_true(count > SIM_ENDING_COUNT);
        for (unsigned i = 0; i < count; i++)
                assert_reads_back(actions[i]);
}

static void what_is_no_action_is_refused(void **state)
{
        (void)state;
        static const char *const texts[] = {"",       "tick",     "tick.",           "tick.x",
                                            "tock.0", "tick.0.1", "pass.0.answered", "pass.0.maybe.0"};
        struct sim_action action;
        for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                assert_false(sim_action_parse(texts[i], &action));
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(every_action_reads_back),
                                           cmocka_unit_test(what_is_no_action_is_refused)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
