/* effect_run_test.c -- a visit on its worker. */
#include "reconcile/batch.h"

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
            .kind = EFFECT_WRITE, .rests_on_looks = rests_on_looks, .driver = &driver, .decided_us = clock_mono_us() - waited_ms * 1000, .err = ERR_OK};
        struct batch batch = {.driver = &driver, .members = &effect};
        visits = 0;
        batch_run(&batch.job);
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

static void visit_by_two_requests(struct target_session *session, struct target_visit *seen, size_t count)
{
        assert_int_equal(count, 1);
        session->requests += 2;
        seen->err = ERR_OK;
}

static enum err claim_by_four_requests(struct target_session *session, const char *name, mono_ms deadline, char **ret,
                                       struct errmsg *reterr)
{
        (void)name, (void)deadline, (void)reterr;
        session->requests += 4;
        *ret = NULL;
        return ERR_OK;
}

/* The provider counts them all, whatever they were for. */
static void test_all_requests_of_a_job_are_charged(void **state)
{
        (void)state;
        static const struct target_driver counting = {.name = "counting",
                                                      .limits = {.visit_ms = 5000, .batch_max = 1},
                                                      .visit = visit_by_two_requests,
                                                      .claims = claim_by_four_requests};
        struct target_session session = {.driver = &counting, .requests = 17 /* of the job before */};
        struct effect effect = {
            .kind = EFFECT_READ, .asks_claims = true, .driver = &counting, .err = ERR_OK};
        struct batch batch = {.driver = &counting, .session = &session, .members = &effect};
        batch_run(&batch.job);
        assert_int_equal(effect.err, ERR_OK);
        assert_int_equal(batch.requests, 6);
}

static size_t swapped;

static void count_swaps(struct target_session *session, struct target_visit *seen, size_t count)
{
        (void)session;
        swapped += count;
        for (size_t i = 0; i < count; i++)
                seen[i].err = ERR_OK;
}

/* It waited for a worker with others whose plan is fixed. */
static void test_a_member_that_got_too_old_is_left_out_and_the_others_are_sent(void **state)
{
        (void)state;
        static const struct target_driver counting = {
            .name = "counting", .limits = {.visit_ms = 5000, .batch_max = 10}, .visit = count_swaps};
        struct target_session session = {.driver = &counting};
        const struct target_want want = {.value = "A 192.0.2.1", .epoch = 2, .id = 7, .plane = "a", .store = "k8s/u/ns/p"};
        struct effect effects[3];
        for (unsigned i = 0; i < 3; i++)
                effects[i] = (struct effect){.kind = EFFECT_WRITE,
                                             .driver = &counting,
                                             .want = want,
                                             .expected = {.value = "A 192.0.2.2", .present = true},
                                             .rests_on_looks = i == 1,
                                             .decided_us = clock_mono_us() - 3000000,
                                             .next = i < 2 ? &effects[i + 1] : NULL};
        struct batch batch = {.driver = &counting, .session = &session, .members = &effects[0]};
        swapped = 0;
        batch_run(&batch.job);
        assert_int_equal(swapped, 2);
        assert_int_equal(effects[0].err, ERR_OK);
        assert_int_equal(effects[1].err, ERR_TRANSIENT);
        assert_int_equal(effects[2].err, ERR_OK);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_a_decision_that_waited_for_a_worker_is_not_sent),
            cmocka_unit_test(test_what_did_not_wait_is_sent),
            cmocka_unit_test(test_a_step_of_a_decision_is_sent_however_late),
            cmocka_unit_test(test_a_member_that_got_too_old_is_left_out_and_the_others_are_sent),
            cmocka_unit_test(test_all_requests_of_a_job_are_charged),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
