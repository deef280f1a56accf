/* policy_list_test.c -- one LIST in place of the uncached reads of many policies. */
#include "policy_rig.h"

#include <stdio.h>
#include <string.h>

#include "reconcile/admission.h"
#include "reconcile/confirm.h"
#include "reconcile/confirm_list.h"

enum { POLICIES = 4 };

static const char created[] = "2026-11-01T00:00:00Z";

/* The policy @number, in the store in this state and with this UID. */
static json_t *stored(unsigned number, const char *uid, long version, bool is_suspended)
{
        char name[16];
        (void)snprintf(name, sizeof(name), number ? "gloo-%u" : "gloo", number);
        json_t *object = rig_new_policy(name, uid, version, created);
        if (is_suspended)
                json_object_set_new(json_object_get(object, "spec"), "suspend", json_true());
        return object;
}

static void store(struct rig *rig, json_t *object)
{
        rig_keep(rig, object);
        json_decref(object);
}

/* For each of them the next failure decides, and no pass of the rig's own comes in between. */
static void start(struct rig *rig, struct policy *policies[POLICIES])
{
        rig_start(rig);
        rig->manager.options.reads_per_list = POLICIES;
        for (unsigned i = 0; i < POLICIES; i++) {
                json_t *object = stored(i, "u1", 20 + (long)i, false);
                policies[i] = rig_set_policy(rig, object);
                if (i == 0)
                        rig->policy = json_incref(object);
                json_decref(object);
        }
        rig_pass(rig, 3000);
        rig->manager.is_leader = false;
        rig->policy_lists = rig->confirms = 0;
}

static void want(struct rig *rig, struct policy *policy)
{
        policy->confirmation.is_due = true;
        rig->manager.has_reads_due = true;
}

static void want_all(struct rig *rig, struct policy *policies[POLICIES])
{
        for (unsigned i = 0; i < POLICIES; i++)
                want(rig, policies[i]);
        confirm_turn(&rig->manager);
}

static void test_many_that_are_due_are_one_list(void **state)
{
        struct rig *rig = *state;
        struct policy *policies[POLICIES];
        start(rig, policies);
        store(rig, stored(2, "u1", 50, true));
        want_all(rig, policies);
        const int64_t sent_us = policies[0]->confirmation.sent_us;
        assert_true(policies[3]->confirmation.is_listed && policies[3]->confirmation.is_early);
        assert_int_equal(rig->manager.admission.permits, 0);
        rig_pass(rig, 50);
        assert_int_equal(rig->policy_lists, 1);
        assert_int_equal(rig->confirms, 0);
        for (unsigned i = 0; i < POLICIES; i++) {
                assert_int_equal(policies[i]->confirmation.read_us, sent_us);
                assert_false(confirmation_is_under_way(&policies[i]->confirmation));
        }
        assert_true(policies[2]->spec->suspend); /* no watch has told so */
        assert_false(policies[1]->spec->suspend);
}

static void test_a_list_has_pages(void **state)
{
        struct rig *rig = *state;
        struct policy *policies[POLICIES];
        start(rig, policies);
        rig->is_paged = true;
        want_all(rig, policies);
        rig_pass(rig, 200);
        assert_int_equal(rig->policy_lists, POLICIES);
        for (unsigned i = 0; i < POLICIES; i++)
                assert_true(policies[i]->confirmation.read_us > 0);
}

static void test_what_a_list_does_not_name_is_not_there(void **state)
{
        struct rig *rig = *state;
        struct policy *policies[POLICIES];
        start(rig, policies);
        json_t *object;
        size_t i;
        json_array_foreach(rig->objects, i, object)
                if (strcmp(json_string_value(json_object_get(json_object_get(object, "metadata"), "name")), "gloo-1") == 0)
                        break;
        json_array_remove(rig->objects, i);
        store(rig, stored(3, "u2", 60, false));
        want_all(rig, policies);
        rig_pass(rig, 50);
        assert_int_equal(policies[1]->confirmation.read_us, 0);
        assert_true(policies[1]->status.known.refused_since > 0); /* as by the 404 of a GET */
        assert_int_equal(policies[3]->confirmation.read_us, 0);   /* another object of that name */
        assert_true(policies[0]->confirmation.read_us > 0);
}

static void test_a_list_that_fails_gives_way_to_single_reads(void **state)
{
        struct rig *rig = *state;
        struct policy *policies[POLICIES];
        start(rig, policies);
        rig->list_refusal = 500;
        want_all(rig, policies);
        rig_pass(rig, 50);
        assert_int_equal(rig->policy_lists, 1);
        for (unsigned i = 0; i < POLICIES; i++)
                assert_false(confirmation_is_under_way(&policies[i]->confirmation) || policies[i]->confirmation.read_us);
        want_all(rig, policies);
        rig_pass(rig, 50);
        assert_int_equal(rig->policy_lists, 1);
        assert_int_equal(rig->confirms, POLICIES);
        assert_true(policies[0]->confirmation.read_us > 0);
}

