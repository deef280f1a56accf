/* core_range_test.c -- what cannot be read is unreadable and nobody else's, epochs end, and a record says one thing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core_world.h"

static const char *const huge = "v=pk1 e=9223372036854775807 id=0000000000000001 p=a s=" WORLD_STORE;

static struct stamp unreadable(const char *store)
{
        return (struct stamp){.presence = STAMP_UNREADABLE, .plane = "", .store = store, .raw = huge};
}

static void expect_why(struct world *world, enum finding finding, const char *why)
{
        struct decision decision = world_decide(world);
        if (decision.finding != finding || !strstr(decision.why, why))
                fail_msg("%s: \"%s\", expected %s: \"%s\"", finding_name(decision.finding), decision.why,
                         finding_name(finding), why);
        assert_int_equal(decision.rule->then, DO_REPORT);
}

/* ---- stamps ---- */

static void test_a_stamp_that_cannot_be_read_is_not_another_owners(void **state)
{
        struct world *world = *state;
        NAME(world->view).shows.stamp = unreadable(WORLD_STORE);
        expect_why(world, FINDING_STAMP_UNREADABLE, "TXT _planekeeper.gloo.example.com cannot be read: \"v=pk1 e=922");
        expect_why(world, FINDING_STAMP_UNREADABLE, "An ownership record is v=pk1 e=<1 to 9007199254740991>");
        struct decision decision = world_decide(world);
        assert_false(decision.vouches);
        struct report report = world_report(world, &decision);
        assert_string_equal(world_condition_text(world, &report, "Ready"), "False StampUnreadable");
        assert_string_equal(world_condition_text(world, &report, "Stalled"), "True StampUnreadable");
        assert_string_equal(world_condition_text(world, &report, "Drift"), "Unknown OtherDecision");
        NAME(world->view).shows.stamp = unreadable("");
        expect_why(world, FINDING_STAMP_UNREADABLE, "delete it");
        NAME(world->view).shows.stamp = unreadable(WORLD_OTHER);
        expect_why(world, FINDING_FOREIGN_OWNER, "belongs to another owner");
}

static void test_nor_is_that_of_a_lock(void **state)
{
        struct world *world = *state;
        LOCK(world->view).shows.stamp = unreadable(WORLD_STORE);
        expect_why(world, FINDING_STAMP_UNREADABLE,
                   "key {mgmt-active}:planekeeper in database 0 of Redis redis.example.com:6379 cannot be read");
        struct decision decision = world_decide(world);
        struct report report = world_report(world, &decision);
        assert_string_equal(world_condition_text(world, &report, "Drift"), "Unknown OtherDecision");
        static const char *const keys[][2] = {
            {"{t}lock", "key {t}lock:planekeeper "}, {"{}lock", "key {{}lock}:planekeeper "}, {"{t", "key {{t}:planekeeper "}};
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
                LOCK(world->view.policy).ref.name = LOCK(world->record.plan).ref.name = keys[i][0];
                expect_why(world, FINDING_STAMP_UNREADABLE, keys[i][1]);
        }
}

static void test_before_the_first_record_and_in_a_switch(void **state)
{
        struct world *world = *state;
        world_switching(world);
        NAME(world->view).shows.stamp = unreadable(WORLD_STORE);
        expect_why(world, FINDING_STAMP_UNREADABLE, "TXT _planekeeper");
        world_dns(world, WORLD_RRSET_A, WORLD_EPOCH, "a");
        LOCK(world->view).shows.stamp = unreadable(WORLD_STORE);
        expect_why(world, FINDING_STAMP_UNREADABLE, "key {mgmt-active}");
        world_without_record(world);
        LOCK(world->view).shows.stamp = unreadable(WORLD_STORE);
        expect_why(world, FINDING_STAMP_UNREADABLE, "key {mgmt-active}");
        world_without_lock(world);
        NAME(world->view).shows.stamp = unreadable(WORLD_STORE);
        expect_why(world, FINDING_STAMP_UNREADABLE, "TXT _planekeeper");
}

/* ---- the last epoch ---- */

