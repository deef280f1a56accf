/* yield_test.c -- who only tells waits for who acts, and not for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "runtime/yield.h"

static bool is_set(void *ctx)
{
        return *(const bool *)ctx;
}

static void test_nobody_to_yield_to(void **state)
{
        (void)state;
        struct yield yield = {0};
        assert_false(yield_must_wait(&yield, 1000));
}

static void test_waits_while_busy(void **state)
{
        (void)state;
        bool is_busy = true;
        struct yield yield = {.is_busy = is_set, .ctx = &is_busy};
        assert_true(yield_must_wait(&yield, 1000));
        assert_true(yield_must_wait(&yield, 1000 + YIELD_MAX_MS - 1));
        is_busy = false;
        assert_false(yield_must_wait(&yield, 1000 + YIELD_MAX_MS - 1));
}

static void test_patience_ends(void **state)
{
        (void)state;
        bool is_busy = true;
        struct yield yield = {.is_busy = is_set, .ctx = &is_busy};
        assert_true(yield_must_wait(&yield, 1000));
        assert_false(yield_must_wait(&yield, 1000 + YIELD_MAX_MS));
        assert_false(yield_must_wait(&yield, 1000 + 10 * YIELD_MAX_MS));
}

static void test_a_pause_gives_new_patience(void **state)
{
        (void)state;
        bool is_busy = true;
        struct yield yield = {.is_busy = is_set, .ctx = &is_busy};
        assert_true(yield_must_wait(&yield, 1000));
        assert_false(yield_must_wait(&yield, 1000 + YIELD_MAX_MS));
        is_busy = false;
        assert_false(yield_must_wait(&yield, 1001 + YIELD_MAX_MS));
        is_busy = true;
        assert_true(yield_must_wait(&yield, 1002 + YIELD_MAX_MS));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_nobody_to_yield_to),
            cmocka_unit_test(test_waits_while_busy),
            cmocka_unit_test(test_patience_ends),
            cmocka_unit_test(test_a_pause_gives_new_patience),
        };
        return cmocka_run_group_tests_name("yield", tests, NULL, NULL);
}
