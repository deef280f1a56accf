/* core_signals_test.c -- what a check that passes shows all the same degrades a plane, and moves nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/addresses.h"
#include "core/election.h"
#include "core/signals.h"
#include "core_world.h"

static void signal_at(struct world *world, unsigned plane)
{
        world->view.planes[plane].checks[0].signal = SIGNAL_NO_ALPN;
}

static const struct report_condition *degraded(struct world *world, enum finding *ret)
{
        struct decision decision = world_decide(world);
        static struct report report;
        report = world_report(world, &decision);
        *ret = decision.finding;
        return world_condition(&report, "Degraded");
}

static void a_signal_degrades_and_moves_nothing(void **state)
{
        struct world *world = *state;
        enum finding finding;
        signal_at(world, 0);
        const struct report_condition *condition = degraded(world, &finding);
        assert_int_equal(finding, FINDING_STEADY);
        assert_int_equal(condition->status, REPORT_TRUE);
        assert_string_equal(condition->reason, "NoALPN");
        assert_non_null(strstr(condition->message, "a: TLS :9900: the server does not choose h2 by ALPN"));
        assert_non_null(strstr(condition->message, "agents could not connect"));
        assert_string_equal(election_unfit(&world->view, &world->view.planes[0], NULL, &world->arena), "");
}

static void a_standbys_is_told_after_the_active_ones(void **state)
{
        struct world *world = *state;
        enum finding finding;
        signal_at(world, 1);
        assert_non_null(strstr(degraded(world, &finding)->message, "b: TLS :9900"));
        assert_string_equal(election_unfit(&world->view, &world->view.planes[1], &world->view.planes[0], &world->arena),
                            "");
        signal_at(world, 0);
        assert_non_null(strstr(degraded(world, &finding)->message, "a: TLS :9900"));
}

/* What fails says more, and a check that does not count says nothing. */
static void only_a_check_that_passes_and_counts_shows_one(void **state)
{
        struct world *world = *state;
        struct plane_view *a = &world->view.planes[0];
        assert_null(signal_of(a));
        signal_at(world, 0);
        assert_ptr_equal(signal_of(a), &a->checks[0]);
        world_fail(world, 0, 60000);
        assert_null(signal_of(a));
        world_pass(world, 0, 60000);
        a->checks[0].when = WHEN_STANDBY;
        a->mark.role = ROLE_ACTIVE;
        assert_null(signal_of(a));
        assert_string_equal(signal_word(SIGNAL_NONE), "");
}

/* A check that can only degrade: it fails, and the plane is as healthy, and as fit, as before. */
static void a_check_of_that_role_judges_nothing(void **state)
{
        struct world *world = *state;
        enum finding finding;
        struct plane_view *a = &world->view.planes[0], *b = &world->view.planes[1];
        for (unsigned i = 0; i < 2; i++) {
                struct plane_view *plane = &world->view.planes[i];
                plane->check_count = 2;
                plane->checks[1] = plane->checks[0];
                plane->checks[1].role = CHECK_ROLE_SIGNAL;
                plane->checks[1].fails = plane->checks[1].passes;
                plane->checks[1].passes = 0;
                plane->checks[1].text = "too slow";
        }
        const struct report_condition *condition = degraded(world, &finding);
        assert_int_equal(finding, FINDING_STEADY);
        assert_string_equal(condition->reason, "CheckLacking");
        assert_int_equal(health_of(a, &world->view.policy.detection, world->view.now).deployment, DEPLOYMENT_UNOBSERVED);
        assert_string_equal(election_unfit(&world->view, b, a, &world->arena), "");
        a->checks[0].role = CHECK_ROLE_SIGNAL; /* and where nothing else is there, nothing is known */
        assert_false(health_of(a, &world->view.policy.detection, world->view.now).fresh);
}

/* Agents take any of the addresses. */
static void one_address_that_shows_it_is_enough(void **state)
{
        struct world *world = *state;
        for (unsigned failing = 0; failing < 2; failing++) {
                struct address_view each[] = {{"x", world->view.planes[0].checks[0]}, {"y", world->view.planes[0].checks[0]}};
                each[1].check.signal = SIGNAL_NO_ALPN;
                each[1].check.fails = failing ? each[1].check.passes : 0;
                each[1].check.passes = failing ? 0 : each[1].check.passes;
                assert_int_equal(addresses_join(each, 2, &world->arena).signal, failing ? SIGNAL_NONE : SIGNAL_NO_ALPN);
        }
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            WORLD_TEST(a_signal_degrades_and_moves_nothing),
            WORLD_TEST(a_standbys_is_told_after_the_active_ones),
            WORLD_TEST(only_a_check_that_passes_and_counts_shows_one),
            WORLD_TEST(a_check_of_that_role_judges_nothing),
            WORLD_TEST(one_address_that_shows_it_is_enough),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
