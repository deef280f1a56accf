/* log_test.c -- lines that a collector can read, whatever is in the values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "runtime/log.h"
#include "util/text.h"

static int real_stderr;
static FILE *captured;
static char line[256 * 1024];

static int capture(void **state)
{
        (void)state;
        captured = tmpfile();
        assert_non_null(captured);
        real_stderr = dup(STDERR_FILENO);
        assert_true(dup2(fileno(captured), STDERR_FILENO) >= 0);
        return 0;
}

static int release(void **state)
{
        (void)state;
        (void)dup2(real_stderr, STDERR_FILENO);
        (void)close(real_stderr);
        (void)fclose(captured);
        log_setup(LOG_INFO, LOG_JSON);
        return 0;
}

/* What was written since the last call. */
static const char *written(void)
{
        off_t end = lseek(fileno(captured), 0, SEEK_END);
        assert_true(end < (off_t)sizeof(line));
        assert_int_equal(pread(fileno(captured), line, (size_t)end, 0), end);
        line[end] = '\0';
        assert_int_equal(ftruncate(fileno(captured), 0), 0);
        (void)lseek(fileno(captured), 0, SEEK_SET);
        return line;
}

static json_t *written_json(void)
{
        const char *text = written();
        assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1); /* one line */
        json_error_t error;
        json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &error);
        if (!object)
                fail_msg("%s in: %s", error.text, text);
        return object;
}

static const char *member(const json_t *object, const char *key)
{
        return json_string_value(json_object_get(object, key));
}

static void test_json_line(void **state)
{
        (void)state;
        log_setup(LOG_INFO, LOG_JSON);
        log_line(LOG_WARN, "reconcile", "Switch begun", LOG_TEXT_FIELD("policy", "default/gloo"),
                 LOG_NUMBER_FIELD("epoch", INT64_MIN), LOG_TEXT_FIELD("nothing", (const char *)NULL));
        json_t *object = written_json();
        assert_string_equal(member(object, "level"), "warn");
        assert_string_equal(member(object, "logger"), "reconcile");
        assert_string_equal(member(object, "msg"), "Switch begun");
        assert_string_equal(member(object, "policy"), "default/gloo");
        assert_string_equal(member(object, "nothing"), "");
        assert_true(json_integer_value(json_object_get(object, "epoch")) == INT64_MIN);
        unix_ms when = 0;
        assert_int_equal(text_to_time(member(object, "ts"), &when), ERR_OK);
        assert_int_equal(strlen(member(object, "ts")), strlen("2026-11-23T02:59:11.412Z"));
        assert_in_range(clock_wall() - when, 0, 60000);
        json_decref(object);
}

static void test_text_line(void **state)
{
        (void)state;
        log_setup(LOG_INFO, LOG_TEXT);
        log_line(LOG_INFO, "reconcile", "Switch begun", LOG_TEXT_FIELD("policy", "default/gloo"),
                 LOG_NUMBER_FIELD("epoch", 2), LOG_TEXT_FIELD("why", "three probes failed"),
                 LOG_TEXT_FIELD("empty", ""), LOG_TEXT_FIELD("tricky", "a\"b=\n"));
        const char *text = written();
        assert_int_equal(text[4], '-');
        assert_int_equal(text[strlen("2026-11-23T02:59:11")], '.');
        assert_string_equal(text + strlen("2026-11-23T02:59:11.412"),
                            "Z INFO reconcile Switch begun policy=default/gloo epoch=2 why=\"three probes failed\" "
                            "empty=\"\" tricky=\"a\\\"b=\\n\"\n");
}

/* A runbook's line is there to be copied; it is one line whatever it holds. */
static void test_text_message_can_be_pasted(void **state)
{
        (void)state;
        log_setup(LOG_INFO, LOG_TEXT);
        log_plain(LOG_INFO, "runbook", "printf '%s\\n' \"a\" | nsupdate\n");
        assert_string_equal(written() + strlen("2026-11-23T02:59:11.412"),
                            "Z INFO runbook printf '%s\\n' \"a\" | nsupdate\\n\n");
}

