/* err_test.c -- classes and their text, fit for a condition whatever was put in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "util/err.h"
#include "util/text.h"

static void test_names(void **state)
{
        (void)state;
        assert_string_equal(err_name(ERR_OK), "ok");
        assert_string_equal(err_name(ERR_NOT_FOUND), "not found");
        assert_string_equal(err_name(ERR_CANCELLED), "cancelled");
        for (enum err err = ERR_OK; err < ERR_COUNT; err++)
                for (enum err other = ERR_OK; other < err; other++)
                        assert_string_not_equal(err_name(err), err_name(other));
        assert_string_equal(err_name(ERR_COUNT), "invalid error class");
}

static void test_set_and_wrap(void **state)
{
        (void)state;
        struct errmsg why;
        assert_int_equal(err_set(&why, ERR_INVALID, "port %d", 0), ERR_INVALID);
        assert_string_equal(why.text, "port 0");
        assert_int_equal(err_wrap(&why, ERR_DENIED, "plane %s", "default/blue"), ERR_DENIED);
        assert_string_equal(why.text, "plane default/blue: port 0");
        assert_int_equal(err_set(NULL, ERR_CONFLICT, "unheard"), ERR_CONFLICT);
        assert_int_equal(err_wrap(NULL, ERR_EXPIRED, "unheard"), ERR_EXPIRED);
}

static void test_long_texts_are_cut(void **state)
{
        (void)state;
        struct errmsg why;
        char outer[400];
        for (size_t length = 0; length < sizeof(outer); length++) {
                memset(outer, 'o', length);
                outer[length] = '\0';
                (void)err_set(&why, ERR_INVALID, "%s", "inner");
                (void)err_wrap(&why, ERR_INVALID, "%s", outer);
                assert_true(strlen(why.text) < sizeof(why.text));
                assert_int_equal(strncmp(why.text, outer, length < 255 ? length : 255), 0);
                if (length + strlen(": inner") < sizeof(why.text))
                        assert_string_equal(why.text + length, ": inner");
        }
}

/* A text that is no UTF-8 would make the whole status patch fail. */
static void test_text_is_one_line_of_utf8(void **state)
{
        (void)state;
        struct errmsg why;
        (void)err_set(&why, ERR_INVALID, "%s", "Redis said \xff\xc3_\x1b[31m\nred\x7f gr\xc3\xbc\xc3\x9f");
        assert_string_equal(why.text, "Redis said ??_ [31m red  gr\xc3\xbc\xc3\x9f");
        srand(3);
        for (int round = 0; round < 5000; round++) {
                char noise[600];
                size_t count = (size_t)rand() % sizeof(noise);
                for (size_t i = 0; i < count; i++)
                        noise[i] = (char)(rand() % 255 + 1);
                noise[count ? count - 1 : 0] = '\0';
                (void)err_set(&why, ERR_INVALID, "%s", noise);
                (void)err_wrap(&why, ERR_INVALID, "%.*s", rand() % 300, noise);
                assert_true(text_is_utf8(why.text, strlen(why.text)));
                assert_null(strpbrk(why.text, "\n\r\t\x1b"));
        }
        /* a character that does not fit as a whole */
        for (int pad = 245; pad < 258; pad++) {
                (void)err_set(&why, ERR_INVALID, "%*s\xe2\x82\xac", pad, "");
                assert_true(text_is_utf8(why.text, strlen(why.text)));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_set_and_wrap),
                cmocka_unit_test(test_long_texts_are_cut),
                cmocka_unit_test(test_text_is_one_line_of_utf8),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
