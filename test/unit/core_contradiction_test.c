/*
 * core_contradiction_test.c -- targets that contradict the record: another owner's stamp, a later epoch of ours, a
 * person's edit; at either target, in Steady and in the middle of a switch, and what a person may ask for then.
 */
#include "core_rows.h"

enum { LATER = WORLD_EPOCH + 3 };

/* ---- Steady ---- */

static void dns_foreign(struct world *world)
{
        NAME(world->view).shows.stamp.store = WORLD_OTHER;
}
static void lock_foreign(struct world *world)
{
        LOCK(world->view).shows.stamp.store = WORLD_OTHER;
}
static void dns_foreign_unreadable(struct world *world)
{
        dns_foreign(world);
        NAME(world->view).shows.stamp.raw = "";
}
static void dns_ahead(struct world *world)
{
        world_dns(world, WORLD_RRSET_B, LATER, "b");
}
static void lock_ahead(struct world *world)
{
        world_lock(world, "cluster-b", LATER, "b");
}
static void lock_ahead_of_nobody(struct world *world)
{
        world_lock(world, "cluster-z", LATER, "z");
}
static void lock_ahead_of_missing_plane(struct world *world)
{
        lock_ahead(world);
        world->view.planes[1].known = false;
}
static void lock_ahead_of_plane_without_address(struct world *world)
{
        lock_ahead(world);
        world->view.planes[1].rrset = "";
}
static void new_and_foreign(struct world *world)
{
        world_without_record(world);
        world_dns(world, WORLD_RRSET_A, WORLD_EPOCH, "a");
        dns_foreign(world);
}
static void adopt_refused_without_lock(struct world *world)
{
        world_without_lock(world);
        world->view.policy.adopt = "b/6";
}
static void steady_without_lock(struct world *world)
{
        world_without_lock(world);
}

/* ---- a switch under way ---- */

static void switch_dns_foreign(struct world *world)
{
        world_switching(world);
        dns_foreign(world);
}
static void switch_lock_foreign(struct world *world)
{
        world_switching(world);
        lock_foreign(world);
}
static void switch_dns_ahead(struct world *world)
{
        world_switching(world);
        dns_ahead(world);
}
static void switch_lock_ahead(struct world *world)
{
        world_switching(world);
        lock_ahead(world);
}
static void spec_moved(struct world *world)
{
        NAME(world->view.policy).ref.name = "other.example.com";
}
static void switch_ahead_and_spec_moved(struct world *world)
{
        switch_dns_ahead(world);
        spec_moved(world);
}
/* Named b under a later epoch, and showing a: nobody can say who it is. */
static void switch_ahead_of_nobody(struct world *world)
{
        world_switching(world);
        world_dns(world, WORLD_RRSET_A, LATER, "b");
}
static void switch_ahead_of_nobody_and_spec_moved(struct world *world)
{
        switch_ahead_of_nobody(world);
        spec_moved(world);
}
static void switch_ahead_of_nobody_switch_asked(struct world *world)
{
        switch_ahead_of_nobody(world);
        world->view.policy.switch_to = "b/9";
}
static void switch_ahead_of_nobody_adopt_asked(struct world *world)
{
        switch_ahead_of_nobody(world);
        world->view.policy.adopt = "a/9";
}
static void switch_dns_edited(struct world *world)
{
        world_switching(world);
        world_dns(world, WORLD_RRSET_C, WORLD_EPOCH, "a");
}
static void switch_lock_edited(struct world *world)
{
        world_switching(world);
        world_lock(world, "by hand", WORLD_EPOCH, "a");
}
static void switch_dns_edited_adopt_asked(struct world *world)
{
        switch_dns_edited(world);
        world->view.policy.adopt = "b/7";
}
/* A person put the lock back to a under the very epoch of the switch to b. */
static void switch_lock_edited_back_adopt_asked(struct world *world)
{
        world_switching(world);
        world_lock(world, "cluster-a", WORLD_EPOCH + 1, "b");
        world->view.policy.adopt = "a/7";
}
static void switch_adopt_asked(struct world *world)
{
        world_switching(world);
        world->view.policy.adopt = "b/7";
}
static void switch_adopt_asked_and_spec_moved(struct world *world)
{
        switch_adopt_asked(world);
        spec_moved(world);
}

