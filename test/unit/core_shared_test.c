/*
 * core_shared_test.c -- decisions that operators of several clusters share: when Automatic is safe, whose dissent holds
 * a failover back, who speaks for a plane, and whose record is not ours to carry on from.
 */
#include "core/plan.h"
#include "core/targets.h"
#include "core_rows.h"

enum { LONG_AGO = 200000, EVERY_MS = 10000 };
#define THEIRS "k8s/uid-9/default/gloo"
#define SHARED "dns/default/gloo"

/* ---- arrangements ---- */

/* I run inside plane b, and the operator inside a, the active one, was heard @ago_ms ago. */
static void hear(struct world *world, mono_ms ago_ms)
{
        world->view.alive = (struct alive_view){.is_used = true,
                                                .seen_at = world->view.now - ago_ms,
                                                .read_at = world->view.now,
                                                .every_ms = EVERY_MS,
                                                .plane = "a"};
}

static void inside_b(struct world *world)
{
        world->view.planes[1].holds_operator = true;
        hear(world, 1000);
}

static void unheard(struct world *world)
{
        inside_b(world);
        world->view.alive = (struct alive_view){.is_used = true, .plane = ""};
}

static void silent(struct world *world)
{
        inside_b(world);
        hear(world, 2 * WORLD_DELAY_MS);
}

static void beside_c(struct world *world)
{
        world->view.region = world->view.planes[2].region = "eu-west-1";
        hear(world, 1000);
}

static void in_a_third_cluster(struct world *world)
{
        hear(world, 1000);
}

static void in_a_third_cluster_unheard(struct world *world)
{
        world->view.alive = (struct alive_view){.is_used = true, .plane = ""};
}

static void theirs(struct world *world)
{
        NAME(world->view).shows.stamp.store = THEIRS;
}

static void lock_theirs(struct world *world)
{
        LOCK(world->view).shows.stamp.store = THEIRS;
}

static void shared_elsewhere(struct world *world)
{
        NAME(world->view).shows.stamp.store = SHARED;
}

static void they_on_a_lease(struct world *world)
{
        world->view.store = SHARED;
        world->view.former_store = "k8s/uid-1/default/gloo";
        theirs(world);
}

/* ---- the mode in effect ---- */

static void automatic_inside_a_plane_once_somebody_speaks(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                void (*arrange)(struct world *world);
                enum mode mode;
                const char *reason;
                const char *message;
        } rows[] = {
            {"inside, heard", inside_b, MODE_AUTOMATIC, "SharedVantage", "share their decisions"},
            {"inside, never heard", unheard, MODE_ADVISE, "SingleVantage", "_planekeeper-alive.gloo.example.com yet"},
            {"inside, silent by now", silent, MODE_AUTOMATIC, "SingleVantage", "since 2026-11-23T02:58:11Z"},
            {"beside, heard", beside_c, MODE_AUTOMATIC, "SharedVantage", ""},
            {"outside, heard", in_a_third_cluster, MODE_AUTOMATIC, "SharedVantage", ""},
            {"outside, never heard", in_a_third_cluster_unheard, MODE_AUTOMATIC, "SingleVantage", "One operator"},
            {"another cluster decides", theirs, MODE_ADVISE, "AutomaticUnsafe", "set spec.decisionStore: DNS in both"},
            {"another cluster locks", lock_theirs, MODE_ADVISE, "AutomaticUnsafe", THEIRS},
            {"others share", shared_elsewhere, MODE_ADVISE, "AutomaticUnsafe", "set spec.decisionStore: DNS here, too"},
            {"one does not share", they_on_a_lease, MODE_ADVISE, "AutomaticUnsafe", "DNS there, too"},
        };
        for (size_t i = 0; i < ROWS_COUNT(rows); i++) {
                struct world world;
                world_init(&world);
                rows[i].arrange(&world);
                struct effective_mode mode = mode_in_effect(&world.view, &world.arena);
                if (mode.mode != rows[i].mode || strcmp(mode.reason, rows[i].reason) != 0 ||
                    !strstr(mode.message, rows[i].message))
                        fail_msg("%s: %s \"%s\"", rows[i].name, mode.reason, mode.message);
                assert_int_equal(mode.wake_at, strcmp(mode.reason, "SharedVantage") == 0
                                                   ? world.view.alive.seen_at + 2 * WORLD_DELAY_MS
                                                   : 0);
                world_clear(&world);
        }
}

