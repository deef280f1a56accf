/*
 * core_unread_test.c -- what is decided while something is not known: a target that was not read, a plane that is not
 * there, a Secret that is missing, an operator that may not act.
 */
#include "core_rows.h"

enum { LONG_AGO = 200000 };

/* ---- no record yet ---- */

static void new_with_bad_secret(struct world *world)
{
        world_without_record(world);
        world->view.policy.credentials_error = "Secret tsig has no key";
}
static void new_before_an_answer(struct world *world)
{
        world_without_record(world);
        NAME(world->view).health = (struct target_health){.reach = REACH_NEVER, .error = ""};
}
static void new_and_moved_meanwhile(struct world *world)
{
        world_without_record(world);
        world_lock_fails(world, ERR_CONFLICT, "changed while it was read", false);
}
static void new_and_invalid(struct world *world)
{
        world_without_record(world);
        world_dns_fails(world, ERR_INVALID, "no such zone", false);
}
static void new_without_planes(struct world *world)
{
        world_without_record(world);
        world->view.plane_count = 0;
}

/* ---- a record ---- */

static void recorded_plane_not_named(struct world *world)
{
        world->record.to = "z";
}
static void recorded_plane_not_named_and_asked(struct world *world)
{
        recorded_plane_not_named(world);
        world->view.policy.switch_to = "b/6";
}
static void answers_once_after_an_outage(struct world *world)
{
        world_pass(world, 0, 0);
        world->view.planes[0].was = VERDICT_DOWN;
}
static void fails_once_at_first_sight(struct world *world)
{
        world_fail(world, 0, 0);
        world->view.planes[0].was = VERDICT_UNKNOWN;
}
static void dns_refuses(struct world *world)
{
        world_dns_fails(world, ERR_DENIED, "NOTAUTH", true);
}
static void dns_refuses_as_invalid(struct world *world)
{
        world_dns_fails(world, ERR_INVALID, "no such zone", true);
}
static void dns_refuses_and_says_who_it_is(struct world *world)
{
        world_dns_fails(world, ERR_DENIED, "192.0.2.53:53: NOTAUTH", true);
}
static void lock_behind_and_failing(struct world *world)
{
        world_lock(world, "cluster-b", WORLD_EPOCH - 1, "b");
        world_lock_fails(world, ERR_TRANSIENT, "connection refused", true);
}
static void held_in_advise(struct world *world)
{
        world_fail(world, 0, LONG_AGO);
        world->record.cooldown_until = WORLD_WALL + 60000;
        world->view.policy.mode = MODE_ADVISE;
}
static void advise_without_dns(struct world *world)
{
        world->view.policy.mode = MODE_ADVISE;
        world_dns_fails(world, ERR_TRANSIENT, "timeout", false);
}
static void failback_while_suspended(struct world *world)
{
        world->record.to = "b";
        world->record.from = "a";
        NAME(world->record.plan).to = WORLD_RRSET_B;
        LOCK(world->record.plan).to = "cluster-b";
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH, "b");
        world_lock(world, "cluster-b", WORLD_EPOCH, "b");
        world->view.policy.failback = FAILBACK_AUTOMATIC;
        world->view.policy.suspended = true;
}
static void kill_switch_and_asked(struct world *world)
{
        world->view.kill_switch = true;
        world->view.policy.switch_to = "b/6";
}
static void suspended_and_asked(struct world *world)
{
        world->view.policy.suspended = true;
        world->view.policy.switch_to = "b/6";
}

/* ---- a switch under way ---- */

static void switch_with_bad_secret(struct world *world)
{
        world_switching(world);
        world->view.policy.credentials_error = "Secret tsig has no key";
}
static void switch_with_rival(struct world *world)
{
        world_switching(world);
        world->view.policy.rival = "policy default/older holds gloo.example.com";
}
static void unclear_kill_switch_and_asked(struct world *world)
{
        kill_switch_and_asked(world);
        world->view.kill_switch_why = "killSwitch is \"on\"";
}

static void switch_with_kill_switch(struct world *world)
{
        world_switching(world);
        world->view.kill_switch = true;
}
static void switch_suspended(struct world *world)
{
        world_switching(world);
        world->view.policy.suspended = true;
}
static void switch_in_advise(struct world *world)
{
        world_switching(world);
        world->view.policy.mode = MODE_ADVISE;
}
static void switch_to_nobody(struct world *world)
{
        world_switching(world);
        world->record.to = "z";
}
static void switch_met_before_anything_was_verified(struct world *world)
{
        world_switching(world);
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b");
        world_verify(world, NULL, false, 0);
}

