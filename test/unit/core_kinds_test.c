/* core_kinds_test.c -- targets of every kind, and several of one: what waits for what, and what is written beside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/adopt.h"
#include "core/plan.h"
#include "core/roles.h"
#include "core/sync.h"
#include "core/targets.h"
#include "core_world.h"

enum { E = WORLD_EPOCH };

static struct target_view *at(struct world *world, unsigned place)
{
        return &world->view.targets[place];
}

static enum sync sync_at(struct world *world, unsigned place)
{
        return sync_of(&world->view, &world->record, place);
}

static void moved(struct world *world, unsigned place)
{
        world_show(world, place, world->record.plan.targets[place].to,
                   target_traits(at(world, place)->ref.kind)->is_stamped ? world->record.epoch : 0, world->record.to);
}

static bool is_beside(const struct decision *decision, const struct target_view *target)
{
        for (unsigned i = 0; i < decision->beside_count; i++)
                if (decision->beside[i].target == target)
                        return true;
        return false;
}

static void all_steps_are_taken_in_order(void **state)
{
        struct world *world = *state;
        static const char *const steps[] = {"Fence (2/7)", "Promote (3/7)", "Lock (4/7)", "Route (5/7)"};
        world_switching(world);
        world_pass(world, 0, 3600000); /* what is left answers, so that its fence is waited for */
        for (unsigned kind = 0; kind < TARGET_KIND_COUNT; kind++)
                if (kind != TARGET_LOCK && kind != TARGET_NAME)
                        (void)world_add(world, (enum target_kind)kind);
        world->record.automatic = false;
        for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
                struct decision decision = world_decide(world);
                const struct report report = world_report(world, &decision);
                assert_int_equal(decision.finding, FINDING_STEP_UNMET);
                assert_ptr_equal(decision.write.target, at(world, i));
                assert_int_equal(decision.beside_count, 0);
                assert_string_equal(report.step, steps[i]);
                if (i == 0)
                        assert_non_null(strstr(report.message, "; then Promote, Lock, Route, Pipeline, Commit"));
                moved(world, i);
        }
        struct decision decision = world_decide(world);
        assert_int_equal(decision.rule->then, DO_COMMIT);
        assert_int_equal(decision.beside_count, 1);
        assert_true(is_beside(&decision, at(world, 4)));
        assert_string_equal(decision.beside[0].value, "b");
        assert_int_equal(decision.beside[0].stamp.epoch, E + 1);
        assert_int_equal(decision.next->version, RECORD_VERSION_LIST);
}

static void what_blocks_is_waited_for(void **state)
{
        struct world *world = *state;
        world_switching(world);
        const unsigned place = world_add(world, TARGET_PROMOTION);
        at(world, place)->health.reach = REACH_FAILED;
        at(world, place)->health.error = "no primary";
        struct decision decision = world_decide(world);
        struct report report = world_report(world, &decision);
        assert_int_equal(decision.finding, FINDING_STEP_UNMET);
        assert_ptr_equal(decision.at, at(world, place));
        assert_non_null(strstr(report.message, "blocked at Promote since"));
        assert_string_equal(report_blocked_by(&world->view, &decision), "PromotionUnavailable");
        at(world, place)->health.reach = REACH_OK;
        moved(world, place);
        assert_ptr_equal(world_decide(world).write.target, &LOCK(world->view));
}

/* Unknown is not down: only a plane that is known to be down cannot be served from. */
static void a_fence_is_waited_for_while_its_plane_may_serve(void **state)
{
        struct world *world = *state;
        world_switching(world);
        const unsigned place = world_add(world, TARGET_FENCE);
        struct decision decision = world_decide(world);
        assert_ptr_equal(decision.write.target, &LOCK(world->view)); /* a is down: best effort */
        assert_true(is_beside(&decision, at(world, place)));
        assert_non_null(strstr(world_report(world, &decision).step, "Lock"));
        world_pass(world, 0, 100);
        world_count(world, 0, 1, 0);
        world->view.planes[0].was = VERDICT_DOWN;
        assert_ptr_equal(world_decide(world).write.target, at(world, place)); /* it has answered once */
        world_stale(world, 0);
        world->view.planes[0].was = VERDICT_UNKNOWN;
        assert_ptr_equal(world_decide(world).write.target, at(world, place));
        world->view.planes[0].known = false;
        assert_ptr_equal(world_decide(world).write.target, &LOCK(world->view));
        world->record.from = "gone";
        assert_ptr_equal(world_decide(world).write.target, &LOCK(world->view));
        world->view.policy.targets[place].plane = "c"; /* it says itself where it is */
        assert_ptr_equal(world_decide(world).write.target, at(world, place));
        world_show(world, place, "", 0, "");
        assert_int_equal(sync_at(world, place), SYNC_MET); /* there is nothing to fence */
}

