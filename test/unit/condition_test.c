/* condition_test.c -- conditions: what keeps its transition time, bounds, JSON both ways. */
#include "api/condition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "json_text.h"

static void set(struct condition_list *list, const struct condition_list *previous, const char *type,
                enum condition_status status, const char *reason, unix_ms now)
{
        const struct condition_value value = {
            .type = type, .status = status, .reason = reason, .message = reason, .observed_generation = 4};
        condition_list_set(list, previous, &value, now);
}

static void test_transition_time_is_kept_while_the_status_is(void **state)
{
        (void)state;
        struct condition_list before = {0};
        struct condition_list after = {0};
        set(&before, NULL, "Ready", CONDITION_FALSE, "ProbesFailed", 1000);
        set(&before, NULL, "Degraded", CONDITION_FALSE, "AsExpected", 1000);
        set(&after, &before, "Ready", CONDITION_FALSE, "FailoverInProgress", 2000);
        set(&after, &before, "Degraded", CONDITION_TRUE, "NoStandby", 2000);
        set(&after, &before, "Paused", CONDITION_TRUE, "Suspended", 2000);
        assert_int_equal(condition_list_find(&after, "Ready")->last_transition_at, 1000);
        assert_string_equal(condition_list_find(&after, "Ready")->reason, "FailoverInProgress");
        assert_int_equal(condition_list_find(&after, "Degraded")->last_transition_at, 2000);
        assert_int_equal(condition_list_find(&after, "Paused")->last_transition_at, 2000);
        assert_null(condition_list_find(&after, "Stalled"));
        condition_list_clear(&before);
        condition_list_clear(&after);
}

static void test_the_schemas_default_is_no_transition(void **state)
{
        (void)state;
        json_t *json = json_text("[{'type': 'Ready', 'status': 'Unknown', 'reason': 'Unseen', 'message': '',"
                                 " 'lastTransitionTime': '1970-01-01T00:00:00Z'}]");
        struct condition_list before;
        struct condition_list after = {0};
        condition_list_decode(json, &before);
        set(&after, &before, "Ready", CONDITION_UNKNOWN, "Starting", 5000);
        assert_int_equal(after.items[0].last_transition_at, 5000);
        condition_list_clear(&before);
        condition_list_clear(&after);
        json_decref(json);
}

static void test_setting_twice_replaces(void **state)
{
        (void)state;
        struct condition_list list = {0};
        set(&list, NULL, "Ready", CONDITION_TRUE, "A", 1);
        set(&list, NULL, "Ready", CONDITION_FALSE, "B", 2);
        assert_int_equal(list.count, 1);
        assert_string_equal(list.items[0].reason, "B");
        condition_list_clear(&list);
        assert_int_equal(list.count, 0);
}

static void test_json_both_ways(void **state)
{
        (void)state;
        struct condition_list list = {0};
        set(&list, NULL, "Ready", CONDITION_TRUE, "Steady", 1795402751007);
        json_t *json = condition_list_encode(&list);
        json_t *expected = json_text("[{'type': 'Ready', 'status': 'True', 'reason': 'Steady', 'message': 'Steady',"
                                     " 'lastTransitionTime': '2026-11-23T02:59:11Z', 'observedGeneration': 4}]");
        assert_true(json_equal(json, expected));
        struct condition_list back;
        condition_list_decode(json, &back);
        assert_int_equal(back.count, 1);
        assert_int_equal(back.items[0].status, CONDITION_TRUE);
        assert_string_equal(back.items[0].reason, "Steady");
        assert_string_equal(back.items[0].message, "Steady");
        assert_int_equal(back.items[0].observed_generation, 4);
        assert_int_equal(back.items[0].last_transition_at, 1795402751000);
        condition_list_clear(&back);
        condition_list_clear(&list);
        json_decref(expected);
        json_decref(json);
}

static void test_garbage_in_the_status_is_left_out(void **state)
{
        (void)state;
        json_t *json = json_text("[1, {}, {'type': 'A'}, {'type': 'B', 'status': 'True', 'lastTransitionTime': 'noon'},"
                                 " {'type': 'C', 'status': 'Perhaps', 'lastTransitionTime': '2026-11-23T02:59:11Z'}]");
        struct condition_list list;
        condition_list_decode(json, &list);
        assert_int_equal(list.count, 1);
        assert_int_equal(list.items[0].status, CONDITION_UNKNOWN);
        condition_list_clear(&list);
        condition_list_decode(NULL, &list);
        assert_int_equal(list.count, 0);
        json_decref(json);
}

static void test_more_than_eight_in_the_status(void **state)
{
        (void)state;
        json_t *json = json_array();
        for (int i = 0; i < 20; i++)
                json_array_append_new(
                    json,
                    json_text("{'type': 'T%d', 'status': 'True', 'lastTransitionTime': '2026-11-23T02:59:11Z'}", i));
        struct condition_list list;
        condition_list_decode(json, &list);
        assert_int_equal(list.count, CONDITIONS_MAX);
        condition_list_clear(&list);
        json_decref(json);
}

static void test_long_message_is_cut_between_characters(void **state)
{
        (void)state;
        char message[3001] = "";
        for (size_t i = 0; i < 1000; i++)
                memcpy(message + 3 * i, "\u20ac", 4);
        struct condition_list list = {0};
        const struct condition_value value = {.type = "Ready", .reason = "R", .message = message};
        condition_list_set(&list, NULL, &value, 1);
        assert_int_equal(strlen(list.items[0].message), 1023);
        json_t *json = condition_list_encode(&list);
        json_decref(json);
        condition_list_clear(&list);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_transition_time_is_kept_while_the_status_is),
            cmocka_unit_test(test_the_schemas_default_is_no_transition),
            cmocka_unit_test(test_setting_twice_replaces),
            cmocka_unit_test(test_json_both_ways),
            cmocka_unit_test(test_garbage_in_the_status_is_left_out),
            cmocka_unit_test(test_more_than_eight_in_the_status),
            cmocka_unit_test(test_long_message_is_cut_between_characters),
        };
        return cmocka_run_group_tests_name("condition", tests, NULL, NULL);
}
