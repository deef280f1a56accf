/* election.h -- which plane may take over, and why another may not. Pure. */
#ifndef PK_CORE_ELECTION_H
#define PK_CORE_ELECTION_H

#include "core/health.h"
#include "util/arena.h"

/* How long the last answer of DNS counts after DNS stopped answering: about as long as agents may remember it. */
enum { NAME_CONFIRMED_MS = 300000 };

/*
 * "" when the record of @plane leads agents to the addresses that are probed: always where it has addresses, and for a
 * name while DNS confirms it; else why not.
 */
const char *election_name_unfit(const struct view *view, const struct plane_view *plane, struct arena *arena);

struct unfitness {
        enum unfit kind;
        const char *why;    /* "" where it is fit */
        const char *reason; /* of FailoverPossible, where one is due to that; NULL: the usual one */
};
const char *election_unfit_word(enum unfit unfit); /* "Unhealthy"; NULL: a person cannot confirm it */
struct unfitness election_unfitness(const struct view *view, const struct plane_view *plane,
                                    const struct plane_view *active, struct arena *arena);

/* "" when a person may make @plane active now, else why not. @active may be NULL (nothing to compare the port with). */
const char *election_unfit(const struct view *view, const struct plane_view *plane, const struct plane_view *active,
                           struct arena *arena);

/*
 * "" when @plane may be chosen without a person: fit, and not the plane that failed less than stableFor of good health
 * ago.
 */
const char *election_unready(const struct view *view, const struct plane_view *plane, const struct plane_view *active,
                             struct arena *arena);

/*
 * When the plane that failed ends its quarantine, if it stays healthy: nothing but time tells. 0: none is in
 * quarantine.
 */
mono_ms election_quarantine_end(const struct view *view);

/*
 * The first ready plane in order of preference other than @active; NULL where none, and then *ret_why names each
 * plane's reason.
 */
const struct plane_view *election_choose(const struct view *view, const struct plane_view *active, struct arena *arena,
                                         const char **ret_why);


#endif
