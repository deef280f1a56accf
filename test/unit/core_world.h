/*
 * core_world.h -- builds the views that the core decides on. A new world is the ordinary one: planes a, b and c are
 * healthy, a is active under epoch 5, DNS and lock show it, every mechanism has just answered, Automatic is in effect.
 * A test changes what it is about.
 *
 * Ownership: the world owns its arena; everything that a decision points to lives until world_clear().
 */
#ifndef PK_TEST_CORE_WORLD_H
#define PK_TEST_CORE_WORLD_H

#include "core/failover.h"
#include "core/report.h"
#include "core/runbook.h"
#include "two_targets.h"

enum {
        WORLD_NOW = 100000000,
        WORLD_PLANES = 3,
        WORLD_INTERVAL_MS = 5000,
        WORLD_TIMEOUT_MS = 3000,
        WORLD_DELAY_MS = 30000,
        WORLD_EPOCH = 5,
};
#define WORLD_WALL     ((unix_ms)1795402751000) /* 2026-11-23T02:59:11Z */
#define WORLD_STORE    "k8s/uid-1/default/gloo"
#define WORLD_OTHER    "k8s/uid-2/default/other"
#define WORLD_ID       ((decision_id)0x1111)
#define WORLD_FRESH_ID ((decision_id)0x2222)
#define WORLD_RRSET_A  "A 192.0.2.1"
#define WORLD_RRSET_B  "A 192.0.2.2"
#define WORLD_RRSET_C  "CNAME c.example.com"

struct world {
        struct view view;
        struct record record;
        struct arena arena;
};

/* Tools of every driver: "set NAME VALUE TTL", and for what leads agents "look at NAME". */
extern const struct by_hand_tools world_tools;
/* What a person would do by hand now, and its first command with @word in it; "" none. */
struct runbook world_runbook(struct world *world, const struct by_hand_tools *tools);
const char *world_line_with(const struct runbook *runbook, const char *word);

void world_init(struct world *world);
void world_clear(struct world *world);
/* Fixtures: *state is a new world. */
int world_set_up(void **state);
int world_tear_down(void **state);

/* Planes, by index. A run of passes or failures began @since_ms ago and its last sample has just ended. */
void world_pass(struct world *world, unsigned plane, mono_ms since_ms);
void world_fail(struct world *world, unsigned plane, mono_ms since_ms);
void world_stale(struct world *world, unsigned plane); /* no sample for ten minutes */
void world_blind(struct world *world, unsigned plane); /* its samples judge nothing; the last that did are stale */
void world_deployment(struct world *world, unsigned plane, int available, int wanted);
void world_count(struct world *world, unsigned plane, uint32_t passes, uint32_t fails); /* of the path check */

void world_without_lock(struct world *world);   /* AllClusters: in the spec and in the record */
void world_spec_without_lock(struct world *world); /* the spec alone: the record still has it */
void world_without_record(struct world *world); /* never adopted, no stamps at the targets */
/* A switch a -> b under epoch 6, decided because a failed: record only, the targets still show a at epoch 5. */
void world_switching(struct world *world);

void world_dns(struct world *world, const char *rrset, epoch_t epoch, const char *plane);  /* epoch 0: no stamp */
void world_lock(struct world *world, const char *value, epoch_t epoch, const char *plane); /* value NULL: absent */
void world_dns_fails(struct world *world, enum err class, const char *error, bool was_read);
void world_lock_fails(struct world *world, enum err class, const char *error, bool was_read);

/*
 * One more target of @kind, at "<kind>.example.com", in the spec, in the record and in force, which shows what the record
 * says: in a switch what was before it. Its value is the plane's name; of a name the address. Returns its place.
 */
unsigned world_add(struct world *world, enum target_kind kind);
/* What the target at @place shows; epoch 0: no stamp. */
void world_show(struct world *world, unsigned place, const char *value, epoch_t epoch, const char *plane);

void world_later(struct world *world, mono_ms by_ms); /* time passes, nothing else */

/* What the only other nameserver, 192.0.2.54:53, was heard to show; NULL: it missed @misses looks, or (0) was not asked. */
void world_verify(struct world *world, const char *shown, bool shows_record, unsigned misses);

struct decision world_decide(struct world *world);
struct report world_report(struct world *world, const struct decision *decision);
const struct report_condition *world_condition(const struct report *report, const char *type); /* NULL where absent */
/* Status, reason: "True Steady"; "absent". */
const char *world_condition_text(struct world *world, const struct report *report, const char *type);

/* The decision's finding and action, checked against the table, with the finding's name in the failure. */
void world_expect(struct world *world, enum finding finding, enum action action, const char *file, int line);
#define WORLD_EXPECT(world, finding, action) world_expect((world), (finding), (action), __FILE__, __LINE__)

#endif
