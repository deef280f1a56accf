/*
 * core_name_empty_test.c -- a name without an address: our own write that was half done is finished under its epoch, what a
 * person removed is written again at one word, and never does such a policy look ready or stay with a dead plane.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/sync.h"
#include "core/runbook.h"
#include "core_world.h"

static void empty(struct world *world, epoch_t epoch)
{
        world_dns(world, "", epoch, world->record.to);
}

static void expect_condition(struct world *world, const char *type, const char *wanted)
{
        struct decision decision = world_decide(world);
        struct report report = world_report(world, &decision);
        assert_string_equal(world_condition_text(world, &report, type), wanted);
}

static void expect_why(struct world *world, const char *part)
{
        const char *why = world_decide(world).why;
        if (!strstr(why, part))
                fail_msg("\"%s\" does not say \"%s\"", why, part);
}

static void half_a_write_is_finished_at_once(void **state)
{
        struct world *world = *state;
        NAME(world->view).met_epoch = 0;
        empty(world, WORLD_EPOCH);
        assert_int_equal(sync_of(&world->view, &world->record, 1), SYNC_BEHIND);
        world->view.confirmed_epoch = 0;
        WORLD_EXPECT(world, FINDING_UNCONFIRMED, DO_CONFIRM);
        world->view.confirmed_epoch = WORLD_EPOCH;
        WORLD_EXPECT(world, FINDING_TARGET_BEHIND, DO_WRITE);
        expect_why(world, "gloo.example.com has no address under epoch 5");
        expect_condition(world, "Ready", "False TargetBehind");
        expect_condition(world, "Drift", "False AsRecorded");
}

/* Another operator aborted the switch while its address was being written: the name stayed empty until a person came. */
static void bug_half_a_write_of_an_aborted_epoch_was_told_as_an_edit(void **state)
{
        struct world *world = *state;
        NAME(world->view).met_epoch = 0;
        world->view.confirmed_epoch = WORLD_EPOCH;
        empty(world, WORLD_EPOCH - 1);
        WORLD_EXPECT(world, FINDING_TARGET_BEHIND, DO_WRITE);
        expect_condition(world, "Drift", "False AsRecorded");
        empty(world, 0); /* no stamp of ours, no write of ours */
        WORLD_EXPECT(world, FINDING_NAME_EMPTY, DO_REPORT);
}

static void in_a_switch_an_empty_name_is_written(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world->view.confirmed_epoch = world->record.epoch;
        world_lock(world, "cluster-b", world->record.epoch, "b");
        const epoch_t stamps[] = {WORLD_EPOCH + 1, WORLD_EPOCH, 0};
        for (size_t i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++) {
                empty(world, stamps[i]);
                WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
                NAME(world->view).met_epoch = i ? 0 : world->record.epoch;
        }
}

static void a_removed_record_is_told_with_the_word_that_writes_it(void **state)
{
        struct world *world = *state;
        const epoch_t stamps[] = {WORLD_EPOCH, WORLD_EPOCH - 1, 0};
        for (size_t i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++) {
                empty(world, stamps[i]);
                WORLD_EXPECT(world, FINDING_NAME_EMPTY, DO_REPORT);
                expect_why(world, "gloo.example.com has no address, so agents find no plane; recorded is \"A 192.0.2.1\": to "
                                  "write it again: kubectl annotate fop gloo -n default --overwrite "
                                  "planekeeper.io/switch-to=a/6");
                expect_condition(world, "Ready", "False NameEmpty");
                expect_condition(world, "Stalled", "True NameEmpty");
                expect_condition(world, "Drift", "True NameEmpty");
        }
        world->view.policy.switch_to = "a/6";
        WORLD_EXPECT(world, FINDING_SWITCH_REQUESTED, DO_DECIDE);
        struct decision decision = world_decide(world);
        assert_string_equal(decision.next->to, "a");
        assert_int_equal(decision.next->phase, PHASE_SWITCHING);
        world_dns(world, WORLD_RRSET_A, WORLD_EPOCH, "a");
        assert_non_null(strstr(world_decide(world).answer, "a is active already"));
        NAME(world->view).health.read_at = 0; /* what was never read is not known to be empty */
        assert_null(world_decide(world).next);
}