static void a_fence_that_cannot_be_read_holds_no_dead_plane(void **state)
{
        struct world *world = *state;
        const unsigned place = world_add(world, TARGET_FENCE);
        at(world, place)->health = (struct target_health){.reach = REACH_FAILED, .error = "refused"};
        world_fail(world, 0, 200000);
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN, DO_DECIDE);
        world_switching(world);
        assert_ptr_equal(world_decide(world).write.target, &LOCK(world->view));
}

static void a_pipeline_does_not_wait_for_the_fence_of_a_dead_plane(void **state)
{
        struct world *world = *state;
        const unsigned fence = world_add(world, TARGET_FENCE);
        world_switching(world);
        const unsigned pipeline = world_add(world, TARGET_PIPELINE);
        world_fail(world, 0, 200000);
        world_lock(world, "cluster-b", E + 1, "b");
        world_dns(world, WORLD_RRSET_B, E + 1, "b");
        assert_int_not_equal(sync_at(world, fence), SYNC_MET);
        const struct decision decision = world_decide(world);
        assert_true(is_beside(&decision, at(world, pipeline)));
}

static void what_blocks_nothing_delays_no_decision(void **state)
{
        struct world *world = *state;
        const unsigned place = world_add(world, TARGET_PIPELINE);
        at(world, place)->health = (struct target_health){.reach = REACH_FAILED, .error = "refused"};
        WORLD_EXPECT(world, FINDING_STEADY, DO_WAIT);
        world_fail(world, 0, 200000);
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN, DO_DECIDE);
        at(world, place)->health = NAME(world->view).health;
        world_show(world, place, "by hand", E, "a");
        assert_int_equal(sync_at(world, place), SYNC_DRIFT);
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN, DO_DECIDE);
}

/* S11: nobody was asked about it, since no gate looks at it. */
static void an_edit_of_what_blocks_nothing_is_kept(void **state)
{
        struct world *world = *state;
        const unsigned place = world_add(world, TARGET_PIPELINE);
        world_show(world, place, "by hand", E, "a");
        struct decision decision = world_decide(world);
        struct report report = world_report(world, &decision);
        assert_int_equal(decision.finding, FINDING_STEADY);
        assert_string_equal(world_condition_text(world, &report, "Drift"), "True Drift");
        struct plan plan = plan_for(&world->view, &world->view.planes[1], E + 1, &world->arena);
        assert_false(plan_may_replace(&plan.targets[place], "by hand"));
        world->view.policy.drift = DRIFT_ENFORCE;
        plan = plan_for(&world->view, &world->view.planes[1], E + 1, &world->arena);
        assert_true(plan_may_replace(&plan.targets[place], "by hand"));
        WORLD_EXPECT(world, FINDING_DRIFT_ENFORCED, DO_DECIDE);
        world->view.policy.drift = DRIFT_REPORT;
        world_switching(world);
        world->record.plan.targets[place].to = "b";
        world_lock(world, "cluster-b", E + 1, "b");
        world_dns(world, WORLD_RRSET_B, E + 1, "b");
        WORLD_EXPECT(world, FINDING_ALL_MET, DO_COMMIT);
}

static void of_two_edits_the_one_that_is_waited_for_is_told(void **state)
{
        struct world *world = *state;
        const unsigned first = world_add(world, TARGET_PIPELINE), second = world_add(world, TARGET_PIPELINE);
        world_show(world, first, "by hand", E, "a");
        world_show(world, second, "by hand", E, "a");
        struct decision decision = world_decide(world);
        assert_int_equal(failover_first_drift(&world->view, &decision), second);
        world_lock(world, "by hand", E, "a");
        decision = world_decide(world);
        assert_int_equal(failover_first_drift(&world->view, &decision), 0);
        world_dns(world, "A 203.0.113.9", E, "a");
        decision = world_decide(world);
        assert_int_equal(failover_first_drift(&world->view, &decision), 1);
        world->view.policy.mode = MODE_ADVISE;
        assert_int_equal(world_decide(world).finding, FINDING_DRIFT);
}

