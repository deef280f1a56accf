/*
 * core_roles_test.c -- checks that count in one role of their plane only: a standby that answers 503 by design is fit,
 * and what it failed as a standby is not held against it once it is active.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/election.h"
#include "core/texts.h"
#include "core/roles.h"
#include "core_world.h"

enum { AS_ACTIVE, AS_STANDBY, GRACE_MS = 3 * WORLD_INTERVAL_MS, LONG_MS = 3600000 };

static struct plane_view *plane_of(struct world *world, unsigned i)
{
        return &world->view.planes[i];
}

/* A run of @length passes (or failures, where it is negative) that began @since_ms ago. */
static void run(struct world *world, unsigned plane, unsigned index, int length, mono_ms since_ms)
{
        struct check_view *check = &plane_of(world, plane)->checks[index];
        check->passes = length > 0 ? (uint32_t)length : 0;
        check->fails = length < 0 ? (uint32_t)-length : 0;
        check->run_since = world->view.now - since_ms;
        check->counted_at = check->sampled_at = world->view.now;
        check->text = length < 0 ? "503, expected 200" : "ok";
}

/* Each plane answers 200 only when active, and takes connections always. */
static void told_apart(struct world *world)
{
        for (unsigned i = 0; i < WORLD_PLANES; i++) {
                struct plane_view *plane = plane_of(world, i);
                plane->check_count = 2;
                plane->checks[AS_STANDBY] = plane->checks[AS_ACTIVE];
                plane->checks[AS_ACTIVE].label = "HTTP :8080";
                plane->checks[AS_STANDBY].label = "TCP :9900";
                plane->checks[AS_ACTIVE].when = WHEN_ACTIVE;
                plane->checks[AS_STANDBY].when = WHEN_STANDBY;
                run(world, i, AS_ACTIVE, i ? -700 : 700, LONG_MS);
                run(world, i, AS_STANDBY, 700, LONG_MS);
        }
        world->view.record_seen_at = world->view.now - LONG_MS;
}

static int set_up(void **state)
{
        (void)world_set_up(state);
        told_apart(*state);
        return 0;
}

static struct decision decide(struct world *world)
{
        roles_begin(&world->view, &world->arena);
        struct decision decision = world_decide(world);
        for (unsigned i = 0; i < world->view.plane_count; i++) {
                plane_of(world, i)->was = decision.verdicts[i];
                plane_of(world, i)->was_since = decision.verdicts_since[i];
        }
        return decision;
}

static struct plane_health health(struct world *world, unsigned plane)
{
        return health_of(plane_of(world, plane), &world->view.policy.detection, world->view.now);
}

static void a_check_counts_in_its_roles(void **state)
{
        (void)state;
        static const struct {
                enum check_when when;
                enum plane_role role;
                bool counts;
        } rows[] = {{WHEN_ALWAYS, ROLE_EITHER, true},  {WHEN_ALWAYS, ROLE_ACTIVE, true},
                    {WHEN_ALWAYS, ROLE_STANDBY, true}, {WHEN_ACTIVE, ROLE_EITHER, true},
                    {WHEN_ACTIVE, ROLE_ACTIVE, true},  {WHEN_ACTIVE, ROLE_STANDBY, false},
                    {WHEN_STANDBY, ROLE_EITHER, true}, {WHEN_STANDBY, ROLE_ACTIVE, false},
                    {WHEN_STANDBY, ROLE_STANDBY, true}};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct check_view check = {.when = rows[i].when};
                assert_int_equal(health_counts(&check, rows[i].role), rows[i].counts);
        }
}

static void a_standby_that_is_unready_by_design_is_chosen(void **state)
{
        struct world *world = *state;
        struct decision decision = decide(world);
        assert_int_equal(decision.finding, FINDING_STEADY);
        assert_string_equal(decision.candidate->name, "b");
        assert_string_equal(texts_bad_checks(decision.candidate, &world->arena), "every check passes");
        assert_string_equal(texts_all_checks(decision.candidate, &world->arena), "TCP :9900 ok");
        run(world, 0, AS_ACTIVE, -100, 500000);
        decision = decide(world);
        assert_int_equal(decision.finding, FINDING_ACTIVE_DOWN);
        assert_string_equal(decision.next->to, "b");
        plane_of(world, 1)->checks[AS_ACTIVE].when = WHEN_ALWAYS; /* as it was judged before there were roles */
        decision = decide(world);
        assert_string_not_equal(decision.next->to, "b");
}

