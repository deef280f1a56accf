/* policy_confirm_test.c -- the uncached read of a policy that goes beside the write of its decision. */
#include "policy_rig.h"

#include <string.h>

#include "reconcile/confirm.h"
#include "reconcile/record_io.h"
#include "reconcile/record_keeper.h"
#include "runtime/clock.h"

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

static void assert_confirmed_when_stored(struct policy *policy)
{
        assert_int_not_equal(policy->confirmation.epoch, 2); /* nothing is recorded yet */
        struct record *written = store(policy, 22);
        confirmation_recorded(policy, written);
        assert_int_equal(policy->confirmation.epoch, 2);
        end(policy, written);
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
        assert_confirmed_when_stored(policy);
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

/* ---- beside the probe (decision 057) ---- */

/* The next failure of plane a decides; no pass of the rig's own comes in between. */
static struct policy *decides_next(struct rig *rig)
{
        struct policy *policy = decide(rig);
        rig->manager.is_leader = false;
        assert_string_equal(policy->active, "a");
        policy->confirmation.is_next = true;
        return policy;
}

static struct plane *plane_of(struct policy *policy, unsigned number)
{
        return policy->planes[number].plane;
}

/* The probe begins, and the read that goes beside it is answered. */
static void read_beside_probe(struct rig *rig, struct policy *policy)
{
        const unsigned before = rig->confirms;
        confirm_probe_began(plane_of(policy, 0));
        confirm_probe_began(plane_of(policy, 0)); /* at its other address */
        confirm_turn(&rig->manager);
        rig_pass(rig, 50);
        assert_int_equal(rig->confirms, before + 1);
        assert_false(policy->confirmation.is_early);
        assert_int_equal(rig->manager.admission.permits, 0);
}

/* The pass that decides so in the outage of that time: by a probe that began at @began_us. */
static void judge_in(struct policy *policy, mono_ms failing_since, enum finding finding, enum action then,
                     int64_t began_us)
{
        const struct rule rule = {.then = then};
        const struct plane_view active = {.name = "a"};
        const struct decision decision = {
            .rule = &rule,
            .finding = finding,
            .active = &active,
            .active_health = {.verdict = failing_since ? VERDICT_DOWN : VERDICT_UP, .failing_since = failing_since}};
        plane_of(policy, 0)->checks[0].targets[0].run.began_us = began_us;
        confirmation_judge(policy, &decision);
}

static void judge(struct policy *policy, enum finding finding, enum action then, int64_t began_us)
{
        judge_in(policy, finding == FINDING_ACTIVE_DOWN ? 1000 : 0, finding, then, began_us);
}

static void test_what_was_read_beside_the_probe_confirms_what_it_decides(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = decides_next(rig);
        const int64_t began_us = clock_mono_us();
        read_beside_probe(rig, policy);
        judge(policy, FINDING_ACTIVE_DOWN, DO_DECIDE, began_us);
        const unsigned before = rig->confirms;
        confirm_beside(policy);
        assert_true(policy->confirmation.is_ahead);
        assert_int_equal(policy->confirmation.asked_epoch, 2);
        rig_pass(rig, 50);
        assert_int_equal(rig->confirms, before);
        assert_confirmed_when_stored(policy);
}

/* It was sent for the probe before: a suspension may have been stored since. */
static void test_what_was_read_before_the_probe_confirms_nothing(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = decides_next(rig);
        read_beside_probe(rig, policy);
        judge(policy, FINDING_ACTIVE_DOWN, DO_DECIDE, clock_mono_us());
        const unsigned before = rig->confirms;
        confirm_beside(policy);
        assert_false(policy->confirmation.is_ahead);
        rig_pass(rig, 50);
        assert_int_equal(rig->confirms, before + 1);
        end(policy, NULL);
}

/* Another finding, or a pass that said that nothing is near: what decides is not the probe. */
static void test_what_no_probe_decides_is_read_anew(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = decides_next(rig);
        const int64_t began_us = clock_mono_us();
        read_beside_probe(rig, policy);
        judge(policy, FINDING_FAILBACK_DUE, DO_DECIDE, began_us);
        assert_false(confirmation_is_fresh(&policy->confirmation, policy->confirmation.read_us));
        judge(policy, FINDING_ACTIVE_DOWN_BLOCKED, DO_REPORT, began_us);
        assert_int_equal(policy->confirmation.read_us, 0);
        judge(policy, FINDING_ACTIVE_DOWN, DO_DECIDE, began_us);
        assert_true(policy->confirmation.since_us > began_us);
        end(policy, NULL);
}

static void test_what_is_under_way_goes_on_for_the_decision(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = decides_next(rig);
        const int64_t began_us = clock_mono_us();
        rig->is_mute = true;
        confirm_probe_began(plane_of(policy, 0));
        confirm_turn(&rig->manager);
        rig_pass(rig, 50);
        struct kube_call *call = policy->confirmation.call;
        assert_non_null(call);
        assert_false(confirmation_is_awaited(&policy->confirmation)); /* nothing else waits for it */
        judge(policy, FINDING_ACTIVE_DOWN, DO_DECIDE, began_us);
        confirm_beside(policy);
        assert_ptr_equal(policy->confirmation.call, call);
        assert_true(confirmation_is_awaited(&policy->confirmation));
        assert_int_equal(policy->confirmation.asked_epoch, 2);
        confirmation_recorded(policy, NULL);
        assert_null(policy->confirmation.call);
        end(policy, NULL);
}

static void test_what_is_under_way_for_too_long_is_given_up(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = decides_next(rig);
        rig->is_mute = true;
        confirm_probe_began(plane_of(policy, 0));
        confirm_turn(&rig->manager);
        rig_pass(rig, 50);
        const int64_t sent_us = policy->confirmation.sent_us;
        judge(policy, FINDING_ACTIVE_DOWN, DO_DECIDE, clock_mono_us());
        confirm_beside(policy);
        assert_true(policy->confirmation.sent_us > sent_us);
        assert_int_equal(rig->manager.admission.permits, 1);
        policy->keeper.record->epoch = 2;
        confirm_policy(policy); /* the same of one that is asked for by itself */
        assert_int_equal(rig->manager.admission.permits, 1);
        confirmation_forget(policy);
        assert_int_equal(rig->manager.admission.permits, 0);
        end(policy, NULL);
}

static void test_another_object_of_that_name_confirms_nothing(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = decides_next(rig);
        rig_restore_gloo(rig, rig_new_policy("gloo", "u2", 30, "2026-11-02T00:00:00Z"));
        read_beside_probe(rig, policy);
        assert_string_equal(policy->uid, "u2");
        assert_int_equal(policy->confirmation.read_us, 0);
        end(policy, NULL);
}

static void test_a_suspension_that_only_the_early_read_shows_is_seen(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = decides_next(rig);
        json_t *suspended = rig_new_policy("gloo", "u1", 21, "2026-11-01T00:00:00Z");
        json_object_set_new(json_object_get(suspended, "spec"), "suspend", json_true());
        rig_restore_gloo(rig, suspended);
        read_beside_probe(rig, policy);
        assert_true(policy->spec->suspend);
        end(policy, NULL);
}

static void test_only_the_plane_that_is_left_has_a_read_beside_its_probe(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = decides_next(rig);
        confirm_probe_began(plane_of(policy, 1));
        assert_false(policy->confirmation.is_due);
        policy->confirmation.is_next = false;
        confirm_probe_began(plane_of(policy, 0));
        assert_false(policy->confirmation.is_due);
        end(policy, NULL);
}

/* Without a permit it waits for one; once nothing is near any more it is not wanted. */
static void test_an_early_read_waits_for_a_permit(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = decides_next(rig);
        rig->manager.admission.permits += PERMITS_MAX;
        confirm_probe_began(plane_of(policy, 0));
        confirm_turn(&rig->manager);
        assert_null(policy->confirmation.call);
        assert_true(policy->confirmation.is_due);
        rig->manager.admission.permits -= PERMITS_MAX;
        confirm_turn(&rig->manager);
        assert_non_null(policy->confirmation.call);
        assert_false(policy->confirmation.is_due);
        confirm_probe_began(plane_of(policy, 0)); /* the next one begins before that is answered */
        confirm_turn(&rig->manager);
        assert_int_equal(rig->manager.admission.permits, 1);
        confirm_probe_began(plane_of(policy, 0));
        judge(policy, FINDING_STEADY, DO_WAIT, 0);
        assert_false(policy->confirmation.is_due);
        confirmation_forget(policy);
        end(policy, NULL);
}

/* Ten thousand policies wait for longer than a look is fresh; each would be read again, and again. */
static void test_a_decision_that_looks_again_needs_no_other_read(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = decides_next(rig);
        const int64_t began_us = clock_mono_us();
        read_beside_probe(rig, policy);
        judge_in(policy, 1000, FINDING_ACTIVE_DOWN, DO_DECIDE, began_us);
        judge_in(policy, 1000, FINDING_LOOK_OLD, DO_READ, began_us);
        judge_in(policy, 1000, FINDING_ACTIVE_DOWN, DO_DECIDE, began_us);
        const unsigned before = rig->confirms;
        confirm_beside(policy);
        rig_pass(rig, 50);
        assert_int_equal(rig->confirms, before);
        assert_confirmed_when_stored(policy);
}

/* A suspension may have been stored between the two. */
static void test_the_next_outage_is_another_decision(void **state)
{
        struct rig *rig = *state;
        struct policy *policy = decides_next(rig);
        const int64_t began_us = clock_mono_us();
        read_beside_probe(rig, policy);
        judge_in(policy, 1000, FINDING_ACTIVE_DOWN, DO_DECIDE, began_us);
        judge_in(policy, 2000, FINDING_ACTIVE_DOWN, DO_DECIDE, began_us); /* no pass has seen it well in between */
        assert_false(confirmation_is_fresh(&policy->confirmation, policy->confirmation.read_us));
        judge_in(policy, 2000, FINDING_LOOK_OLD, DO_READ, began_us);
        judge_in(policy, 0, FINDING_LOOK_OLD, DO_READ, began_us);
        assert_int_equal(policy->confirmation.since_us, 0);
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
            RIG_TEST(test_what_was_read_beside_the_probe_confirms_what_it_decides),
            RIG_TEST(test_what_was_read_before_the_probe_confirms_nothing),
            RIG_TEST(test_what_no_probe_decides_is_read_anew),
            RIG_TEST(test_what_is_under_way_goes_on_for_the_decision),
            RIG_TEST(test_what_is_under_way_for_too_long_is_given_up),
            RIG_TEST(test_another_object_of_that_name_confirms_nothing),
            RIG_TEST(test_a_suspension_that_only_the_early_read_shows_is_seen),
            RIG_TEST(test_only_the_plane_that_is_left_has_a_read_beside_its_probe),
            RIG_TEST(test_an_early_read_waits_for_a_permit),
            RIG_TEST(test_a_decision_that_looks_again_needs_no_other_read),
            RIG_TEST(test_the_next_outage_is_another_decision),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