static void what_lags_at_rest_is_written_and_told(void **state)
{
        struct world *world = *state;
        const unsigned place = world_add(world, TARGET_PIPELINE);
        world_show(world, place, "b", E - 1, "b");
        struct decision decision = world_decide(world);
        struct report report = world_report(world, &decision);
        assert_int_equal(decision.finding, FINDING_STEADY);
        assert_true(is_beside(&decision, at(world, place)));
        assert_string_equal(world_condition_text(world, &report, "Degraded"), "True PipelineStale");
        assert_string_equal(world_condition_text(world, &report, "Ready"), "True Steady");
        assert_string_equal(world_condition(&report, "Degraded")->message, "pipeline thing-2 lacks epoch 5");
        world_lock(world, "cluster-b", E - 1, "b"); /* a step before it is not met: it waits */
        assert_int_equal(world_decide(world).beside_count, 0);
        world_lock(world, "cluster-a", E, "a");
        at(world, place)->shows.stamp.epoch = E;
        at(world, place)->shows.settling = true;
        decision = world_decide(world);
        report = world_report(world, &decision);
        assert_int_equal(decision.beside_count, 0);
        assert_string_equal(world_condition(&report, "Degraded")->message, "pipeline thing-2 has not delivered yet, under epoch 5");
        at(world, place)->shows.settling = false;
        world_show(world, place, "b", E - 1, "b");
        world->view.policy.suspended = true;
        assert_int_equal(world_decide(world).beside_count, 0);
        at(world, place)->health.read_at = 0;
        world->view.policy.suspended = false;
        decision = world_decide(world);
        report = world_report(world, &decision);
        assert_string_equal(world_condition_text(world, &report, "Degraded"), "False Redundant");
}

/* By who has not read the policy since: the same as for any other write. */
static void what_lags_is_written_once_the_policy_was_read_again(void **state)
{
        struct world *world = *state;
        const unsigned place = world_add(world, TARGET_PIPELINE);
        world->view.confirmed_epoch = 0;
        WORLD_EXPECT(world, FINDING_STEADY, DO_WAIT);
        world_show(world, place, "b", E - 1, "b");
        WORLD_EXPECT(world, FINDING_UNCONFIRMED, DO_CONFIRM);
        assert_int_equal(world_decide(world).beside_count, 0);
        world_fail(world, 0, 200000);
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN, DO_DECIDE);
        world->view.policy.suspended = true;
        WORLD_EXPECT(world, FINDING_AWAITING_HUMAN, DO_REPORT);
        world->view.policy.suspended = false;
        world->view.confirmed_epoch = E;
        assert_int_equal(world_decide(world).beside_count, 0); /* another epoch comes */
        world_fail(world, 1, 200000);
        world_fail(world, 2, 200000);
        assert_int_equal(world_decide(world).beside_count, 1); /* held, so this one goes on */
}

static void what_is_written_beside_rests_on_fresh_looks(void **state)
{
        struct world *world = *state;
        const unsigned place = world_add(world, TARGET_PIPELINE);
        world_show(world, place, "b", E - 1, "b");
        LOCK(world->view).health.looked_at = WORLD_NOW - 2000;
        struct decision decision = world_decide(world);
        assert_int_equal(decision.beside_count, 0);
        assert_int_equal(decision.looks_beside, 1);
        at(world, place)->health.looked_at = WORLD_NOW - 2000; /* its own swap is fenced */
        LOCK(world->view).health.looked_at = WORLD_NOW;
        assert_int_equal(world_decide(world).beside_count, 1);
        at(world, place)->is_weak = true; /* nothing there refuses what is late */
        decision = world_decide(world);
        assert_int_equal(decision.beside_count, 0);
        assert_int_equal(decision.looks_beside, 1U << place);
}

static void an_abort_leaves_everything_to_its_own_epoch(void **state)
{
        struct world *world = *state;
        world_switching(world);
        const unsigned place = world_add(world, TARGET_FENCE);
        world_pass(world, 0, 200000);
        WORLD_EXPECT(world, FINDING_ACTIVE_RECOVERED, DO_ABORT);
        assert_int_equal(world_decide(world).beside_count, 0);
        (void)place;
}

static const struct {
        const char *name, *value;
        epoch_t epoch;
        bool is_settling;
        enum sync promotion, weak_name;
} weak_rows[] = {
    {"wanted", "wanted", 0, false, SYNC_MET, SYNC_MET},
    {"old", "old", 0, false, SYNC_BEHIND, SYNC_BEHIND},
    {"by hand", "by hand", 0, false, SYNC_DRIFT, SYNC_DRIFT},
    {"gone", "", 0, false, SYNC_BEHIND, SYNC_EMPTY},
    {"wanted, of another epoch", "wanted", E - 1, false, SYNC_MET, SYNC_BEHIND},
    {"wanted, of this epoch", "wanted", E, false, SYNC_MET, SYNC_MET},
    {"undone under this epoch", "old", E, false, SYNC_BEHIND, SYNC_BEHIND},
    {"wanted, of a later epoch", "wanted", E + 1, false, SYNC_MET, SYNC_AHEAD},
    {"old, accepted", "old", 0, true, SYNC_SETTLING, SYNC_BEHIND},
    {"accepted under this epoch", "wanted", E, true, SYNC_SETTLING, SYNC_SETTLING},
};

