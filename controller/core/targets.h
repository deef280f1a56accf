/*
 * targets.h -- the targets in force: those of the plan while a switch is under way (a spec edit takes effect at the
 * next epoch), else those that the spec names. Pure; texts are borrowed from the view.
 */
#ifndef PK_CORE_TARGETS_H
#define PK_CORE_TARGETS_H

#include "core/view.h"
#include "util/arena.h"

enum { REFUSAL_LASTS_MS = 5000 };

/* Makes view->targets those in force, in step order; what is known already of one of its kind stays. */
void targets_place(struct view *view);
/* The same as a list; returns their count. */
unsigned targets_in_force(const struct record *record, const struct policy_view *policy, struct target_ref *ret);

/* The first of @kind, of which there may be several; NULL: none is in force, planned, wanted. */
const struct target_view *targets_find(const struct view *view, enum target_kind kind);
const struct plan_target *plan_find(const struct plan *plan, enum target_kind kind);
const struct wanted_target *wanted_find(const struct policy_view *policy, enum target_kind kind);
/* The first that leads agents, which every policy has: people are told of it, and a record may be beside it. */
const struct target_view *targets_name(const struct view *view);
/*
 * The record's plan for @target, and the spec's: of the very same register, or else of the one in the same place among
 * those of its kind. NULL: none.
 */
const struct plan_target *targets_planned(const struct view *view, const struct target_view *target);
const struct wanted_target *targets_wanted(const struct view *view, const struct target_view *target);

/*
 * The target in the place that the i-th of @plan has among its kind, because a record with digests names no registers.
 */
const struct target_view *targets_shown(const struct view *view, const struct plan *plan, unsigned i);
unsigned plan_place_in_kind(const struct plan *plan, unsigned i);

/* By its kind or by its driver: it is met by its value alone, and looked at for ever. */
bool targets_is_weak(const struct target_view *target);

/* Whether the spec names others than the record's plan does: they have to be adopted anew. */
bool targets_moved(const struct view *view);
/* The first name that was read and leads nowhere; NULL: none does. */
const struct target_view *targets_empty_name(const struct view *view);
bool targets_name_is_empty(const struct view *view);
/* Whether every target in force that names a plane was read at least once, so that what they show says something. */
bool targets_are_read(const struct view *view);
/* The plane whose loss takes the endpoint of @target along; "" none. */
const char *targets_plane_of(const struct view *view, const struct target_view *target);

bool targets_refuses(const struct target_health *health); /* the last visit was denied, or not understood */
/*
 * Whether a target has refused visits (denied, not understood) for longer than a few tries take: then only a person can
 * repair it. A zone that is frozen for a moment needs no person.
 */
bool targets_refusal_lasts(const struct target_health *health, mono_ms now);
/* When a refusal that has begun will have lasted; 0: none has begun, or it has. */
mono_ms targets_refusal_due(const struct target_health *health, mono_ms now);

/*
 * This policy's highest epoch in the record and at the targets; 0 where there is none. The next decision is this plus
 * one.
 */
epoch_t targets_highest_epoch(const struct view *view);

/* The ids of the stamps in force that another Planekeeper made for this policy, as takeover wants them; "" none. */
const char *targets_split_ids(const struct view *view, struct arena *arena);
/* One that a person has handed over to this policy; NULL: there is none. */
const struct stamp *targets_taken_over(const struct view *view);

/* Whether the value is not this policy's: the stamp is another owner's or cannot be read, or another tool claims it. */
bool targets_stamp_is_foreign(const struct view *view, const struct stamp *stamp);

/*
 * Another owner whose @stamp may be replaced: the policy's former store, or one that a person has handed over; "" none.
 */
const char *targets_former(const struct view *view, const struct stamp *stamp);

/*
 * A stamp in force that the Planekeeper of another cluster, or of another decision store, made for this very policy:
 * two that decide each on its own. NULL: there is none.
 */
const struct stamp *targets_split_owner(const struct view *view);
bool targets_stamp_splits(const struct view *view, const struct stamp *stamp);

#endif
