/* policy_announce_test.c -- the Lease that names the active plane: renewed only by who knows it, and only where it is ours. */
#include "policy_rig.h"

#include <string.h>

#include "api_object.h"
#include "core/failover.h"
#include "reconcile/announce.h"

enum { SECOND = 1000, LEASE_MS = 15 * SECOND };

/* Policy gloo, adopted, with an announcement in namespace "told". */
static struct policy *set_announcing_gloo(struct rig *rig)
{
        rig_start(rig);
        json_decref(rig->policy);
        rig->policy = rig_new_policy("gloo", "u1", 20, "2026-11-01T00:00:00Z");
        json_object_set_new(json_object_get(rig->policy, "spec"), "announce", json_pack("{s:s}", "namespace", "told"));
        struct policy *policy = rig_set_policy(rig, rig->policy);
        rig_pass(rig, 5 * SECOND);
        assert_non_null(policy->keeper.record);
        return policy;
}

static const char *holder(const struct rig *rig)
{
        return json_string_value(json_object_get(json_object_get(rig->announced, "spec"), "holderIdentity"));
}

static void rewrite(struct rig *rig, const char *owner, const char *epoch)
{
        json_t *annotations = json_object_get(json_object_get(rig->announced, "metadata"), "annotations");
        if (owner)
                json_object_set_new(annotations, "planekeeper.io/owner", json_string(owner));
        if (epoch)
                json_object_set_new(annotations, "planekeeper.io/epoch", json_string(epoch));
        json_object_set_new(json_object_get(rig->announced, "spec"), "holderIdentity", json_string("z"));
        api_object_set_version(rig->announced, (uint64_t)++rig->version);
}

static void test_the_active_plane_is_announced_and_renewed(void **state)
{
        struct rig *rig = *state;
        (void)set_announcing_gloo(rig);
        assert_string_equal(holder(rig), "a");
        const unsigned before = rig->announcements;
        rig_pass(rig, 2 * LEASE_MS);
        assert_in_range(rig->announcements - before, 5, 7); /* three times a leaseDuration */
}

/* In a switch the Lease runs out, so that a plane which is cut off stops before another one is active. */
static void test_nothing_is_renewed_while_the_record_moves(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = set_announcing_gloo(rig);
        const struct view view = {.now = leap_ms + LEASE_MS, .arbiter_answered_at = leap_ms + LEASE_MS};
        struct decision decision = {.phase = PHASE_SWITCHING};
        leap_ms += LEASE_MS;
        fake_turn(rig->loop);
        announce_turn(policy, &view, &decision);
        assert_null(policy->announce.sites[0].call);
        decision.phase = PHASE_STEADY;
        announce_turn(policy, &view, &decision);
        assert_non_null(policy->announce.sites[0].call);
}

/* Whoever cannot hear the store does not know whether another replica has decided since. */
static void test_nothing_is_renewed_while_the_store_is_silent(void **state)
{
        enum { PERIOD_MS = 10 * SECOND };
        struct rig *rig = *state;
        struct policy *policy = set_announcing_gloo(rig);
        struct view view = {.now = leap_ms + LEASE_MS, .arbiter_period_ms = PERIOD_MS};
        const struct decision decision = {.phase = PHASE_STEADY};
        leap_ms += LEASE_MS;
        fake_turn(rig->loop);
        view.arbiter_answered_at = view.now - PERIOD_MS - LEASE_MS;
        announce_turn(policy, &view, &decision);
        assert_null(policy->announce.sites[0].call);
        view.arbiter_answered_at++;
        announce_turn(policy, &view, &decision);
        assert_non_null(policy->announce.sites[0].call);
}

static void test_the_lease_of_another_owner_is_left_alone(void **state)
{
        struct rig *rig = *state;
        (void)set_announcing_gloo(rig);
        rewrite(rig, "k8s/hub/ns/another", NULL);
        const unsigned before = rig->announcements;
        rig_pass(rig, 4 * LEASE_MS);
        assert_int_equal(rig->announcements, before);
        assert_string_equal(holder(rig), "z");
}

/* The record that is older may be one that was restored from a backup. */
static void test_a_later_decision_is_left_alone(void **state)
{
        struct rig *rig = *state;
        (void)set_announcing_gloo(rig);
        rewrite(rig, NULL, "9");
        const unsigned before = rig->announcements;
        rig_pass(rig, 4 * LEASE_MS);
        assert_int_equal(rig->announcements, before);
        assert_string_equal(holder(rig), "z");
        rewrite(rig, NULL, "1");
        rig_pass(rig, 4 * LEASE_MS);
        assert_string_equal(holder(rig), "a");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            RIG_TEST(test_the_active_plane_is_announced_and_renewed), RIG_TEST(test_nothing_is_renewed_while_the_record_moves),
            RIG_TEST(test_nothing_is_renewed_while_the_store_is_silent), RIG_TEST(test_the_lease_of_another_owner_is_left_alone),
            RIG_TEST(test_a_later_decision_is_left_alone),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