/* ---- a switch that has not begun, and whose plane is back ---- */

static void recovered(struct world *world)
{
        world_switching(world);
        world_pass(world, 0, LONG_AGO);
}
static void recovered_but_asked_for(struct world *world)
{
        recovered(world);
        world->record.automatic = false;
}
static void recovered_but_failback(struct world *world)
{
        recovered(world);
        world->record.detected_at = 0;
}
static void recovered_but_removed(struct world *world)
{
        recovered(world);
        world->record.from = "z";
}
static void recovered_but_the_same(struct world *world)
{
        recovered(world);
        world->record.from = "b";
}

static const struct decision_row rows[] = {
    {"new: bad Secret", new_with_bad_secret, FINDING_CREDENTIALS, DO_REPORT, "Secret tsig has no key", NULL},
    {"new: no answer yet", new_before_an_answer, FINDING_OBSERVING, DO_WAIT,
     "waiting for an answer of DNS server 192.0.2.53:53", NULL},
    {"new: conflict", new_and_moved_meanwhile, FINDING_OBSERVING, DO_WAIT,
     "waiting for an answer of Redis redis.example.com:6379", NULL},
    {"new: invalid", new_and_invalid, FINDING_TARGET_REFUSED, DO_REPORT, "no such zone", NULL},
    {"new: no plane", new_without_planes, FINDING_UNKNOWN_TARGET, DO_REPORT, "no other plane has an address", NULL},

    {"plane not named", recorded_plane_not_named, FINDING_PLANE_MISSING, DO_WAIT,
     "the active plane z is not in spec.planes", NULL},
    {"plane not named, asked", recorded_plane_not_named_and_asked, FINDING_SWITCH_REQUESTED, DO_DECIDE,
     "a person asked for b", NULL},
    {"one pass after an outage", answers_once_after_an_outage, FINDING_ACTIVE_FAILING, DO_WAIT,
     "a answers again; 3 passes in a row are wanted", NULL},
    {"one failure at first sight", fails_once_at_first_sight, FINDING_ACTIVE_UNKNOWN, DO_WAIT,
     "a is not observed long enough (TLS :9900 timeout)", NULL},
    {"DNS refuses", dns_refuses, FINDING_TARGET_REFUSED, DO_REPORT, "NOTAUTH", NULL},
    {"its address is said once", dns_refuses_and_says_who_it_is, FINDING_TARGET_REFUSED, DO_REPORT,
     "DNS server 192.0.2.53:53: NOTAUTH", NULL},
    {"DNS cannot do it", dns_refuses_as_invalid, FINDING_TARGET_REFUSED, DO_REPORT, "no such zone", NULL},
    {"lock behind, Redis fails", lock_behind_and_failing, FINDING_TARGET_BEHIND, DO_WRITE,
     "lock mgmt-active lacks epoch 5: connection refused", NULL},
    {"held in Advise", held_in_advise, FINDING_AWAITING_HUMAN, DO_REPORT, "cooling down until", NULL},
    {"Advise without DNS", advise_without_dns, FINDING_TARGET_UNAVAILABLE, DO_WAIT, "timeout", NULL},
    {"failback while suspended", failback_while_suspended, FINDING_STEADY, DO_WAIT, "b is active and healthy", NULL},
    {"kill switch, asked", kill_switch_and_asked, FINDING_STEADY, DO_WAIT, "a is active",
     "waiting: the kill switch is on"},
    {"suspended, asked", suspended_and_asked, FINDING_STEADY, DO_WAIT, "a is active", "waiting: suspended"},

    {"switch: bad Secret", switch_with_bad_secret, FINDING_CREDENTIALS, DO_REPORT, "Secret tsig has no key", NULL},
    {"switch: a rival ends no switch", switch_with_rival, FINDING_STEP_UNMET, DO_WRITE, "the lock is to be moved", NULL},
    {"unclear kill switch, asked", unclear_kill_switch_and_asked, FINDING_STEADY, DO_WAIT, "a is active",
     "waiting: the kill switch is not understood, condition Armed says why"},
    {"switch: kill switch", switch_with_kill_switch, FINDING_STOPPED_MIDWAY, DO_REPORT, "the kill switch is on", NULL},
    {"switch: suspended", switch_suspended, FINDING_STOPPED_MIDWAY, DO_REPORT, "spec.suspend is true", NULL},
    {"switch: Advise", switch_in_advise, FINDING_STOPPED_MIDWAY, DO_REPORT, "mode Advise is in effect", NULL},
    {"switch: to nobody", switch_to_nobody, FINDING_STEP_UNMET, DO_WRITE, "the lock is to be moved", NULL},
    {"switch: verified later", switch_met_before_anything_was_verified, FINDING_SERVER_BEHIND, DO_WAIT,
     "DNS server 192.0.2.54:53 is being asked", NULL},

    {"back", recovered, FINDING_ACTIVE_RECOVERED, DO_ABORT, "a is back", NULL},
    {"back, a person's switch", recovered_but_asked_for, FINDING_STEP_UNMET, DO_WRITE, "is to be moved", NULL},
    {"back, a failback", recovered_but_failback, FINDING_STEP_UNMET, DO_WRITE, "is to be moved", NULL},
    {"back, no longer named", recovered_but_removed, FINDING_STEP_UNMET, DO_WRITE, "is to be moved", NULL},
    {"back, to itself", recovered_but_the_same, FINDING_STEP_UNMET, DO_WRITE, "is to be moved", NULL},
};

