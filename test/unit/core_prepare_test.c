/* core_prepare_test.c -- when a switch is prepared, by whom it is begun, and how it ends unused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/next_record.h"
#include "core/plan.h"
#include "core/prepare.h"
#include "core/rules.h"
#include "core_world.h"

enum { PREPARED_ID = 0x3333, NEAR_MS = WORLD_DELAY_MS - WORLD_INTERVAL_MS, OVERDUE_MS = WORLD_DELAY_MS + 1000 };

/* The active plane fails, and the next failure would decide. */
static void fails_nearly(struct world *world)
{
        world->view.may_prepare = true;
        world_fail(world, 0, NEAR_MS);
        for (unsigned i = 0; i < world->view.target_count; i++)
                world->view.targets[i].health.read_at = world->view.now;
}

static void is_prepared(struct world *world)
{
        world->record.prepared = (struct prepared){.epoch = WORLD_EPOCH + 1, .id = PREPARED_ID, .to = "b", .at = WORLD_WALL - 5000,
                                                   .values = {"cluster-b", WORLD_RRSET_B}};
        world->record.version = record_version(&world->record);
}

static void is_down_and_prepared(struct world *world)
{
        world->view.may_prepare = true;
        world_fail(world, 0, OVERDUE_MS);
        for (unsigned i = 0; i < world->view.target_count; i++)
                world->view.targets[i].health.read_at = world->view.now;
        is_prepared(world);
        world->view.owns_prepared = true;
}

static void it_is_prepared_one_failure_before(void **state)
{
        struct world *world = *state;
        fails_nearly(world);
        WORLD_EXPECT(world, FINDING_PREPARABLE, DO_PREPARE);
        const struct record *next = world_decide(world).next;
        assert_int_equal(next->epoch, WORLD_EPOCH);
        assert_int_equal(next->id, world->record.id);
        assert_int_equal(next->phase, PHASE_STEADY);
        assert_int_equal(next->version, RECORD_VERSION_PREPARED);
        assert_int_equal(next->prepared.epoch, WORLD_EPOCH + 1);
        assert_int_equal(next->prepared.id, WORLD_FRESH_ID);
        assert_string_equal(next->prepared.to, "b");
        assert_string_equal(next->prepared.values[0], "cluster-b");
        assert_string_equal(next->prepared.values[1], WORLD_RRSET_B);
}

static void not_enabled(struct world *world)
{
        world->view.may_prepare = false;
}

static void once_an_outage(struct world *world)
{
        world->view.prepared_at = world->view.now - NEAR_MS + 1;
}

static void too_early(struct world *world)
{
        world_fail(world, 0, WORLD_DELAY_MS - 2 * (WORLD_INTERVAL_MS + WORLD_TIMEOUT_MS));
}

static void too_few_failures(struct world *world)
{
        world_count(world, 0, 0, 1);
}

static void suspended(struct world *world)
{
        world->view.policy.suspended = true;
}

static void nobody_fit(struct world *world)
{
        world_fail(world, 1, NEAR_MS);
        world_fail(world, 2, NEAR_MS);
}

static void a_target_behind(struct world *world)
{
        world_lock(world, "cluster-a", WORLD_EPOCH - 1, "a");
}

static void a_target_edited(struct world *world)
{
        world_dns(world, "A 203.0.113.9", WORLD_EPOCH, "a");
}

static void a_weak_target(struct world *world)
{
        world->view.targets[0].is_weak = true;
}

static void a_fence(struct world *world)
{
        (void)world_add(world, TARGET_FENCE);
}

static void another_ttl(struct world *world)
{
        NAME(world->view.policy).ttl_s++;
}

static void other_targets(struct world *world)
{
        NAME(world->view.policy).ref.name = "new.example.com";
}

static void prepared_already(struct world *world)
{
        is_prepared(world);
        world->view.owns_prepared = true;
}

static void cooling_down(struct world *world)
{
        world->record.cooldown_until = WORLD_WALL + 60000;
}

static void it_passes(struct world *world)
{
        world_pass(world, 0, 3600000);
}

