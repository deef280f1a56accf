/* admission_test.c -- permits for the API server: as many as there are, the urgent first, none lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reconcile/manager.h"
#include "reconcile/policy.h"

enum { POLICIES = PERMITS_MAX + 6 };

static struct manager manager;
static struct policy policies[POLICIES];
static struct policy *woken[POLICIES * 4];
static size_t woken_count;

/* In place of reconcile/policy.c. */
void policy_wake_first(struct policy *policy)
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
        for (size_t i = 0; i < PERMITS_MAX; i++)
                assert_true(permit_take(&policies[i], URGENCY_REST));
        return 0;
}

static void test_one_too_many_waits_for_its_permit(void **state)
{
        (void)state;
        struct policy *late = &policies[PERMITS_MAX];
        assert_false(permit_take(late, URGENCY_DECIDE));
        assert_false(permit_take(late, URGENCY_DECIDE)); /* asking again changes nothing */
        assert_int_equal(woken_count, 0);
        permit_return(&manager);
        assert_int_equal(woken_count, 1);
        assert_ptr_equal(woken[0], late);
        assert_int_equal(manager.admission.permits, PERMITS_MAX); /* it is granted to that policy, and to no other */
        assert_false(permit_take(&policies[PERMITS_MAX + 1], URGENCY_CONFIRM));
        assert_true(permit_take(late, URGENCY_DECIDE));
        permit_return_unused(late); /* it was used */
        assert_int_equal(manager.admission.permits, PERMITS_MAX);
}

static void test_the_urgent_go_first(void **state)
{
        (void)state;
        struct policy *commit = &policies[PERMITS_MAX], *decide = &policies[PERMITS_MAX + 1],
                      *confirm = &policies[PERMITS_MAX + 2], *other = &policies[PERMITS_MAX + 3];
        assert_false(permit_take(commit, URGENCY_REST));
        assert_false(permit_take(decide, URGENCY_DECIDE));
        assert_false(permit_take(other, URGENCY_DECIDE));
        assert_false(permit_take(confirm, URGENCY_CONFIRM));
        for (size_t i = 0; i < 4; i++)
                permit_return(&manager);
        assert_ptr_equal(woken[0], confirm);
        assert_ptr_equal(woken[1], decide);
        assert_ptr_equal(woken[2], other);
        assert_ptr_equal(woken[3], commit);
}

static void test_who_becomes_urgent_changes_queues(void **state)
{
        (void)state;
        struct policy *first = &policies[PERMITS_MAX], *second = &policies[PERMITS_MAX + 1];
        assert_false(permit_take(first, URGENCY_REST));
        assert_false(permit_take(second, URGENCY_REST));
        assert_false(permit_take(second, URGENCY_DECIDE));
        permit_return(&manager);
        permit_return(&manager);
        assert_int_equal(woken_count, 2);
        assert_ptr_equal(woken[0], second);
        assert_ptr_equal(woken[1], first);
}

static void test_a_permit_that_is_not_used_goes_on(void **state)
{
        (void)state;
        struct policy *first = &policies[PERMITS_MAX], *second = &policies[PERMITS_MAX + 1];
        assert_false(permit_take(first, URGENCY_REST));
        assert_false(permit_take(second, URGENCY_REST));
        permit_return(&manager);
        permit_return_unused(first);
        assert_int_equal(woken_count, 2);
        assert_ptr_equal(woken[1], second);
        permit_return_unused(second);
        assert_int_equal(manager.admission.permits, PERMITS_MAX - 1);
        assert_true(permit_take(first, URGENCY_REST));
}

static void test_who_leaves_takes_nothing_along(void **state)
{
        (void)state;
        struct policy *first = &policies[PERMITS_MAX], *middle = &policies[PERMITS_MAX + 1],
                      *last = &policies[PERMITS_MAX + 2];
        assert_false(permit_take(first, URGENCY_REST));
        assert_false(permit_take(middle, URGENCY_REST));
        assert_false(permit_take(last, URGENCY_REST));
        permit_withdraw(last);
        permit_withdraw(middle);
        assert_false(permit_take(middle, URGENCY_REST));
        permit_return(&manager);
        permit_withdraw(first); /* its permit was granted */
        assert_int_equal(woken_count, 2);
        assert_ptr_equal(woken[1], middle);
        permit_withdraw(middle);
        permit_withdraw(last); /* is not queued */
        assert_int_equal(manager.admission.permits, PERMITS_MAX - 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup(test_one_too_many_waits_for_its_permit, begin),
            cmocka_unit_test_setup(test_the_urgent_go_first, begin),
            cmocka_unit_test_setup(test_who_becomes_urgent_changes_queues, begin),
            cmocka_unit_test_setup(test_a_permit_that_is_not_used_goes_on, begin),
            cmocka_unit_test_setup(test_who_leaves_takes_nothing_along, begin),
        };
        return cmocka_run_group_tests_name("admission", tests, NULL, NULL);
}
