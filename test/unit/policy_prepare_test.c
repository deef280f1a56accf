/* policy_prepare_test.c -- whose a prepared switch is, how often one is, and what may be done while it is being begun. */
#include "policy_rig.h"

#include <string.h>

#include "reconcile/confirm.h"
#include "reconcile/record_io.h"
#include "reconcile/record_keeper.h"

enum { ID = 22 };

static void begin_write(struct policy *policy, enum action action, const struct record *record)
{
        const struct rule rule = {.then = action, .reason = "ThresholdReached"};
        const struct view view = {.record = policy->keeper.record};
        const struct decision decision = {.rule = &rule, .next = record, .why = ""};
        record_io_begin(policy, &view, &decision);
}

/* Epoch 1 is at rest, with epoch 2 to b beside it. */
static struct record with_prepared(const struct policy *policy, uint64_t id)
{
        struct record record = record_copied(policy->keeper.record);
        record.prepared =
            (struct prepared){.epoch = 2, .id = id, .to = "b", .at = record.started_at, .values = {"A 192.0.2.2"}};
        record.version = record_version(&record);
        return record;
}

static struct view shown(struct policy *policy)
{
        struct view view = {.now = loop_now(policy->manager->loop)};
        record_keeper_show(policy, &view);
        return view;
}

static struct policy *start(struct rig *rig)
{
        rig_start(rig);
        rig->manager.options.prepares_failovers = true;
        rig_restore_gloo(rig, rig_new_policy("gloo", "u1", 20, "2026-11-01T00:00:00Z"));
        struct policy *policy = rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, 3000);
        assert_int_equal(policy->keeper.record->epoch, 1);
        return policy;
}

/* It was sent, and the store says that it holds @id. */
static void prepare(struct policy *policy, uint64_t id)
{
        const struct record sent = with_prepared(policy, ID), stored = with_prepared(policy, id);
        begin_write(policy, DO_PREPARE, &sent);
        assert_false(shown(policy).owns_prepared); /* not before it is acknowledged */
        record_keeper_take(policy, record_copy(&stored), NULL);
        assert_false(shown(policy).owns_prepared);
        record_io_written(policy, ERR_OK, "");
}

static void test_what_is_acknowledged_is_owned(void **state)
{
        struct policy *policy = start(*state);
        prepare(policy, ID);
        assert_true(shown(policy).owns_prepared);
        record_keeper_take(policy, record_copy(policy->keeper.record), NULL); /* the watch shows the same */
        assert_true(shown(policy).owns_prepared);
        record_io_cancel(policy); /* another leads */
        assert_false(shown(policy).owns_prepared);
}

static void test_what_another_recorded_is_not_owned(void **state)
{
        struct policy *policy = start(*state);
        prepare(policy, ID + 1);
        assert_false(shown(policy).owns_prepared);
}

static void test_what_may_be_given_up_is_not_begun(void **state)
{
        struct policy *policy = start(*state);
        prepare(policy, ID);
        struct record given_up = record_copied(policy->keeper.record);
        given_up.given_up = given_up.prepared.epoch;
        given_up.prepared = (struct prepared){0};
        given_up.version = record_version(&given_up);
        begin_write(policy, DO_GIVE_UP, &given_up);
        assert_false(shown(policy).owns_prepared);
        record_io_written(policy, ERR_TRANSIENT, "no answer"); /* it may be applied yet */
        assert_false(shown(policy).owns_prepared);
}

static void test_no_more_are_prepared_than_a_flapping_plane_may_cost(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = start(rig);
        for (unsigned i = 0; i < PREPARES_MAX; i++) {
                assert_true(shown(policy).may_prepare);
                prepare(policy, ID);
                assert_int_equal(shown(policy).prepared_at, loop_now(rig->loop));
        }
        assert_false(shown(policy).may_prepare);
        struct view later = {.now = loop_now(rig->loop) + PREPARES_WINDOW_MS};
        record_keeper_show(policy, &later);
        assert_true(later.may_prepare);
        rig->manager.options.prepares_failovers = false;
        record_keeper_show(policy, &later);
        assert_false(later.may_prepare);
}

/* The read of the policy that goes beside it confirms it at once, and a write that failed takes all of it back. */
static void test_what_is_begun_counts_until_the_store_refuses_it(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = start(rig);
        prepare(policy, ID);
        struct record begun = record_copied(policy->keeper.record);
        begun.prepared = (struct prepared){0};
        begun.epoch = 2;
        begun.id = ID;
        begun.phase = PHASE_SWITCHING;
        begun.version = record_version(&begun);
        policy->keeper.write = (struct record_write){.record = record_copy(&begun), .action = DO_DECIDE};
        record_keeper_assume(policy);
        assert_false(shown(policy).is_record_assumed); /* it was not sent */
        policy->keeper.call = (struct kube_call *)rig; /* it was; never looked at */
        confirm_beside(policy);
        record_keeper_assume(policy);
        assert_true(shown(policy).is_record_assumed);
        assert_int_equal(shown(policy).prepared_at, 0); /* it was needed, so it counts for none in vain */
        assert_int_equal(policy->keeper.record->epoch, 2);
        rig_pass(rig, 50);
        assert_int_equal(policy->confirmation.epoch, 2);
        policy->keeper.call = NULL;
        record_io_written(policy, ERR_CONFLICT, "409");
        assert_false(shown(policy).is_record_assumed);
        assert_true(policy->keeper.is_doubtful);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            RIG_TEST(test_what_is_acknowledged_is_owned),
            RIG_TEST(test_what_another_recorded_is_not_owned),
            RIG_TEST(test_what_may_be_given_up_is_not_begun),
            RIG_TEST(test_no_more_are_prepared_than_a_flapping_plane_may_cost),
            RIG_TEST(test_what_is_begun_counts_until_the_store_refuses_it),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