static void test_level_and_plain(void **state)
{
        (void)state;
        log_setup(LOG_WARN, LOG_JSON);
        log_plain(LOG_INFO, "main", "not seen");
        assert_string_equal(written(), "");
        log_plain(LOG_ERROR, "main", "seen");
        json_t *object = written_json();
        assert_string_equal(member(object, "msg"), "seen");
        json_decref(object);
        log_setup(LOG_DEBUG, LOG_TEXT);
        log_plain(LOG_DEBUG, "main", "seen");
        assert_non_null(strstr(written(), " DEBUG main seen\n"));
}

/* Values that are no UTF-8, as they come from DNS, Redis or an HTTP answer, and what is left of them. */
static void test_hostile_values_stay_valid_json(void **state)
{
        (void)state;
        static const struct {
                const char *value;
                const char *seen;
        } cases[] = {
                {"a\"b\\c/d", "a\"b\\c/d"},
                {"\x01\x1f\x7f\b\f\n\r\t", "\x01\x1f\x7f\b\f\n\r\t"},
                {"\xff", "\xEF\xBF\xBD"},
                {"\xc3", "\xEF\xBF\xBD"},                                 /* cut off */
                {"\xc0\xaf", "\xEF\xBF\xBD\xEF\xBF\xBD"},                 /* overlong */
                {"\xed\xa0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}, /* a surrogate */
                {"\xf5\x80\x80\x80x", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDx"},
                {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x9a\xa8",
                 "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x9a\xa8"},
        };
        log_setup(LOG_INFO, LOG_JSON);
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                log_line(LOG_INFO, cases[i].value, cases[i].value, LOG_TEXT_FIELD("value", cases[i].value));
                json_t *object = written_json();
                assert_string_equal(member(object, "value"), cases[i].seen);
                assert_string_equal(member(object, "msg"), cases[i].seen);
                json_decref(object);
        }
}

static void test_any_bytes_stay_valid_json(void **state)
{
        (void)state;
        log_setup(LOG_INFO, LOG_JSON);
        srand(11);
        for (int round = 0; round < 2000; round++) {
                char value[40];
                size_t count = (size_t)rand() % sizeof(value);
                for (size_t i = 0; i < count; i++)
                        value[i] = (char)(rand() % 255 + 1);
                value[count < sizeof(value) ? count : sizeof(value) - 1] = '\0';
                log_line(LOG_INFO, "x", value, LOG_TEXT_FIELD("value", value));
                json_decref(written_json());
        }
}

static void test_long_values_are_cut(void **state)
{
        (void)state;
        static char big[100000];
        memset(big, 1, sizeof(big) - 1); /* six bytes each when escaped */
        log_setup(LOG_INFO, LOG_JSON);
        log_line(LOG_INFO, "x", big, LOG_TEXT_FIELD("one", big), LOG_TEXT_FIELD("two", big),
                 LOG_TEXT_FIELD("three", big), LOG_NUMBER_FIELD("last", 7));
        json_t *object = written_json();
        assert_true(strlen(line) < 40000);
        assert_int_equal(json_integer_value(json_object_get(object, "last")), 7);
        assert_non_null(strstr(member(object, "msg"), "\xE2\x80\xA6"));
        json_decref(object);
        memset(big, 'b', sizeof(big) - 1);
        log_setup(LOG_INFO, LOG_TEXT);
        log_line(LOG_INFO, "x", "y", LOG_TEXT_FIELD("one", big));
        assert_true(strlen(written()) < 4000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_json_line, capture, release),
                cmocka_unit_test_setup_teardown(test_text_line, capture, release),
                cmocka_unit_test_setup_teardown(test_text_message_can_be_pasted, capture, release),
                cmocka_unit_test_setup_teardown(test_level_and_plain, capture, release),
                cmocka_unit_test_setup_teardown(test_hostile_values_stay_valid_json, capture, release),
                cmocka_unit_test_setup_teardown(test_any_bytes_stay_valid_json, capture, release),
                cmocka_unit_test_setup_teardown(test_long_values_are_cut, capture, release),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
