/*
 * core_property_test.c -- the invariants of the design on random histories of the simulated world (sim.h): two
 * operators that both believe they lead, late, lost and doubled writes, crashes between any two steps, stale views,
 * people, and a Redis that forgets. The long run is test/prove/simulate.c.
 *
 * PK_SEED starts elsewhere, PK_RUNS runs longer (quick by default). A failure names its seed; PK_SEED=<that> PK_RUNS=1
 * shows it again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "walk.h"

enum { DEFAULT_SEED = 20261123, DEFAULT_RUNS = 250, STEPS = 600 };

static uint64_t number_from(const char *name, uint64_t otherwise)
{
        const char *text = getenv(name);
        return text ? strtoull(text, NULL, 10) : otherwise;
}

static void invariants_hold_on_every_history(void **state)
{
        (void)state;
        static struct sim sim;
        struct walk_counts counts = {0};
        uint64_t seed = number_from("PK_SEED", DEFAULT_SEED), runs = number_from("PK_RUNS", DEFAULT_RUNS);
        print_message("PK_SEED=%llu, %llu histories\n", (unsigned long long)seed, (unsigned long long)runs);
        for (uint64_t i = 0; i < runs; i++) {
                walk_history(&sim, seed + i, STEPS, &counts);
                if (sim.violation[0])
                        fail_msg("PK_SEED=%llu PK_RUNS=1: %s", (unsigned long long)(seed + i), sim.violation);
        }
        print_message("%llu decisions\n", (unsigned long long)counts.decisions);
        assert_true(counts.decisions > runs); /* a world in which nothing happens proves nothing */
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(invariants_hold_on_every_history)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
