/* aws_credentials_test.c -- answers that hold keys: what is taken of them, and for how long the keys are good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "targets/aws/source.h"
#include "util/text.h"

enum { MINUTE_MS = 60 * 1000 };

static void keys_are_renewed_well_before_they_end(void **state)
{
        (void)state;
        assert_int_equal(aws_credentials_renew_after(60 * MINUTE_MS), 55 * MINUTE_MS);
        assert_int_equal(aws_credentials_renew_after(11 * MINUTE_MS), 6 * MINUTE_MS);
        assert_int_equal(aws_credentials_renew_after(10 * MINUTE_MS), 5 * MINUTE_MS);
        assert_int_equal(aws_credentials_renew_after(4 * MINUTE_MS), 2 * MINUTE_MS);
        assert_int_equal(aws_credentials_renew_after(1000), 500);
}

static const struct source_texts good = {"ASIAX", "secret", "token==", "2026-11-29T14:00:00Z"};

static enum err take(const struct source_texts *texts, const char *server_time, struct source_result *ret,
                     struct errmsg *why)
{
        unix_ms server_date = 0;
        if (server_time)
                assert_int_equal(text_to_time(server_time, &server_date), ERR_OK);
        return source_take(texts, "the answer", server_date, ret, why);
}

static void validity_is_by_the_clock_of_the_service(void **state)
{
        (void)state;
        struct source_result result = {0};
        struct errmsg why = {0};
        /* Whatever time it is here. */
        assert_int_equal(take(&good, "2026-11-29T13:00:00Z", &result, &why), ERR_OK);
        assert_int_equal(result.valid_ms, 60 * MINUTE_MS);
        assert_string_equal(result.keys.access_key_id.bytes, "ASIAX");
        assert_string_equal(result.keys.session_token.bytes, "token==");
        aws_keys_clear(&result.keys);
        assert_int_equal(take(&good, "2026-11-29T14:00:00Z", &result, &why), ERR_TRANSIENT);
        assert_non_null(strstr(why.text, "expired at 2026-11-29T14:00:00Z"));
        const struct source_texts for_ever = {"ASIAX", "secret", NULL, NULL};
        assert_int_equal(take(&for_ever, NULL, &result, &why), ERR_OK);
        assert_int_equal(result.valid_ms, 0);
        aws_keys_clear(&result.keys);
        const struct source_texts no_time = {"ASIAX", "secret", "t", "tomorrow"};
        assert_int_equal(take(&no_time, NULL, &result, &why), ERR_INVALID);
}

static enum err take_json(const char *text, struct source_result *ret, struct errmsg *why)
{
        char *body = strdup(text);
        const struct exchange_answer answer = {.status = 200, .body = body, .body_bytes = strlen(body)};
        enum err err = source_take_json(&answer, "the agent", ret, why);
        free(body);
        return err;
}

static void json_is_read_and_bounded(void **state)
{
        (void)state;
        struct source_result result = {0};
        struct errmsg why = {0};
        assert_int_equal(take_json("{\"AccessKeyId\":\"ASIAX\",\"SecretAccessKey\":\"s\",\"Token\":\"t\","
                                   "\"Expiration\":\"2999-01-01T00:00:00Z\"}",
                                   &result, &why),
                         ERR_OK);
        assert_true(result.valid_ms > 60 * MINUTE_MS);
        aws_keys_clear(&result.keys);
        static const struct {
                const char *text;
                enum err err;
                const char *part;
        } cases[] = {
            {"", ERR_TRANSIENT, "not a JSON object"},
            {"[]", ERR_TRANSIENT, "not a JSON object"},
            {"<html>", ERR_TRANSIENT, "not a JSON object"},
            {"{}", ERR_INVALID, "aws_access_key_id is missing"},
            {"{\"AccessKeyId\":7}", ERR_INVALID, "aws_access_key_id is missing"},
            {"{\"Code\":\"AssumeRoleUnauthorizedAccess\"}", ERR_TRANSIENT, "AssumeRoleUnauthorizedAccess"},
            {"{\"AccessKeyId\":\"A/B\",\"SecretAccessKey\":\"s\"}", ERR_INVALID, "aws_access_key_id has"},
            {"{\"AccessKeyId\":\"AB\",\"SecretAccessKey\":\"s\",\"Token\":\"x\\r\\nEvil: 1\"}", ERR_INVALID,
             "aws_session_token has"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                enum err err = take_json(cases[i].text, &result, &why);
                if (err != cases[i].err || !strstr(why.text, cases[i].part))
                        fail_msg("%s: %s", cases[i].text, why.text);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(keys_are_renewed_well_before_they_end),
            cmocka_unit_test(validity_is_by_the_clock_of_the_service),
            cmocka_unit_test(json_is_read_and_bounded),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
