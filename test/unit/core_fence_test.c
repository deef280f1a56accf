/* core_fence_test.c -- every relation between a target and the record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/fence.h"
#include "core/targets.h"
#include "core_world.h"

enum { E = WORLD_EPOCH };

static const struct row {
        const char *name;
        enum stamp_presence presence;
        epoch_t epoch;
        decision_id id;
        const char *store;
        const char *value; /* "" absent; "wanted", "old" and "foreign" stand for one of each target */
        enum fence dns, lock;
} rows[] = {
    {"ours, wanted", STAMP_OURS, E, WORLD_ID, WORLD_STORE, "wanted", FENCE_MET, FENCE_MET},
    {"ours, old value under this epoch", STAMP_OURS, E, WORLD_ID, WORLD_STORE, "old", FENCE_DRIFT, FENCE_DRIFT},
    {"ours, by hand", STAMP_OURS, E, WORLD_ID, WORLD_STORE, "foreign", FENCE_DRIFT, FENCE_DRIFT},
    {"ours, value deleted", STAMP_OURS, E, WORLD_ID, WORLD_STORE, "", FENCE_EMPTY, FENCE_DRIFT},
    {"another id", STAMP_OURS, E, 7, WORLD_STORE, "wanted", FENCE_AHEAD, FENCE_AHEAD},
    {"later epoch", STAMP_OURS, E + 1, WORLD_ID, WORLD_STORE, "old", FENCE_AHEAD, FENCE_AHEAD},
    {"later epoch, wanted", STAMP_OURS, E + 1, 7, WORLD_STORE, "wanted", FENCE_AHEAD, FENCE_AHEAD},
    {"older epoch, wanted", STAMP_OURS, E - 1, 7, WORLD_STORE, "wanted", FENCE_BEHIND, FENCE_BEHIND},
    {"older epoch, old", STAMP_OURS, E - 1, 7, WORLD_STORE, "old", FENCE_BEHIND, FENCE_BEHIND},
    {"older epoch, by hand", STAMP_OURS, E - 1, 7, WORLD_STORE, "foreign", FENCE_DRIFT, FENCE_DRIFT},
    {"older epoch, value deleted", STAMP_OURS, E - 1, 7, WORLD_STORE, "", FENCE_EMPTY, FENCE_BEHIND},
    {"no stamp, wanted", STAMP_ABSENT, 0, 0, "", "wanted", FENCE_BEHIND, FENCE_BEHIND},
    {"no stamp, old", STAMP_ABSENT, 0, 0, "", "old", FENCE_BEHIND, FENCE_BEHIND},
    {"no stamp, by hand", STAMP_ABSENT, 0, 0, "", "foreign", FENCE_DRIFT, FENCE_DRIFT},
    {"nothing there", STAMP_ABSENT, 0, 0, "", "", FENCE_EMPTY, FENCE_BEHIND},
    {"not a stamp, nothing there", STAMP_FOREIGN, 0, 0, "", "", FENCE_FOREIGN, FENCE_FOREIGN},
    {"not a stamp", STAMP_FOREIGN, 0, 0, "", "wanted", FENCE_FOREIGN, FENCE_FOREIGN},
    {"another store, older", STAMP_OURS, E - 1, 7, WORLD_OTHER, "wanted", FENCE_FOREIGN, FENCE_FOREIGN},
    {"another store, same", STAMP_OURS, E, WORLD_ID, WORLD_OTHER, "wanted", FENCE_FOREIGN, FENCE_FOREIGN},
    {"another store, later", STAMP_OURS, E + 1, 7, WORLD_OTHER, "wanted", FENCE_FOREIGN, FENCE_FOREIGN},
};

static const char *dns_value(const char *kind)
{
        return kind[0] == 'w' ? WORLD_RRSET_A : kind[0] == 'o' ? WORLD_RRSET_B : kind[0] == 'f' ? "A 203.0.113.9" : "";
}

static const char *lock_value(const char *kind)
{
        return kind[0] == 'w' ? "cluster-a" : kind[0] == 'o' ? "cluster-b" : kind[0] == 'f' ? "by hand" : "";
}

static void every_relation(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct row *row = &rows[i];
                struct world world;
                world_init(&world);
                struct stamp stamp = {row->presence, row->epoch, row->id, "a", row->store, "", 0, NULL};
                world.view.dns = (struct dns_state){.rrset = dns_value(row->value), .ttl_s = 30, .stamp = stamp};
                world.view.lock = (struct lock_state){
                    .present = row->value[0] != '\0', .value = lock_value(row->value), .stamp = stamp};
                if (fence_dns(&world.record, &world.view) != row->dns)
                        fail_msg("%s: DNS is %d", row->name, (int)fence_dns(&world.record, &world.view));
                if (fence_lock(&world.record, &world.view) != row->lock)
                        fail_msg("%s: lock is %d", row->name, (int)fence_lock(&world.record, &world.view));
                world_clear(&world);
        }
}

static void what_was_never_read_says_nothing(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world.view.dns_health.read_at = world.view.lock_health.read_at = 0;
        assert_int_equal(fence_dns(&world.record, &world.view), FENCE_UNREAD);
        assert_int_equal(fence_lock(&world.record, &world.view), FENCE_UNREAD);
        world_without_lock(&world);
        assert_int_equal(fence_lock(&world.record, &world.view), FENCE_MET);
        world_clear(&world);
}

static void the_highest_epoch_is_of_ours_only(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        assert_int_equal(targets_highest_epoch(&world.view), E);
        world_lock(&world, "cluster-b", E + 3, "b");
        assert_int_equal(targets_highest_epoch(&world.view), E + 3);
        world.view.lock.stamp.store = WORLD_OTHER;
        assert_int_equal(targets_highest_epoch(&world.view), E);
        world_without_record(&world);
        assert_int_equal(targets_highest_epoch(&world.view), 0);
        world_clear(&world);
}

/* While a switch runs, the view shows its targets, and the spec has to wait. */
static void targets_in_force_are_the_plans_while_switching(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        world.view.policy.dns_name = "new.example.com";
        assert_true(targets_moved(&world.view));
        assert_string_equal(targets_in_force(&world.view).dns_name, "new.example.com");
        world_switching(&world);
        assert_string_equal(targets_in_force(&world.view).dns_name, "gloo.example.com");
        world.view.policy.dns_name = "gloo.example.com";
        assert_false(targets_moved(&world.view));
        world.view.policy.lock_db = 3;
        assert_true(targets_moved(&world.view));
        world_clear(&world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_relation),
            cmocka_unit_test(what_was_never_read_says_nothing),
            cmocka_unit_test(the_highest_epoch_is_of_ours_only),
            cmocka_unit_test(targets_in_force_are_the_plans_while_switching),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
