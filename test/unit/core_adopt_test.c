/* core_adopt_test.c -- what the live targets say about who is active. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/adopt.h"
#include "core/targets.h"
#include "core_world.h"

static const struct row {
        const char *name;
        const char *rrset;
        epoch_t dns_epoch;
        const char *dns_plane;
        const char *lock; /* NULL absent; "-" no lock is used */
        epoch_t lock_epoch;
        const char *lock_plane;
        int outcome;
        const char *plane; /* NAMED */
        bool complete;
        const char *text; /* contained, otherwise */
} rows[] = {
    /* First adoption: no stamp anywhere. */
    {"exactly one plane", WORLD_RRSET_B, 0, "", "cluster-b", 0, "", ADOPTION_NAMED, "b", true, ""},
    {"exactly one plane, no lock used", WORLD_RRSET_B, 0, "", "-", 0, "", ADOPTION_NAMED, "b", true, ""},
    {"an address of nobody", "A 203.0.113.9", 0, "", "cluster-b", 0, "", ADOPTION_UNKNOWN, "", false,
     "shows \"A 203.0.113.9\", which is not exactly one plane's address: a is \"A 192.0.2.1\""},
    {"no address at all", "", 0, "", "cluster-b", 0, "", ADOPTION_UNKNOWN, "", false, "shows \"nothing\""},
    {"lock absent", WORLD_RRSET_B, 0, "", NULL, 0, "", ADOPTION_UNKNOWN, "", false, "lock mgmt-active is absent"},
    {"lock absent: the way on", WORLD_RRSET_B, 0, "", NULL, 0, "", ADOPTION_UNKNOWN, "", false,
     "planekeeper.io/adopt=b/1"},
    {"lock names another plane", WORLD_RRSET_B, 0, "", "cluster-a", 0, "", ADOPTION_UNKNOWN, "", false,
     "holds \"cluster-a\" at redis.example.com:6379, where \"cluster-b\" is expected"},
    {"lock of nobody", WORLD_RRSET_B, 0, "", "by hand", 0, "", ADOPTION_UNKNOWN, "", false,
     "planekeeper.io/switch-to=b/1"},
    /* Memory lost: the stamps tell. */
    {"both stamped", WORLD_RRSET_B, 7, "b", "cluster-b", 7, "b", ADOPTION_NAMED, "b", true, ""},
    {"lost in mid-switch, after Lock", WORLD_RRSET_A, 6, "a", "cluster-b", 7, "b", ADOPTION_NAMED, "b", false, ""},
    {"after Route, Redis restored", WORLD_RRSET_B, 7, "b", "cluster-a", 6, "a", ADOPTION_NAMED, "b", false, ""},
    {"after Route, Redis flushed", WORLD_RRSET_B, 7, "b", NULL, 0, "", ADOPTION_NAMED, "b", false, ""},
    {"the two disagree at one epoch", WORLD_RRSET_A, 7, "a", "cluster-b", 7, "b", ADOPTION_UNKNOWN, "", false, ""},
    {"DNS changed under its stamp", WORLD_RRSET_B, 7, "a", "cluster-a", 6, "a", ADOPTION_UNKNOWN, "", false,
     "shows b, but epoch 7 was a"},
    {"lock changed under its stamp", WORLD_RRSET_A, 6, "a", "by hand", 7, "b", ADOPTION_UNKNOWN, "", false, ""},
    {"a plane that is no more", WORLD_RRSET_A, 7, "gone", "cluster-a", 6, "a", ADOPTION_UNKNOWN, "", false,
     "epoch 7 was gone"},
    /* A value without a stamp beside a stamped one was never ours to replace. */
    {"DNS by hand, TXT removed", WORLD_RRSET_A, 0, "", "cluster-b", 7, "b", ADOPTION_UNKNOWN, "", false, ""},
    {"DNS right, TXT removed", WORLD_RRSET_B, 0, "", "cluster-b", 7, "b", ADOPTION_NAMED, "b", true, ""},
    {"lock by hand without stamp", WORLD_RRSET_B, 7, "b", "cluster-a", 0, "", ADOPTION_UNKNOWN, "", false,
     "holds \"cluster-a\""},
    {"lock right without stamp", WORLD_RRSET_B, 7, "b", "cluster-b", 0, "", ADOPTION_NAMED, "b", true, ""},
};