static const char *value_of(const char *word, const char *wanted, const char *old)
{
        return strcmp(word, "wanted") == 0 ? wanted : strcmp(word, "old") == 0 ? old : word;
}

static void a_weak_target_is_met_by_its_value(void **state)
{
        struct world *world = *state;
        const unsigned place = world_add(world, TARGET_PROMOTION), name = (unsigned)(&NAME(world->view) - world->view.targets);
        at(world, name)->is_weak = true;
        at(world, name)->met_epoch = E;
        for (size_t i = 0; i < sizeof(weak_rows) / sizeof(weak_rows[0]); i++) {
                world_show(world, place, value_of(weak_rows[i].value, "a", "b"), weak_rows[i].epoch, "a");
                world_dns(world, value_of(weak_rows[i].value, WORLD_RRSET_A, WORLD_RRSET_B), weak_rows[i].epoch, "a");
                at(world, place)->shows.settling = at(world, name)->shows.settling = weak_rows[i].is_settling;
                if (sync_at(world, place) != weak_rows[i].promotion)
                        fail_msg("%s: a promotion is %d", weak_rows[i].name, (int)sync_at(world, place));
                if (sync_at(world, name) != weak_rows[i].weak_name)
                        fail_msg("%s: a weak name is %d", weak_rows[i].name, (int)sync_at(world, name));
        }
        world_dns(world, WORLD_RRSET_B, E - 1, "b");
        world_lock(world, "cluster-a", E, "a");
        LOCK(world->view).is_weak = true;
        LOCK(world->view).shows.settling = true;
        assert_int_equal(sync_of(&world->view, &world->record, 1), SYNC_BEHIND); /* the name is written after it */
}

/* What Sentinel has moved is moved on by a switch, and is left at rest, wherever it was before. */
static void what_its_server_moves_is_nobodys_edit(void **state)
{
        struct world *world = *state;
        const unsigned place = world_add(world, TARGET_PROMOTION);
        world_show(world, place, "elsewhere", 0, "a");
        assert_int_equal(sync_at(world, place), SYNC_DRIFT);
        at(world, place)->moves_itself = true;
        assert_int_equal(sync_at(world, place), SYNC_DRIFT);
        world_show(world, place, "b", 0, "a"); /* what the record's plan has left */
        assert_int_equal(sync_at(world, place), SYNC_DRIFT);
        world_show(world, place, "a", 0, "a");
        assert_int_equal(sync_at(world, place), SYNC_MET);
        world_show(world, place, "elsewhere", 0, "a");
        world->record.phase = PHASE_SWITCHING;
        assert_int_equal(sync_at(world, place), SYNC_BEHIND);
        at(world, place)->moves_itself = false;
        assert_int_equal(sync_at(world, place), SYNC_DRIFT);
}

static void any_of_several_values_will_do(void **state)
{
        (void)state;
        assert_true(target_is_wanted(TARGET_PROMOTION, "one\ntwo\nthree", "two"));
        assert_true(target_is_wanted(TARGET_PROMOTION, "one\ntwo\nthree", "three"));
        assert_false(target_is_wanted(TARGET_PROMOTION, "one\ntwo\nthree", "tw"));
        assert_false(target_is_wanted(TARGET_PROMOTION, "one\ntwo", "six"));
        assert_false(target_is_wanted(TARGET_PROMOTION, "one\n", ""));
        assert_false(target_is_wanted(TARGET_LOCK, "one\ntwo", "two"));
        assert_true(target_is_wanted(TARGET_LOCK, "one", "one"));
}

