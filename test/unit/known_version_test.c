/* known_version_test.c -- which state of an object is believed, without any order among versions. */
#include "kube/known_version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char long_version[] = "98765432109876543210";

static void test_a_watch_is_believed_in_its_own_order(void **state)
{
        static const char *const versions[] = {"10", "11", "9", long_version, "a-b/c", "10"};
        struct known_version known = {0};
        (void)state;
        for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
                assert_true(known_admits(&known, versions[i], 1));
                known_by_watch(&known, versions[i]);
                assert_string_equal(known.text, versions[i]);
        }
        known_forget(&known);
}

static void test_an_answer_outranks_the_watch_until_it_has_caught_up(void **state)
{
        static const char *const answers[] = {"12", "3", long_version, "opaque"};
        (void)state;
        for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
                struct known_version known = {0};
                known_by_watch(&known, "10");
                known_by_answer(&known, answers[i], 1, 1000);
                assert_string_equal(known.text, answers[i]);
                assert_false(known_admits(&known, "11", 1));
                assert_true(known_admits(&known, "11", 2)); /* named by a list that was begun later */
                assert_true(known_admits(&known, answers[i], 1));
                known_by_watch(&known, answers[i]);
                assert_true(known_admits(&known, "13", 1));
                known_forget(&known);
        }
}

static void test_an_answer_that_was_overtaken_is_told(void **state)
{
        struct known_version known = {0};
        (void)state;
        known_by_watch(&known, "10");
        uint64_t turns = known.turns;
        assert_false(known_is_overtaken(&known, "12", turns));
        known_by_watch(&known, "11");
        assert_true(known_is_overtaken(&known, "10", turns));
        assert_true(known_is_overtaken(&known, "12", turns));
        assert_false(known_is_overtaken(&known, "11", turns));
        known_forget(&known);
}

static void test_a_watch_that_does_not_catch_up_is_doubted(void **state)
{
        struct known_version known = {0};
        (void)state;
        known_by_watch(&known, "10");
        known_by_answer(&known, "12", 1, 1000);
        known_by_answer(&known, "14", 1, 5000); /* the time runs from the first */
        assert_false(known_take_doubt(&known, 1, 1000 + KNOWN_CATCH_UP_MS - 1));
        assert_true(known_take_doubt(&known, 1, 1000 + KNOWN_CATCH_UP_MS));
        assert_false(known_take_doubt(&known, 2, 1000 + KNOWN_CATCH_UP_MS)); /* a list is under way */
        known_by_watch(&known, "14");
        assert_false(known_take_doubt(&known, 1, 1000000));
        known_is_refused(&known, 1, 2000000);
        assert_false(known_take_doubt(&known, 1, 2000000 + KNOWN_CATCH_UP_MS - 1));
        assert_true(known_take_doubt(&known, 1, 2000000 + KNOWN_CATCH_UP_MS));
        assert_false(known_take_doubt(&known, 1, 3000000));
        known_is_refused(&known, 1, 3000000);
        known_by_watch(&known, "15"); /* that is why */
        assert_false(known_take_doubt(&known, 1, 4000000));
        known_forget(&known);
}

static void test_a_fall_is_doubted_at_once(void **state)
{
        struct known_version known = {0};
        (void)state;
        known_by_watch(&known, "1000");
        known_by_answer(&known, "999", 1, 1000);
        assert_true(known_take_doubt(&known, 1, 1000));
        assert_false(known_take_doubt(&known, 1, 1000));
        known_forget(&known);
}

static void test_lower_is_a_hint_of_decimal_numbers(void **state)
{
        (void)state;
        assert_true(version_is_lower("9", "10"));
        assert_true(version_is_lower("18446744073709551616", long_version));
        assert_true(version_is_lower("99", long_version));
        assert_false(version_is_lower("10", "9"));
        assert_false(version_is_lower("10", "10"));
        assert_false(version_is_lower("0", "10"));
        assert_false(version_is_lower("09", "10"));
        assert_false(version_is_lower("", "10"));
        assert_false(version_is_lower("a", "b"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_a_watch_is_believed_in_its_own_order),
            cmocka_unit_test(test_an_answer_outranks_the_watch_until_it_has_caught_up),
            cmocka_unit_test(test_an_answer_that_was_overtaken_is_told),
            cmocka_unit_test(test_a_watch_that_does_not_catch_up_is_doubted),
            cmocka_unit_test(test_a_fall_is_doubted_at_once),
            cmocka_unit_test(test_lower_is_a_hint_of_decimal_numbers),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
