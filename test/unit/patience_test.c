/* patience_test.c -- how long an answer is waited for follows how long answers take, within bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kube/patience.h"

static void test_quick_answers_change_nothing(void **state)
{
        struct patience patience = {1500, 1500};
        (void)state;
        for (mono_ms latency = 0; latency <= 1000; latency += 50)
                patience_answered(&patience, latency);
        assert_int_equal(patience.timeout, 1500);
        assert_int_equal(patience_stretch(&patience, 3000), 3000);
}

static void test_it_grows_at_once_and_shrinks_by_and_by(void **state)
{
        struct patience patience = {1500, 1500};
        (void)state;
        patience_answered(&patience, 2000);
        assert_int_equal(patience.timeout, 3000);
        assert_int_equal(patience_stretch(&patience, 5000), 10000);
        patience_answered(&patience, 10);
        assert_in_range(patience.timeout, 2000, 2999);
        for (int i = 0; i < 30; i++)
                patience_answered(&patience, 10);
        assert_in_range(patience.timeout, 1500, 1510);
}

static void test_silence_stretches_it_to_a_limit(void **state)
{
        struct patience patience = {1500, 1500};
        (void)state;
        patience_timed_out(&patience);
        assert_int_equal(patience.timeout, 3000);
        for (int i = 0; i < 10; i++)
                patience_timed_out(&patience);
        assert_int_equal(patience.timeout, 6000);
        patience_answered(&patience, 3600000);
        assert_int_equal(patience.timeout, 6000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_quick_answers_change_nothing),
            cmocka_unit_test(test_it_grows_at_once_and_shrinks_by_and_by),
            cmocka_unit_test(test_silence_stretches_it_to_a_limit),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
