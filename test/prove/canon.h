/*
 * canon.h -- one state of the simulated world for all that behave alike, so that a finite number of them is enough.
 *
 * What is made equal, and why nothing that is checked can tell the difference:
 * - Time is counted from now: every instant is moved by the same amount. Nothing in the core or in the checks looks at
 * an instant but through its distance to now.
 * - Ages above AGE_MAX become AGE_MAX, runs of samples above both thresholds the threshold: every limit that a gate or
 * a check compares with is below (bounds.h refuses others). Automatic switches are either within the day or forgotten.
 * - Decision ids are renamed in their order: they are compared for equality alone.
 * - Versions of the arbiter's record are either the present one or not: an old one never comes back.
 * - Packets on their way are a bag, and the operators are alike unless each has a place of its own: both are sorted.
 *   Nothing refers to them by place.
 * - What only people read (reason, holder, start and end of a switch, count of deeds) is left out, and so is what the
 *   world of this configuration never reads (the older record, the lock before the last write).
 * - Of decisions that nothing refers to any more only the epoch is kept; it is what S1 asks for.
 *
 * Nothing is left out because it "cannot happen": a packet that a fenced register would refuse is kept, since whether
 * it is refused is what is to be found out.
 */
#ifndef PK_TEST_PROVE_CANON_H
#define PK_TEST_PROVE_CANON_H

#include "sim.h"

enum {
        CANON_RUN_MAX = 2,        /* failureThreshold and successThreshold of the world */
        CANON_FAILING_TICKS = 6,  /* failoverDelay is 2; a target's answer after its begin counts while it is fresh */
        CANON_PASSING_TICKS = 2,  /* stableFor is 1, and a verdict is as old as the run at first sight */
        CANON_VERDICT_TICKS = 2,  /* failoverDelay: that long a plane that came back is no witness */
        CANON_SPOKEN_TICKS = 3,   /* who speaks for a plane must have been silent for three renewals */
        CANON_SAMPLE_TICKS = 5,   /* a sample is fresh for 3, and S7 allows 4 */
        CANON_READ_TICKS = 7,     /* a target's answer is fresh for 5, and S7 allows 6 */
        CANON_LOOK_TICKS = 2,     /* a look that a commit rests on is at most 1 old */
        CANON_ARBITER_TICKS = 2,  /* the arbiter's answer is fresh for 1 */
        CANON_COOLDOWN_TICKS = 4, /* the longest cooldown of bounds.c is 3 */
};

/* Which place before each place of the canonical state was in: to follow an operator or a packet through a history. */
struct canon_moves {
        unsigned operators[SIM_OPERATORS_MAX];
        unsigned packets[SIM_PACKETS_MAX];
};

/* In place. @ret_moves may be NULL. */
void canon_make(struct sim *sim, struct canon_moves *ret_moves);

/* How many bytes of a state count, from its beginning: a multiple of 8. */
size_t canon_size(const struct sim *sim);
/* Of a state without a violation. */
void canon_copy(struct sim *to, const struct sim *from);

struct canon_key {
        uint64_t high, low;
};
struct canon_key canon_key_of(const struct sim *sim, uint64_t salt);

#endif