static void what_is_pending_is_looked_at_until_it_shows(void **state)
{
        struct world *world = *state;
        world_switching(world);
        const unsigned place = world_add(world, TARGET_PROMOTION);
        at(world, place)->shows.settling = true;
        struct decision decision = world_decide(world);
        assert_int_equal(decision.finding, FINDING_STEP_PENDING);
        assert_int_equal(decision.rule->then, DO_WAIT);
        assert_string_equal(decision.why, target_traits(TARGET_PROMOTION)->settling);
        assert_null(decision.write.target);
        assert_int_equal(decision.looks_beside & 1U << place, 0); /* just looked at */
        assert_int_equal(decision.wake_at, WORLD_NOW + 1001);
        assert_false(decision.targets[place].is_write_over);
        at(world, place)->health.looked_at = WORLD_NOW - 1500;
        decision = world_decide(world);
        assert_int_equal(decision.looks_beside, 1U << place);
        at(world, place)->health.reach = REACH_FAILED;
        at(world, place)->health.error = "timeout";
        decision = world_decide(world);
        const struct report report = world_report(world, &decision);
        assert_non_null(strstr(report.message, "blocked at Promote"));
        world_lock(world, "cluster-b", E + 1, "b");
        world_dns(world, WORLD_RRSET_B, E + 1, "b");
        at(world, place)->health = LOCK(world->view).health;
        assert_int_equal(world_decide(world).finding, FINDING_STEP_PENDING);
        world->record.phase = PHASE_STEADY; /* at rest nothing waits for it */
        assert_int_equal(world_decide(world).rule->then, DO_WAIT);
}

static void a_weak_target_is_looked_at_for_ever(void **state)
{
        struct world *world = *state;
        const unsigned place = world_add(world, TARGET_PROMOTION), other = world_add(world, TARGET_PIPELINE);
        at(world, other)->is_weak = true;
        at(world, other)->health.looked_at = WORLD_NOW - 9000;
        at(world, place)->health.looked_at = WORLD_NOW - 10000;
        struct decision decision = world_decide(world);
        assert_int_equal(decision.finding, FINDING_STEADY);
        assert_int_equal(decision.looks_beside, 0);
        assert_int_equal(decision.wake_at, WORLD_NOW + 20001);
        at(world, place)->health.looked_at = WORLD_NOW - 30001;
        decision = world_decide(world);
        assert_int_equal(decision.looks_beside, 1U << place);
        assert_int_equal(decision.wake_at, WORLD_NOW + 21001);
        at(world, place)->health.looked_at = WORLD_NOW - 8000;
        assert_int_equal(world_decide(world).wake_at, WORLD_NOW + 21001); /* the earlier of both */
}

/* What comes late is not refused there: the values of every epoch that is not known to be over may show again. */
static void late_values_of_a_weak_target_may_be_replaced(void **state)
{
        struct world *world = *state;
        NAME(world->record.plan).old[1] = WORLD_RRSET_C;
        NAME(world->record.plan).old_count = 2;
        struct plan plan = plan_for(&world->view, &world->view.planes[1], E + 1, &world->arena);
        assert_false(plan_may_replace(&NAME(plan), WORLD_RRSET_C));
        NAME(world->view).is_weak = true;
        plan = plan_for(&world->view, &world->view.planes[1], E + 1, &world->arena);
        assert_true(plan_may_replace(&NAME(plan), WORLD_RRSET_C));
}

static void two_names_are_one_step(void **state)
{
        struct world *world = *state;
        world_switching(world);
        const unsigned second = world_add(world, TARGET_NAME), first = second - 1;
        world_lock(world, "cluster-b", E + 1, "b");
        struct decision decision = world_decide(world);
        assert_ptr_equal(decision.write.target, at(world, first));
        assert_true(is_beside(&decision, at(world, second)));
        at(world, first)->health.reach = REACH_FAILED; /* the other one need not wait for it */
        decision = world_decide(world);
        assert_ptr_equal(decision.write.target, at(world, second));
        moved(world, second);
        decision = world_decide(world);
        assert_ptr_equal(decision.write.target, at(world, first));
        struct report report = world_report(world, &decision);
        assert_string_equal(report.active, "a"); /* agents of one zone are there still */
        assert_string_equal(report.step, "Route (3/4)");
        at(world, first)->health.reach = REACH_OK;
        moved(world, first);
        WORLD_EXPECT(world, FINDING_ALL_MET, DO_COMMIT);
        at(world, second)->shows.settling = true; /* of two that are not met the one that can be written comes first */
        world_dns(world, WORLD_RRSET_A, E, "a");
        decision = world_decide(world);
        assert_ptr_equal(decision.write.target, at(world, first));
        at(world, first)->health.reach = REACH_FAILED;
        assert_int_equal(world_decide(world).finding, FINDING_STEP_PENDING);
}

/* What cannot be written at rest while the active plane ails is not tried beside it either. */
static void what_is_waited_for_is_written_in_its_turn(void **state)
{
        struct world *world = *state;
        world_lock(world, "cluster-b", E - 1, "b");
        world_lock_fails(world, ERR_TRANSIENT, "timeout", true);
        world_fail(world, 0, 15000);
        struct decision decision = world_decide(world);
        assert_int_equal(decision.finding, FINDING_ACTIVE_FAILING);
        assert_int_equal(decision.beside_count, 0);
}

