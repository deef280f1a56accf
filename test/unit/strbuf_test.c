/* strbuf_test.c -- a text that grows to its maximum and not beyond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "util/strbuf.h"

static void test_appends_of_all_kinds(void **state)
{
        (void)state;
        struct strbuf buf = STRBUF_INIT(100);
        assert_string_equal(strbuf_text(&buf), "");
        assert_true(strbuf_append(&buf, "abc", 2));
        assert_true(strbuf_append_text(&buf, "cd"));
        assert_true(strbuf_append_char(&buf, 'e'));
        assert_true(strbuf_printf(&buf, "%d%s", 12, "x"));
        assert_true(strbuf_append(&buf, NULL, 0));
        assert_string_equal(strbuf_text(&buf), "abcde12x");
        assert_int_equal(buf.bytes, 8);
        strbuf_clear(&buf);
        assert_string_equal(strbuf_text(&buf), "");
        assert_true(strbuf_append_text(&buf, "again"));
        assert_string_equal(strbuf_text(&buf), "again");
        strbuf_deinit(&buf);
        assert_string_equal(strbuf_text(&buf), "");
}

static void test_maximum_is_exact(void **state)
{
        (void)state;
        for (size_t max = 0; max < 200; max++) {
                struct strbuf buf = STRBUF_INIT(max);
                for (size_t i = 0; i < max; i++)
                        assert_true(strbuf_append_char(&buf, 'x'));
                assert_false(buf.overflowed);
                assert_false(strbuf_append_char(&buf, 'y'));
                assert_true(buf.overflowed);
                assert_int_equal(strlen(strbuf_text(&buf)), max);
                assert_true(buf.capacity <= max + 1);
                strbuf_deinit(&buf);
        }
}

static void test_overflow_keeps_what_was_there_and_refuses_the_rest(void **state)
{
        (void)state;
        struct strbuf buf = STRBUF_INIT(5);
        assert_true(strbuf_append_text(&buf, "abc"));
        assert_false(strbuf_printf(&buf, "%s", "def"));
        assert_false(strbuf_append_char(&buf, 'd')); /* it would fit, but the text has a hole already */
        assert_string_equal(strbuf_text(&buf), "abc");
        strbuf_clear(&buf);
        assert_true(strbuf_append_text(&buf, "vwxyz"));
        assert_string_equal(strbuf_text(&buf), "vwxyz");
        strbuf_deinit(&buf);
}

static void test_largest_maximum_does_not_wrap(void **state)
{
        (void)state;
        struct strbuf buf = STRBUF_INIT(SIZE_MAX);
        for (int i = 0; i < 1000; i++)
                assert_true(strbuf_append_text(&buf, "0123456789"));
        assert_int_equal(strlen(strbuf_text(&buf)), 10000);
        strbuf_deinit(&buf);
}

static void test_take_hands_over(void **state)
{
        (void)state;
        struct strbuf buf = STRBUF_INIT(10);
        char *empty = strbuf_take(&buf);
        assert_string_equal(empty, "");
        assert_true(strbuf_append_text(&buf, "mine"));
        char *text = strbuf_take(&buf);
        assert_true(strbuf_append_text(&buf, "next"));
        assert_string_equal(text, "mine");
        assert_int_equal(buf.max, 10);
        free(empty);
        free(text);
        strbuf_deinit(&buf);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_appends_of_all_kinds),
                cmocka_unit_test(test_maximum_is_exact),
                cmocka_unit_test(test_overflow_keeps_what_was_there_and_refuses_the_rest),
                cmocka_unit_test(test_largest_maximum_does_not_wrap),
                cmocka_unit_test(test_take_hands_over),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
