/*
 * plan.h -- the values that the effects of one epoch use, fixed at the decision. Pure; texts live in the arena or are
 * borrowed from the view.
 */
#ifndef PK_CORE_PLAN_H
#define PK_CORE_PLAN_H

#include "core/view.h"
#include "util/arena.h"

/*
 * The value of @wanted while @plane is active under @epoch: the one given for the plane, its address, or the template
 * with {clusterName}, {name}, {uid} and {epoch} replaced. "": it is not known now.
 */
const char *plan_value(const struct wanted_target *wanted, const struct plane_view *plane, epoch_t epoch,
                       struct arena *arena);
/* The same for a target in force; where the spec names none of its kind any more, "". */
const char *plan_value_at(const struct view *view, const struct target_view *target, const struct plane_view *plane,
                          epoch_t epoch, struct arena *arena);

/* The plan of @epoch for @to by the spec and the planes, without the old values: the part that the digest covers. */
struct plan plan_values(const struct view *view, const struct plane_view *to, epoch_t epoch, struct arena *arena);

/*
 * The bytes that the texts of a plan may take in a record on a Lease (4 KiB). A longer plan cannot be recorded, so it
 * is reported before a failover needs it. In a TXT record the texts are digests.
 */
enum { PLAN_BYTES_MAX = 2800 };
size_t plan_bytes(const struct plan *plan);

/*
 * The plan that makes @to active under @epoch, on the targets that the spec names. Its old values are what the targets
 * show now and what epochs before it may still leave there, as far as they fit, the newest first: what is shown and
 * what the last epoch wrote are never left out. @to must have an address.
 */
struct plan plan_for(const struct view *view, const struct plane_view *to, epoch_t epoch, struct arena *arena);

/*
 * The bytes of @plane's values in a plan: its own, and for the kept old values as many again as there are other planes.
 * Where that fits for each plane, every plan fits, whichever plane was active before. 0 where plans are recorded as
 * digests.
 */
size_t plan_bytes_at_most(const struct view *view, const struct plane_view *plane, struct arena *arena);

/*
 * Whether the spec's values or the active plane's address say something else than the record's plan, for the same
 * targets. A value that is not known now says nothing.
 */
bool plan_is_outdated(const struct view *view, const struct plane_view *active, struct arena *arena);

#endif
