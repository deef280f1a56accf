/* policy_preflight_test.c -- whether a target may be written is asked while nothing is under way, and told. */
#include "policy_rig.h"

#include <string.h>

enum { SOON_MS = 40000, MINUTE_MS = 60000 };

static void begin(struct rig *rig, enum err rights)
{
        rig_dns.preflights = 0;
        rig_dns.rights = rights;
        rig_start(rig);
        (void)rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, SOON_MS);
}

static int close_rig(void **state)
{
        rig_dns.rights = ERR_OK;
        return rig_close(state);
}

static void a_refusal_is_told_and_forgotten_when_it_is_mended(void **state)
{
        struct rig *rig = *state;
        begin(rig, ERR_DENIED);
        assert_int_equal(rig_dns.preflights, 1);
        assert_non_null(strstr(rig->last_status, "\"type\":\"Armed\",\"status\":\"False\",\"reason\":"));
        assert_non_null(strstr(rig->last_status, "gloo.example.com cannot be written: 192.0.2.53:53: the key may not write"));
        rig_dns.rights = ERR_OK;
        rig_pass(rig, MINUTE_MS + SOON_MS);
        assert_int_equal(rig_dns.preflights, 2);
        assert_null(strstr(rig->last_status, "WriteDenied"));
}

static void rights_that_are_there_are_looked_at_from_time_to_time(void **state)
{
        struct rig *rig = *state;
        begin(rig, ERR_OK);
        assert_int_equal(rig_dns.preflights, 1);
        rig_pass(rig, 5 * MINUTE_MS);
        assert_int_equal(rig_dns.preflights, 1);
        rig_pass(rig, 6 * MINUTE_MS);
        assert_int_equal(rig_dns.preflights, 2);
        assert_null(strstr(rig->last_status, "WriteDenied"));
}

/* A server that cannot say it accuses nobody. */
static void what_is_not_known_is_not_told(void **state)
{
        struct rig *rig = *state;
        begin(rig, ERR_TRANSIENT);
        assert_int_equal(rig_dns.preflights, 1);
        assert_null(strstr(rig->last_status, "WriteDenied"));
        rig_pass(rig, MINUTE_MS + 10000);
        assert_int_equal(rig_dns.preflights, 2);
}

static void other_settings_are_asked_about_at_once(void **state)
{
        struct rig *rig = *state;
        begin(rig, ERR_OK);
        json_t *changed = rig_new_policy("gloo", "u1", 30, "2026-11-01T00:00:00Z");
        json_object_set_new(json_object_get(changed, "metadata"), "generation", json_integer(2));
        json_object_set_new(json_object_get(json_object_get(changed, "spec"), "dns"), "recordType", json_string("A"));
        (void)rig_set_policy(rig, changed);
        json_decref(changed);
        rig_pass(rig, 20000);
        assert_int_equal(rig_dns.preflights, 2);
}

/* Passes come when a target is due to be read, so that in each of them a visit had just begun: nothing was compared. */
static void test_another_key_is_asked_about_although_every_pass_reads(void **state)
{
        struct rig *rig = *state;
        rig_dns.preflights = 0;
        rig_dns.rights = ERR_OK;
        rig_start(rig);
        struct policy *policy = rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, SOON_MS);
        assert_int_equal(rig_dns.preflights, 1);
        policy->targets[0]->rights.of++; /* as of a key that was replaced since */
        rig_pass(rig, SOON_MS);
        assert_int_equal(rig_dns.preflights, 2);
}

/* Other settings would be asked about at once. */
static void who_may_write_nothing_asks_nothing(void **state)
{
        struct rig *rig = *state;
        begin(rig, ERR_OK);
        json_t *stopped = rig_new_policy("gloo", "u1", 30, "2026-11-01T00:00:00Z");
        json_object_set_new(json_object_get(stopped, "metadata"), "generation", json_integer(2));
        json_object_set_new(json_object_get(json_object_get(stopped, "spec"), "dns"), "recordType", json_string("A"));
        json_object_set_new(json_object_get(stopped, "spec"), "suspend", json_true());
        (void)rig_set_policy(rig, stopped);
        json_decref(stopped);
        rig_pass(rig, 2 * MINUTE_MS);
        assert_int_equal(rig_dns.preflights, 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(a_refusal_is_told_and_forgotten_when_it_is_mended, rig_open, close_rig),
            cmocka_unit_test_setup_teardown(rights_that_are_there_are_looked_at_from_time_to_time, rig_open, close_rig),
            cmocka_unit_test_setup_teardown(what_is_not_known_is_not_told, rig_open, close_rig),
            cmocka_unit_test_setup_teardown(other_settings_are_asked_about_at_once, rig_open, close_rig),
            cmocka_unit_test_setup_teardown(who_may_write_nothing_asks_nothing, rig_open, close_rig),
            cmocka_unit_test_setup_teardown(test_another_key_is_asked_about_although_every_pass_reads, rig_open, close_rig),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