/* It takes connections, and does not serve: that it may do as a standby. */
static void the_active_plane_is_judged_by_its_own_check(void **state)
{
        struct world *world = *state;
        run(world, 0, AS_ACTIVE, -100, 500000);
        assert_int_equal(decide(world).finding, FINDING_ACTIVE_DOWN);
        run(world, 0, AS_ACTIVE, 700, LONG_MS);
        run(world, 0, AS_STANDBY, -100, 500000);
        assert_int_equal(decide(world).finding, FINDING_STEADY);
        assert_int_equal(health(world, 0).failing_checks, 0);
}

static void a_standby_that_is_gone_is_not_chosen(void **state)
{
        struct world *world = *state;
        (void)decide(world);
        run(world, 1, AS_STANDBY, -3, 15000);
        struct decision decision = decide(world);
        assert_string_equal(decision.candidate->name, "c");
        run(world, 1, AS_STANDBY, 1, 1000);
        assert_string_equal(decide(world).candidate->name, "c"); /* recovering */
}

/* As the record says: a, then b by a switch that is done. */
static void to_b(struct world *world)
{
        (void)decide(world);
        world_switching(world);
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b");
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        world->record.automatic = false;
        for (unsigned i = 0; i < WORLD_PLANES; i++)
                run(world, i, AS_ACTIVE, i ? -700 : 700, LONG_MS);
        (void)decide(world);
        world->record.phase = PHASE_STEADY;
        world->view.record_seen_at = world->view.now;
}

/* As time passes, with a sample of each check every interval. */
static void later(struct world *world, unsigned intervals)
{
        for (unsigned n = 0; n < intervals; n++) {
                world_later(world, WORLD_INTERVAL_MS);
                NAME(world->view).health.read_at = LOCK(world->view).health.read_at = world->view.now;
                NAME(world->view).health.looked_at = LOCK(world->view).health.looked_at = world->view.now;
                world->view.arbiter_answered_at = world->view.now;
                for (unsigned i = 0; i < WORLD_PLANES; i++)
                        for (unsigned c = 0; c < plane_of(world, i)->check_count; c++) {
                                struct check_view *check = &plane_of(world, i)->checks[c];
                                *(check->fails ? &check->fails : &check->passes) += 1;
                                check->counted_at = check->sampled_at = world->view.now;
                        }
        }
}

static void what_it_failed_as_a_standby_is_not_held_against_it(void **state)
{
        struct world *world = *state;
        to_b(world);
        struct decision decision = decide(world);
        assert_int_equal(decision.finding, FINDING_ACTIVE_UNKNOWN);
        assert_non_null(strstr(decision.why, "b is active since 2026-11-23T02:59:11Z and has not passed its checks as "
                                             "the active plane yet (HTTP :8080 503, expected 200)"));
        assert_int_equal(decision.wake_at, world->view.now + GRACE_MS);
        assert_int_equal(health(world, 1).fails, 0);
        later(world, 2);
        assert_int_equal(decide(world).finding, FINDING_ACTIVE_UNKNOWN);
        run(world, 1, AS_ACTIVE, 1, 100);
        assert_int_equal(decide(world).finding, FINDING_STEADY);
}

