/* core_offers_test.c -- which command is offered where, and what is said where none would be carried out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/election.h"
#include "core/remedy.h"
#include "core/report_parts.h"
#include "core/runbook.h"
#include "core_world.h"

#define ANNOTATE "kubectl annotate fop gloo -n default --overwrite planekeeper.io/"

static void expect(const char *text, const char *part)
{
        if (!strstr(text, part))
                fail_msg("\"%s\" does not say \"%s\"", text, part);
}

static void expect_why(struct world *world, const char *part)
{
        expect(world_decide(world).why, part);
}

static const char *runbook_line(struct world *world, unsigned index)
{
        struct decision decision = world_decide(world);
        static struct runbook runbook;
        runbook_build(&world->view, &decision, &world_tools, &world->arena, &runbook);
        assert_true(runbook.count > 0 && runbook.count <= RUNBOOK_LINES_MAX);
        return runbook.lines[index < runbook.count ? index : runbook.count - 1];
}

/* Asked for before, and waiting: it would be heard first, so that it goes with the same command. */
static void what_waits_is_taken_away(void **state)
{
        struct world *world = *state;
        world_dns(world, WORLD_RRSET_C, WORLD_EPOCH, "a");
        world_lock(world, "cluster-c", WORLD_EPOCH, "a");
        world->view.policy.switch_to = "b/6";
        WORLD_EXPECT(world, FINDING_DRIFT, DO_REPORT);
        expect_why(world, "or keep what is there: " ANNOTATE "adopt=c/6 planekeeper.io/switch-to-");
        world->view.policy.switch_to = "";
        const char *why = world_decide(world).why;
        expect(why, ANNOTATE "adopt=c/6");
        assert_null(strstr(why, "switch-to"));
}

static void nothing_is_offered_that_would_not_be_done(void **state)
{
        struct world *world = *state;
        const struct plane_view *b = &world->view.planes[1];
        assert_string_equal(remedy_switch_to(&world->view, b, &world->arena).command, ANNOTATE "switch-to=b/6");
        world->view.policy.switch_to = "b/6"; /* the same words again would be nothing new */
        assert_string_equal(remedy_switch_to(&world->view, b, &world->arena).command, ANNOTATE "switch-to=b/6/again");
        world->view.policy.suspended = true;
        assert_null(remedy_switch_to(&world->view, b, &world->arena).command);
        assert_string_equal(remedy_switch_to(&world->view, b, &world->arena).why_not, "suspended");
        world->view.policy.suspended = false;
        world->view.policy.mode = MODE_ADVISE;
        expect(remedy_switch_to(&world->view, b, &world->arena).why_not, "in mode Advise nothing is written");
        world->view.policy.mode = MODE_AUTOMATIC;
        world->record.epoch = EPOCH_MAX;
        assert_string_equal(remedy_switch_to(&world->view, b, &world->arena).why_not, "no epoch is left to decide");
        world->view.decide = NULL;
        assert_null(remedy_switch(&world->view, NULL, &world->arena).command);
}

static void an_acknowledgement_is_for_what_acts_by_itself(void **state)
{
        struct world *world = *state;
        world->record.cooldown_until = WORLD_WALL + 60000;
        struct decision decision = world_decide(world);
        expect(report_armed_of(&world->view, &decision, &world->arena).message, "; to end it: " ANNOTATE "ack=5");
        world->view.policy.mode = MODE_ADVISE;
        decision = world_decide(world);
        assert_null(strstr(report_armed_of(&world->view, &decision, &world->arena).message, "ack="));
}

static void what_was_asked_of_no_plane_is_not_asked_again(void **state)
{
        struct world *world = *state;
        world->view.policy.switch_to = "z/5";
        assert_string_equal(world_decide(world).answer, "past: epoch 5 was decided already");
        world->view.policy.switch_to = "b/4";
        expect(world_decide(world).answer, "; to ask again: " ANNOTATE "switch-to=b/6");
        world->view.policy.mode = MODE_ADVISE;
        assert_string_equal(world_decide(world).answer, "past: epoch 4 was decided already");
}

static void a_plane_that_left_the_spec(void **state)
{
        struct world *world = *state;
        world->record.to = "gone";
        expect_why(world, "the active plane gone is not in spec.planes; name it there, or move to another: " ANNOTATE
                          "switch-to=a/6");
        world->view.policy.suspended = true;
        world_dns(world, "A 203.0.113.9", WORLD_EPOCH, "gone");
        assert_string_equal(world_decide(world).why, "the active plane gone is not in spec.planes; name it there");
}

/* Another spec by now, and a later epoch at the old targets: nobody is fit to be named. */
static void a_later_epoch_and_nobody_fit(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world_dns(world, WORLD_RRSET_B, WORLD_EPOCH + 3, "b");
        world_lock(world, "cluster-b", WORLD_EPOCH + 3, "b");
        NAME(world->view.policy).ref.name = "new.example.com";
        expect_why(world, "and the spec names other targets by now: " ANNOTATE "switch-to=b/9");
        for (unsigned i = 0; i < WORLD_PLANES; i++)
                world->view.planes[i].eligible = false;
        expect_why(world, "and the spec names other targets by now: gate NoFitStandby blocks: b: eligible: false");
}