static void it_is_stale(struct world *world)
{
        world_stale(world, 0);
}

/* Each alone would fit the record, and both together do not. */
static void too_long_for_both(struct world *world)
{
        enum { MORE_THAN_HALF = PLAN_BYTES_MAX * 3 / 5 };
        static char old[MORE_THAN_HALF];
        memset(old, 'x', sizeof(old) - 1);
        world->record.plan.targets[1].old[0] = old;
        world->record.plan.targets[1].old_count = 1;
}

static void an_older_plan(struct world *world)
{
        world->view.planes[0].rrset = "A 203.0.113.77";
}

static void it_is_not_prepared(void **state)
{
        static const struct {
                const char *what;
                void (*change)(struct world *world);
        } rows[] = {{"not enabled", not_enabled},         {"once an outage", once_an_outage},
                    {"too early", too_early},             {"too few failures", too_few_failures},
                    {"suspended", suspended},             {"nobody fit", nobody_fit},
                    {"a target behind", a_target_behind}, {"a target edited", a_target_edited},
                    {"a weak target", a_weak_target},     {"a fence", a_fence},
                    {"another TTL", another_ttl},
                    {"other targets", other_targets},     {"prepared already", prepared_already},
                    {"cooling down", cooling_down},       {"it passes", it_passes},
                    {"it is stale", it_is_stale},         {"an older plan", an_older_plan},
                    {"too long for both", too_long_for_both}};
        (void)state;
        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct world world;
                world_init(&world);
                fails_nearly(&world);
                rows[i].change(&world);
                if (world_decide(&world).finding == FINDING_PREPARABLE)
                        fail_msg("%s: it is prepared all the same", rows[i].what);
                world_clear(&world);
        }
}

static void already_down(struct world *world)
{
        world_fail(world, 0, OVERDUE_MS);
}

static void is_steady_without(struct world *world)
{
        world->view.record = NULL;
}

/* The last failure but one, whatever else is prepared: the read of the policy goes beside the next probe. */
static void the_next_failure_decides(void **state)
{
        static const struct {
                const char *what;
                void (*change)(struct world *world);
                bool is_next;
        } rows[] = {{"not enabled", not_enabled, true},         {"once an outage", once_an_outage, true},
                    {"a weak target", a_weak_target, true},     {"prepared already", prepared_already, true},
                    {"too early", too_early, false},            {"too few failures", too_few_failures, false},
                    {"suspended", suspended, false},            {"nobody fit", nobody_fit, false},
                    {"cooling down", cooling_down, false},      {"it passes", it_passes, false},
                    {"already down", already_down, false},      {"it is stale", it_is_stale, false},
                    {"no record", is_steady_without, false}};
        (void)state;
        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct world world;
                world_init(&world);
                fails_nearly(&world);
                world_count(&world, 0, 0, world.view.policy.detection.failure_threshold - 1);
                rows[i].change(&world);
                if (world_decide(&world).is_next != rows[i].is_next)
                        fail_msg("%s: the next failure %s", rows[i].what, rows[i].is_next ? "decides" : "decides nothing");
                world_clear(&world);
        }
}

static void it_is_begun_under_its_own_epoch(void **state)
{
        struct world *world = *state;
        is_down_and_prepared(world);
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN, DO_DECIDE);
        struct decision decision = world_decide(world);
        assert_true(decision.is_prepared);
        assert_int_equal(decision.next->epoch, WORLD_EPOCH + 1);
        assert_int_equal(decision.next->id, PREPARED_ID);
        assert_int_equal(decision.next->phase, PHASE_SWITCHING);
        assert_int_equal(decision.next->prepared.epoch, 0);
        assert_int_equal(decision.next->version, RECORD_VERSION);
        assert_int_equal(decision.next->detected_at, WORLD_WALL - OVERDUE_MS);
        assert_string_equal(decision.next->from, "a");
        assert_string_equal(decision.next->to, "b");
        assert_string_equal(decision.next->plan.targets[1].to, WORLD_RRSET_B);
        assert_string_equal(decision.next->plan.targets[1].old[0], WORLD_RRSET_A);
        assert_true(decision.next->automatic);
        assert_non_null(strstr(decision.why, "it was prepared"));
}