static void it_is_not_excused_for_ever(void **state)
{
        struct world *world = *state;
        to_b(world);
        mono_ms began = world->view.now;
        (void)decide(world);
        later(world, 3); /* one of these samples may have been under way when it became active */
        struct decision decision = decide(world);
        assert_int_equal(decision.finding, FINDING_ACTIVE_UNKNOWN);
        assert_int_equal(health(world, 1).fails, 2);
        assert_int_equal(decision.wake_at, world->view.now + WORLD_INTERVAL_MS);
        later(world, 1);
        decision = decide(world);
        assert_int_equal(decision.verdicts[1], VERDICT_DOWN);
        assert_int_equal(decision.active_health.failing_since, began);
        assert_int_equal(decision.finding, FINDING_ACTIVE_FAILING); /* until failoverDelay has passed */
        later(world, WORLD_DELAY_MS / WORLD_INTERVAL_MS);
        assert_int_equal(decide(world).finding, FINDING_ACTIVE_DOWN);
}

/* Once it has passed, what comes is an outage like any other. */
static void failures_of_its_own_count_at_once(void **state)
{
        struct world *world = *state;
        to_b(world);
        (void)decide(world);
        later(world, 1);
        run(world, 1, AS_ACTIVE, 1, 100);
        (void)decide(world);
        run(world, 1, AS_ACTIVE, -2, 100);
        assert_int_equal(health(world, 1).fails, 2);
        later(world, 1);
        assert_int_equal(decide(world).verdicts[1], VERDICT_DOWN);
}

/* Fewer failures than before without a pass between: an address of it is new. */
static void a_shorter_run_is_counted_from_its_own_length(void **state)
{
        struct world *world = *state;
        to_b(world);
        (void)decide(world);
        plane_of(world, 1)->checks[AS_ACTIVE].fails = 5;
        later(world, 3);
        plane_of(world, 1)->checks[AS_ACTIVE].fails = 5;
        (void)decide(world);
        assert_int_equal(health(world, 1).fails, 0);
        later(world, 4);
        assert_int_equal(health(world, 1).fails, 3);
}

/* While the switch is under way nobody can tell when it takes over: it is lost only if it fails by both yardsticks. */
static void a_plane_that_is_becoming_active_is_good_by_either(void **state)
{
        struct world *world = *state;
        (void)decide(world);
        world_switching(world);
        run(world, 0, AS_ACTIVE, -100, 500000);
        struct decision decision = decide(world);
        assert_int_equal(plane_of(world, 1)->mark.role, ROLE_EITHER);
        assert_int_equal(plane_of(world, 0)->mark.role, ROLE_ACTIVE);
        assert_int_equal(plane_of(world, 2)->mark.role, ROLE_STANDBY);
        assert_int_equal(decision.finding, FINDING_STEP_UNMET);
        assert_int_equal(decision.verdicts[1], VERDICT_UP);
        assert_string_equal(election_unfit(&world->view, plane_of(world, 1), NULL, &world->arena), "");
        run(world, 1, AS_ACTIVE, 3, 5000); /* it has taken over already, and does not listen as a standby any more */
        run(world, 1, AS_STANDBY, -3, 5000);
        decision = decide(world);
        assert_int_equal(decision.verdicts[1], VERDICT_UP);
        assert_string_equal(election_unfit(&world->view, plane_of(world, 1), NULL, &world->arena), "");
        plane_of(world, 1)->checks[AS_ACTIVE].counted_at -= 600000; /* and was not judged lately */
        assert_int_equal(health(world, 1).verdict, VERDICT_UNKNOWN);
        run(world, 1, AS_ACTIVE, -20, 100000);
        run(world, 1, AS_STANDBY, -100, 500000);
        decision = decide(world);
        assert_int_equal(decision.finding, FINDING_TARGET_LOST);
        assert_string_equal(decision.next->to, "c");
}