/* Nothing may be written, and the lock names another plane than the name: by hand, or first who decides. */
static void name_and_lock_disagree(void **state)
{
        struct world *world = *state;
        world_lock(world, "cluster-b", WORLD_EPOCH, "a");
        world->view.policy.mode = MODE_ADVISE;
        struct decision decision = world_decide(world);
        struct report report = world_report(world, &decision);
        expect(report.message, "lock mgmt-active holds \"cluster-b\". Correct the one that is wrong by hand: follow "
                               "status.runbook");
        expect(runbook_line(world, 0), "# to a by hand");
        world->view.record = NULL;
        NAME(world->view).shows.stamp.store = LOCK(world->view).shows.stamp.store = "k8s/uid-9/default/gloo";
        decision = world_decide(world);
        report = world_report(world, &decision);
        expect(report.message, "Correct the one that is wrong by hand: follow status.runbook");
        world->view.policy.mode = MODE_AUTOMATIC;
        decision = world_decide(world);
        report = world_report(world, &decision);
        expect(report.message, ANNOTATE "takeover=");
}

static void whom_the_runbook_moves_to(void **state)
{
        struct world *world = *state;
        world_lock(world, "by hand", WORLD_EPOCH, "a");
        WORLD_EXPECT(world, FINDING_DRIFT, DO_REPORT);
        expect(runbook_line(world, 0), "# to a by hand");
        expect(runbook_line(world, 99), ANNOTATE "adopt=a/6 --field-manager=oncall");
        world_without_record(world);
        world_dns(world, WORLD_RRSET_B, 0, "");
        world_lock(world, "by hand", 0, "");
        WORLD_EXPECT(world, FINDING_UNKNOWN_TARGET, DO_REPORT);
        expect(runbook_line(world, 0), "# to b by hand");
        world_dns(world, "A 203.0.113.9", 0, "");
        expect(runbook_line(world, 0), "# to a by hand");
        for (unsigned i = 0; i < WORLD_PLANES; i++)
                world->view.planes[i].rrset = "";
        expect(runbook_line(world, 0), "# no other plane has an address");
}

/* Only the active plane has an address: it is written again where the targets do not show it. */
static void the_active_plane_alone_has_an_address(void **state)
{
        struct world *world = *state;
        const struct plane_view *a = &world->view.planes[0];
        world->view.plane_count = 1;
        assert_null(adopt_by_hand(&world->view, a, &world->arena));
        assert_string_equal(adopt_runbook_text(&world->view, a, &world->arena),
                            "no other plane has an address that could be written by hand");
        expect(runbook_line(world, 0), "# no other plane has an address");
        world_lock(world, "by hand", WORLD_EPOCH, "a");
        assert_ptr_equal(adopt_by_hand(&world->view, a, &world->arena), a);
        NAME(world->view).health.read_at = 0;
        assert_ptr_equal(adopt_by_hand(&world->view, a, &world->arena), a);
        expect(runbook_line(world, 0), "# to a by hand");
        world->view.planes[0].rrset = "";
        assert_null(adopt_by_hand(&world->view, a, &world->arena));
        NAME(world->view).health.read_at = WORLD_NOW;
        expect(runbook_line(world, 0), "# no other plane has an address");
}

static const char *two(struct world *world, const char *first, const char *second)
{
        struct troubles troubles = {.count = 0};
        troubles_add(&troubles, "First", first);
        troubles_add(&troubles, "Second", second);
        return troubles_text(&troubles, &world->arena);
}

static const char *padded(struct world *world, unsigned bytes, const char *rest)
{
        return arena_printf(&world->arena, "%0*d%s", (int)bytes, 0, rest);
}

/* Half a command is worse than none. */
static void no_command_is_cut(void **state)
{
        struct world *world = *state;
        expect(two(world, "a", padded(world, 100, "; kubectl x; end")), "; kubectl x; end");
        const char *cut = two(world, "a", padded(world, 200, "; by: kubectl annotate something long enough to be cut"));
        assert_null(strstr(cut, "kubectl"));
        expect(cut, "; by: ...");
        cut = two(world, "a", padded(world, 220, "; by: kubectl x; and then it goes on for longer than there is room"));
        assert_null(strstr(cut, "and then it goes on"));
        expect(cut, "; by: kubectl x");
        cut = two(world, "a", padded(world, 226, "; by: kubectl x; y"));
        assert_null(strstr(cut, "kubectl"));
        cut = two(world, "a", padded(world, 300, "; by: kubectl x"));
        assert_null(strstr(cut, "kubectl"));
        assert_null(strstr(two(world, "a", padded(world, 300, "")), "kubectl"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
        const struct CMUnitTest tests[] = {
            TEST(what_waits_is_taken_away),
            TEST(nothing_is_offered_that_would_not_be_done),
            TEST(an_acknowledgement_is_for_what_acts_by_itself),
            TEST(what_was_asked_of_no_plane_is_not_asked_again),
            TEST(a_plane_that_left_the_spec),
            TEST(a_later_epoch_and_nobody_fit),
            TEST(name_and_lock_disagree),
            TEST(whom_the_runbook_moves_to),
            TEST(the_active_plane_alone_has_an_address),
            TEST(no_command_is_cut),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