/* It was sent before that was asked for, so what it says of it may be older than what it is asked for. */
static void test_what_is_wanted_meanwhile_is_not_in_it(void **state)
{
        struct rig *rig = *state;
        struct policy *policies[POLICIES];
        start(rig, policies);
        rig->manager.options.reads_per_list = POLICIES - 1;
        for (unsigned i = 1; i < POLICIES; i++)
                want(rig, policies[i]);
        confirm_turn(&rig->manager);
        rig->manager.admission.permits += PERMITS_MAX;
        want(rig, policies[0]);
        confirm_turn(&rig->manager);
        rig_pass(rig, 50);
        assert_true(policies[1]->confirmation.read_us > 0);
        assert_int_equal(policies[0]->confirmation.read_us, 0);
        assert_true(policies[0]->confirmation.is_due);
        rig->manager.admission.permits -= PERMITS_MAX;
}

static void test_few_are_read_one_by_one(void **state)
{
        struct rig *rig = *state;
        struct policy *policies[POLICIES];
        start(rig, policies);
        rig->manager.options.reads_per_list = 0;
        assert_false(confirm_list_begin(&rig->manager, CONFIRM_LIST_MIN - 1, NULL));
        rig->manager.options.reads_per_list = POLICIES;
        const size_t count = rig->manager.policies.count;
        rig->manager.policies.count = POLICIES * CONFIRM_LIST_SHARE + 1; /* of so many four are too few */
        assert_false(confirm_list_begin(&rig->manager, POLICIES, NULL));
        rig->manager.policies.count = count;
        rig_pass(rig, 50);
        assert_int_equal(rig->policy_lists, 0);
}

/* Decisions that wait for a permit are read meanwhile; one that is recorded is confirmed by it. */
static void test_who_waits_for_a_permit_goes_with_the_others(void **state)
{
        struct rig *rig = *state;
        struct policy *policies[POLICIES];
        start(rig, policies);
        rig->manager.admission.permits += PERMITS_MAX;
        for (unsigned i = 1; i < POLICIES; i++) {
                policies[i]->confirmation.since_us = 1;
                assert_false(permit_take(policies[i], URGENCY_DECIDE));
                confirm_beside(policies[i]);
        }
        const epoch_t epoch = policies[0]->keeper.record->epoch;
        policies[0]->confirmation.epoch = 0;
        confirm_policy(policies[0]);
        confirm_turn(&rig->manager);
        assert_true(confirmation_is_awaited(&policies[0]->confirmation));
        assert_false(confirmation_is_awaited(&policies[1]->confirmation));
        assert_true(confirmation_is_coming(&policies[1]->confirmation));
        rig_pass(rig, 50);
        assert_int_equal(rig->policy_lists, 1);
        assert_int_equal(policies[0]->confirmation.epoch, epoch);
        assert_true(confirmation_is_fresh(&policies[1]->confirmation, policies[1]->confirmation.read_us));
        confirm_beside(policies[1]); /* it still waits, and has what it needs */
        assert_false(policies[1]->confirmation.is_due);
        for (unsigned i = 0; i < POLICIES; i++)
                permit_withdraw(policies[i]);
        rig->manager.admission.permits -= PERMITS_MAX;
}

/* Of a policy that is forgotten meanwhile nothing is taken, and a list under way ends with the manager. */
static void test_what_is_forgotten_takes_nothing(void **state)
{
        struct rig *rig = *state;
        struct policy *policies[POLICIES];
        start(rig, policies);
        want_all(rig, policies);
        confirmation_forget(policies[1]);
        rig_pass(rig, 50);
        assert_int_equal(policies[1]->confirmation.read_us, 0);
        assert_true(policies[0]->confirmation.read_us > 0);
        rig->is_mute = true;
        want_all(rig, policies);
        rig_pass(rig, 50);
        assert_non_null(rig->manager.confirm_list.call);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            RIG_TEST(test_many_that_are_due_are_one_list),
            RIG_TEST(test_a_list_has_pages),
            RIG_TEST(test_what_a_list_does_not_name_is_not_there),
            RIG_TEST(test_a_list_that_fails_gives_way_to_single_reads),
            RIG_TEST(test_what_is_wanted_meanwhile_is_not_in_it),
            RIG_TEST(test_few_are_read_one_by_one),
            RIG_TEST(test_who_waits_for_a_permit_goes_with_the_others),
            RIG_TEST(test_what_is_forgotten_takes_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
