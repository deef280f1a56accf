/* target_slot_test.c -- what a visit leaves behind: back-off, and a failed write that reads do not make up for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "reconcile/target_slot.h"
#include "util/mem.h"

static const struct target_ref ref = {TARGET_NAME, "rfc2136", "192.0.2.53:53", "gloo", 0};
static const unix_ms base_wall = 1795402751412;

static struct visit visit_at(mono_ms now, bool is_write, enum err err)
{
        return (struct visit){.is_write = is_write,
                              .err = err,
                              .why = err == ERR_OK ? "" : "no answer",
                              .now = now,
                              .wall = base_wall + now};
}

static void visit_fails(struct target_slot *slot, mono_ms now, bool is_write, enum err err)
{
        const struct visit visit = visit_at(now, is_write, err);
        slot_failed(slot, &visit);
}

static void visit_answers(struct target_slot *slot, mono_ms now, bool is_write)
{
        const struct visit visit = visit_at(now, is_write, ERR_OK);
        slot_answered(slot, &visit);
}

static void test_failures_back_off_to_a_bound(void **state)
{
        (void)state;
        struct target_slot *slot = slot_new(&ref);
        mono_ms before = 0;
        for (mono_ms i = 1; i <= 20; i++) {
                visit_fails(slot, 1000, false, ERR_TRANSIENT);
                mono_ms delay = slot->retry_at - 1000;
                assert_true(delay >= before && delay <= 5000 && delay >= 200);
                before = delay;
        }
        assert_int_equal(before, 5000);
        visit_answers(slot, 2000, false);
        assert_int_equal(slot->retry_at, 0);
        visit_fails(slot, 3000, false, ERR_TRANSIENT);
        assert_int_equal(slot->retry_at, 3200);
        slot_free(slot);
}

static void test_failing_since_the_first_failure(void **state)
{
        (void)state;
        struct target_slot *slot = slot_new(&ref);
        visit_answers(slot, 1000, false);
        visit_fails(slot, 2000, false, ERR_TRANSIENT);
        visit_fails(slot, 9000, false, ERR_DENIED);
        assert_int_equal(slot->failed_since, 2000);
        assert_int_equal(slot->failed_since_wall, (base_wall + 2000) / 1000 * 1000);
        assert_int_equal(slot->error_class, ERR_DENIED);
        assert_int_equal(slot->read_at, 1000); /* what was read is still what is known */
        assert_int_equal(slot->sure_at, 0);    /* but nothing may rest on it before it is looked at again */
        slot_free(slot);
}

/* A name server that answers queries and refuses updates is not well, however often it is read in between. */
static void test_good_read_does_not_hide_a_failed_write(void **state)
{
        (void)state;
        struct target_slot *slot = slot_new(&ref);
        visit_answers(slot, 1000, false);
        visit_fails(slot, 2000, true, ERR_DENIED);
        visit_answers(slot, 10000, false);
        assert_int_equal(slot->reach, REACH_FAILED);
        assert_int_equal(slot->failed_since, 2000);
        assert_string_equal(slot->error, "no answer");
        assert_int_equal(slot->read_at, 10000);
        assert_int_equal(slot->sure_at, 10000);
        visit_answers(slot, 11000, true);
        assert_int_equal(slot->reach, REACH_OK);
        assert_null(slot->error);
        slot_free(slot);
}

/* Write, conflict, read, write, conflict: each round is later than the one before. */
static void test_endless_conflict_slows_down(void **state)
{
        (void)state;
        struct target_slot *slot = slot_new(&ref);
        mono_ms now = 1000;
        unsigned rounds = 0;
        while (now < 61000) {
                visit_fails(slot, now, true, ERR_CONFLICT);
                assert_int_equal(slot->read_at, 0); /* read again before anything else */
                visit_answers(slot, slot->retry_at, false);
                now = slot->retry_at > now ? slot->retry_at : now + 1;
                rounds++;
        }
        assert_in_range(rounds, 10, 25);
        slot_free(slot);
}

