/*
 * core_confirm_test.c -- a person moves to a plane that is not fit: only after having been told why, by the word of that
 * reason, and then it is not undone for what was known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/election.h"
#include "core/maintenance.h"
#include "core/remedy.h"
#include "core/roles.h"
#include "core_world.h"

#define CONFIRM "kubectl annotate fop gloo -n default --overwrite planekeeper.io/switch-to="

static struct plane_view *b_of(struct world *world)
{
        return &world->view.planes[1];
}

static struct decision ask(struct world *world, const char *value)
{
        world->view.policy.switch_to = value;
        roles_begin(&world->view, &world->arena);
        return world_decide(world);
}

static void expect_held(struct world *world, const char *value, const char *answer, const char *offered)
{
        struct decision decision = ask(world, value);
        assert_int_equal(decision.finding, FINDING_STEADY);
        assert_false(decision.is_final);
        if (strncmp(decision.answer, answer, strlen(answer)) != 0)
                fail_msg("%s\ndoes not begin with\n%s", decision.answer, answer);
        const char *command = strstr(decision.answer, CONFIRM);
        assert_int_equal(command != NULL, offered != NULL);
        if (offered)
                assert_string_equal(command + strlen(CONFIRM), offered);
}

static void expect_confirmed(struct world *world, const char *value, const char *why)
{
        struct decision decision = ask(world, value);
        assert_int_equal(decision.finding, FINDING_SWITCH_CONFIRMED);
        assert_string_equal(decision.why, why);
        assert_string_equal(decision.next->to, "b");
        assert_string_equal(decision.next->reason, "SwitchConfirmed");
        assert_false(decision.next->automatic);
        assert_true(record_is_confirmed(decision.next));
        for (unsigned i = 0; i < decision.gates.count; i++)
                if (decision.gates.verdicts[i].gate == GATE_CANDIDATE)
                        assert_non_null(strstr(decision.gates.verdicts[i].text, "and a person asks for it all the same"));
}

static void what_is_unhealthy_is_confirmed_by_that_word(void **state)
{
        struct world *world = *state;
        world_fail(world, 1, 100000);
        expect_held(world, "b/6",
                    "waiting: gate NoFitStandby blocks: b: unhealthy (TLS :9900 timeout); to move there all the same: ",
                    "b/6/Unhealthy");
        expect_confirmed(world, "b/6/Unhealthy", "a person asked for b all the same: unhealthy (TLS :9900 timeout)");
        world_pass(world, 1, 5000);
        world_count(world, 1, 1, 0);
        expect_confirmed(world, "b/6/Unhealthy/again", "a person asked for b all the same: recovering: TLS :9900 has not "
                                                       "yet passed 3 times in a row");
        world_pass(world, 1, 100000); /* well by now: nothing is to be confirmed */
        assert_int_equal(ask(world, "b/6/Unhealthy").finding, FINDING_SWITCH_REQUESTED);
}

static void each_reason_has_its_word(void **state)
{
        struct world *world = *state;
        world_stale(world, 1);
        expect_held(world, "b/6", "waiting: gate NoFitStandby blocks: b: not observed", "b/6/Unobserved");
        expect_held(world, "b/6/Unhealthy",
                    "waiting: gate NoFitStandby blocks: b: not observed (every check passes); Unhealthy was confirmed, "
                    "which it is not; to move there all the same: ",
                    "b/6/Unobserved");
        assert_int_equal(ask(world, "b/6/Unobserved").finding, FINDING_SWITCH_CONFIRMED);
        world_pass(world, 1, 100000);
        world_deployment(world, 1, 0, 3);
        expect_held(world, "b/6", "waiting: gate NoFitStandby blocks: b: no replica available", "b/6/NoReplicas");
        assert_int_equal(ask(world, "b/6/NoReplicas").finding, FINDING_SWITCH_CONFIRMED);
        world_deployment(world, 1, 3, 3);
        b_of(world)->checks[0].certificate_not_after = WORLD_WALL - 1000;
        expect_held(world, "b/6", "waiting: gate NoFitStandby blocks: b: its certificate expired",
                    "b/6/CertificateExpired");
        assert_int_equal(ask(world, "b/6/CertificateExpired").finding, FINDING_SWITCH_CONFIRMED);
}

/* Nobody can be sent there, or an edit is what helps. */
static void what_cannot_be_written_is_never_confirmed(void **state)
{
        struct world *world = *state;
        for (unsigned n = 0; n < 6; n++) {
                world_clear(world);
                world_init(world);
                world_fail(world, 1, 100000);
                struct plane_view *b = b_of(world);
                const struct maintenance maintenance = {MAINTENANCE_HOLDS, WORLD_WALL + 1000};
                switch (n) {
                case 0:
                        b->known = false;
                        break;
                case 1:
                        b->eligible = false;
                        break;
                case 2:
                        maintenance_set(b, &maintenance, WORLD_WALL, WORLD_NOW);
                        break;
                case 3:
                        b->rrset = "";
                        b->address_error = "Service has no ingress";
                        break;
                case 4:
                        b->port = 1;
                        break;
                default:
                        b->rrset = "CNAME b.example.com";
                        b->name_absent = true;
                        break;
                }
                expect_held(world, "b/6", "waiting: gate NoFitStandby blocks: b: ", NULL);
                expect_held(world, "b/6/Unhealthy", "waiting: gate NoFitStandby blocks: b: ", NULL);
        }
        assert_null(election_unfit_word(UNFIT_NOT));
        assert_null(election_unfit_word(UNFIT_CANNOT));
}