static void a_second_name_is_told_apart(void **state)
{
        struct world *world = *state;
        const unsigned second = world_add(world, TARGET_NAME);
        assert_string_equal(targets_name(&world->view)->ref.name, "gloo.example.com");
        world_show(world, second, "", E, "a");
        struct decision decision = world_decide(world);
        assert_int_equal(decision.finding, FINDING_NAME_EMPTY);
        assert_true(strncmp(decision.why, "thing-2 has no address", strlen("thing-2 has no address")) == 0);
        world_show(world, second, WORLD_RRSET_B, E, "a");
        decision = world_decide(world);
        assert_int_equal(decision.finding, FINDING_DRIFT);
        assert_non_null(strstr(decision.why, "thing-2 shows \"A 192.0.2.2\""));
        world_show(world, second, WORLD_RRSET_A, E - 1, "a");
        decision = world_decide(world);
        assert_int_equal(decision.finding, FINDING_TARGET_BEHIND);
        assert_ptr_equal(decision.write.target, at(world, second));
        assert_string_equal(decision.write.value, WORLD_RRSET_A);
}

static void an_unfit_name_holds_all_names(void **state)
{
        struct world *world = *state;
        world_switching(world);
        const unsigned second = world_add(world, TARGET_NAME), fence = world_add(world, TARGET_FENCE);
        world_lock(world, "cluster-b", E + 1, "b");
        world->view.planes[1].rrset = "CNAME lb-b.example.com";
        world->view.planes[1].name_absent = true;
        NAME(world->record.plan).to = world->record.plan.targets[second + 1].to = "CNAME lb-b.example.com";
        struct decision decision = world_decide(world);
        assert_int_equal(decision.finding, FINDING_NAME_UNFIT);
        assert_int_equal(decision.beside_count, 1);
        assert_true(is_beside(&decision, at(world, fence)));
}

/* Two of a kind are matched by what they are, and only then by their places. */
static void what_is_known_of_one_of_two_stays_with_it(void **state)
{
        struct world *world = *state;
        const unsigned second = world_add(world, TARGET_NAME);
        world_show(world, second, WORLD_RRSET_C, E, "c");
        const struct wanted_target wanted = world->view.policy.targets[second];
        world->view.policy.targets[second] = world->view.policy.targets[second - 1];
        world->view.policy.targets[second - 1] = wanted;
        targets_place(&world->view);
        assert_string_equal(at(world, second - 1)->shows.value, WORLD_RRSET_C);
        assert_string_equal(at(world, second)->shows.value, WORLD_RRSET_A);
        assert_ptr_equal(targets_planned(&world->view, at(world, second - 1)), &world->record.plan.targets[second]);
        assert_ptr_equal(targets_wanted(&world->view, at(world, second - 1)), &world->view.policy.targets[second - 1]);
        world->view.policy.targets[second - 1].ref.name = "third";
        targets_place(&world->view);
        assert_string_equal(at(world, second - 1)->shows.value, WORLD_RRSET_C); /* the one that is left */
        assert_ptr_equal(targets_planned(&world->view, at(world, second - 1)), &world->record.plan.targets[second - 1]);
        const struct plan plan = plan_for(&world->view, &world->view.planes[1], E + 1, &world->arena);
        assert_false(plan_may_replace(&plan.targets[second], WORLD_RRSET_C)); /* it is the other's */
        world->view.policy.targets[second].ref.name = "fourth";
        targets_place(&world->view);
        assert_string_equal(at(world, second)->shows.value, WORLD_RRSET_A);
}

/* A switch under way keeps its own targets; who moves to others by a new epoch carries over what each is known to hold. */
static void what_is_left_for_another_of_its_kind_is_carried_over(void **state)
{
        struct world *world = *state;
        const unsigned second = world_add(world, TARGET_NAME), first = second - 1;
        world_switching(world);
        world_show(world, first, WORLD_RRSET_A, E, "a");
        world_show(world, second, WORLD_RRSET_C, E, "c");
        world->view.policy.targets[first].ref.name = "new.example.com";
        targets_place(&world->view);
        const struct plan plan = plan_for(&world->view, &world->view.planes[2], E + 2, &world->arena);
        assert_true(plan_may_replace(&plan.targets[first], WORLD_RRSET_A));
        assert_false(plan_may_replace(&plan.targets[first], WORLD_RRSET_C));
        assert_true(plan_may_replace(&plan.targets[second], WORLD_RRSET_C));
}