static void where_the_active_plane_is_not_fit_another_is_offered(void **state)
{
        struct world *world = *state;
        empty(world, WORLD_EPOCH);
        world->view.planes[0].eligible = false;
        WORLD_EXPECT(world, FINDING_NAME_EMPTY, DO_REPORT);
        expect_why(world, "planekeeper.io/switch-to=b/6");
        world->view.planes[1].eligible = world->view.planes[2].eligible = false;
        expect_why(world, "it cannot be written again now (gate NoFitStandby blocks: a: eligible: false): follow "
                          "status.runbook");
        world->view.planes[2].eligible = true;
        expect_why(world, "planekeeper.io/switch-to=c/6");
        world->record.to = "gone";
        world->view.plan_proof = PLAN_MISMATCHED;
        world->view.plan_text = "its plan is another";
        expect_why(world, "its plan is another. It goes on when they agree, or by: kubectl annotate fop gloo -n default "
                          "--overwrite planekeeper.io/switch-to=c/6");
        world->view.planes[2].eligible = false;
        assert_string_equal(world_decide(world).why, "its plan is another. It goes on when they agree");
}

static void a_dead_plane_is_left_all_the_same(void **state)
{
        struct world *world = *state;
        empty(world, WORLD_EPOCH);
        world_fail(world, 0, WORLD_DELAY_MS);
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN, DO_DECIDE);
        assert_string_equal(world_decide(world).next->to, "b");
        empty(world, 0);
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN, DO_DECIDE);
}

static void whoever_may_not_write_says_so(void **state)
{
        struct world *world = *state;
        for (int was_met = 0; was_met < 2; was_met++) {
                NAME(world->view).met_epoch = was_met ? WORLD_EPOCH : 0;
                empty(world, WORLD_EPOCH);
                world->view.policy.suspended = true;
                WORLD_EXPECT(world, FINDING_NAME_EMPTY, DO_REPORT);
                expect_why(world, "nothing is written (suspended): follow status.runbook");
                expect_condition(world, "Ready", "False NameEmpty");
                world->view.policy.suspended = false;
                world->view.policy.mode = MODE_ADVISE;
                WORLD_EXPECT(world, FINDING_NAME_EMPTY, DO_REPORT);
                expect_why(world, "nothing is written (mode Advise): follow status.runbook");
                world->view.policy.mode = MODE_AUTOMATIC;
        }
        struct decision decision = world_decide(world);
        struct runbook runbook;
        runbook_build(&world->view, &decision, &world_tools, &world->arena, &runbook);
        assert_non_null(strstr(runbook.lines[0], "# to a by hand"));
}

static void enforce_puts_it_back_at_once(void **state)
{
        struct world *world = *state;
        world->view.policy.drift = DRIFT_ENFORCE;
        empty(world, WORLD_EPOCH);
        WORLD_EXPECT(world, FINDING_DRIFT_ENFORCED, DO_DECIDE);
        assert_string_equal(world_decide(world).next->to, "a");
        world->view.policy.suspended = true;
        WORLD_EXPECT(world, FINDING_NAME_EMPTY, DO_REPORT);
}

/* What a trouble of the active plane hides in the reason is among what is lacking. */
static void beside_another_trouble_it_is_named_too(void **state)
{
        struct world *world = *state;
        empty(world, WORLD_EPOCH);
        world_fail(world, 0, WORLD_DELAY_MS / 2);
        WORLD_EXPECT(world, FINDING_ACTIVE_FAILING, DO_WAIT);
        struct decision decision = world_decide(world);
        struct report report = world_report(world, &decision);
        assert_non_null(strstr(world_condition(&report, "Degraded")->message, "has no address"));
}

static void an_address_of_no_plane_is_not_ready(void **state)
{
        struct world *world = *state;
        world_dns(world, "A 203.0.113.9", WORLD_EPOCH, "a");
        WORLD_EXPECT(world, FINDING_DRIFT, DO_REPORT);
        expect_condition(world, "Ready", "False Drift");
        expect_why(world, "recorded is \"A 192.0.2.1\": put it back");
        world->view.policy.mode = MODE_ADVISE;
        WORLD_EXPECT(world, FINDING_DRIFT, DO_REPORT);
        expect_condition(world, "Ready", "False Drift");
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH, "a");
        WORLD_EXPECT(world, FINDING_STEADY, DO_WAIT);
        world->view.policy.mode = MODE_AUTOMATIC;
        WORLD_EXPECT(world, FINDING_DRIFT, DO_REPORT);
        expect_why(world, "put it back");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
            TEST(half_a_write_is_finished_at_once),
            TEST(bug_half_a_write_of_an_aborted_epoch_was_told_as_an_edit),
            TEST(in_a_switch_an_empty_name_is_written),
            TEST(a_removed_record_is_told_with_the_word_that_writes_it),
            TEST(where_the_active_plane_is_not_fit_another_is_offered),
            TEST(a_dead_plane_is_left_all_the_same),
            TEST(whoever_may_not_write_says_so),
            TEST(enforce_puts_it_back_at_once),
            TEST(beside_another_trouble_it_is_named_too),
            TEST(an_address_of_no_plane_is_not_ready),
#undef TEST
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
