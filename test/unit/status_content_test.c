/* status_content_test.c -- a status is told from another by what it says, and by nothing else. */
#include "reconcile/status_content.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct status_content content_of(const char *text)
{
        json_t *status = json_loads(text, JSON_DECODE_ANY, NULL);
        assert_non_null(status);
        struct status_content content = status_content_of(status);
        json_decref(status);
        assert_int_not_equal(content.whole, 0);
        return content;
}

static void assert_same(const char *a, const char *b)
{
        struct status_content of_a = content_of(a), of_b = content_of(b);
        assert_int_equal(of_a.whole, of_b.whole);
        assert_int_equal(of_a.facts, of_b.facts);
}

static void assert_other(const char *a, const char *b)
{
        struct status_content of_a = content_of(a), of_b = content_of(b);
        assert_int_not_equal(of_a.whole, of_b.whole);
        assert_int_not_equal(of_a.facts, of_b.facts);
}

static void nothing_is_not_known(void **state)
{
        (void)state;
        assert_int_equal(status_content_of(NULL).whole, 0);
        assert_same("{}", "{}");
        assert_same("{}", "{\"a\": null}"); /* a merge patch removes it */
}

static void order_of_members_does_not_count(void **state)
{
        (void)state;
        assert_same("{\"a\": 1, \"b\": [{\"c\": \"x\", \"d\": null}]}",
                    "{\"b\": [{\"d\": null, \"c\": \"x\"}], \"a\": 1}");
}

static void every_value_counts(void **state)
{
        static const char *const all[] = {"{}",
                                          "[]",
                                          "null",
                                          "true",
                                          "false",
                                          "0",
                                          "1",
                                          "-1",
                                          "1.0",
                                          "1.5",
                                          "\"\"",
                                          "\"1\"",
                                          "\"a\"",
                                          "[[]]",
                                          "[{}]",
                                          "[1, 2]",
                                          "[2, 1]",
                                          "[1]",
                                          "[[1, 2]]",
                                          "[[1], 2]",
                                          "[1, 2, 2]",
                                          "[null]",
                                          "[null, null]",
                                          "{\"a\": {}}",
                                          "{\"a\": 1}",
                                          "{\"a\": 2}",
                                          "{\"b\": 1}",
                                          "{\"a\": 1, \"b\": 2}",
                                          "{\"a\": 2, \"b\": 1}",
                                          "{\"a\": {\"b\": 1}}",
                                          "{\"a\": {\"b\": 1, \"c\": 1}}",
                                          "{\"a\": {\"b\": 1}, \"c\": 1}",
                                          "{\"a\": \"b\", \"b\": \"a\"}",
                                          "{\"a\": \"a\", \"b\": \"b\"}",
                                          "{\"state\": \"Steady\", \"epoch\": 4}",
                                          "{\"state\": \"Steady\", \"epoch\": 5}"};
        (void)state;
        for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
                for (size_t k = 0; k < i; k++)
                        assert_other(all[i], all[k]);
}

static void messages_are_not_facts(void **state)
{
        (void)state;
        struct status_content a =
            content_of("{\"message\": \"a\", \"conditions\": [{\"type\": \"Ready\", \"message\": \"b\"}]}");
        struct status_content b =
            content_of("{\"message\": \"a\", \"conditions\": [{\"type\": \"Ready\", \"message\": \"c\"}]}");
        assert_int_not_equal(a.whole, b.whole);
        assert_int_equal(a.facts, b.facts);
        assert_int_equal(content_of("{\"message\": \"a\"}").facts, content_of("{}").facts);
}

static void what_a_decision_rested_on_counts_for_nothing(void **state)
{
        (void)state;
        assert_same("{\"lastDecision\": {\"epoch\": 1, \"facts\": {\"fails\": 1}}}",
                    "{\"lastDecision\": {\"epoch\": 1, \"facts\": null}}");
        assert_other("{\"lastDecision\": {\"epoch\": 1, \"facts\": {\"fails\": 1}}}",
                     "{\"lastDecision\": {\"epoch\": 2, \"facts\": {\"fails\": 1}}}");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(nothing_is_not_known),
            cmocka_unit_test(order_of_members_does_not_count),
            cmocka_unit_test(every_value_counts),
            cmocka_unit_test(messages_are_not_facts),
            cmocka_unit_test(what_a_decision_rested_on_counts_for_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
