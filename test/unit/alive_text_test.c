/* alive_text_test.c -- what the operator inside the active plane says: round trip, and texts that are none of ours. */
#include "api/alive_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void printed_text_reads_back(void **state)
{
        (void)state;
        const struct alive_text said = {.counter = 41, .every_ms = 10000, .plane = "eu-west-1", .by = "uid-1"};
        char text[ALIVE_TEXT_BYTES];
        struct alive_text heard;
        alive_text_print(&said, text);
        assert_string_equal(text, "v=pk1 n=41 every=10000 p=eu-west-1 by=uid-1");
        assert_true(alive_text_parse(text, &heard));
        assert_int_equal(heard.counter, 41);
        assert_int_equal(heard.every_ms, 10000);
        assert_string_equal(heard.plane, "eu-west-1");
        assert_string_equal(heard.by, "uid-1");
        assert_true(alive_text_parse("v=pk1 n=0 every=1000 p=a by=b later=1", &heard));
}

static void the_longest_names_fit(void **state)
{
        (void)state;
        struct alive_text said = {.counter = INT64_MAX, .every_ms = ALIVE_EVERY_MAX_MS}, heard;
        char text[ALIVE_TEXT_BYTES];
        memset(said.plane, 'p', sizeof(said.plane) - 1);
        memset(said.by, 'b', sizeof(said.by) - 1);
        alive_text_print(&said, text);
        assert_true(alive_text_parse(text, &heard));
        assert_string_equal(heard.plane, said.plane);
        assert_string_equal(heard.by, said.by);
}

static void anything_else_says_nothing(void **state)
{
        (void)state;
        static const char *const texts[] = {
            "",
            "v=spf1 -all",
            "v=pk2 n=1 every=1000 p=a by=b",
            "v=pk1 n=-1 every=1000 p=a by=b",
            "v=pk1 n=01 every=1000 p=a by=b",
            "v=pk1 n=9223372036854775808 every=1000 p=a by=b",
            "v=pk1 n=1 every=999 p=a by=b",
            "v=pk1 n=1 every=10001 p=a by=b",
            "v=pk1 n=1 every= p=a by=b",
            "v=pk1 n=1 every=1000 p= by=b",
            "v=pk1 n=1 every=1000 p=a by=",
            "v=pk1 n=1 every=1000 p=a",
            "v=pk1 n=1 every=1000 by=b p=a",
            "v=pk1 n=1 every=1000 p=a by=b ",
            "v=pk1 n=1 every=1000 p=a by=b  x=y",
            "v=pk1 n=1 every=1000 p=a by=b\n",
            "v=pk1 n=1 every=1000 p=a by=0123456789012345678901234567890123456789012345678901234567890123",
        };
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                struct alive_text heard;
                if (alive_text_parse(texts[i], &heard) || heard.counter || heard.every_ms || heard.plane[0])
                        fail_msg("heard: \"%s\"", texts[i]);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(printed_text_reads_back),
            cmocka_unit_test(the_longest_names_fit),
            cmocka_unit_test(anything_else_says_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
