/* mechanism_test.c -- sessions that are kept for the next visit, whoever makes it. */
#include "reconcile/mechanism.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "reconcile/target_slot.h"
#include "util/mem.h"

enum { NOW = 100000, SERVES_MS = 60000 };

static unsigned closed;

static void count_closed(struct target_session *session)
{
        closed++;
        free(session);
}

static const struct target_driver driver = {.name = "none", .limits = {.session_ms = SERVES_MS}, .close = count_closed};

static struct target_session *session_new(mono_ms opened_at)
{
        struct target_session *session = mem_new(session);
        *session = (struct target_session){.driver = &driver, .opened_at = opened_at};
        return session;
}

struct rig {
        struct loop *loop;
        struct map mechanisms;
        struct mechanism *mechanism;
        struct loop_timer stop;
};

static int rig_open(void **state)
{
        struct rig *rig = mem_new(rig);
        rig->loop = loop_open();
        mechanism_hold(rig->loop, &rig->mechanisms, &rig->mechanism, "redis:6379/0 ns/auth");
        closed = 0;
        *state = rig;
        return 0;
}

static int rig_close(void **state)
{
        struct rig *rig = *state;
        mechanism_drop(&rig->mechanism);
        loop_close(rig->loop);
        free(rig);
        return 0;
}

static void test_a_session_is_taken_once_and_by_whom_it_fits(void **state)
{
        struct rig *rig = *state;
        struct target_session *session = session_new(NOW);
        mechanism_keep(rig->mechanism, session, "db=0", "auth@7", NOW);
        assert_null(mechanism_take(rig->mechanism, "db=1", "auth@7", NOW));
        assert_ptr_equal(mechanism_take(rig->mechanism, "db=0", "auth@7", NOW), session);
        assert_null(mechanism_take(rig->mechanism, "db=0", "auth@7", NOW));
        assert_int_equal(closed, 0);
        target_close(session);
}

/* Bug of a first drawing: a password was rotated, and a connection that was made with the old one went on for ever. */
static void test_a_rotated_secret_ends_the_sessions_that_it_opened(void **state)
{
        struct rig *rig = *state;
        mechanism_keep(rig->mechanism, session_new(NOW), "db=0", "auth@7", NOW);
        mechanism_keep(rig->mechanism, session_new(NOW), "db=1", "auth@7", NOW);
        assert_null(mechanism_take(rig->mechanism, "db=0", "auth@8", NOW));
        assert_int_equal(closed, 2);
}

static void test_credentials_are_proven_anew_from_time_to_time(void **state)
{
        struct rig *rig = *state;
        const mono_ms opened_at = NOW;
        struct target_session *session = session_new(opened_at);
        mechanism_keep(rig->mechanism, session, "", "", opened_at + SERVES_MS - 2);
        assert_ptr_equal(mechanism_take(rig->mechanism, "", "", opened_at + SERVES_MS - 1), session);
        mechanism_keep(rig->mechanism, session, "", "", opened_at + SERVES_MS - 1);
        assert_null(mechanism_take(rig->mechanism, "", "", opened_at + SERVES_MS));
        assert_int_equal(closed, 1);
        mechanism_keep(rig->mechanism, session_new(opened_at), "", "", opened_at + SERVES_MS);
        assert_int_equal(closed, 2);
}

static void test_what_nobody_takes_is_closed(void **state)
{
        struct rig *rig = *state;
        mechanism_keep(rig->mechanism, session_new(NOW), "", "", NOW);
        assert_null(mechanism_take(rig->mechanism, "", "", NOW + SESSION_IDLE_MS));
        assert_int_equal(closed, 1);
        for (unsigned i = 0; i <= SESSIONS_KEPT_MAX; i++)
                mechanism_keep(rig->mechanism, session_new(NOW), "", "", NOW);
        assert_int_equal(closed, 2);
        mechanism_drop(&rig->mechanism);
        assert_int_equal(closed, 2 + SESSIONS_KEPT_MAX);
}