static void what_is_not_known_is_not_acted_on(void **state)
{
        (void)state;
        rows_decide(rows, ROWS_COUNT(rows));
}

/* The record says from where, even where the spec no longer names that plane. */
static void a_switch_leaves_the_recorded_plane(void **state)
{
        struct world *world = *state;
        recorded_plane_not_named_and_asked(world);
        struct decision decision = world_decide(world);
        assert_string_equal(decision.next->from, "z");
        assert_string_equal(decision.next->to, "b");
}

/* Of all that waits for time, the earliest is when to look again: here a quarantine and a cooldown. */
static void the_earliest_wake_counts(void **state)
{
        struct world *world = *state;
        world->record.automatic = true;
        world->record.detected_at = WORLD_WALL - 100000;
        world_pass(world, 1, 100000); /* b failed, and is quarantined for 500 s more */
        world_fail(world, 0, LONG_AGO);
        static const struct {
                mono_ms cooldown_ms, wake_ms;
        } rows_of_wake[] = {{60000, 60000}, {900000, 500000}, {500000, 500000}};
        for (size_t i = 0; i < ROWS_COUNT(rows_of_wake); i++) {
                world->record.cooldown_until = WORLD_WALL + rows_of_wake[i].cooldown_ms;
                WORLD_EXPECT(world, FINDING_ACTIVE_DOWN_BLOCKED, DO_REPORT);
                assert_int_equal(world_decide(world).wake_at, WORLD_NOW + rows_of_wake[i].wake_ms);
        }
}

/* What is recorded of a Redis that is not used says nothing of the one that is, and what was not read says nothing. */
static void a_plan_replaces_only_what_was_seen_or_recorded(void **state)
{
        struct world *world = *state;
        world_switching(world);
        NAME(world->view.policy).ref.name = "other.example.com";
        world->view.policy.switch_to = "c/7";
        NAME(world->view).health.read_at = LOCK(world->view).health.read_at = 0;
        struct decision decision = world_decide(world);
        assert_int_equal(decision.finding, FINDING_SWITCH_REQUESTED);
        const struct plan *plan = &decision.next->plan;
        assert_int_equal(NAME(*plan).old_count, 2);
        assert_string_equal(NAME(*plan).old[0], WORLD_RRSET_B);
        assert_string_equal(NAME(*plan).old[1], WORLD_RRSET_A);
        assert_int_equal(LOCK(*plan).old_count, 2);
        LOCK(world->view).health.read_at = WORLD_NOW;
        world_lock(world, NULL, 0, ""); /* flushed: an absent value replaces nothing */
        assert_int_equal(LOCK(world_decide(world).next->plan).old_count, 2);
        world->record.plan.targets[0] = NAME(world->record.plan);
        world->record.plan.target_count = 1;
        decision = world_decide(world);
        assert_int_equal(decision.finding, FINDING_SWITCH_REQUESTED);
        assert_string_equal(LOCK(decision.next->plan).to, "cluster-c");
        assert_int_equal(LOCK(decision.next->plan).old_count, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(what_is_not_known_is_not_acted_on),
            cmocka_unit_test_setup_teardown(a_switch_leaves_the_recorded_plane, world_set_up, world_tear_down),
            cmocka_unit_test_setup_teardown(the_earliest_wake_counts, world_set_up, world_tear_down),
            cmocka_unit_test_setup_teardown(a_plan_replaces_only_what_was_seen_or_recorded, world_set_up,
                                            world_tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