static void arrange(struct world *world, const struct row *row)
{
        world_init(world);
        world_without_record(world);
        world_dns(world, row->rrset, row->dns_epoch, row->dns_plane);
        if (row->lock && row->lock[0] == '-')
                world_without_lock(world);
        else
                world_lock(world, row->lock, row->lock_epoch, row->lock_plane);
}

static void every_state_of_the_targets(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct row *row = &rows[i];
                struct world world;
                arrange(&world, row);
                struct adoption adoption = adopt_inquire(&world.view, &world.arena);
                bool is_right = (int)adoption.outcome == row->outcome;
                if (adoption.plane)
                        is_right = is_right && strcmp(adoption.plane->name, row->plane) == 0 &&
                                   adoption.complete == row->complete;
                else
                        is_right = is_right && !row->plane[0] && adoption.text[0] && strstr(adoption.text, row->text);
                if (!is_right)
                        fail_msg("%s: outcome %d, plane %s, %s: %s", row->name, (int)adoption.outcome,
                                 adoption.plane ? adoption.plane->name : "-",
                                 adoption.complete ? "complete" : "not complete", adoption.text);
                world_clear(&world);
        }
}

static void two_planes_with_one_address_name_nobody(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world_without_record(&world);
        world.view.planes[1].rrset = WORLD_RRSET_A;
        assert_null(adopt_plane_shown(&world.view));
        assert_int_equal(adopt_inquire(&world.view, &world.arena).outcome, ADOPTION_UNKNOWN);
        /* With a stamp it is said which of them it is. */
        world_dns(&world, WORLD_RRSET_A, 3, "b");
        world_lock(&world, "cluster-b", 3, "b");
        assert_string_equal(adopt_inquire(&world.view, &world.arena).plane->name, "b");
        world_clear(&world);
}

static void another_owner_is_respected(void **state)
{
        (void)state;
        static const char *const where[] = {"gloo.example.com belongs to another owner",
                                            "mgmt-active belongs to another owner"};
        for (unsigned i = 0; i < 2; i++) {
                struct world world;
                world_init(&world);
                struct stamp *stamp = i ? &LOCK(world.view).shows.stamp : &NAME(world.view).shows.stamp;
                stamp->store = WORLD_OTHER;
                struct adoption adoption = adopt_inquire(&world.view, &world.arena);
                assert_int_equal(adoption.outcome, ADOPTION_FOREIGN);
                assert_non_null(strstr(adoption.text, where[i]));
                *stamp =
                    (struct stamp){.presence = STAMP_FOREIGN, .plane = "", .store = "", .raw = "heritage=external-dns"};
                adoption = adopt_inquire(&world.view, &world.arena);
                assert_int_equal(adoption.outcome, ADOPTION_FOREIGN);
                assert_non_null(strstr(adoption.text, "heritage=external-dns"));
                world_clear(&world);
        }
}

static void another_tool_is_respected(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        static const char claim[] = "is managed by external-dns: hand it over";
        for (unsigned i = 0; i < 2; i++) { /* beside our stamp, and beside none */
                world_dns(&world, WORLD_RRSET_A, i ? 0 : WORLD_EPOCH, "a");
                NAME(world.view).shows.stamp.claim = claim;
                struct adoption adoption = adopt_inquire(&world.view, &world.arena);
                assert_int_equal(adoption.outcome, ADOPTION_FOREIGN);
                assert_string_equal(adoption.text, "gloo.example.com is managed by external-dns: hand it over");
        }
        world_dns(&world, WORLD_RRSET_A, WORLD_EPOCH, "a");
        NAME(world.view).shows.stamp.claim = claim;
        NAME(world.view).shows.stamp.store = "k8s/uid-9/default/gloo"; /* not told as another cluster's, either */
        assert_false(targets_stamp_splits(&world.view, &NAME(world.view).shows.stamp));
        world_clear(&world);
}