static void which_yardstick_is_the_better(void **state)
{
        struct world *world = *state;
        static const struct {
                int as_active, as_standby;
                bool is_active_old, is_standby_old;
                enum verdict wanted;
        } rows[] = {{5, 3, false, false, VERDICT_UP},      {3, 5, false, false, VERDICT_UP},
                    {-9, -9, false, false, VERDICT_DOWN},  {-2, -9, false, false, VERDICT_UNKNOWN},
                    {-9, -2, false, false, VERDICT_UNKNOWN}, {5, 5, true, false, VERDICT_UP},
                    {-9, 5, false, true, VERDICT_UNKNOWN}, {5, 5, true, true, VERDICT_UNKNOWN},
                    {5, -9, true, false, VERDICT_UNKNOWN}};
        struct plane_view *b = plane_of(world, 1);
        b->mark = (struct role_mark){.is_known = true, .role = ROLE_EITHER};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                run(world, 1, AS_ACTIVE, rows[i].as_active, 5000 * abs(rows[i].as_active));
                run(world, 1, AS_STANDBY, rows[i].as_standby, 5000 * abs(rows[i].as_standby));
                b->checks[AS_ACTIVE].counted_at -= rows[i].is_active_old ? 600000 : 0;
                b->checks[AS_STANDBY].counted_at -= rows[i].is_standby_old ? 600000 : 0;
                b->was = VERDICT_UNKNOWN;
                assert_int_equal(health(world, 1).verdict, rows[i].wanted);
        }
}

/* It answers 503, which led to all this, and takes connections: fit as a standby, but it is the active one still. */
static void a_way_back_is_to_an_active_plane(void **state)
{
        struct world *world = *state;
        (void)decide(world);
        world_switching(world);
        run(world, 0, AS_ACTIVE, -100, 500000);
        assert_int_equal(decide(world).finding, FINDING_STEP_UNMET);
        run(world, 0, AS_ACTIVE, 3, 10000);
        assert_int_equal(decide(world).finding, FINDING_ACTIVE_RECOVERED);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        (void)decide(world);
        assert_int_equal(plane_of(world, 0)->mark.role, ROLE_STANDBY);
        world_lock(world, "cluster-a", WORLD_EPOCH, "a");
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b");
        (void)decide(world);
        assert_int_equal(plane_of(world, 0)->mark.role, ROLE_STANDBY);
        world->view.plan_proof = PLAN_PENDING;
        (void)decide(world);
        assert_int_equal(plane_of(world, 0)->mark.role, ROLE_ACTIVE);
}

/* Without a lock it is the name that tells. */
static void the_name_alone_may_tell(void **state)
{
        struct world *world = *state;
        world_without_lock(world);
        (void)decide(world);
        world_switching(world);
        (void)decide(world);
        assert_int_equal(plane_of(world, 0)->mark.role, ROLE_ACTIVE);
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b");
        (void)decide(world);
        assert_int_equal(plane_of(world, 0)->mark.role, ROLE_STANDBY);
}

/* New values of the same plane change no role. */
static void a_plane_that_stays_keeps_its_role(void **state)
{
        struct world *world = *state;
        (void)decide(world);
        world_switching(world);
        world->record.from = "b";
        (void)decide(world);
        assert_int_equal(plane_of(world, 1)->mark.role, ROLE_ACTIVE);
}

/* Active, then a standby, then active again, and only the first and the last of it were seen. */
static void bug_what_it_failed_between_two_roles_that_look_like_one(void **state)
{
        struct world *world = *state;
        run(world, 0, AS_ACTIVE, -3, 3 * WORLD_INTERVAL_MS);
        world->view.record_seen_at = world->view.now;
        (void)decide(world);
        world->record.epoch += 2;
        world->record.from = "b";
        world_dns(world, WORLD_RRSET_A, world->record.epoch, "a");
        world_lock(world, "cluster-a", world->record.epoch, "a");
        world_later(world, 2 * WORLD_INTERVAL_MS);
        run(world, 0, AS_ACTIVE, -5, 5 * WORLD_INTERVAL_MS);
        struct decision decision = decide(world);
        assert_int_not_equal(decision.finding, FINDING_ACTIVE_DOWN);
        assert_int_not_equal(decision.active_health.verdict, VERDICT_DOWN);
        assert_int_equal(plane_of(world, 0)->mark.switched, world->record.epoch);
        mono_ms since = plane_of(world, 0)->mark.since;
        static const char *const no_switches[] = {"a", ""}; /* an edit, and what was taken over as it is */
        for (unsigned i = 0; i < 2; i++) {
                world->record.epoch++;
                world->record.from = no_switches[i];
                world_later(world, 2 * WORLD_INTERVAL_MS);
                (void)decide(world);
                assert_int_equal(plane_of(world, 0)->mark.since, since);
        }
}

