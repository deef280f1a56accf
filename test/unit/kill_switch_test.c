/* kill_switch_test.c -- the brake fails closed: what is not understood, and what may not be read, stops everything. */
#include "policy_rig.h"

#include <string.h>

#include "reconcile/kill_switch.h"

static void test_what_it_says(void **state)
{
        static const struct {
                const char *config_map;
                bool is_on;
                const char *why; /* part of it; "": it is clear */
        } rows[] = {
            {"{}", false, ""},
            {"{\"data\":{}}", false, ""},
            {"{\"data\":{\"killSwitch\":\"false\"}}", false, ""},
            {"{\"data\":{\"killSwitch\":\"False\"}}", false, ""},
            {"{\"data\":{\"killSwitch\":\"true\"}}", true, ""},
            {"{\"data\":{\"killSwitch\":\"TRUE\"}}", true, ""},
            {"{\"data\":{\"killSwitch\":\"on\"}}", true, "is \"on\", neither true nor false"},
            {"{\"data\":{\"killSwitch\":\"\"}}", true, "is \"\", neither true nor false"},
            {"{\"data\":{\"killSwitch\":\"true \"}}", true, "is \"true \""},
            {"{\"data\":{\"killSwitch\":true}}", true, "neither true nor false"},
            {"{\"data\":{\"killswitch\":\"true\"}}", true, "has key \"killswitch\""},
            {"{\"data\":{\"kill-switch\":\"false\"}}", true, "'{\"data\":{\"kill-switch\":null}}'"},
            {"{\"data\":{\"killSwitch\":\"false\",\"KILLSWITCH\":\"true\"}}", true, "has key \"KILLSWITCH\""},
            {"{\"binaryData\":{\"killSwitch\":\"dHJ1ZQ==\"}}", true, "'{\"binaryData\":{\"killSwitch\":null}}'"},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                json_t *config_map = json_loads(rows[i].config_map, 0, NULL);
                char why[KILL_SWITCH_WHY_BYTES];
                assert_int_equal(kill_switch_read(config_map, "ops", why), rows[i].is_on);
                assert_int_equal(why[0] != '\0', rows[i].why[0] != '\0');
                assert_non_null(strstr(why, rows[i].why));
                json_decref(config_map);
        }
        char why[KILL_SWITCH_WHY_BYTES];
        assert_false(kill_switch_read(NULL, "ops", why));
}

static void check_stops(struct rig *rig, const char *said)
{
        rig_start(rig);
        struct policy *policy = rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, 5000);
        assert_null(policy->keeper.record);
        assert_int_equal(rig_dns.writes, 0);
        assert_non_null(strstr(rig->last_status, "\"KillSwitch\""));
        assert_non_null(strstr(rig->last_status, said));
        rig->kill_switch = NULL;
        rig->kill_switch_status = 0;
        rig_pass(rig, 5000);
        assert_non_null(policy->keeper.record);
}

static void test_a_key_that_is_not_known_stops_everything(void **state)
{
        struct rig *rig = *state;
        rig->kill_switch = "{\"data\":{\"killswitch\":\"true\"}}";
        check_stops(rig, "kubectl patch configmap planekeeper");
}

static void test_a_value_that_is_not_understood_stops_everything(void **state)
{
        struct rig *rig = *state;
        rig->kill_switch = "{\"data\":{\"killSwitch\":\"yes\"}}";
        check_stops(rig, "neither true nor false");
}

static void test_no_right_to_read_it_stops_everything(void **state)
{
        struct rig *rig = *state;
        rig->kill_switch_status = 403;
        check_stops(rig, "kubectl create role planekeeper-kill-switch");
}

static void test_one_that_was_never_read_stops_everything(void **state)
{
        struct rig *rig = *state;
        rig->kill_switch_status = 503;
        check_stops(rig, "cannot be read");
}

/* An API server in trouble is no person: for half a minute what was read last counts. */
static void test_errors_change_nothing_unless_they_last(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        struct policy *policy = rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, 5000);
        assert_non_null(policy->keeper.record);
        rig->kill_switch_status = 500;
        rig_pass(rig, 20000);
        assert_false(rig->manager.kill_switch.is_on);
        rig_pass(rig, 20000);
        assert_true(rig->manager.kill_switch.is_on);
        assert_non_null(strstr(rig->last_event, "KillSwitch"));
        rig->kill_switch_status = 0;
        rig_pass(rig, 5000);
        assert_false(rig->manager.kill_switch.is_on);
}

static void test_a_right_that_blinks_stops_as_long_as_it_is_gone(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        (void)rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, 5000);
        for (unsigned i = 0; i < 3; i++) {
                rig->kill_switch_status = 403;
                rig_pass(rig, 4000);
                assert_true(rig->manager.kill_switch.is_on);
                rig->kill_switch_status = 0;
                rig_pass(rig, 4000);
                assert_false(rig->manager.kill_switch.is_on);
                assert_string_equal(rig->manager.kill_switch.why, "");
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_what_it_says),
            RIG_TEST(test_a_key_that_is_not_known_stops_everything),
            RIG_TEST(test_a_value_that_is_not_understood_stops_everything),
            RIG_TEST(test_no_right_to_read_it_stops_everything),
            RIG_TEST(test_one_that_was_never_read_stops_everything),
            RIG_TEST(test_errors_change_nothing_unless_they_last),
            RIG_TEST(test_a_right_that_blinks_stops_as_long_as_it_is_gone),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