static void what_users_are_answered_instead_is_told(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world_without_record(&world);
        world_dns(&world, "", 0, "");
        NAME(world.view).shows.doubt = "the wildcard *.example.com answers";
        assert_non_null(strstr(adopt_inquire(&world.view, &world.arena).text,
                               "the wildcard *.example.com answers. Correct what is wrong"));
        world_clear(&world);
}

/* It was found by stamp alone, and the plan for it then had no address to write. */
static void bug_a_plane_without_address_was_adopted_by_its_lock(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world_without_record(&world);
        world_dns(&world, "", 6, "a");
        world_lock(&world, "cluster-b", 7, "b");
        world.view.planes[1].rrset = "";
        assert_int_equal(adopt_inquire(&world.view, &world.arena).outcome, ADOPTION_UNKNOWN);
        world_dns(&world, "", 7, "b");
        assert_int_equal(adopt_inquire(&world.view, &world.arena).outcome, ADOPTION_UNKNOWN);
        WORLD_EXPECT(&world, FINDING_ADDRESS_PENDING, DO_WAIT);
        world_clear(&world);
}

/* The runbook tells a person to write the next epoch into the lock; the adoption of it has to recognise that. */
static void a_lock_written_by_the_runbook_matches(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        LOCK(world.view.policy).value = "{name}-{epoch}";
        world_dns(&world, WORLD_RRSET_B, WORLD_EPOCH, "a");
        world_lock(&world, "b-6", WORLD_EPOCH, "a");
        assert_true(adopt_matches(&world.view, &world.view.planes[1], &world.arena));
        world_lock(&world, "b-5", WORLD_EPOCH, "a");
        assert_true(adopt_matches(&world.view, &world.view.planes[1], &world.arena));
        world_lock(&world, "b-4", WORLD_EPOCH, "a");
        assert_false(adopt_matches(&world.view, &world.view.planes[1], &world.arena));
        world_lock(&world, NULL, 0, "");
        assert_true(adopt_matches(&world.view, &world.view.planes[1], &world.arena));
        assert_false(adopt_matches(&world.view, &world.view.planes[0], &world.arena));
        world_clear(&world);
}

/* Redis lost everything, and a person put the value back; the stamp beside it is gone for good. */
static void bug_a_lock_put_back_without_its_stamp_named_nobody(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        LOCK(world.view.policy).value = "{name}-{epoch}";
        world_dns(&world, WORLD_RRSET_B, 7, "b");
        world_lock(&world, "b-5", 0, ""); /* of the record */
        assert_true(adopt_matches(&world.view, &world.view.planes[1], &world.arena));
        world_lock(&world, "b-7", 0, ""); /* of the name */
        assert_true(adopt_matches(&world.view, &world.view.planes[1], &world.arena));
        world_lock(&world, "b-6", 0, "");
        assert_false(adopt_matches(&world.view, &world.view.planes[1], &world.arena));
        world_without_record(&world);
        world_dns(&world, WORLD_RRSET_B, 7, "b");
        world_lock(&world, "b-6", 0, "");
        struct adoption adoption = adopt_inquire(&world.view, &world.arena);
        assert_non_null(strstr(adoption.text, "holds \"b-6\" at redis.example.com:6379, where \"b-7\" is expected"));
        world_lock(&world, "b-7", 0, "");
        assert_int_equal(adopt_inquire(&world.view, &world.arena).outcome, ADOPTION_NAMED);
        world_dns(&world, WORLD_RRSET_B, 0, "");
        world_lock(&world, "b-6", 0, "");
        adoption = adopt_inquire(&world.view, &world.arena);
        assert_non_null(strstr(adoption.text, "where \"b-1\" is expected"));
        world_clear(&world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_state_of_the_targets),
            cmocka_unit_test(two_planes_with_one_address_name_nobody),
            cmocka_unit_test(another_owner_is_respected),
            cmocka_unit_test(another_tool_is_respected),
            cmocka_unit_test(what_users_are_answered_instead_is_told),
            cmocka_unit_test(bug_a_plane_without_address_was_adopted_by_its_lock),
            cmocka_unit_test(a_lock_written_by_the_runbook_matches),
            cmocka_unit_test(bug_a_lock_put_back_without_its_stamp_named_nobody),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
