/* announcement_test.c -- the Lease that names the active plane: written, read, and told from other Leases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/announcement.h"

static const struct announcement_wish wish = {.name = "planekeeper-active",
                                              .namespace_name = "ns",
                                              .plane = "a",
                                              .owner = "k8s/hub/ns/gloo",
                                              .epoch = 5,
                                              .lease_ms = 15000,
                                              .now = 1795402751412};

static json_t *as_stored(json_t *lease)
{
        json_object_set_new(json_object_get(lease, "metadata"), "resourceVersion", json_string("7"));
        return lease;
}

static const char *spec_text(const json_t *lease, const char *key)
{
        return json_string_value(json_object_get(json_object_get(lease, "spec"), key));
}

static void what_is_written_is_read(void **state)
{
        (void)state;
        json_t *lease = as_stored(announcement_new(&wish));
        struct announcement there = {0};
        struct errmsg error;
        assert_int_equal(announcement_read(lease, &there, &error), ERR_OK);
        assert_string_equal(there.plane, "a");
        assert_string_equal(there.owner, "k8s/hub/ns/gloo");
        assert_int_equal(there.epoch, 5);
        assert_string_equal(spec_text(lease, "renewTime"), "2026-11-23T02:59:11.412000Z");
        assert_int_equal(json_integer_value(json_object_get(json_object_get(lease, "spec"), "leaseDurationSeconds")), 15);
        announcement_clear(&there);
        json_decref(lease);
}

static void a_renewal_moves_no_transition_and_a_switch_does(void **state)
{
        (void)state;
        struct announcement there = {.version = "7", .plane = "a", .owner = "k8s/hub/ns/gloo", .epoch = 5, .transitions = INT32_MAX - 1};
        json_t *renewal = announcement_patch(&wish, &there);
        assert_string_equal(json_string_value(json_object_get(json_object_get(renewal, "metadata"), "resourceVersion")), "7");
        assert_null(json_object_get(json_object_get(renewal, "spec"), "leaseTransitions"));
        json_decref(renewal);
        struct announcement_wish moved = wish;
        moved.plane = "b";
        for (unsigned i = 0; i < 2; i++) { /* the API server takes an int32 */
                json_t *patch = announcement_patch(&moved, &there);
                assert_int_equal(json_integer_value(json_object_get(json_object_get(patch, "spec"), "leaseTransitions")), INT32_MAX);
                assert_string_equal(spec_text(patch, "holderIdentity"), "b");
                assert_non_null(spec_text(patch, "acquireTime"));
                json_decref(patch);
                there.transitions = INT32_MAX;
        }
}

static void another_lease_is_no_announcement(void **state)
{
        (void)state;
        static const char *const leases[] = {
            "{\"metadata\": {}}",
            "{\"metadata\": {\"resourceVersion\": \"7\"}, \"spec\": {\"holderIdentity\": \"kube-scheduler\"}}",
            "{\"metadata\": {\"resourceVersion\": \"7\", \"annotations\": {\"planekeeper.io/owner\": \"k8s/hub/ns/gloo\"}}}",
            "{\"metadata\": {\"resourceVersion\": \"7\", \"annotations\": {\"planekeeper.io/owner\": \"o\", \"planekeeper.io/epoch\": \"-1\"}}}",
            "{\"metadata\": {\"resourceVersion\": \"7\", \"annotations\": {\"planekeeper.io/owner\": \"o\", \"planekeeper.io/epoch\": \"5x\"}}}",
            "{\"metadata\": {\"resourceVersion\": \"7\", \"annotations\": {\"planekeeper.io/owner\": \"o\", \"planekeeper.io/epoch\": "
            "\"99999999999999999999\"}}}",
            "{\"metadata\": {\"resourceVersion\": \"7\", \"annotations\": {\"planekeeper.io/owner\": \"o\", \"planekeeper.io/epoch\": "
            "\"9007199254740992\"}}}",
        };
        for (size_t i = 0; i < sizeof(leases) / sizeof(leases[0]); i++) {
                json_t *lease = json_loads(leases[i], 0, NULL);
                assert_non_null(lease);
                struct announcement there = {0};
                struct errmsg error;
                assert_int_equal(announcement_read(lease, &there, &error), ERR_INVALID);
                assert_null(there.version);
                json_decref(lease);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(what_is_written_is_read),
            cmocka_unit_test(a_renewal_moves_no_transition_and_a_switch_does),
            cmocka_unit_test(another_lease_is_no_announcement),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
