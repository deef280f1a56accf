/* effect_run_test.c -- a visit on its worker. */
#include "reconcile/effect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/clock.h"

static unsigned visits;

static enum err open_nothing(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        (void)config, (void)ret;
        visits++;
        return err_set(reterr, ERR_INVALID, "there is no such server");
}

static const struct target_driver driver = {.name = "none", .limits = {.visit_ms = 5000}, .open = open_nothing};

static enum err run_after(bool rests_on_looks, int64_t waited_ms)
{
        struct effect effect = {
            .kind = EFFECT_WRITE, .rests_on_looks = rests_on_looks, .driver = &driver, .submitted_us = clock_mono_us() - waited_ms * 1000, .err = ERR_OK};
        visits = 0;
        effect_run(&effect.job);
        return effect.err;
}

/* A DNS server whose visits end by their deadlines kept the workers; meanwhile the plane answered again. */
static void test_a_decision_that_waited_for_a_worker_is_not_sent(void **state)
{
        (void)state;
        assert_int_equal(run_after(true, 3000), ERR_TRANSIENT);
        assert_int_equal(visits, 0);
}

static void test_what_did_not_wait_is_sent(void **state)
{
        (void)state;
        assert_int_equal(run_after(true, 0), ERR_INVALID);
        assert_int_equal(visits, 1);
}

/* Its plan is fixed: late is as good as early. */
static void test_a_step_of_a_decision_is_sent_however_late(void **state)
{
        (void)state;
        assert_int_equal(run_after(false, 3000), ERR_INVALID);
        assert_int_equal(visits, 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_a_decision_that_waited_for_a_worker_is_not_sent),
            cmocka_unit_test(test_what_did_not_wait_is_sent),
            cmocka_unit_test(test_a_step_of_a_decision_is_sent_however_late),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
