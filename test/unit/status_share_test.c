/* status_share_test.c -- how many statuses may be under way, and how many in a second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reconcile/status_share.h"

enum { OBJECTS = 1000 };

/* Sends as many as it may, all answered alike; the number of writes in flight. */
static unsigned round_of(struct status_share *share, enum err err, mono_ms took)
{
        unsigned sent = 0;
        while (status_share_has_place(share)) {
                status_share_sent(share);
                sent++;
        }
        for (unsigned i = 0; i < sent; i++)
                status_share_answered(share, err, took);
        return sent;
}

static void test_quick_answers_open_more_places(void **state)
{
        (void)state;
        struct status_share share;
        status_share_init(&share, 0);
        unsigned last = round_of(&share, ERR_OK, STATUS_QUICK_MS);
        assert_int_equal(last, STATUS_IN_FLIGHT_FIRST);
        for (unsigned i = 0; i < 20; i++) {
                unsigned now = round_of(&share, ERR_OK, STATUS_QUICK_MS);
                assert_in_range(now, last, last + 1); /* one more in a round */
                last = now;
        }
        assert_int_equal(last, STATUS_IN_FLIGHT_MAX);
        assert_int_equal(round_of(&share, ERR_OK, STATUS_QUICK_MS + 1), last); /* neither quick nor slow */
        assert_int_equal(round_of(&share, ERR_OK, 1), last);
}

static void test_an_overloaded_server_is_left_alone(void **state)
{
        (void)state;
        static const struct {
                enum err err;
                mono_ms took;
        } signs[] = {{ERR_TRANSIENT, 1}, {ERR_UNKNOWN, 1}, {ERR_OK, STATUS_SLOW_MS}};
        for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
                struct status_share share;
                status_share_init(&share, 0);
                share.allowed = STATUS_IN_FLIGHT_MAX;
                status_share_sent(&share);
                status_share_answered(&share, signs[i].err, signs[i].took);
                assert_int_equal(round_of(&share, signs[i].err, signs[i].took), STATUS_IN_FLIGHT_MAX / 2);
                assert_int_equal(round_of(&share, signs[i].err, signs[i].took), 1);
                assert_int_equal(round_of(&share, signs[i].err, signs[i].took), 1); /* it never ends */
        }
}

/* A conflict, or a status that is refused for its content, tells nothing of the load. */
static void test_a_refusal_is_no_overload(void **state)
{
        (void)state;
        struct status_share share;
        status_share_init(&share, 0);
        (void)round_of(&share, ERR_CONFLICT, 1);
        (void)round_of(&share, ERR_INVALID, 1);
        assert_in_range(round_of(&share, ERR_OK, 1), STATUS_IN_FLIGHT_FIRST, STATUS_IN_FLIGHT_FIRST + 2);
}

static unsigned written_until(struct status_share *share, mono_ms now)
{
        unsigned count = 0;
        while (status_share_free_at(share, now) <= now) {
                status_share_sent(share);
                status_share_answered(share, ERR_OK, 1);
                count++;
        }
        return count;
}

static void test_each_object_is_written_twice_at_once_and_then_few_in_a_second(void **state)
{
        (void)state;
        struct status_share share;
        status_share_init(&share, 0);
        for (unsigned i = 0; i < OBJECTS; i++)
                status_share_count(&share, true);
        assert_int_equal(written_until(&share, 0), OBJECTS * STATUS_OBJECT_BURST);
        assert_int_equal(written_until(&share, 1000), STATUS_PER_SECOND);
        assert_int_equal(status_share_free_at(&share, 1000), 1000 + 1000 / STATUS_PER_SECOND);
        assert_int_equal(written_until(&share, 10000000), OBJECTS * STATUS_OBJECT_BURST); /* it is full again */
}

static void test_objects_that_leave_take_their_room_with_them(void **state)
{
        (void)state;
        struct status_share share;
        status_share_init(&share, 0);
        for (unsigned i = 0; i < OBJECTS; i++)
                status_share_count(&share, true);
        for (unsigned i = 0; i < OBJECTS; i++)
                status_share_count(&share, false);
        assert_int_equal(written_until(&share, 10000000), STATUS_BURST);
}

static void test_a_cancelled_write_gives_its_place_back(void **state)
{
        (void)state;
        struct status_share share;
        status_share_init(&share, 0);
        for (unsigned i = 0; i < STATUS_IN_FLIGHT_FIRST; i++)
                status_share_sent(&share);
        assert_false(status_share_has_place(&share));
        status_share_cancelled(&share);
        assert_true(status_share_has_place(&share));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_quick_answers_open_more_places),
            cmocka_unit_test(test_an_overloaded_server_is_left_alone),
            cmocka_unit_test(test_a_refusal_is_no_overload),
            cmocka_unit_test(test_each_object_is_written_twice_at_once_and_then_few_in_a_second),
            cmocka_unit_test(test_objects_that_leave_take_their_room_with_them),
            cmocka_unit_test(test_a_cancelled_write_gives_its_place_back),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