static void stop_loop(struct loop_timer *timer)
{
        struct rig *rig = CONTAINER_OF(timer, struct rig, stop);
        loop_stop(rig->loop);
}

/* Bug: idle connections were closed when somebody came for the next one; where nobody came they stayed for ever. */
static void test_an_idle_session_is_closed_though_nobody_comes_for_another(void **state)
{
        struct rig *rig = *state;
        const mono_ms now = loop_now(rig->loop);
        mechanism_keep(rig->mechanism, session_new(now), "", "", now - SESSION_IDLE_MS + 5);
        mechanism_keep(rig->mechanism, session_new(now), "", "", now);
        rig->stop.due = stop_loop;
        loop_timer_set(rig->loop, &rig->stop, now + 30);
        loop_run(rig->loop);
        assert_int_equal(closed, 1);
        assert_int_equal(rig->mechanism->kept_count, 1);
}

/* Its policy was deleted while a worker was at the server. */
static void test_a_visit_may_come_back_when_nobody_uses_it_any_more(void **state)
{
        struct rig *rig = *state;
        struct mechanism *mechanism = rig->mechanism;
        mechanism_begin(mechanism);
        mechanism_drop(&rig->mechanism);
        assert_int_equal(rig->mechanisms.count, 0);
        mechanism_keep(mechanism, session_new(NOW), "", "", NOW);
        assert_int_equal(closed, 1);
        mechanism_end(mechanism);
}

enum { PER_MINUTE = 300, INTERVAL_MS = 60000 / PER_MINUTE };

/* 1,000 policies of one account: permits come in order of the calls, and never faster than the rate of the account. */
static void test_turns_are_given_in_order_at_the_rate(void **state)
{
        struct rig *rig = *state;
        mono_ms before = 0;
        for (unsigned i = 0; i < 1000; i++) {
                const mono_ms at = mechanism_permit(rig->mechanism, PER_MINUTE, NOW);
                assert_true(at >= before);
                before = at;
        }
        assert_in_range(before, NOW + 1000 * INTERVAL_MS - BURST_MS - INTERVAL_MS, NOW + 1000 * INTERVAL_MS);
}

static void test_a_second_s_worth_goes_at_once(void **state)
{
        struct rig *rig = *state;
        for (unsigned i = 0; i < PER_MINUTE / 60; i++)
                assert_int_equal(mechanism_permit(rig->mechanism, PER_MINUTE, NOW), NOW);
        assert_int_equal(mechanism_permit(rig->mechanism, PER_MINUTE, NOW), NOW + INTERVAL_MS);
        assert_int_equal(mechanism_permit(rig->mechanism, PER_MINUTE, NOW + 60000), NOW + 60000);
}

static void test_without_a_limit_nothing_waits(void **state)
{
        struct rig *rig = *state;
        for (unsigned i = 0; i < 1000; i++)
                assert_int_equal(mechanism_permit(rig->mechanism, 0, NOW), NOW);
        assert_true(mechanism_has_room(rig->mechanism, 0, NOW));
}

static void test_what_can_wait_leaves_a_turn_for_what_cannot(void **state)
{
        struct rig *rig = *state;
        unsigned routine = 0;
        while (mechanism_has_room(rig->mechanism, PER_MINUTE, NOW)) {
                assert_int_equal(mechanism_permit(rig->mechanism, PER_MINUTE, NOW), NOW);
                routine++;
        }
        assert_in_range(routine, 1, PER_MINUTE / 60 - 1);
        assert_int_equal(mechanism_permit(rig->mechanism, PER_MINUTE, NOW), NOW);
}

static void test_what_a_visit_cost_is_paid_by_the_next(void **state)
{
        struct rig *rig = *state;
        mechanism_charge(rig->mechanism, PER_MINUTE, 10, NOW);
        assert_int_equal(mechanism_permit(rig->mechanism, PER_MINUTE, NOW), NOW + 10 * INTERVAL_MS - (BURST_MS - INTERVAL_MS));
}