static void test_the_last_epoch_is_told_before_anybody_needs_another(void **state)
{
        struct world *world = *state;
        world->record.epoch = EPOCH_MAX;
        world_dns(world, WORLD_RRSET_A, EPOCH_MAX, "a");
        world_lock(world, "cluster-a", EPOCH_MAX, "a");
        NAME(world->view).shows.stamp.id = LOCK(world->view).shows.stamp.id = WORLD_ID;
        expect_why(world, FINDING_EPOCHS_EXHAUSTED,
                   "epoch 9007199254740991 is the last one, so nothing can be decided any more");
        expect_why(world, FINDING_EPOCHS_EXHAUSTED, "kubectl delete lease planekeeper-gloo -n default");
        world->view.policy.switch_to = "b/9007199254740992";
        struct decision decision = world_decide(world);
        assert_string_equal(decision.answer, "refused: no epoch is left to decide");
        struct report report = world_report(world, &decision);
        assert_string_equal(world_condition_text(world, &report, "Stalled"), "True EpochsExhausted");
        world->view.policy.switch_to = "";
        world_fail(world, 0, 60000);
        expect_why(world, FINDING_EPOCHS_EXHAUSTED, "last one");
        world->record.epoch = EPOCH_MAX - 1;
        world_dns(world, WORLD_RRSET_A, EPOCH_MAX - 1, "a");
        world_lock(world, "cluster-a", EPOCH_MAX - 1, "a");
        NAME(world->view).shows.stamp.id = LOCK(world->view).shows.stamp.id = WORLD_ID;
        WORLD_EXPECT(world, FINDING_ACTIVE_DOWN, DO_DECIDE);
        assert_true(world_decide(world).next->epoch == EPOCH_MAX);
}

static void test_a_stamp_with_the_last_epoch_is_not_adopted(void **state)
{
        struct world *world = *state;
        world_without_record(world);
        world_dns(world, WORLD_RRSET_A, EPOCH_MAX, "a");
        expect_why(world, FINDING_EPOCHS_EXHAUSTED, "Delete what carries it: TXT _planekeeper.gloo.example.com");
        world_dns(world, WORLD_RRSET_A, 4, "a");
        world_lock(world, "cluster-a", EPOCH_MAX, "a");
        expect_why(world, FINDING_EPOCHS_EXHAUSTED, "Delete what carries it: key {mgmt-active}:planekeeper");
        world_dns(world, WORLD_RRSET_A, 0, "");
        expect_why(world, FINDING_EPOCHS_EXHAUSTED, "Delete what carries it: key {mgmt-active}:planekeeper");
}

static void test_nor_where_a_record_is_behind_it(void **state)
{
        struct world *world = *state;
        world_dns(world, WORLD_RRSET_A, EPOCH_MAX, "a");
        expect_why(world, FINDING_EPOCHS_EXHAUSTED, "Delete what carries it: TXT _planekeeper.gloo.example.com");
}

static void test_a_switch_under_the_last_epoch_ends(void **state)
{
        struct world *world = *state;
        world_switching(world);
        world->record.epoch = world->view.confirmed_epoch = EPOCH_MAX;
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
        world_pass(world, 0, 60000);
        expect_why(world, FINDING_EPOCHS_EXHAUSTED, "last one");
        world->view.store = "dns/default/gloo";
        NAME(world->view).shows.stamp.store = LOCK(world->view).shows.stamp.store = world->view.store;
        expect_why(world, FINDING_EPOCHS_EXHAUSTED, "Delete what carries it: TXT _planekeeper.gloo.example.com");
}

/* ---- records ---- */

static void test_a_record_that_cannot_be_read_says_how_to_go_on(void **state)
{
        struct world *world = *state;
        world->view.record = NULL;
        world->view.record_error = "record.epoch: must be at most 9007199254740991";
        expect_why(world, FINDING_RECORD_UNREADABLE, "record.epoch: must be at most 9007199254740991. Put back what was");
        expect_why(world, FINDING_RECORD_UNREADABLE, "kubectl delete lease planekeeper-gloo -n default");
}