static void a_new_one_of_a_kind_takes_what_is_left(void **state)
{
        struct world *world = *state;
        const unsigned second = world_add(world, TARGET_NAME);
        world_show(world, second, WORLD_RRSET_C, E, "c");
        world->view.policy.targets[second].ref.name = "third";
        targets_place(&world->view);
        assert_string_equal(at(world, second - 1)->shows.value, WORLD_RRSET_A);
        assert_string_equal(at(world, second)->shows.value, WORLD_RRSET_C);
        NAME(world->view.policy).ref.name = "fourth";
        world_spec_without_lock(world);
        assert_string_equal(at(world, 0)->shows.value, WORLD_RRSET_A); /* and nothing of another kind */
}

static void an_adoption_asks_what_names_a_plane(void **state)
{
        struct world *world = *state;
        const unsigned fence = world_add(world, TARGET_FENCE), promotion = world_add(world, TARGET_PROMOTION);
        const unsigned pipeline = world_add(world, TARGET_PIPELINE);
        world_without_record(world);
        LOCK(world->view).shows.stamp.presence = STAMP_ABSENT;
        world_lock(world, "cluster-a", 0, "");
        world_show(world, fence, "b", E + 3, "b");
        world_show(world, pipeline, "b", E + 3, "b");
        at(world, pipeline)->shows.stamp.store = WORLD_OTHER; /* nobody's business here */
        struct adoption adoption = adopt_inquire(&world->view, &world->arena);
        assert_int_equal(adoption.outcome, ADOPTION_NAMED);
        assert_true(adoption.complete);
        world_lock(world, "cluster-a", E, "a"); /* of stamps, too, only those that name a plane are asked */
        assert_int_equal(adopt_inquire(&world->view, &world->arena).outcome, ADOPTION_NAMED);
        world_show(world, promotion, "b", 0, "");
        assert_int_equal(adopt_inquire(&world->view, &world->arena).outcome, ADOPTION_UNKNOWN);
        assert_ptr_equal(adopt_dissenter(&world->view, &world->view.planes[0], &world->arena), at(world, promotion));
        at(world, pipeline)->health.read_at = 0;
        assert_true(targets_are_read(&world->view));
        at(world, promotion)->health.read_at = 0;
        assert_false(targets_are_read(&world->view));
}

static void what_names_no_plane_contradicts_no_record(void **state)
{
        struct world *world = *state;
        const unsigned pipeline = world_add(world, TARGET_PIPELINE);
        world_show(world, pipeline, "a", E, "c");
        WORLD_EXPECT(world, FINDING_STEADY, DO_WAIT);
        at(world, pipeline)->shows.stamp.store = WORLD_OTHER;
        WORLD_EXPECT(world, FINDING_STEADY, DO_WAIT);
        at(world, pipeline)->shows.stamp.presence = STAMP_UNREADABLE;
        WORLD_EXPECT(world, FINDING_STEADY, DO_WAIT);
}

static void a_role_is_as_old_as_what_names_a_plane(void **state)
{
        struct world *world = *state;
        struct plane_view *plane = &world->view.planes[0];
        const unsigned place = world_add(world, TARGET_PROMOTION);
        plane->checks[0].when = WHEN_ACTIVE;
        (void)world_add(world, TARGET_PIPELINE);
        world->record.plan.targets[place].to = "z\na";
        roles_begin(&world->view, &world->arena);
        assert_int_equal(plane->mark.role, ROLE_ACTIVE);
        world_show(world, place, "b", 0, "");
        plane->mark = (struct role_mark){0};
        roles_begin(&world->view, &world->arena);
        assert_int_equal(plane->mark.role, ROLE_EITHER);
}

static void a_fence_that_is_absent_moves_nobody(void **state)
{
        struct world *world = *state;
        world_switching(world);
        const unsigned place = world_add(world, TARGET_FENCE);
        struct plane_view *plane = &world->view.planes[0];
        plane->checks[0].when = WHEN_ACTIVE;
        world_show(world, place, "", 0, "");
        roles_begin(&world->view, &world->arena);
        assert_int_equal(plane->mark.role, ROLE_ACTIVE);
        moved(world, place);
        plane->mark = (struct role_mark){0};
        roles_begin(&world->view, &world->arena);
        assert_int_equal(plane->mark.role, ROLE_STANDBY);
}

