/* core_health_test.c -- rise and fall, freshness, and the combination of checks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/health.h"

enum { NOW = 1000000, INTERVAL = 5000, TIMEOUT = 3000, OLDEST_FRESH = 3 * INTERVAL + TIMEOUT };

static const struct detection detection = {INTERVAL, TIMEOUT, 3, 2, 30000};

static struct check_view path_check(uint32_t passes, uint32_t fails, mono_ms run_ago, mono_ms counted_ago)
{
        return (struct check_view){.label = "TCP",
                                   .role = CHECK_ROLE_PATH,
                                   .passes = passes,
                                   .fails = fails,
                                   .run_since = NOW - run_ago,
                                   .counted_at = NOW - counted_ago,
                                   .sampled_at = NOW - counted_ago,
                                   .text = "",
                                   .replicas_available = -1,
                                   .replicas_wanted = -1,
                                   .replicas_updated = -1};
}

static struct check_view deployment_check(int available, int wanted, int updated)
{
        return (struct check_view){.label = "Deployment",
                                   .passes = available ? 1 : 0,
                                   .fails = available ? 0 : 1,
                                   .run_since = NOW - 1000,
                                   .counted_at = NOW,
                                   .sampled_at = NOW,
                                   .text = "",
                                   .replicas_available = available,
                                   .replicas_wanted = wanted,
                                   .replicas_updated = updated};
}

static struct plane_health judge(const struct check_view *checks, unsigned count, enum verdict was)
{
        struct plane_view plane = {.name = "a", .check_count = count, .was = was};
        memcpy(plane.checks, checks, count * sizeof(checks[0]));
        return health_of(&plane, &detection, NOW);
}

static void rise_and_fall(void **state)
{
        (void)state;
        static const struct {
                uint32_t passes, fails;
                enum verdict was, wanted;
        } rows[] = {
            {0, 1, VERDICT_UP, VERDICT_UP},      {0, 2, VERDICT_UP, VERDICT_UP},
            {0, 3, VERDICT_UP, VERDICT_DOWN},    {0, 9, VERDICT_UNKNOWN, VERDICT_DOWN},
            {1, 0, VERDICT_DOWN, VERDICT_DOWN},  {2, 0, VERDICT_DOWN, VERDICT_UP},
            {0, 1, VERDICT_DOWN, VERDICT_DOWN},  {0, 1, VERDICT_UNKNOWN, VERDICT_UNKNOWN},
            {1, 0, VERDICT_UNKNOWN, VERDICT_UP}, /* at first sight there is nothing to rise from */
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct check_view check = path_check(rows[i].passes, rows[i].fails, 9000, 0);
                assert_int_equal(judge(&check, 1, rows[i].was).verdict, rows[i].wanted);
        }
}

/* At first sight a verdict is as old as the run that it rests on; later as old as the evaluation that turned it. */
static void a_verdict_stands_since_it_was_first_given(void **state)
{
        (void)state;
        static const struct {
                enum verdict was;
                mono_ms was_since;
                enum verdict is;
                mono_ms since;
        } rows[] = {{VERDICT_UNKNOWN, 0, VERDICT_DOWN, 300}, {VERDICT_UNKNOWN, 0, VERDICT_UP, 200},
                    {VERDICT_UNKNOWN, 5, VERDICT_DOWN, NOW}, {VERDICT_UNKNOWN, 5, VERDICT_UNKNOWN, 5},
                    {VERDICT_UP, 5, VERDICT_UP, 5},          {VERDICT_UP, 5, VERDICT_DOWN, NOW},
                    {VERDICT_UP, 0, VERDICT_UP, 0}};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct plane_view plane = {.was = rows[i].was, .was_since = rows[i].was_since};
                const struct plane_health health = {.verdict = rows[i].is, .healthy_since = 200, .failing_since = 300};
                assert_int_equal(health_verdict_since(&plane, &health, NOW), rows[i].since);
        }
}

static void old_samples_say_nothing(void **state)
{
        (void)state;
        struct check_view check = path_check(0, 9, 90000, OLDEST_FRESH);
        assert_int_equal(judge(&check, 1, VERDICT_UP).verdict, VERDICT_DOWN);
        check.counted_at--;
        struct plane_health health = judge(&check, 1, VERDICT_UP);
        assert_int_equal(health.verdict, VERDICT_UNKNOWN);
        assert_false(health.fresh);
        assert_int_equal(health.failing_since, 0);
        check.counted_at = 0;
        assert_false(judge(&check, 1, VERDICT_UP).fresh);
}

static void an_unknown_sample_does_not_refresh(void **state)
{
        (void)state;
        struct check_view check = path_check(0, 9, 90000, OLDEST_FRESH + 1);
        check.sampled_at = NOW;
        check.last_unknown = true;
        assert_int_equal(judge(&check, 1, VERDICT_DOWN).verdict, VERDICT_UNKNOWN);
}

static void down_only_when_every_path_is(void **state)
{
        (void)state;
        struct check_view both_down[] = {path_check(0, 9, 45000, 0), path_check(0, 3, 15000, 0)};
        struct plane_health health = judge(both_down, 2, VERDICT_UP);
        assert_int_equal(health.verdict, VERDICT_DOWN);
        assert_int_equal(health.fails, 3);
        assert_int_equal(health.failing_since, NOW - 15000); /* of the last that began to fail */

        struct check_view one_passes[] = {path_check(0, 9, 45000, 0), path_check(1, 0, 100, 0)};
        health = judge(one_passes, 2, VERDICT_UP);
        assert_int_equal(health.verdict, VERDICT_UP);
        assert_int_equal(health.failing_since, 0);
        assert_int_equal(health.failing_checks, 1);

        struct check_view one_short[] = {path_check(0, 9, 45000, 0), path_check(0, 2, 10000, 0)};
        assert_int_equal(judge(one_short, 2, VERDICT_UP).verdict, VERDICT_UP);

        struct check_view one_silent[] = {path_check(0, 9, 45000, 0), path_check(0, 9, 45000, 45000)};
        assert_int_equal(judge(one_silent, 2, VERDICT_UP).verdict, VERDICT_UNKNOWN);
}

