/* status_fit_test.c -- a status stays within its bound: sentences are cut, commands and facts are not, as long as
 * possible. */
#include "reconcile/status_fit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/mem.h"
#include "util/text.h"

static json_t *long_text(size_t bytes)
{
        char *text = mem_calloc(bytes + 1, 1);
        for (size_t i = 0; i < bytes; i++)
                text[i] = i % 2 ? '\xA9' : '\xC3'; /* é: a cut must not split it */
        text[bytes & ~(size_t)1] = '\0';
        json_t *value = json_string(text);
        free(text);
        assert_non_null(value);
        return value;
}

/* @sentence: the length of everything that is a sentence. */
static json_t *status_of(unsigned planes, unsigned checks, size_t sentence)
{
        json_t *conditions = json_array(), *gates = json_array(), *all = json_array(), *history = json_array();
        for (unsigned i = 0; i < 8; i++)
                json_array_append_new(conditions,
                                      json_pack("{s:s, s:s, s:s, s:s, s:o}", "type", "FailoverPossible", "status",
                                                "False", "reason", "NoStandby", "lastTransitionTime",
                                                "2026-11-23T02:59:11Z", "message", long_text(sentence)));
        for (unsigned i = 0; i < 13; i++)
                json_array_append_new(gates, json_pack("{s:s, s:b, s:o}", "name", "PathDownDeploymentUp", "holds", 0,
                                                       "message", long_text(sentence / 2)));
        for (unsigned i = 0; i < planes; i++) {
                json_t *list = json_array();
                for (unsigned c = 0; c < checks; c++)
                        json_array_append_new(list, json_pack("{s:s, s:i, s:s, s:s, s:o}", "name", "HTTP :65535",
                                                              "fails", 100, "for", "23h59m59s999ms", "age", "4s999ms",
                                                              "text", long_text(sentence < 80 ? sentence : 80)));
                json_array_append_new(all, json_pack("{s:s, s:o}", "name", "eu-central-1", "checks", list));
        }
        for (unsigned i = 0; i < 5; i++)
                json_array_append_new(history, json_pack("{s:i, s:o}", "epoch", i, "steps", long_text(400)));
        json_t *status =
            json_pack("{s:o, s:o, s:o, s:{s:o, s:o, s:{s:o}}, s:[s], s:s}", "message", long_text(sentence * 2),
                      "conditions", conditions, "history", history, "lastDecision", "message", long_text(sentence / 2),
                      "gates", gates, "facts", "planes", all, "runbook", "redis-cli SET x y", "state", "Steady");
        assert_non_null(status);
        return status;
}

static size_t bytes_of(const json_t *status)
{
        return json_dumpb(status, NULL, 0, JSON_COMPACT);
}

static const json_t *facts_of(const json_t *status)
{
        return json_object_get(json_object_get(status, "lastDecision"), "facts");
}

static void what_fits_stays_as_it_is(void **state)
{
        (void)state;
        json_t *status = status_of(2, 2, 100), *before = json_deep_copy(status);
        status_fit(status);
        assert_true(json_equal(status, before));
        json_decref(status);
        json_decref(before);
        status = json_object(); /* an invalid spec says little */
        status_fit(status);
        assert_int_equal(json_object_size(status), 0);
        json_decref(status);
}

static void the_worst_case_fits_and_keeps_its_facts(void **state)
{
        (void)state;
        json_t *status = status_of(8, 8, 1024);
        size_t before = bytes_of(status);
        status_fit(status);
        print_message("eight planes with eight checks: %zu bytes, cut to %zu\n", before, bytes_of(status));
        assert_true(bytes_of(status) <= STATUS_BYTES_MAX);
        assert_int_equal(json_array_size(json_object_get(facts_of(status), "planes")), 8);
        assert_string_equal(json_string_value(json_array_get(json_object_get(status, "runbook"), 0)),
                            "redis-cli SET x y");
        const char *message = json_string_value(json_object_get(status, "message"));
        assert_non_null(strstr(message, "..."));
        assert_true(text_is_utf8(message, strlen(message)));
        json_t *again = json_deep_copy(status);
        status_fit(again); /* what was cut once is not cut again */
        assert_true(json_equal(status, again));
        json_decref(again);
        json_decref(status);
}

/* Beyond anything the schema lets through: the facts go last. */
static void facts_go_when_nothing_else_helps(void **state)
{
        (void)state;
        json_t *status = status_of(8, 24, 1024);
        status_fit(status);
        assert_true(json_is_null(facts_of(status)));
        assert_true(bytes_of(status) <= STATUS_BYTES_MAX);
        json_decref(status);
}

/* Six bytes each when printed, so the bound is passed where the text itself is far below it. */
static void what_is_escaped_is_counted_as_printed(void **state)
{
        (void)state;
        char text[STATUS_BYTES_MAX / 4];
        memset(text, '\x1f', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        json_t *status = json_pack("{s:s}", "message", text);
        assert_non_null(status);
        assert_true(bytes_of(status) > STATUS_BYTES_MAX);
        status_fit(status);
        assert_true(bytes_of(status) <= STATUS_BYTES_MAX);
        json_decref(status);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(what_fits_stays_as_it_is),
            cmocka_unit_test(the_worst_case_fits_and_keeps_its_facts),
            cmocka_unit_test(facts_go_when_nothing_else_helps),
            cmocka_unit_test(what_is_escaped_is_counted_as_printed),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