static void test_nothing_left_to_write_ends_the_failure(void **state)
{
        (void)state;
        struct target_slot *slot = slot_new(&ref);
        visit_answers(slot, 1000, false);
        visit_fails(slot, 2000, true, ERR_DENIED);
        slot_forget_write(slot);
        assert_int_equal(slot->reach, REACH_OK);
        assert_int_equal(slot->retry_at, 0);
        visit_fails(slot, 3000, false, ERR_TRANSIENT);
        slot_forget_write(slot); /* a failed read is not a matter of writing */
        assert_int_equal(slot->reach, REACH_FAILED);
        slot_free(slot);
}

static void test_void_state_is_read_at_once(void **state)
{
        (void)state;
        struct map mechanisms = {0};
        struct target_slot *slot = slot_new(&ref);
        mechanism_hold(NULL, &mechanisms, &slot->mechanism, "rfc2136 192.0.2.53 ns/tsig");
        visit_answers(slot, 1000, false);
        assert_int_equal(slot->mechanism->answered_at, 1000);
        visit_fails(slot, 2000, true, ERR_TRANSIENT);
        slot_void(slot);
        assert_int_equal(slot->reach, REACH_NEVER);
        assert_int_equal(slot->read_at, 0);
        assert_int_equal(slot->retry_at, 0);
        slot_free(slot);
        assert_int_equal(mechanisms.count, 0);
}

/* A throttled account: "Retry-After" was thrown away, and each policy asked again after 200 ms. It is not believed for a year either. */
static void test_a_server_s_retry_after_reaches_the_slot_and_the_account(void **state)
{
        (void)state;
        struct target_slot *slot = slot_new(&ref);
        struct map mechanisms = {0};
        mechanism_hold(NULL, &mechanisms, &slot->mechanism, "route53 ns/aws");
        struct visit visit = visit_at(1000, true, ERR_TRANSIENT);
        visit.retry_after_ms = 7000;
        slot_failed(slot, &visit);
        assert_int_equal(slot->retry_at, 8000);
        assert_int_equal(mechanism_permit(slot->mechanism, 0, 1000), 8000);
        visit.retry_after_ms = INT64_C(31536000000);
        slot_failed(slot, &visit);
        assert_int_equal(slot->retry_at, 61000);
        slot_free(slot);
}

static void test_mechanism_lives_as_long_as_its_users(void **state)
{
        (void)state;
        struct map mechanisms = {0};
        struct mechanism *a = NULL, *b = NULL;
        mechanism_hold(NULL, &mechanisms, &a, "redis:6379/0 ns/auth");
        mechanism_hold(NULL, &mechanisms, &b, "redis:6379/0 ns/auth");
        assert_ptr_equal(a, b);
        assert_int_equal(mechanisms.count, 1);
        mechanism_hold(NULL, &mechanisms, &a, "redis:6379/0 ns/auth");
        mechanism_hold(NULL, &mechanisms, &a, "other:6379/0 ns/auth");
        assert_ptr_not_equal(a, b);
        assert_int_equal(mechanisms.count, 2);
        mechanism_drop(&b);
        assert_int_equal(mechanisms.count, 1);
        mechanism_drop(&a);
        mechanism_drop(&a);
        assert_int_equal(mechanisms.count, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_failures_back_off_to_a_bound),
            cmocka_unit_test(test_failing_since_the_first_failure),
            cmocka_unit_test(test_good_read_does_not_hide_a_failed_write),
            cmocka_unit_test(test_endless_conflict_slows_down),
            cmocka_unit_test(test_nothing_left_to_write_ends_the_failure),
            cmocka_unit_test(test_void_state_is_read_at_once),
            cmocka_unit_test(test_a_server_s_retry_after_reaches_the_slot_and_the_account),
            cmocka_unit_test(test_mechanism_lives_as_long_as_its_users),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
