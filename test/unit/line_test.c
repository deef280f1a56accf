/* line_test.c -- turns at the API server: as many as there are, the urgent first, none lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reconcile/manager.h"
#include "reconcile/policy.h"

enum { POLICIES = TURNS_AT_ONCE + 6 };

static struct manager manager;
static struct policy policies[POLICIES];
static struct policy *woken[POLICIES * 4];
static size_t woken_count;

/* In place of reconcile/policy.c. */
void policy_wake(struct policy *policy)
{
        woken[woken_count++] = policy;
}

static int begin(void **state)
{
        (void)state;
        manager = (struct manager){0};
        woken_count = 0;
        for (size_t i = 0; i < POLICIES; i++)
                policies[i] = (struct policy){.manager = &manager};
        for (size_t i = 0; i < TURNS_AT_ONCE; i++)
                assert_true(turn_take(&policies[i], URGENCY_REST));
        return 0;
}

static void test_one_too_many_waits_its_turn(void **state)
{
        (void)state;
        struct policy *late = &policies[TURNS_AT_ONCE];
        assert_false(turn_take(late, URGENCY_DECIDE));
        assert_false(turn_take(late, URGENCY_DECIDE)); /* asking again changes nothing */
        assert_int_equal(woken_count, 0);
        turn_end(&manager);
        assert_int_equal(woken_count, 1);
        assert_ptr_equal(woken[0], late);
        assert_int_equal(manager.line.turns, TURNS_AT_ONCE); /* it is kept, nobody else gets it */
        assert_false(turn_take(&policies[TURNS_AT_ONCE + 1], URGENCY_CONFIRM));
        assert_true(turn_take(late, URGENCY_DECIDE));
        turn_unused(late); /* it was used */
        assert_int_equal(manager.line.turns, TURNS_AT_ONCE);
}

static void test_the_urgent_go_first(void **state)
{
        (void)state;
        struct policy *commit = &policies[TURNS_AT_ONCE], *decide = &policies[TURNS_AT_ONCE + 1], *confirm = &policies[TURNS_AT_ONCE + 2],
                      *other = &policies[TURNS_AT_ONCE + 3];
        assert_false(turn_take(commit, URGENCY_REST));
        assert_false(turn_take(decide, URGENCY_DECIDE));
        assert_false(turn_take(other, URGENCY_DECIDE));
        assert_false(turn_take(confirm, URGENCY_CONFIRM));
        for (size_t i = 0; i < 4; i++)
                turn_end(&manager);
        assert_ptr_equal(woken[0], confirm);
        assert_ptr_equal(woken[1], decide);
        assert_ptr_equal(woken[2], other);
        assert_ptr_equal(woken[3], commit);
}

static void test_who_becomes_urgent_changes_lines(void **state)
{
        (void)state;
        struct policy *first = &policies[TURNS_AT_ONCE], *second = &policies[TURNS_AT_ONCE + 1];
        assert_false(turn_take(first, URGENCY_REST));
        assert_false(turn_take(second, URGENCY_REST));
        assert_false(turn_take(second, URGENCY_DECIDE));
        turn_end(&manager);
        turn_end(&manager);
        assert_int_equal(woken_count, 2);
        assert_ptr_equal(woken[0], second);
        assert_ptr_equal(woken[1], first);
}

static void test_a_turn_that_is_not_wanted_goes_on(void **state)
{
        (void)state;
        struct policy *first = &policies[TURNS_AT_ONCE], *second = &policies[TURNS_AT_ONCE + 1];
        assert_false(turn_take(first, URGENCY_REST));
        assert_false(turn_take(second, URGENCY_REST));
        turn_end(&manager);
        turn_unused(first);
        assert_int_equal(woken_count, 2);
        assert_ptr_equal(woken[1], second);
        turn_unused(second);
        assert_int_equal(manager.line.turns, TURNS_AT_ONCE - 1);
        assert_true(turn_take(first, URGENCY_REST));
}

static void test_who_leaves_takes_nothing_along(void **state)
{
        (void)state;
        struct policy *first = &policies[TURNS_AT_ONCE], *middle = &policies[TURNS_AT_ONCE + 1], *last = &policies[TURNS_AT_ONCE + 2];
        assert_false(turn_take(first, URGENCY_REST));
        assert_false(turn_take(middle, URGENCY_REST));
        assert_false(turn_take(last, URGENCY_REST));
        turn_leave(last);
        turn_leave(middle);
        assert_false(turn_take(middle, URGENCY_REST));
        turn_end(&manager);
        turn_leave(first); /* its turn was kept for it */
        assert_int_equal(woken_count, 2);
        assert_ptr_equal(woken[1], middle);
        turn_leave(middle);
        turn_leave(last); /* is in no line */
        assert_int_equal(manager.line.turns, TURNS_AT_ONCE - 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(test_one_too_many_waits_its_turn, begin),
            cmocka_unit_test_setup(test_the_urgent_go_first, begin),
            cmocka_unit_test_setup(test_who_becomes_urgent_changes_lines, begin),
            cmocka_unit_test_setup(test_a_turn_that_is_not_wanted_goes_on, begin),
            cmocka_unit_test_setup(test_who_leaves_takes_nothing_along, begin),
        };
        return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