static void whose_stamps_are_ours(void **state)
{
        (void)state;
        static const struct {
                const char *store, *former, *stamp;
                bool is_foreign, is_unshared;
        } rows[] = {
            {WORLD_STORE, "", WORLD_STORE, false, false},
            {WORLD_STORE, "", THEIRS, true, true},
            {WORLD_STORE, NULL, SHARED, true, true},
            {SHARED, WORLD_STORE, SHARED, false, false},
            {SHARED, WORLD_STORE, WORLD_STORE, false, false},
            {SHARED, WORLD_STORE, THEIRS, true, true},
            {SHARED, "", "dns/default/other", true, false},
            {SHARED, "", "k8s/uid-9/other/gloo", true, false},
            {SHARED, "", "k8s/uid-9", true, false},
            {"k8s/uid-1", "", THEIRS, true, false},
            {SHARED, "", "heritage", true, false},
        };
        for (size_t i = 0; i < ROWS_COUNT(rows); i++) {
                struct world world;
                world_init(&world);
                world.view.store = rows[i].store;
                world.view.former_store = rows[i].former;
                NAME(world.view).shows.stamp.store = rows[i].stamp;
                if (targets_stamp_is_foreign(&world.view, &NAME(world.view).shows.stamp) != rows[i].is_foreign ||
                    targets_stamp_splits(&world.view, &NAME(world.view).shows.stamp) != rows[i].is_unshared)
                        fail_msg("%s for %s", rows[i].stamp, rows[i].store);
                world_clear(&world);
        }
}

static void nothing_is_said_of_a_target_that_was_not_read(void **state)
{
        struct world *world = *state;
        theirs(world);
        lock_theirs(world);
        NAME(world->view).health.read_at = 0;
        assert_ptr_equal(targets_split_owner(&world->view), &LOCK(world->view).shows.stamp);
        LOCK(world->view).health.read_at = 0;
        assert_null(targets_split_owner(&world->view));
        world_without_lock(world);
        assert_null(targets_split_owner(&world->view));
}

/* ---- dissent ---- */

static void dissent_holds_a_failover_back(void **state)
{
        struct world *world = *state;
        world_fail(world, 0, LONG_AGO);
        inside_b(world);
        struct decision decision = world_decide(world);
        assert_int_equal(decision.finding, FINDING_ACTIVE_DOWN_BLOCKED);
        assert_int_equal(decision.gates.verdicts[decision.gates.blocked].gate, GATE_DISSENT);
        assert_int_equal(decision.wake_at, world->view.alive.seen_at + WORLD_DELAY_MS);
}

/* A short failoverDelay does not make a silence of what is only the time between two renewals. */
static void three_renewals_have_to_be_missed(void **state)
{
        struct world *world = *state;
        assert_int_equal(gates_dissent_window(&world->view), WORLD_DELAY_MS);
        hear(world, 0);
        world->view.policy.detection.failover_delay_ms = 0;
        assert_int_equal(gates_dissent_window(&world->view), 3 * EVERY_MS);
}

/* ---- speaking ---- */

static void inside_a(struct world *world)
{
        world->view.planes[0].holds_operator = true;
        hear(world, 1000);
}