/* "Retry-After: 7" is said to one policy and meant for the account. */
static void test_a_server_that_wants_to_be_left_alone_is(void **state)
{
        struct rig *rig = *state;
        mechanism_pause(rig->mechanism, NOW + 7000);
        mechanism_pause(rig->mechanism, NOW + 3000);
        assert_int_equal(mechanism_permit(rig->mechanism, PER_MINUTE, NOW), NOW + 7000);
        assert_int_equal(mechanism_permit(rig->mechanism, 0, NOW), NOW + 7000);
        assert_false(mechanism_has_room(rig->mechanism, 0, NOW));
        assert_true(mechanism_has_room(rig->mechanism, 0, NOW + 7000));
}

/* A hundred that waited for its end are not sent at once, or it begins anew. */
static void test_who_waits_for_the_end_of_a_hush_is_paced_after_it(void **state)
{
        struct rig *rig = *state;
        mechanism_pause(rig->mechanism, NOW + 30000);
        mono_ms last = 0;
        for (unsigned i = 0; i < 100; i++)
                last = mechanism_permit(rig->mechanism, PER_MINUTE, NOW);
        assert_true(last >= NOW + 30000 + 99 * INTERVAL_MS - BURST_MS);
}

/* It is an answer of the very server: the looks of a thousand policies would all have to be made anew, and be throttled. */
static void test_a_throttled_visit_makes_no_look_doubtful(void **state)
{
        struct rig *rig = *state;
        struct target_slot slot = {.mechanism = rig->mechanism};
        struct visit visit = {.err = ERR_TRANSIENT, .why = "Throttling", .retry_after_ms = 1000, .now = NOW};
        slot_failed(&slot, &visit);
        assert_int_equal(rig->mechanism->broken_at, 0);
        visit.retry_after_ms = 0;
        slot_failed(&slot, &visit);
        assert_int_equal(rig->mechanism->broken_at, NOW);
        free(slot.error);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_a_session_is_taken_once_and_by_whom_it_fits, rig_open, rig_close),
            cmocka_unit_test_setup_teardown(test_a_rotated_secret_ends_the_sessions_that_it_opened, rig_open, rig_close),
            cmocka_unit_test_setup_teardown(test_credentials_are_proven_anew_from_time_to_time, rig_open, rig_close),
            cmocka_unit_test_setup_teardown(test_what_nobody_takes_is_closed, rig_open, rig_close),
            cmocka_unit_test_setup_teardown(test_an_idle_session_is_closed_though_nobody_comes_for_another, rig_open, rig_close),
            cmocka_unit_test_setup_teardown(test_turns_are_given_in_order_at_the_rate, rig_open, rig_close),
            cmocka_unit_test_setup_teardown(test_a_second_s_worth_goes_at_once, rig_open, rig_close),
            cmocka_unit_test_setup_teardown(test_without_a_limit_nothing_waits, rig_open, rig_close),
            cmocka_unit_test_setup_teardown(test_what_can_wait_leaves_a_turn_for_what_cannot, rig_open, rig_close),
            cmocka_unit_test_setup_teardown(test_what_a_visit_cost_is_paid_by_the_next, rig_open, rig_close),
            cmocka_unit_test_setup_teardown(test_a_server_that_wants_to_be_left_alone_is, rig_open, rig_close),
            cmocka_unit_test_setup_teardown(test_a_visit_may_come_back_when_nobody_uses_it_any_more, rig_open, rig_close),
            cmocka_unit_test_setup_teardown(test_a_throttled_visit_makes_no_look_doubtful, rig_open, rig_close),
            cmocka_unit_test_setup_teardown(test_who_waits_for_the_end_of_a_hush_is_paced_after_it, rig_open, rig_close),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