static void quarantine_is_counted_in_the_new_role(void **state)
{
        struct world *world = *state;
        to_b(world);
        world->record.automatic = true;
        run(world, 1, AS_ACTIVE, 3, 10000);
        struct decision decision = decide(world);
        assert_string_equal(decision.candidate->name, "c");
        assert_non_null(strstr(election_unready(&world->view, plane_of(world, 0), decision.active, &world->arena),
                               "quarantined until 2026-11-23T03:09:11Z"));
}

/* Nobody knows of what was before: it is as old as the record, and what fails is counted from here. */
static void at_first_sight_a_role_is_as_old_as_the_record(void **state)
{
        struct world *world = *state;
        world->view.record_seen_at = world->view.now - 1000;
        run(world, 0, AS_ACTIVE, -100, 500000);
        assert_int_equal(decide(world).verdicts[0], VERDICT_UP); /* which the world says that it was */
        assert_int_equal(plane_of(world, 0)->mark.since, world->view.now - 1000);
        assert_int_equal(plane_of(world, 0)->mark.fails[AS_ACTIVE], 100);
        world_without_record(world);
        plane_of(world, 0)->mark = (struct role_mark){0};
        (void)decide(world);
        assert_int_equal(plane_of(world, 0)->mark.role, ROLE_ACTIVE);
        assert_int_equal(plane_of(world, 0)->mark.since, 0);
        assert_int_equal(plane_of(world, 1)->mark.role, ROLE_STANDBY);
        world_dns_fails(world, ERR_TRANSIENT, "timeout", false);
        (void)decide(world);
        assert_int_equal(plane_of(world, 0)->mark.role, ROLE_EITHER);
        plane_of(world, 0)->mark = (struct role_mark){0};
        world->view.record_read = false; /* the name alone does not tell: a switch may be under way */
        (void)decide(world);
        assert_false(plane_of(world, 0)->mark.is_known);
}

/* Where nothing may be written a person moves the name, and what it shows is active. */
static void in_advise_the_live_plane_is_active(void **state)
{
        struct world *world = *state;
        world->view.policy.mode = MODE_ADVISE;
        world_dns(world, WORLD_RRSET_B, 0, "");
        (void)decide(world);
        assert_int_equal(plane_of(world, 1)->mark.role, ROLE_ACTIVE);
        assert_int_equal(plane_of(world, 0)->mark.role, ROLE_STANDBY);
        world->view.policy.mode = MODE_AUTOMATIC;
        (void)decide(world);
        assert_int_equal(plane_of(world, 0)->mark.role, ROLE_EITHER);
        world->view.policy.suspended = true;
        (void)decide(world);
        assert_int_equal(plane_of(world, 1)->mark.role, ROLE_ACTIVE);
        world->view.policy.suspended = false;
        world->view.kill_switch = true;
        NAME(world->view).health.read_at = 0;
        (void)decide(world);
        assert_int_equal(plane_of(world, 0)->mark.role, ROLE_ACTIVE);
}

