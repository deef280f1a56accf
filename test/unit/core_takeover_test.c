/* core_takeover_test.c -- the stamps of a former life: they count as ours once a person says so, and not before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/targets.h"
#include "core_world.h"

#define FORMER   "k8s/uid-9/default/gloo" /* this policy, in a cluster that was there before */
#define TAKEOVER "0000000000001111"       /* the id of the world's stamps */

/* A hub that was built anew: nothing is recorded, and the targets carry what the one before it decided. */
static void built_anew(struct world *world)
{
        world->view.record = NULL;
        NAME(world->view).shows.stamp.store = FORMER;
        LOCK(world->view).shows.stamp.store = FORMER;
}

static struct decision decide(struct world *world, const char *takeover)
{
        world->view.policy.takeover = takeover;
        return world_decide(world);
}

static void it_is_offered_and_nothing_is_done_without_a_person(void **state)
{
        struct world *world = *state;
        built_anew(world);
        struct decision decision = decide(world, "");
        struct report report = world_report(world, &decision);
        assert_int_equal(decision.mode.mode, MODE_ADVISE);
        assert_null(decision.next);
        assert_string_equal(world_condition_text(world, &report, "Ready"), "False AutomaticUnsafe");
        assert_non_null(strstr(report.message, "kubectl annotate fop gloo -n default --overwrite "
                                               "planekeeper.io/takeover=" TAKEOVER));
}

/* Who may decide comes before which plane it shall be: what is offered is what would be accepted now. */
static void it_is_what_is_offered_where_the_name_shows_no_plane(void **state)
{
        struct world *world = *state;
        built_anew(world);
        NAME(world->view).shows.value = "";
        struct decision decision = decide(world, "");
        assert_int_equal(decision.finding, FINDING_UNKNOWN_TARGET);
        assert_non_null(strstr(decision.why, "planekeeper.io/takeover=" TAKEOVER));
        assert_null(strstr(decision.why, "switch-to"));
        decision = decide(world, TAKEOVER);
        assert_non_null(strstr(decision.why, "planekeeper.io/switch-to=a/6"));
}

static void a_person_says_so_and_it_goes_on_under_the_next_epoch(void **state)
{
        struct world *world = *state;
        built_anew(world);
        struct decision decision = decide(world, TAKEOVER);
        assert_int_equal(decision.mode.mode, MODE_AUTOMATIC);
        assert_int_equal(decision.finding, FINDING_ADOPTABLE);
        assert_int_equal(decision.next->epoch, WORLD_EPOCH + 1);
        assert_string_equal(decision.next->to, "a");
        assert_string_equal(decision.answer, "accepted: epoch 5 of " FORMER " is taken over");
        assert_false(decision.is_final); /* the targets still have to be written */
        world->record = record_copied(decision.next);
        world->view.record = &world->record;
        decision = world_decide(world);
        assert_int_equal(decision.targets[0].sync, SYNC_BEHIND);
        assert_int_equal(decision.targets[1].sync, SYNC_BEHIND);
}

/* The one who is said to be gone may have decided again while we did not look. */
static void a_stamp_that_was_not_read_since_is_not_taken_over(void **state)
{
        struct world *world = *state;
        built_anew(world);
        world->view.policy.is_asked_unread = true;
        struct decision decision = decide(world, TAKEOVER);
        assert_int_equal(decision.mode.mode, MODE_ADVISE);
        assert_null(decision.next);
        assert_memory_equal(decision.answer, "waiting: ", 9);
}