static void of_another_process(struct world *world)
{
        world->view.owns_prepared = false;
}

static void its_plane_unfit(struct world *world)
{
        world_fail(world, 1, NEAR_MS);
}

static void its_plane_moved(struct world *world)
{
        world->view.planes[1].rrset = "A 192.0.2.99";
}

static void its_target_behind(struct world *world)
{
        world_lock(world, "cluster-a", WORLD_EPOCH - 1, "a");
}

static void a_later_epoch_shown(struct world *world)
{
        world->record.given_up = WORLD_EPOCH + 2;
        world->record.prepared.epoch = WORLD_EPOCH + 1;
        world->view.targets[0].shows.stamp.epoch = WORLD_EPOCH + 3;
}

static void a_later_epoch_given_up(struct world *world)
{
        world->record.given_up = WORLD_EPOCH + 2;
}

static void nothing_of_it(struct world *world)
{
        world->record.prepared = (struct prepared){0};
}

/* It is decided anew, under a later epoch, which may replace what another may have begun to write. */
static void it_is_superseded(void **state)
{
        static const struct {
                const char *what;
                void (*change)(struct world *world);
        } rows[] = {{"another process", of_another_process}, {"its plane unfit", its_plane_unfit},
                    {"its plane moved", its_plane_moved},    {"another TTL", another_ttl},
                    {"a target behind", its_target_behind},  {"a later epoch", a_later_epoch_shown},
                    {"one given up", a_later_epoch_given_up}, {"nothing of it", nothing_of_it},
                    {"other targets", other_targets}};
        (void)state;
        for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct world world;
                world_init(&world);
                is_down_and_prepared(&world);
                rows[i].change(&world);
                struct decision decision = world_decide(&world);
                if (decision.is_prepared)
                        fail_msg("%s: it is begun all the same", rows[i].what);
                if (decision.rule->then == DO_DECIDE && decision.next->epoch <= record_highest_epoch(&world.record))
                        fail_msg("%s: epoch %llu is used twice", rows[i].what,
                                 (unsigned long long)decision.next->epoch);
                world_clear(&world);
        }
}

static void what_supersedes_it_replaces_its_values(void **state)
{
        struct world *world = *state;
        is_down_and_prepared(world);
        of_another_process(world);
        its_plane_unfit(world);
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN, DO_DECIDE);
        const struct record *next = world_decide(world).next;
        assert_string_equal(next->to, "c");
        assert_int_equal(next->epoch, WORLD_EPOCH + 2);
        assert_int_equal(next->given_up, WORLD_EPOCH + 1);
        assert_true(plan_may_replace(&next->plan.targets[0], "cluster-b"));
        assert_true(plan_may_replace(&next->plan.targets[1], WORLD_RRSET_B));
}

static void what_was_not_begun_is_given_up(void **state)
{
        struct world *world = *state;
        is_prepared(world);
        world->view.owns_prepared = true;
        WORLD_EXPECT(world, FINDING_PREPARED_UNUSED, DO_GIVE_UP);
        const struct record *next = world_decide(world).next;
        assert_int_equal(next->epoch, WORLD_EPOCH);
        assert_int_equal(next->prepared.epoch, 0);
        assert_int_equal(next->given_up, WORLD_EPOCH + 1);
        assert_int_equal(next->version, RECORD_VERSION);
        assert_int_equal(record_highest_epoch(next), WORLD_EPOCH + 1);
}

static void what_another_may_have_begun_is_superseded_at_every_target(void **state)
{
        struct world *world = *state;
        is_prepared(world);
        WORLD_EXPECT(world, FINDING_PREPARED_LEFT, DO_ADOPT);
        const struct record *next = world_decide(world).next;
        assert_int_equal(next->epoch, WORLD_EPOCH + 2);
        assert_int_equal(next->phase, PHASE_STEADY);
        assert_string_equal(next->to, "a");
        assert_true(plan_may_replace(&next->plan.targets[1], WORLD_RRSET_B));
}