static void not_so(struct world *world)
{
        world->view.alive.is_used = false;
}
static void not_automatic(struct world *world)
{
        world->view.policy.mode = MODE_ADVISE;
}
static void suspended(struct world *world)
{
        world->view.policy.suspended = true;
}
static void killed(struct world *world)
{
        world->view.kill_switch = true;
}
static void elsewhere(struct world *world)
{
        world->view.planes[0].holds_operator = false;
}
static void stale(struct world *world)
{
        world_stale(world, 0);
}
static void down(struct world *world)
{
        world_fail(world, 0, LONG_AGO);
}
static void failing_once(struct world *world)
{
        world_count(world, 0, 0, 1);
}
static void of_another(struct world *world)
{
        NAME(world->view).shows.stamp.store = WORLD_OTHER;
}
static void gone(struct world *world)
{
        world->record.to = "gone";
}
static void as_it_is(struct world *world)
{
        (void)world;
}
static void before_it_is_heard(struct world *world)
{
        world->view.alive.seen_at = 0;
}

static void who_speaks_for_a_plane(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                void (*deny)(struct world *world);
                bool vouches;
        } rows[] = {
            {"inside, all is well", as_it_is, true},
            {"before anybody was heard", before_it_is_heard, true},
            {"store of one cluster", not_so, false},
            {"Advise", not_automatic, false},
            {"suspended", suspended, false},
            {"kill switch", killed, false},
            {"outside", elsewhere, false},
            {"not observed", stale, false},
            {"down", down, false},
            {"its path fails", failing_once, false},
            {"unshared", theirs, false},
            {"of another owner", of_another, false},
            {"active plane not known", gone, false},
        };
        for (size_t i = 0; i < ROWS_COUNT(rows); i++) {
                struct world world;
                world_init(&world);
                inside_a(&world);
                rows[i].deny(&world);
                struct decision decision = world_decide(&world);
                if (decision.vouches != rows[i].vouches)
                        fail_msg("%s", rows[i].name);
                world_clear(&world);
        }
}

/* ---- a plan of which only the digest is known ---- */

static void mismatched(struct world *world)
{
        world->view.plan_proof = PLAN_MISMATCHED;
        world->view.plan_text = "the plans differ";
}

static void mismatched_in_a_switch(struct world *world)
{
        world_switching(world);
        mismatched(world);
}

static void pending(struct world *world)
{
        world->view.plan_proof = PLAN_PENDING;
        world->view.plan_text = "waiting for an address";
}

static void pending_in_an_outage(struct world *world)
{
        world_fail(world, 0, LONG_AGO);
        pending(world);
}

static void mismatched_and_asked(struct world *world)
{
        mismatched(world);
        world->view.policy.switch_to = "a/6";
}

static void mismatched_and_asked_in_a_switch(struct world *world)
{
        mismatched_in_a_switch(world);
        world->view.policy.switch_to = "b/7";
}

static void theirs_without_record(struct world *world)
{
        world_without_record(world);
        NAME(world->view).shows.stamp = (struct stamp){STAMP_OURS, 3, 3, "a", THEIRS, "v=pk1", 0, NULL};
}

static void theirs_shows_nobody(struct world *world)
{
        theirs_without_record(world);
        NAME(world->view).shows.value = "A 203.0.113.9";
}

static void theirs_in_an_outage(struct world *world)
{
        world_fail(world, 0, LONG_AGO);
        theirs(world);
}

static void theirs_in_a_switch(struct world *world)
{
        world_switching(world);
        theirs(world);
}

