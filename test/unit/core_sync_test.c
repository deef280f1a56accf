/* core_sync_test.c -- every relation between a target and the record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/sync.h"
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
        enum sync dns, lock;
} rows[] = {
    {"ours, wanted", STAMP_OURS, E, WORLD_ID, WORLD_STORE, "wanted", SYNC_MET, SYNC_MET},
    {"ours, old value under this epoch", STAMP_OURS, E, WORLD_ID, WORLD_STORE, "old", SYNC_DRIFT, SYNC_DRIFT},
    {"ours, by hand", STAMP_OURS, E, WORLD_ID, WORLD_STORE, "foreign", SYNC_DRIFT, SYNC_DRIFT},
    {"ours, value deleted", STAMP_OURS, E, WORLD_ID, WORLD_STORE, "", SYNC_EMPTY, SYNC_DRIFT},
    {"another id", STAMP_OURS, E, 7, WORLD_STORE, "wanted", SYNC_AHEAD, SYNC_AHEAD},
    {"later epoch", STAMP_OURS, E + 1, WORLD_ID, WORLD_STORE, "old", SYNC_AHEAD, SYNC_AHEAD},
    {"later epoch, wanted", STAMP_OURS, E + 1, 7, WORLD_STORE, "wanted", SYNC_AHEAD, SYNC_AHEAD},
    {"older epoch, wanted", STAMP_OURS, E - 1, 7, WORLD_STORE, "wanted", SYNC_BEHIND, SYNC_BEHIND},
    {"older epoch, old", STAMP_OURS, E - 1, 7, WORLD_STORE, "old", SYNC_BEHIND, SYNC_BEHIND},
    {"older epoch, by hand", STAMP_OURS, E - 1, 7, WORLD_STORE, "foreign", SYNC_DRIFT, SYNC_DRIFT},
    {"older epoch, value deleted", STAMP_OURS, E - 1, 7, WORLD_STORE, "", SYNC_EMPTY, SYNC_BEHIND},
    {"no stamp, wanted", STAMP_ABSENT, 0, 0, "", "wanted", SYNC_BEHIND, SYNC_BEHIND},
    {"no stamp, old", STAMP_ABSENT, 0, 0, "", "old", SYNC_BEHIND, SYNC_BEHIND},
    {"no stamp, by hand", STAMP_ABSENT, 0, 0, "", "foreign", SYNC_DRIFT, SYNC_DRIFT},
    {"nothing there", STAMP_ABSENT, 0, 0, "", "", SYNC_EMPTY, SYNC_BEHIND},
    {"not a stamp, nothing there", STAMP_FOREIGN, 0, 0, "", "", SYNC_FOREIGN, SYNC_FOREIGN},
    {"not a stamp", STAMP_FOREIGN, 0, 0, "", "wanted", SYNC_FOREIGN, SYNC_FOREIGN},
    {"another store, older", STAMP_OURS, E - 1, 7, WORLD_OTHER, "wanted", SYNC_FOREIGN, SYNC_FOREIGN},
    {"another store, same", STAMP_OURS, E, WORLD_ID, WORLD_OTHER, "wanted", SYNC_FOREIGN, SYNC_FOREIGN},
    {"another store, later", STAMP_OURS, E + 1, 7, WORLD_OTHER, "wanted", SYNC_FOREIGN, SYNC_FOREIGN},
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
                NAME(world.view).shows = (struct target_state){
                    .present = row->value[0], .value = dns_value(row->value), .ttl_s = 30, .stamp = stamp};
                LOCK(world.view).shows = (struct target_state){
                    .present = row->value[0], .value = lock_value(row->value), .stamp = stamp};
                if (sync_of(&world.view, &world.record, 1) != row->dns)
                        fail_msg("%s: DNS is %d", row->name, (int)sync_of(&world.view, &world.record, 1));
                if (sync_of(&world.view, &world.record, 0) != row->lock)
                        fail_msg("%s: lock is %d", row->name, (int)sync_of(&world.view, &world.record, 0));
                world_clear(&world);
        }
}

/* Its stamp came first, and something else sets the value: none counts before that is known to have done so. */
static const struct {
        const char *name, *value; /* "" absent */
        epoch_t epoch;            /* 0: no stamp */
        bool settling;
        enum sync lock;
} halves[] = {
    {"on its way, old value", "old", E, true, SYNC_SETTLING},
    {"on its way, and there already", "wanted", E, true, SYNC_SETTLING},
    {"on its way, nothing there", "", E, true, SYNC_SETTLING},
    {"on its way, by hand", "foreign", E, true, SYNC_DRIFT},
    {"to be begun, old value", "old", E, false, SYNC_BEHIND},
    {"to be begun, though it is there", "wanted", E, false, SYNC_BEHIND},
    {"to be begun, nothing there", "", E, false, SYNC_BEHIND},
    {"to be begun, by hand", "foreign", E, false, SYNC_DRIFT},
    {"an older one on its way", "wanted", E - 1, true, SYNC_BEHIND},
    {"an older one, old value", "old", E - 1, false, SYNC_BEHIND},
    {"never stamped, though it is there", "wanted", 0, false, SYNC_BEHIND},
    {"never stamped, by hand", "foreign", 0, false, SYNC_DRIFT},
};

static void half_a_lock(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++) {
                struct world world;
                world_init(&world);
                const epoch_t epoch = halves[i].epoch;
                struct stamp stamp = {epoch ? STAMP_OURS : STAMP_ABSENT, epoch,       epoch == E ? WORLD_ID : 7, "a",
                                      epoch ? WORLD_STORE : "",          "",          0,                         NULL};
                LOCK(world.view).is_weak = true;
                LOCK(world.view).shows = (struct target_state){.present = halves[i].value[0],
                                                               .value = lock_value(halves[i].value),
                                                               .stamp = stamp,
                                                               .settling = halves[i].settling,
                                                               .is_half = true};
                if (sync_of(&world.view, &world.record, 0) != halves[i].lock)
                        fail_msg("%s: lock is %d", halves[i].name, (int)sync_of(&world.view, &world.record, 0));
                world_clear(&world);
        }
}

static void what_was_never_read_says_nothing(void **state)
{
        (void)state;
        struct world world;
        world_init(&world);
        NAME(world.view).health.read_at = LOCK(world.view).health.read_at = 0;
        assert_int_equal(sync_of(&world.view, &world.record, 1), SYNC_UNREAD);
        assert_int_equal(sync_of(&world.view, &world.record, 0), SYNC_UNREAD);
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
        LOCK(world.view).shows.stamp.store = WORLD_OTHER;
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
        NAME(world.view.policy).ref.name = "new.example.com";
        assert_true(targets_moved(&world.view));
        targets_place(&world.view);
        assert_string_equal(targets_name(&world.view)->ref.name, "new.example.com");
        world_switching(&world);
        targets_place(&world.view);
        assert_string_equal(targets_name(&world.view)->ref.name, "gloo.example.com");
        NAME(world.view.policy).ref.name = "gloo.example.com";
        assert_false(targets_moved(&world.view));
        LOCK(world.view.policy).ref.db = 3;
        assert_true(targets_moved(&world.view));
        world_clear(&world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(every_relation),
            cmocka_unit_test(half_a_lock),
            cmocka_unit_test(what_was_never_read_says_nothing),
            cmocka_unit_test(the_highest_epoch_is_of_ours_only),
            cmocka_unit_test(targets_in_force_are_the_plans_while_switching),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