static void what_a_target_shows_is_gone_on_with(void **state)
{
        struct world *world = *state;
        is_prepared(world);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        world->view.targets[0].shows.stamp.id = PREPARED_ID;
        WORLD_EXPECT(world, FINDING_PREPARED_SHOWN, DO_DECIDE);
        struct decision decision = world_decide(world);
        assert_false(decision.is_prepared); /* the record says so before anything else is done */
        assert_int_equal(decision.next->epoch, WORLD_EPOCH + 1);
        assert_int_equal(decision.next->id, PREPARED_ID);
        assert_int_equal(decision.next->detected_at, WORLD_WALL - 5000);
        suspended(world);
        assert_int_not_equal(world_decide(world).finding, FINDING_PREPARED_SHOWN);
}

static void while_it_is_being_recorded_only_fenced_steps_are_taken(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world->view.is_record_assumed = true;
        world->view.confirmed_epoch = 0;
        WORLD_EXPECT(world, FINDING_UNCONFIRMED, DO_CONFIRM);
        world->view.confirmed_epoch = WORLD_EPOCH + 1;
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
        world->view.targets[0].is_weak = true;
        WORLD_EXPECT(world, FINDING_BEGUN_UNRECORDED, DO_WAIT);
        world->view.targets[0].is_weak = false;
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b");
        for (unsigned i = 0; i < 2; i++)
                world->view.targets[i].shows.stamp.id = world->record.id;
        WORLD_EXPECT(world, FINDING_BEGUN_UNRECORDED, DO_WAIT); /* never committed before it is recorded */
}

static void it_is_begun_only_with_targets_that_were_read(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world->view.is_record_assumed = true;
        world->view.confirmed_epoch = WORLD_EPOCH + 1;
        for (unsigned i = 0; i < 2; i++)
                world->view.targets[i].health.read_at = 0;
        assert_int_not_equal(world_decide(world).rule->then, DO_WRITE);
}

/* A pipeline is waited for by no step, so it may lag when a switch is prepared. */
static void a_pipeline_that_lags_is_no_obstacle(void **state)
{
        struct world *world = *state;
        const unsigned place = world_add(world, TARGET_PIPELINE);
        world_show(world, place, "a", WORLD_EPOCH, "a");
        fails_nearly(world);
        WORLD_EXPECT(world, FINDING_PREPARABLE, DO_PREPARE);
}

static void a_failing_or_empty_active_plane_ends_nothing(void **state)
{
        struct world *world = *state;
        is_prepared(world);
        world->view.owns_prepared = true;
        world_fail(world, 0, WORLD_INTERVAL_MS);
        assert_int_not_equal(world_decide(world).finding, FINDING_PREPARED_UNUSED);
        world_pass(world, 0, 3600000);
        world->view.planes[0].rrset = "";
        assert_int_not_equal(world_decide(world).finding, FINDING_PREPARED_UNUSED);
}

static void what_shows_it_is_ours_and_the_same(void **state)
{
        struct world *world = *state;
        is_prepared(world);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        (void)world_decide(world);
        struct target_view *lock = &world->view.targets[0];
        lock->shows.stamp.id = PREPARED_ID + 1;
        assert_false(prepare_is_shown(&world->view));
        lock->shows.stamp.id = PREPARED_ID;
        assert_true(prepare_is_shown(&world->view));
        lock->health.read_at = 0;
        assert_false(prepare_is_shown(&world->view));
        lock->health.read_at = world->view.now;
        lock->shows.stamp.store = "k8s/somebody-else";
        assert_false(prepare_is_shown(&world->view));
        lock->shows.stamp.presence = STAMP_UNREADABLE;
        assert_false(prepare_is_shown(&world->view));
}

