/* policy_restore_test.c -- the store goes back in time under a policy, and no watch says so. */
#include "policy_rig.h"

#include "reconcile/record_keeper.h"

#include <stdlib.h>
#include <string.h>

#include "util/text.h"

static const char created[] = "2026-11-01T00:00:00Z";

static json_t *set_spec(json_t *policy, const char *key, json_t *value)
{
        json_object_set_new(json_object_get(policy, "spec"), key, value);
        return policy;
}

static json_t *set_meta(json_t *policy, const char *key, json_t *value)
{
        json_object_set_new(json_object_get(policy, "metadata"), key, value);
        return policy;
}

/* Known at version 500; what the store has by now is @restored. */
static struct policy *begin(struct rig *rig, json_t *restored)
{
        rig_start(rig);
        struct policy *policy = rig_set_gloo(rig, "u1", 500);
        rig_restore_gloo(rig, restored);
        rig_pass(rig, 30000);
        return policy;
}

static void check_nothing_moves(struct rig *rig, json_t *restored)
{
        (void)begin(rig, restored);
        assert_true(rig->confirms >= 1);
        assert_int_equal(rig_dns.writes, 0);
}

/* The same generation under a lower number: only the whole object tells. */
static void test_suspended_under_a_lower_version(void **state)
{
        json_t *restored = rig_new_policy("gloo", "u1", 40, created);
        check_nothing_moves(*state, set_spec(restored, "suspend", json_true()));
}

/* The very same number and generation, of another past. */
static void test_suspended_under_the_same_version(void **state)
{
        json_t *restored = rig_new_policy("gloo", "u1", 500, created);
        struct policy *policy = begin(*state, set_spec(restored, "suspend", json_true()));
        assert_true(policy->spec->suspend);
        assert_int_equal(rig_dns.writes, 0);
}

static void test_suspended_under_a_version_that_is_no_number(void **state)
{
        json_t *restored = set_spec(rig_new_policy("gloo", "u1", 1, created), "suspend", json_true());
        check_nothing_moves(*state, set_meta(restored, "resourceVersion", json_string("98765432109876543210-b")));
}

static void test_in_deletion_under_a_lower_version(void **state)
{
        json_t *restored = rig_new_policy("gloo", "u1", 40, created);
        check_nothing_moves(*state, set_meta(restored, "deletionTimestamp", json_string("2026-11-01T00:00:01Z")));
}

/* Recreated since the backup was made, with another name in it: the new one is adopted, the old one is left as it is. */
static void test_recreated_under_a_lower_version(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = begin(rig, set_spec(rig_new_policy("gloo", "u2", 40, created), "suspend", json_true()));
        assert_int_equal(rig_dns.writes, 0);
        assert_string_equal(policy->uid, "u2");
        assert_true(policy->spec->suspend);
}

/* The store is replaced by an empty one, and the policy applied again from Git; that it was absent meanwhile was seen.
 * Until the cluster was asked who it is, the ownership records of its former life were taken for its own. */
static void test_created_in_another_cluster_behind_the_same_address(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        struct policy *policy = rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, 3000);
        assert_non_null(strstr(rig_dns.stamp, "s=k8s/hub/ns/gloo"));
        unsigned writes = rig_dns.writes;
        rig->hub_is_new = true;
        json_decref(rig->lease);
        rig->lease = NULL;
        record_keeper_watched(policy, NULL);
        policy_set(policy, NULL);
        policy = rig_set_gloo(rig, "u2", 40);
        assert_false(identity_is_proven(&rig->manager.identity, policy->identity_doubt));
        rig_pass(rig, 8000);
        assert_string_equal(rig->manager.identity.uid, "hub-2");
        assert_int_equal(rig_dns.writes, writes);
        assert_null(rig->lease);
        assert_non_null(strstr(rig->last_status, "AutomaticUnsafe"));
}

/* Other planes under the same generation: the list is taken in whole. */
static void test_other_planes_under_the_same_generation(void **state)
{
        struct rig *rig = *state;
        json_t *restored = rig_new_policy("gloo", "u1", 40, created);
        struct policy *policy = begin(rig, set_spec(restored, "planes", json_pack("[s]", "a")));
        assert_int_equal(policy->plane_count, 1);
        assert_int_equal(policy->spec->plane_count, 1);
}

/* Our write is refused because the Lease went back: what is read then counts, whatever its number. */
static void test_record_under_a_lower_version(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        struct policy *policy = rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, 3000);
        assert_int_equal(policy->keeper.record->epoch, 1);
        json_object_set_new(json_object_get(rig->lease, "metadata"), "resourceVersion", json_string("7"));
        policy->keeper.is_doubtful = true; /* a write was refused */
        policy_wake(policy);
        rig_pass(rig, 200);
        assert_string_equal(policy->keeper.lease.known.text, "7");
        assert_false(policy->keeper.is_doubtful);
}

/* Nothing says how long an opaque text is. */
static void test_a_version_of_300_characters_is_one_like_any_other(void **state)
{
        struct rig *rig = *state;
        char version[301], uid[301];
        memset(version, '7', sizeof(version) - 1);
        memset(uid, 'u', sizeof(uid) - 1);
        version[sizeof(version) - 1] = uid[sizeof(uid) - 1] = '\0';
        rig_start(rig);
        rig->policy = set_meta(rig_new_policy("gloo", uid, 1, created), "resourceVersion", json_string(version));
        struct policy *policy = rig_set_policy(rig, rig->policy);
        assert_string_equal(policy->status.known.text, version);
        rig_pass(rig, 3000);
        assert_string_equal(policy->uid, uid);
        assert_int_equal(policy->keeper.record->epoch, 1);
        assert_int_equal(policy->confirmation.epoch, 1);
        assert_true(rig->statuses >= 1); /* which compares with all of it */
        assert_string_not_equal(policy->status.known.text, version);
}

/* What the backup had in the status is written over as soon as it is seen. */
static void test_status_of_the_backup_is_written_over(void **state)
{
        struct rig *rig = *state;
        rig_start(rig);
        (void)rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, 30000);
        unsigned statuses = rig->statuses;
        json_t *old = json_deep_copy(rig->policy);
        set_meta(old, "resourceVersion", json_string("15"));
        json_object_set_new(old, "status", json_pack("{s:s}", "state", "FailedOver"));
        rig_restore_gloo(rig, old);
        (void)rig_set_policy(rig, old);
        rig_pass(rig, 2000);
        assert_true(rig->statuses > statuses);
        assert_string_equal(json_string_value(json_object_get(json_object_get(old, "status"), "state")), "Steady");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            RIG_TEST(test_suspended_under_a_lower_version),
            RIG_TEST(test_suspended_under_the_same_version),
            RIG_TEST(test_suspended_under_a_version_that_is_no_number),
            RIG_TEST(test_in_deletion_under_a_lower_version),
            RIG_TEST(test_recreated_under_a_lower_version),
            RIG_TEST(test_created_in_another_cluster_behind_the_same_address),
            RIG_TEST(test_other_planes_under_the_same_generation),
            RIG_TEST(test_record_under_a_lower_version),
            RIG_TEST(test_a_version_of_300_characters_is_one_like_any_other),
            RIG_TEST(test_status_of_the_backup_is_written_over),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