/* Where another gate would hold it, too, no command is offered that would not be carried out. */
static void nothing_is_offered_that_would_be_held(void **state)
{
        struct world *world = *state;
        world_fail(world, 1, 100000);
        NAME(world->view).health.read_at -= 600000;
        expect_held(world, "b/6", "waiting: gate NoFitStandby blocks: b: unhealthy (TLS :9900 timeout)", NULL);
        struct decision decision = ask(world, "b/6/Unhealthy");
        assert_non_null(strstr(decision.answer, "waiting: gate MechanismUnreachable blocks: "));
        world->view.decide = NULL;
        assert_null(remedy_confirm(&world->view, b_of(world), "Unhealthy", &world->arena));
}

static void what_is_no_such_word_is_told(void **state)
{
        struct world *world = *state;
        world_fail(world, 1, 100000);
        struct decision decision = ask(world, "b/6/unhealthy");
        assert_true(decision.is_final);
        assert_non_null(strstr(decision.answer, "not understood: write switch-to=<plane>/<epoch>"));
        decision = ask(world, "b/6/[Unhealthy]");
        assert_true(decision.is_final);
        decision = ask(world, "b/6/UnhealthY");
        assert_true(decision.is_final);
        world->view.policy.switch_to = "";
        world->view.policy.adopt = "a/6/Unhealthy";
        decision = world_decide(world);
        assert_true(decision.is_final);
        world->view.policy.adopt = "";
        decision = ask(world, "b/5/Unhealthy"); /* a refusal is final, with a word or without */
        assert_true(decision.is_final);
}

/* The switch goes on although the plane fails, and is left only for what it has failed since. */
static void it_is_not_undone_for_what_was_known(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world->record.automatic = false;
        world->record.reason = "SwitchConfirmed";
        world_pass(world, 0, 3600000);
        world_fail(world, 1, 500000);
        struct decision decision = ask(world, "b/6/Unhealthy");
        assert_int_equal(decision.finding, FINDING_STEP_UNMET);
        assert_string_equal(decision.lost, "b, where the switch moves to, fails (TLS :9900 timeout), and a person asked "
                                           "for it all the same");
        world->record.reason = "SwitchRequested";
        assert_int_equal(ask(world, "b/6/Unhealthy").finding, FINDING_TARGET_LOST);
        world->record.reason = "SwitchConfirmed";
        (void)ask(world, "b/6/Unhealthy");
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 1, "b");
        world_lock(world, "cluster-b", WORLD_EPOCH + 1, "b");
        world->record.phase = PHASE_STEADY;
        world->view.record_seen_at = world->view.now;
        b_of(world)->was = VERDICT_DOWN;
        decision = ask(world, "b/6/Unhealthy");
        assert_int_equal(decision.finding, FINDING_ACTIVE_UNKNOWN);
        assert_true(b_of(world)->mark.is_confirmed);
        assert_true(decision.wake_at > world->view.now);
        /* What it fails from now on is held against it. */
        world_later(world, 50000);
        world->view.arbiter_answered_at = world->view.now;
        for (unsigned i = 0; i < world->view.target_count; i++)
                world->view.targets[i].health.read_at = world->view.targets[i].health.looked_at = world->view.now;
        for (unsigned i = 0; i < WORLD_PLANES; i++)
                b_of(world)[(int)i - 1].checks[0].counted_at = world->view.now;
        b_of(world)->checks[0].fails += 10;
        b_of(world)->was = VERDICT_UNKNOWN;
        assert_int_equal(ask(world, "b/6/Unhealthy").finding, FINDING_ACTIVE_DOWN);
}

/* The plane that is active already, whose name was emptied: its failures are as old, and known just the same. */
static void the_active_plane_may_be_confirmed_too(void **state)
{
        struct world *world = *state;
        b_of(world)->checks[0].when = WHEN_ALWAYS;
        world->view.planes[0].check_count = 2;
        world->view.planes[0].checks[1] = world->view.planes[0].checks[0];
        world->view.planes[0].checks[1].when = WHEN_STANDBY;
        (void)ask(world, "");
        assert_false(world->view.planes[0].mark.is_confirmed);
        world->record.reason = "SwitchConfirmed";
        (void)ask(world, "");
        assert_true(world->view.planes[0].mark.is_confirmed);
        assert_int_equal(world->view.planes[0].mark.since, world->view.now);
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
            WORLD_TEST(what_is_unhealthy_is_confirmed_by_that_word),
            WORLD_TEST(each_reason_has_its_word),
            WORLD_TEST(what_cannot_be_written_is_never_confirmed),
            WORLD_TEST(nothing_is_offered_that_would_be_held),
            WORLD_TEST(what_is_no_such_word_is_told),
            WORLD_TEST(it_is_not_undone_for_what_was_known),
            WORLD_TEST(the_active_plane_may_be_confirmed_too),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