static void every_value_until_then_is_an_old_one_once(void **state)
{
        struct world *world = *state;
        is_prepared(world);
        struct plan_target *name = &world->record.plan.targets[1];
        name->old_count = 0;
        name->old[name->old_count++] = name->to;
        while (name->old_count < PLAN_OLD_MAX)
                name->old[name->old_count++] = "A 203.0.113.9";
        struct plan plan = prepare_plan(&world->record);
        assert_int_equal(plan.targets[1].old_count, PLAN_OLD_MAX);
        name->old[0] = "A 203.0.113.8";
        plan = prepare_plan(&world->record);
        assert_int_equal(plan.targets[1].old_count, PLAN_OLD_MAX); /* the last one has no room */
}

static void only_what_is_beside_the_record_is_aside(void **state)
{
        (void)state;
        assert_true(action_is_aside(DO_PREPARE));
        assert_true(action_is_aside(DO_GIVE_UP));
        assert_false(action_is_aside(DO_DECIDE));
}

static void a_request_of_a_prepared_epoch_is_heard(void **state)
{
        struct world *world = *state;
        is_prepared(world);
        world->view.policy.switch_to = "c/6";
        WORLD_EXPECT(world, FINDING_SWITCH_REQUESTED, DO_DECIDE);
        assert_int_equal(world_decide(world).next->epoch, WORLD_EPOCH + 2);
        world->view.policy.switch_to = "c/5";
        assert_non_null(strstr(world_decide(world).answer, "past: epoch 5"));
}

static void the_status_shows_the_epoch_in_force(void **state)
{
        struct world *world = *state;
        is_prepared(world);
        struct decision decision = world_decide(world);
        assert_int_equal(decision.epoch, WORLD_EPOCH + 1);
        assert_int_equal(world_report(world, &decision).epoch, WORLD_EPOCH);
}

static void it_is_in_the_runbook(void **state)
{
        struct world *world = *state;
        is_prepared(world);
        const struct runbook runbook = world_runbook(world, &world_tools);
        assert_string_equal(runbook.lines[1], "# prepared as epoch 6, to b: the operator begins it with the next failure");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(it_is_prepared_one_failure_before, world_set_up, world_tear_down),
            cmocka_unit_test(it_is_not_prepared),
            cmocka_unit_test(the_next_failure_decides),
            cmocka_unit_test_setup_teardown(it_is_begun_under_its_own_epoch, world_set_up, world_tear_down),
            cmocka_unit_test(it_is_superseded),
            cmocka_unit_test_setup_teardown(what_supersedes_it_replaces_its_values, world_set_up, world_tear_down),
            cmocka_unit_test_setup_teardown(what_was_not_begun_is_given_up, world_set_up, world_tear_down),
            cmocka_unit_test_setup_teardown(what_another_may_have_begun_is_superseded_at_every_target, world_set_up,
                                            world_tear_down),
            cmocka_unit_test_setup_teardown(what_a_target_shows_is_gone_on_with, world_set_up, world_tear_down),
            cmocka_unit_test_setup_teardown(while_it_is_being_recorded_only_fenced_steps_are_taken, world_set_up,
                                            world_tear_down),
            cmocka_unit_test_setup_teardown(it_is_begun_only_with_targets_that_were_read, world_set_up, world_tear_down),
            cmocka_unit_test_setup_teardown(a_pipeline_that_lags_is_no_obstacle, world_set_up, world_tear_down),
            cmocka_unit_test_setup_teardown(a_failing_or_empty_active_plane_ends_nothing, world_set_up, world_tear_down),
            cmocka_unit_test_setup_teardown(what_shows_it_is_ours_and_the_same, world_set_up, world_tear_down),
            cmocka_unit_test_setup_teardown(every_value_until_then_is_an_old_one_once, world_set_up, world_tear_down),
            cmocka_unit_test_setup_teardown(only_what_is_beside_the_record_is_aside, world_set_up, world_tear_down),
            cmocka_unit_test_setup_teardown(a_request_of_a_prepared_epoch_is_heard, world_set_up, world_tear_down),
            cmocka_unit_test_setup_teardown(the_status_shows_the_epoch_in_force, world_set_up, world_tear_down),
            cmocka_unit_test_setup_teardown(it_is_in_the_runbook, world_set_up, world_tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