static void test_a_record_that_names_another_than_its_stamp_moves_nothing(void **state)
{
        struct world *world = *state;
        world->record.to = "b"; /* somebody's edit: agents are on a, and b would get them as "outdated" */
        expect_why(world, FINDING_RECORD_UNREADABLE, "epoch 5 made b active, but its address is that of a");
        expect_why(world, FINDING_RECORD_UNREADABLE, "planekeeper.io/switch-to=a/6");
        struct decision decision = world_decide(world);
        struct report report = world_report(world, &decision);
        assert_string_equal(world_condition_text(world, &report, "Stalled"), "True RecordUnreadable");
        world->view.policy.switch_to = "a/6";
        WORLD_EXPECT(world, FINDING_SWITCH_REQUESTED, DO_DECIDE);
        world->view.policy.switch_to = "";
        NAME(world->view.policy).ref.name = "other.example.com"; /* adopted anew */
        assert_int_not_equal(world_decide(world).finding, FINDING_RECORD_UNREADABLE);
}

static void test_a_plan_of_another_plane_is_a_contradiction(void **state)
{
        struct world *world = *state;
        world_switching(world);
        WORLD_EXPECT(world, FINDING_STEP_UNMET, DO_WRITE);
        world->record.to = "c";
        expect_why(world, FINDING_RECORD_UNREADABLE, "epoch 6 made c active, but its address is that of b");
        world->record.to = "b";
        LOCK(world->record.plan).to = "cluster-c";
        expect_why(world, FINDING_RECORD_UNREADABLE, "epoch 6 made b active, but its lock is that of c");
        LOCK(world->record.plan).to = "cluster-b";
        world_dns_fails(world, ERR_TRANSIENT, "no answer", false);
        world->record.to = "c";
        expect_why(world, FINDING_RECORD_UNREADABLE, "address is that of b");
}

/* Two planes whose addresses were exchanged: what was written then was right then, and its stamp says so. */
static void test_an_address_that_was_exchanged_since_is_none(void **state)
{
        struct world *world = *state;
        world->view.planes[0].rrset = WORLD_RRSET_B;
        world->view.planes[1].rrset = WORLD_RRSET_A;
        WORLD_EXPECT(world, FINDING_PLAN_OUTDATED, DO_DECIDE);
        world->view.planes[0].rrset = "A 192.0.2.99";
        world->view.planes[1].rrset = WORLD_RRSET_B;
        WORLD_EXPECT(world, FINDING_PLAN_OUTDATED, DO_DECIDE);
        world_without_lock(world);
        WORLD_EXPECT(world, FINDING_PLAN_OUTDATED, DO_DECIDE);
        NAME(world->view).shows.stamp.id = 77; /* another decision of that number */
        assert_int_not_equal(world_decide(world).finding, FINDING_RECORD_UNREADABLE);
        NAME(world->view).shows.stamp.id = WORLD_ID;
        NAME(world->view).shows.stamp.store = WORLD_OTHER; /* says nothing of what was decided here */
        NAME(world->view).shows.stamp.plane = "b";
        WORLD_EXPECT(world, FINDING_FOREIGN_OWNER, DO_REPORT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
        const struct CMUnitTest tests[] = {
            TEST(test_a_stamp_that_cannot_be_read_is_not_another_owners),
            TEST(test_nor_is_that_of_a_lock),
            TEST(test_before_the_first_record_and_in_a_switch),
            TEST(test_the_last_epoch_is_told_before_anybody_needs_another),
            TEST(test_a_stamp_with_the_last_epoch_is_not_adopted),
            TEST(test_nor_where_a_record_is_behind_it),
            TEST(test_a_switch_under_the_last_epoch_ends),
            TEST(test_a_record_that_cannot_be_read_says_how_to_go_on),
            TEST(test_a_record_that_names_another_than_its_stamp_moves_nothing),
            TEST(test_a_plan_of_another_plane_is_a_contradiction),
            TEST(test_an_address_that_was_exchanged_since_is_none),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