static void up_only_when_every_path_is(void **state)
{
        (void)state;
        struct check_view checks[] = {path_check(9, 0, 45000, 0), path_check(2, 0, 5000, 0)};
        struct plane_health health = judge(checks, 2, VERDICT_DOWN);
        assert_int_equal(health.verdict, VERDICT_UP);
        assert_int_equal(health.healthy_since, NOW - 5000);
        checks[1].passes = 1;
        assert_int_equal(judge(checks, 2, VERDICT_DOWN).verdict, VERDICT_DOWN);
}

static void without_a_path_check_nothing_is_known(void **state)
{
        (void)state;
        struct check_view check = deployment_check(3, 3, 3);
        struct plane_health health = judge(&check, 1, VERDICT_UP);
        assert_false(health.fresh);
        assert_int_equal(health.verdict, VERDICT_UNKNOWN);
}

static void the_deployment_is_beside_the_path(void **state)
{
        (void)state;
        struct check_view checks[] = {path_check(0, 9, 45000, 0), deployment_check(3, 3, 3)};
        struct plane_health health = judge(checks, 2, VERDICT_UP);
        assert_int_equal(health.verdict, VERDICT_DOWN);
        assert_int_equal(health.deployment, DEPLOYMENT_AVAILABLE);

        checks[1] = deployment_check(0, 3, 3);
        assert_int_equal(judge(checks, 2, VERDICT_UP).deployment, DEPLOYMENT_UNAVAILABLE);
        checks[1] = deployment_check(3, 3, 3);
        checks[1].counted_at = checks[1].sampled_at = NOW - OLDEST_FRESH - 1;
        assert_int_equal(judge(checks, 2, VERDICT_UP).deployment, DEPLOYMENT_UNOBSERVED);
}

/* It takes as many looks that go unanswered to dismiss its word as failures to accuse the path. */
static void one_look_that_goes_unanswered_takes_nothing_back(void **state)
{
        (void)state;
        static const struct {
                mono_ms counted_ago, sampled_ago;
                uint32_t unknowns;
                enum deployment_state expected;
        } rows[] = {
            {5000, 0, 1, DEPLOYMENT_AVAILABLE},
            {OLDEST_FRESH, 0, 9, DEPLOYMENT_AVAILABLE},
            {OLDEST_FRESH + 1, 0, 2, DEPLOYMENT_AVAILABLE},
            {OLDEST_FRESH + 1, 0, 3, DEPLOYMENT_UNOBSERVED},
            {OLDEST_FRESH + 1, OLDEST_FRESH + 1, 2, DEPLOYMENT_UNOBSERVED},
            {NOW, 0, 1, DEPLOYMENT_UNOBSERVED}, /* it never said anything */
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct check_view checks[] = {path_check(0, 9, 45000, 0), deployment_check(3, 3, 3)};
                checks[1].counted_at = NOW - rows[i].counted_ago;
                checks[1].sampled_at = NOW - rows[i].sampled_ago;
                checks[1].last_unknown = true;
                checks[1].unknowns = rows[i].unknowns;
                assert_int_equal(judge(checks, 2, VERDICT_UP).deployment, rows[i].expected);
        }
}

static void a_rollout_is_seen(void **state)
{
        (void)state;
        struct check_view checks[] = {path_check(9, 0, 45000, 0), deployment_check(2, 3, 1)};
        assert_true(judge(checks, 2, VERDICT_UP).rollout);
        checks[1].replicas_updated = 3;
        assert_false(judge(checks, 2, VERDICT_UP).rollout);
        checks[1].replicas_updated = -1;
        assert_false(judge(checks, 2, VERDICT_UP).rollout);
}

static void the_earliest_certificate_counts(void **state)
{
        (void)state;
        struct check_view checks[] = {path_check(9, 0, 0, 0), path_check(9, 0, 0, 0), path_check(9, 0, 0, 0)};
        checks[0].certificate_not_after = 300;
        checks[2].certificate_not_after = 200;
        assert_int_equal(judge(checks, 3, VERDICT_UP).certificate_not_after, 200);
        checks[1].certificate_not_after = 100;
        assert_int_equal(judge(checks, 3, VERDICT_UP).certificate_not_after, 100);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(rise_and_fall),
            cmocka_unit_test(a_verdict_stands_since_it_was_first_given),
            cmocka_unit_test(old_samples_say_nothing),
            cmocka_unit_test(an_unknown_sample_does_not_refresh),
            cmocka_unit_test(down_only_when_every_path_is),
            cmocka_unit_test(up_only_when_every_path_is),
            cmocka_unit_test(without_a_path_check_nothing_is_known),
            cmocka_unit_test(the_deployment_is_beside_the_path),
            cmocka_unit_test(one_look_that_goes_unanswered_takes_nothing_back),
            cmocka_unit_test(a_rollout_is_seen),
            cmocka_unit_test(the_earliest_certificate_counts),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