/* A lock's next step is only what waits for it. */
static void a_lock_settles_for_what_waits_for_it(void **state)
{
        struct world *world = *state;
        const unsigned pipeline = world_add(world, TARGET_PIPELINE);
        LOCK(world->view).shows.settling = true;
        world_show(world, pipeline, "b", E - 1, "b");
        assert_int_equal(sync_at(world, 0), SYNC_MET);
        world_dns(world, WORLD_RRSET_A, E - 1, "a");
        assert_int_equal(sync_at(world, 0), SYNC_BEHIND);
}

static void versions_go_by_what_older_ones_know(void **state)
{
        struct world *world = *state;
        assert_int_equal(plan_version(&world->record.plan), RECORD_VERSION);
        struct plan plan = world->record.plan;
        plan.targets[0].ref.driver = "job";
        assert_int_equal(plan_version(&plan), RECORD_VERSION_LIST);
        plan.targets[0] = plan.targets[1];
        assert_int_equal(plan_version(&plan), RECORD_VERSION_LIST);
        plan.target_count = 1;
        assert_int_equal(plan_version(&plan), RECORD_VERSION);
        plan.targets[0].ref.kind = TARGET_LOCK;
        assert_int_equal(plan_version(&plan), RECORD_VERSION_LIST);
        plan = world->record.plan;
        plan.targets[2] = plan.targets[1];
        plan.target_count = 3;
        assert_int_equal(plan_version(&plan), RECORD_VERSION_LIST);
        plan = world->record.plan;
        plan.targets[1].ref.kind = TARGET_PIPELINE;
        assert_int_equal(plan_version(&plan), RECORD_VERSION_LIST);
}

static void digests_of_many_targets_fit_their_text(void **state)
{
        struct world *world = *state;
        world->view.store = "dns/default/gloo";
        while (world->view.policy.target_count < TARGETS_MAX)
                (void)world_add(world, TARGET_PROMOTION);
        struct plan *plan = &world->record.plan;
        for (unsigned i = 0; i < plan->target_count; i++)
                for (plan->targets[i].old_count = 0; plan->targets[i].old_count < PLAN_OLD_MAX; plan->targets[i].old_count++)
                        plan->targets[i].old[plan->targets[i].old_count] =
                            arena_printf(&world->arena, "%u", plan->targets[i].old_count);
        const struct plan next = plan_for(&world->view, &world->view.planes[1], E + 1, &world->arena);
        unsigned kept = 0;
        for (unsigned i = 0; i < next.target_count; i++)
                kept += next.targets[i].old_count;
        assert_int_equal(kept, 40);
        world->record.plan.targets[0].to = "line\nline";
        assert_true(plan_bytes(&world->record.plan) > 8 * 100);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            CASE(all_steps_are_taken_in_order),
            CASE(what_blocks_is_waited_for),
            CASE(a_fence_is_waited_for_while_its_plane_may_serve),
            CASE(a_fence_that_cannot_be_read_holds_no_dead_plane),
            CASE(a_pipeline_does_not_wait_for_the_fence_of_a_dead_plane),
            CASE(what_blocks_nothing_delays_no_decision),
            CASE(an_edit_of_what_blocks_nothing_is_kept),
            CASE(of_two_edits_the_one_that_is_waited_for_is_told),
            CASE(what_lags_at_rest_is_written_and_told),
            CASE(what_lags_is_written_once_the_policy_was_read_again),
            CASE(what_is_written_beside_rests_on_fresh_looks),
            CASE(an_abort_leaves_everything_to_its_own_epoch),
            CASE(a_weak_target_is_met_by_its_value),
            CASE(what_its_server_moves_is_nobodys_edit),
            CASE(any_of_several_values_will_do),
            CASE(what_is_pending_is_looked_at_until_it_shows),
            CASE(a_weak_target_is_looked_at_for_ever),
            CASE(late_values_of_a_weak_target_may_be_replaced),
            CASE(two_names_are_one_step),
            CASE(what_is_waited_for_is_written_in_its_turn),
            CASE(a_second_name_is_told_apart),
            CASE(an_unfit_name_holds_all_names),
            CASE(what_is_known_of_one_of_two_stays_with_it),
            CASE(what_is_left_for_another_of_its_kind_is_carried_over),
            CASE(a_new_one_of_a_kind_takes_what_is_left),
            CASE(an_adoption_asks_what_names_a_plane),
            CASE(what_names_no_plane_contradicts_no_record),
            CASE(a_role_is_as_old_as_what_names_a_plane),
            CASE(a_fence_that_is_absent_moves_nobody),
            CASE(a_lock_settles_for_what_waits_for_it),
            CASE(versions_go_by_what_older_ones_know),
            CASE(digests_of_many_targets_fit_their_text),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