static void what_is_not_ours_is_left_alone(void **state)
{
        (void)state;
        static const struct decision_row rows[] = {
            {"mismatched", mismatched, FINDING_PLAN_MISMATCH, DO_REPORT,
             "the plans differ. It goes on when they agree, or by: kubectl annotate fop gloo -n default --overwrite "
             "planekeeper.io/switch-to=a/6", NULL},
            {"in a switch", mismatched_in_a_switch, FINDING_PLAN_MISMATCH, DO_REPORT, "switch-to=b/7", NULL},
            {"pending", pending, FINDING_OBSERVING, DO_WAIT, "waiting for an address", NULL},
            {"pending in an outage", pending_in_an_outage, FINDING_OBSERVING, DO_WAIT, "waiting for an address", NULL},
            {"a person asks", mismatched_and_asked, FINDING_SWITCH_REQUESTED, DO_DECIDE, "a person asked for a", NULL},
            {"a person asks in a switch", mismatched_and_asked_in_a_switch, FINDING_SWITCH_REQUESTED, DO_DECIDE,
             "a person asked for b", NULL},
            {"unshared, never adopted", theirs_without_record, FINDING_STEADY, DO_WAIT, "a is active and healthy",
             NULL},
            {"unshared, nobody named", theirs_shows_nobody, FINDING_UNKNOWN_TARGET, DO_REPORT, "is not exactly one",
             NULL},
            {"unshared", theirs, FINDING_STEADY, DO_WAIT, "a is active and healthy", NULL},
            {"unshared in an outage", theirs_in_an_outage, FINDING_AWAITING_HUMAN, DO_REPORT, "gloo.example.com shows",
             NULL},
            {"unshared in a switch", theirs_in_a_switch, FINDING_STOPPED_MIDWAY, DO_REPORT,
             "stopped before the next effect: mode Advise is in effect. The Planekeeper of another cluster", NULL},
        };
        rows_decide(rows, ROWS_COUNT(rows));
}

static void people_are_told(void **state)
{
        (void)state;
        static const struct condition_row rows[] = {
            {"mismatched", mismatched, "Ready", "False PlanMismatch", "the plans differ"},
            {"mismatched", mismatched, "Stalled", "True PlanMismatch", "the plans differ"},
            {"mismatched", mismatched, "Drift", "Unknown NotRead", ""},
            {"unshared", theirs, "Ready", "False AutomaticUnsafe", "in both clusters"},
            {"inside, never heard", unheard, "Ready", "False AutomaticUnsafe", "_planekeeper-alive.gloo.example.com yet"},
            {"inside, never heard", unheard, "Reconciling", "True AutomaticUnsafe", "yet"},
            {"unshared", theirs, "Stalled", "True AutomaticUnsafe", "planekeeper.io/takeover="},
            {"unshared", theirs, "Drift", "Unknown OtherDecision", "another owner"},
        };
        rows_report(rows, ROWS_COUNT(rows));
}

/* What is not known of the plan before is not taken over: only what is seen may be replaced. */
static void a_plan_after_an_unknown_one_names_what_is_seen(void **state)
{
        struct world *world = *state;
        mismatched(world);
        world_dns(world, WORLD_RRSET_C, WORLD_EPOCH, "a");
        struct plan plan = plan_for(&world->view, &world->view.planes[1], 6, &world->arena);
        assert_int_equal(NAME(plan).old_count, 1);
        assert_string_equal(NAME(plan).old[0], WORLD_RRSET_C);
        assert_int_equal(LOCK(plan).old_count, 1);
        struct plan values = plan_values(&world->view, &world->view.planes[1], 6, &world->arena);
        assert_int_equal(NAME(values).old_count, 0);
        assert_string_equal(NAME(values).to, NAME(plan).to);
        assert_string_equal(LOCK(values).to, "cluster-b");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(automatic_inside_a_plane_once_somebody_speaks),
            cmocka_unit_test(whose_stamps_are_ours),
            cmocka_unit_test_setup_teardown(nothing_is_said_of_a_target_that_was_not_read, world_set_up,
                                            world_tear_down),
            cmocka_unit_test_setup_teardown(dissent_holds_a_failover_back, world_set_up, world_tear_down),
            cmocka_unit_test_setup_teardown(three_renewals_have_to_be_missed, world_set_up, world_tear_down),
            cmocka_unit_test(who_speaks_for_a_plane),
            cmocka_unit_test(what_is_not_ours_is_left_alone),
            cmocka_unit_test(people_are_told),
            cmocka_unit_test_setup_teardown(a_plan_after_an_unknown_one_names_what_is_seen, world_set_up,
                                            world_tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
