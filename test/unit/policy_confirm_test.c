/* policy_confirm_test.c -- the uncached read of a policy that goes beside the write of its decision. */
#include "policy_rig.h"

#include <string.h>

#include "reconcile/confirm.h"
#include "reconcile/record_io.h"
#include "reconcile/record_keeper.h"

/* Epoch 1 is at rest; epoch 2 is on its way to the store. */
static struct policy *decide(struct rig *rig)
{
        rig_start(rig);
        rig_restore_gloo(rig, rig_new_policy("gloo", "u1", 20, "2026-11-01T00:00:00Z"));
        struct policy *policy = rig_set_gloo(rig, "u1", 20);
        rig_pass(rig, 3000);
        assert_int_equal(policy->keeper.record->epoch, 1);
        assert_true(policy->keeper.record->phase == PHASE_STEADY);
        policy->keeper.write.record = record_copy(policy->keeper.record);
        policy->keeper.write.record->epoch = 2;
        policy->keeper.write.record->id = 22;
        policy->keeper.write.record->phase = PHASE_SWITCHING;
        policy->keeper.write.action = DO_DECIDE;
        return policy;
}

/* The store has taken a decision with this @id: this process's own, or another's of the same epoch. */
static struct record *store(struct policy *policy, uint64_t id)
{
        struct record *written = record_copy(policy->keeper.write.record);
        struct record *stored = record_copy(written);
        stored->id = id;
        record_keeper_take(policy, stored, NULL);
        return written;
}

static void end(struct policy *policy, struct record *written)
{
        record_free(written);
        record_io_drop(policy);
}

static void test_what_is_read_beside_the_write_confirms_it(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = decide(rig);
        const unsigned before = rig->confirms;
        confirm_beside(policy);
        rig_pass(rig, 50);
        assert_int_equal(rig->confirms, before + 1);
        assert_true(policy->confirmation.is_ahead);
        assert_int_not_equal(policy->confirmation.epoch, 2); /* nothing is recorded yet */
        struct record *written = store(policy, 22);
        confirmation_recorded(policy, written);
        assert_int_equal(policy->confirmation.epoch, 2);
        end(policy, written);
}

/* The policy that the read brings is the one that the next pass judges. */
static void test_a_suspension_that_only_the_read_shows_is_seen(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = decide(rig);
        json_t *suspended = rig_new_policy("gloo", "u1", 21, "2026-11-01T00:00:00Z");
        json_object_set_new(json_object_get(suspended, "spec"), "suspend", json_true());
        rig_restore_gloo(rig, suspended);
        confirm_beside(policy);
        rig_pass(rig, 50);
        assert_true(policy->spec->suspend);
        end(policy, NULL);
}

static void test_what_was_read_for_a_lost_race_confirms_nothing(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = decide(rig);
        confirm_beside(policy);
        rig_pass(rig, 50);
        assert_true(policy->confirmation.is_ahead);
        struct record *written = store(policy, 33); /* another was quicker, under the same number */
        confirmation_recorded(policy, written);
        assert_int_equal(policy->confirmation.epoch, 0);
        assert_false(policy->confirmation.is_ahead);
        end(policy, written);
}

static void test_a_write_that_failed_takes_its_read_with_it(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = decide(rig);
        rig->is_mute = true;
        confirm_beside(policy);
        rig_pass(rig, 50);
        assert_non_null(policy->confirmation.call);
        assert_int_equal(rig->manager.admission.permits, 1);
        confirmation_recorded(policy, NULL);
        assert_null(policy->confirmation.call);
        assert_int_equal(rig->manager.admission.permits, 0);
        end(policy, NULL);
}

/* Others that wait go first, and nothing else than a decision has a read beside it. */
static void test_no_read_without_a_free_permit_or_a_decision(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = decide(rig);
        const unsigned before = rig->confirms;
        rig->manager.admission.permits += PERMITS_MAX;
        confirm_beside(policy);
        assert_null(policy->confirmation.call);
        rig->manager.admission.permits -= PERMITS_MAX;
        policy->keeper.write.action = DO_COMMIT;
        confirm_beside(policy);
        assert_null(policy->confirmation.call);
        assert_int_equal(rig->confirms, before);
        end(policy, NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            RIG_TEST(test_what_is_read_beside_the_write_confirms_it),
            RIG_TEST(test_a_suspension_that_only_the_read_shows_is_seen),
            RIG_TEST(test_what_was_read_for_a_lost_race_confirms_nothing),
            RIG_TEST(test_a_write_that_failed_takes_its_read_with_it),
            RIG_TEST(test_no_read_without_a_free_permit_or_a_decision),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
