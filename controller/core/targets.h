/*
 * targets.h -- which registers the view shows and the effects use: those of the plan while a switch is under way (a
 * spec edit takes effect at the next epoch), else those that the spec names. Pure; texts are borrowed from the view.
 */
#ifndef PK_CORE_TARGETS_H
#define PK_CORE_TARGETS_H

#include "core/view.h"
#include "util/arena.h"

struct targets {
        const char *dns_provider;
        const char *dns_server;
        const char *dns_name;
        const char *lock_server; /* "" where no lock is used; then the key is "" and the database 0 */
        const char *lock_key;
        uint32_t lock_db;
};

enum { REFUSAL_LASTS_MS = 5000 };

struct targets targets_in_force(const struct view *view);
struct targets targets_of_spec(const struct view *view);
struct targets targets_of_plan(const struct plan *plan);
bool targets_are_same(const struct targets *a, const struct targets *b);

bool targets_use_lock(const struct view *view); /* whether those in force include a lock */
/* Whether the spec names others than the record's plan does: they have to be adopted anew. */
bool targets_moved(const struct view *view);
/* Whether the name was read, and leads nowhere. */
bool targets_name_is_empty(const struct view *view);
/* Whether every target in force was read at least once, so that the states in the view say something. */
bool targets_are_read(const struct view *view);

bool targets_refuses(const struct target_health *health); /* denied us, or did not understand us, when last visited */
/*
 * Whether a target has refused us (denied, not understood) for longer than a few tries take: then only a person can mend
 * it. A zone that is frozen for a moment needs nobody.
 */
bool targets_refusal_lasts(const struct target_health *health, mono_ms now);
/* When a refusal that has begun will have lasted; 0: none has begun, or it has. */
mono_ms targets_refusal_due(const struct target_health *health, mono_ms now);

/*
 * The highest epoch of ours in the record and at the targets; 0 where there is none. The next decision is this plus
 * one.
 */
epoch_t targets_highest_epoch(const struct view *view);

/* Whether two store texts are of the same policy, by namespace and name, whoever decides for it. */
bool targets_are_kin(const char *store, const char *other);

/*
 * Whether annotation takeover, "<id>[,<id>]", names @id: a person says that who wrote the stamp decides no more. A stamp
 * that was written since has another id.
 */
bool targets_takeover_names(const char *takeover, decision_id id);

/* The ids of the stamps in force that another Planekeeper made for this policy, as takeover wants them; "" none. */
const char *targets_unshared_ids(const struct view *view, struct arena *arena);
/* One that a person says is ours by now; NULL: there is none. */
const struct stamp *targets_taken_over(const struct view *view);

/* Whether the value is not ours: the stamp is another owner's or nothing we can read, or another tool claims it. */
bool targets_stamp_is_foreign(const struct view *view, const struct stamp *stamp);

/*
 * A stamp in force that the Planekeeper of another cluster, or of another decision store, made for this very policy:
 * two that decide each on its own. NULL: there is none.
 */
const struct stamp *targets_unshared(const struct view *view);
bool targets_stamp_is_unshared(const struct view *view, const struct stamp *stamp);

#endif