/* Somebody moved the name or the lock: the plane that is recorded answers as a standby, the other as the active one. */
static void where_the_targets_show_another_either_will_do(void **state)
{
        struct world *world = *state;
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH, "a");
        run(world, 0, AS_ACTIVE, -100, 500000);
        struct decision decision = decide(world);
        assert_int_equal(decision.finding, FINDING_DRIFT);
        assert_int_equal(plane_of(world, 0)->mark.role, ROLE_EITHER);
        assert_int_equal(plane_of(world, 1)->mark.role, ROLE_EITHER);
        assert_int_equal(plane_of(world, 2)->mark.role, ROLE_STANDBY);
        assert_string_equal(election_unfit(&world->view, plane_of(world, 0), NULL, &world->arena), "");
        world_dns(world, WORLD_RRSET_A, WORLD_EPOCH, "a");
        world_lock(world, "cluster-b", WORLD_EPOCH, "a");
        (void)decide(world);
        assert_int_equal(plane_of(world, 0)->mark.role, ROLE_EITHER);
        world_lock(world, NULL, 0, "");
        (void)decide(world);
        assert_int_equal(plane_of(world, 0)->mark.role, ROLE_ACTIVE);
        world_lock(world, "cluster-b", WORLD_EPOCH, "a");
        LOCK(world->view).health.read_at = 0;
        (void)decide(world);
        assert_int_equal(plane_of(world, 0)->mark.role, ROLE_ACTIVE);
        LOCK(world->view).health.read_at = world->view.now;
        world_spec_without_lock(world); /* and is not looked at any more */
        (void)decide(world);
        assert_int_equal(plane_of(world, 0)->mark.role, ROLE_ACTIVE);
        world->view.plan_proof = PLAN_PENDING;
        (void)decide(world);
        assert_int_equal(plane_of(world, 0)->mark.role, ROLE_ACTIVE);
}

/* A Deployment that is scaled to nothing while the plane is a standby. */
static void a_deployment_may_count_in_one_role(void **state)
{
        struct world *world = *state;
        for (unsigned i = 0; i < 2; i++) {
                struct plane_view *plane = plane_of(world, i);
                plane->check_count = 1;
                plane->checks[0].when = WHEN_ALWAYS;
                run(world, i, 0, 700, LONG_MS);
                world_deployment(world, i, 0, 0);
                plane->checks[1].when = WHEN_ACTIVE;
        }
        (void)decide(world);
        assert_int_equal(health(world, 0).deployment, DEPLOYMENT_UNAVAILABLE);
        assert_int_equal(health(world, 1).deployment, DEPLOYMENT_UNOBSERVED);
        assert_string_equal(election_unfit(&world->view, plane_of(world, 1), NULL, &world->arena), "");
}

static void without_such_checks_roles_are_of_no_account(void **state)
{
        struct world *world = *state;
        for (unsigned i = 0; i < WORLD_PLANES; i++)
                plane_of(world, i)->check_count = 1, plane_of(world, i)->checks[0].when = WHEN_ALWAYS;
        plane_of(world, 0)->mark = (struct role_mark){.is_known = true, .role = ROLE_STANDBY};
        (void)decide(world);
        assert_false(plane_of(world, 0)->mark.is_known);
        assert_int_equal(health_settles_at(plane_of(world, 0), &world->view.policy.detection, world->view.now), 0);
}

#define TOLD_APART(test) cmocka_unit_test_setup_teardown(test, set_up, world_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_check_counts_in_its_roles),
            TOLD_APART(a_standby_that_is_unready_by_design_is_chosen),
            TOLD_APART(the_active_plane_is_judged_by_its_own_check),
            TOLD_APART(a_standby_that_is_gone_is_not_chosen),
            TOLD_APART(what_it_failed_as_a_standby_is_not_held_against_it),
            TOLD_APART(it_is_not_excused_for_ever),
            TOLD_APART(failures_of_its_own_count_at_once),
            TOLD_APART(a_shorter_run_is_counted_from_its_own_length),
            TOLD_APART(a_plane_that_is_becoming_active_is_good_by_either),
            TOLD_APART(which_yardstick_is_the_better),
            TOLD_APART(a_way_back_is_to_an_active_plane),
            TOLD_APART(the_name_alone_may_tell),
            TOLD_APART(a_plane_that_stays_keeps_its_role),
            TOLD_APART(bug_what_it_failed_between_two_roles_that_look_like_one),
            TOLD_APART(quarantine_is_counted_in_the_new_role),
            TOLD_APART(at_first_sight_a_role_is_as_old_as_the_record),
            TOLD_APART(in_advise_the_live_plane_is_active),
            TOLD_APART(where_the_targets_show_another_either_will_do),
            TOLD_APART(a_deployment_may_count_in_one_role),
            TOLD_APART(without_such_checks_roles_are_of_no_account),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
