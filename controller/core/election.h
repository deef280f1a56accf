/*
 * election.h -- which plane may take over, and why another may not (gate 6 of the design). Pure.
 */
#ifndef PK_CORE_ELECTION_H
#define PK_CORE_ELECTION_H

#include "core/health.h"
#include "util/arena.h"

/* "" when @plane is fit to become active now, else the reason, for people. @active may be NULL (nothing to compare the port with). */
const char *election_unfit(const struct view *view, const struct plane_view *plane, const struct plane_view *active,
                           struct arena *arena);

/* The first fit plane in order of preference other than @active; NULL where none, and then *ret_why names each plane's reason. */
const struct plane_view *election_choose(const struct view *view, const struct plane_view *active, struct arena *arena,
                                         const char **ret_why);

const struct plane_view *election_find(const struct view *view, const char *name); /* NULL where the policy does not name it */

#endif