static const struct decision_row rows[] = {
    {"DNS foreign", dns_foreign, FINDING_FOREIGN_OWNER, DO_REPORT, "gloo.example.com belongs to another owner", NULL},
    {"lock foreign", lock_foreign, FINDING_FOREIGN_OWNER, DO_REPORT, "mgmt-active belongs to another owner", NULL},
    {"DNS foreign, no text", dns_foreign_unreadable, FINDING_FOREIGN_OWNER, DO_REPORT, WORLD_OTHER, NULL},
    {"new, DNS foreign", new_and_foreign, FINDING_FOREIGN_OWNER, DO_REPORT, "another owner", NULL},
    {"DNS ahead", dns_ahead, FINDING_EPOCH_AHEAD, DO_ADOPT, "name b under epoch 8", NULL},
    {"lock ahead", lock_ahead, FINDING_EPOCH_AHEAD, DO_ADOPT, "name b under epoch 8", NULL},
    {"lock ahead of nobody", lock_ahead_of_nobody, FINDING_UNKNOWN_TARGET, DO_REPORT, "holds \"cluster-z\"", NULL},
    {"lock ahead of a missing plane", lock_ahead_of_missing_plane, FINDING_UNKNOWN_TARGET, DO_REPORT, "switch-to=a/9",
     NULL},
    {"lock ahead of no address", lock_ahead_of_plane_without_address, FINDING_UNKNOWN_TARGET, DO_REPORT, "switch-to=a/9",
     NULL},
    {"adopt refused, no lock", adopt_refused_without_lock, FINDING_STEADY, DO_WAIT, "a is active",
     "refused: gloo.example.com shows \"A 192.0.2.1\", which is not b (\"A 192.0.2.2\")"},
    {"no lock, nothing outdated", steady_without_lock, FINDING_STEADY, DO_WAIT, "a is active", NULL},

    {"switch: DNS foreign", switch_dns_foreign, FINDING_FOREIGN_OWNER, DO_REPORT, "gloo.example.com belongs", NULL},
    {"switch: lock foreign", switch_lock_foreign, FINDING_FOREIGN_OWNER, DO_REPORT, "mgmt-active belongs", NULL},
    {"switch: DNS ahead", switch_dns_ahead, FINDING_EPOCH_AHEAD, DO_ADOPT, "name b under epoch 8", NULL},
    {"switch: lock ahead", switch_lock_ahead, FINDING_EPOCH_AHEAD, DO_ADOPT, "name b under epoch 8", NULL},
    {"switch: ahead, spec moved", switch_ahead_and_spec_moved, FINDING_UNKNOWN_TARGET, DO_REPORT,
     "carries epoch 8, and the spec names other targets by now: kubectl annotate fop gloo -n default --overwrite "
     "planekeeper.io/switch-to=b/9", NULL},
    {"switch: ahead of nobody", switch_ahead_of_nobody, FINDING_UNKNOWN_TARGET, DO_REPORT, "shows a, but epoch 8 was b",
     NULL},
    {"switch: ahead of nobody, spec moved", switch_ahead_of_nobody_and_spec_moved, FINDING_UNKNOWN_TARGET, DO_REPORT,
     "shows a, but epoch 8 was b", NULL},
    {"switch: ahead of nobody, switch asked", switch_ahead_of_nobody_switch_asked, FINDING_SWITCH_REQUESTED, DO_DECIDE,
     "a person asked for b", NULL},
    {"switch: ahead of nobody, adopt asked", switch_ahead_of_nobody_adopt_asked, FINDING_ADOPT_REQUESTED, DO_ADOPT,
     "a person says a is active", NULL},
    {"switch: DNS edited", switch_dns_edited, FINDING_DRIFT, DO_REPORT, "gloo.example.com shows \"CNAME c", NULL},
    {"switch: lock edited", switch_lock_edited, FINDING_DRIFT, DO_REPORT, "lock mgmt-active holds \"by hand\"", NULL},
    {"switch: DNS edited, wrong plane", switch_dns_edited_adopt_asked, FINDING_DRIFT, DO_REPORT, "put back",
     "refused: gloo.example.com shows \"CNAME c.example.com\" and lock mgmt-active holds \"cluster-a\""},
    {"switch: lock put back, adopt", switch_lock_edited_back_adopt_asked, FINDING_ADOPT_REQUESTED, DO_ADOPT,
     "a person says a is active", NULL},
    {"switch: adopt", switch_adopt_asked, FINDING_STEP_UNMET, DO_WRITE, "to be moved", "waiting: a switch is under way"},
    {"switch: adopt, spec moved", switch_adopt_asked_and_spec_moved, FINDING_STEP_UNMET, DO_WRITE, "to be moved",
     "waiting: the targets of spec are others"},
};

static void what_contradicts_the_record_is_never_overwritten(void **state)
{
        (void)state;
        rows_decide(rows, ROWS_COUNT(rows));
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(what_contradicts_the_record_is_never_overwritten)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