static void what_it_does_not_name_is_left_alone(void **state)
{
        (void)state;
        static const struct {
                const char *takeover;
                enum request_past past;
                const char *answer; /* how it begins */
        } rows[] = {
            {"0000000000001112", REQUEST_NEW, "refused: it does not name the ownership record of epoch 5 of " FORMER "; to take over"},
            {"1111", REQUEST_NEW, "refused: "},
            {"yes", REQUEST_NEW, "refused: "},
            {"000000000000111X", REQUEST_NEW, "refused: "},
            {TAKEOVER "0", REQUEST_NEW, "refused: "},
            {TAKEOVER, REQUEST_HANDLED, "refused: it had its answer already; to take over what is there: kubectl"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct world world;
                world_init(&world);
                built_anew(&world);
                world.view.policy.past[REQUEST_KEY_TAKEOVER] = rows[i].past;
                struct decision decision = decide(&world, rows[i].takeover);
                assert_int_equal(decision.mode.mode, MODE_ADVISE);
                assert_null(decision.next);
                assert_memory_equal(decision.answer, rows[i].answer, strlen(rows[i].answer));
                assert_true(decision.is_final);
                world_clear(&world);
        }
}

/* In the middle of a switch the two targets carry stamps of two decisions. */
static void both_stamps_are_named(void **state)
{
        struct world *world = *state;
        built_anew(world);
        LOCK(world->view).shows.stamp.id = 0x22;
        assert_string_equal(targets_split_ids(&world->view, &world->arena), TAKEOVER ",0000000000000022");
        assert_int_equal(decide(world, TAKEOVER).mode.mode, MODE_ADVISE);
        assert_int_equal(decide(world, TAKEOVER ",0000000000000022").mode.mode, MODE_AUTOMATIC);
        world->view.policy.takeover = "";
        NAME(world->view).shows.stamp.store = WORLD_STORE;
        assert_string_equal(targets_split_ids(&world->view, &world->arena), "0000000000000022");
        NAME(world->view).shows.stamp.store = FORMER;
        LOCK(world->view).shows.stamp.store = WORLD_STORE;
        assert_string_equal(targets_split_ids(&world->view, &world->arena), TAKEOVER);
        LOCK(world->view).shows.stamp.store = FORMER;
        LOCK(world->view).health.read_at = 0;
        assert_string_equal(targets_split_ids(&world->view, &world->arena), TAKEOVER);
        NAME(world->view).shows.stamp.store = WORLD_STORE;
        assert_string_equal(targets_split_ids(&world->view, &world->arena), "");
        world_without_lock(world);
        NAME(world->view).shows.stamp.store = FORMER;
        assert_string_equal(targets_split_ids(&world->view, &world->arena), TAKEOVER);
}

static void without_a_stamp_of_another_there_is_nothing_to_take_over(void **state)
{
        struct world *world = *state;
        struct decision decision = decide(world, TAKEOVER);
        assert_string_equal(decision.answer, "past: no target carries the ownership record of another Planekeeper");
        assert_true(decision.is_final);
        world->view.policy.is_asked_unread = true;
        assert_memory_equal(world_decide(world).answer, "waiting: ", 9);
}

/* Another policy's name is never this one's to take. */
static void what_another_policy_decided_is_not_taken_over(void **state)
{
        struct world *world = *state;
        built_anew(world);
        NAME(world->view).shows.stamp.store = WORLD_OTHER;
        assert_int_equal(decide(world, TAKEOVER).finding, FINDING_FOREIGN_OWNER);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(it_is_offered_and_nothing_is_done_without_a_person, world_set_up,
                                            world_tear_down),
            cmocka_unit_test_setup_teardown(it_is_what_is_offered_where_the_name_shows_no_plane, world_set_up,
                                            world_tear_down),
            cmocka_unit_test_setup_teardown(a_person_says_so_and_it_goes_on_under_the_next_epoch, world_set_up,
                                            world_tear_down),
            cmocka_unit_test_setup_teardown(a_stamp_that_was_not_read_since_is_not_taken_over, world_set_up,
                                            world_tear_down),
            cmocka_unit_test(what_it_does_not_name_is_left_alone),
            cmocka_unit_test_setup_teardown(both_stamps_are_named, world_set_up, world_tear_down),
            cmocka_unit_test_setup_teardown(without_a_stamp_of_another_there_is_nothing_to_take_over, world_set_up,
                                            world_tear_down),
            cmocka_unit_test_setup_teardown(what_another_policy_decided_is_not_taken_over, world_set_up,
                                            world_tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
