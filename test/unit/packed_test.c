/* packed_test.c -- a text that is kept deflated comes back as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "util/packed.h"

static void assert_kept(const char *text)
{
        struct packed packed = {0};
        packed_set(&packed, text, "");
        char *back = packed_text(&packed, "");
        assert_string_equal(back, text);
        free(back);
        packed_clear(&packed);
        assert_null(packed_text(&packed, ""));
}

static void test_every_text_comes_back(void **state)
{
        (void)state;
        assert_kept("");
        assert_kept("x");
        assert_kept("{\"message\":\"\xc3\xbc is not one byte\"}");
        char longest[PACKED_TEXT_MAX + 1];
        for (size_t i = 0; i < PACKED_TEXT_MAX; i++)
                longest[i] = (char)('a' + (i * i) % 23);
        longest[PACKED_TEXT_MAX] = '\0';
        assert_kept(longest);
}

static void test_it_is_smaller_where_words_come_back(void **state)
{
        (void)state;
        char text[2000] = "";
        while (strlen(text) < 1900)
                strcat(text, "{\"gate\":\"Candidate\",\"holds\":true},");
        struct packed packed = {0};
        packed_set(&packed, text, "");
        assert_in_range(packed.size, 1, strlen(text) / 10);
        packed_clear(&packed);
}

static void test_it_is_smaller_beside_a_text_that_looks_alike(void **state)
{
        (void)state;
        static const char alike[] = "{\"gate\":\"Candidate\",\"holds\":true,\"message\":\"a standby is fit to take over\"}";
        static const char text[] = "{\"gate\":\"Cooldown\",\"holds\":true,\"message\":\"a standby is fit to take over\"}";
        struct packed packed = {0};
        packed_set(&packed, text, alike);
        assert_in_range(packed.size, 1, strlen(text) / 2);
        char *back = packed_text(&packed, alike);
        assert_string_equal(back, text);
        free(back);
        packed_clear(&packed);
}

static void test_a_new_text_takes_the_place_of_the_old_one(void **state)
{
        (void)state;
        struct packed packed = {0};
        packed_set(&packed, "old", "");
        packed_set(&packed, "new", "");
        char *back = packed_text(&packed, "");
        assert_string_equal(back, "new");
        free(back);
        packed_set(&packed, NULL, "");
        assert_null(packed_text(&packed, ""));
        assert_null(packed.bytes);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_text_comes_back),
                cmocka_unit_test(test_it_is_smaller_where_words_come_back),
                cmocka_unit_test(test_it_is_smaller_beside_a_text_that_looks_alike),
                cmocka_unit_test(test_a_new_text_takes_the_place_of_the_old_one),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
