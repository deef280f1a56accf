/*
 * bounds.h -- which worlds are explored, and how far: each a finite number of canonical states, all of which are
 * visited.
 */
#ifndef PK_TEST_PROVE_BOUNDS_H
#define PK_TEST_PROVE_BOUNDS_H

#include "sim.h"

struct bounds {
        struct sim_config config;
        epoch_t epoch_max;       /* nothing is decided beyond it */
        epoch_t short_epoch_max; /* in the short form; 0: left out of it */
        bool is_always_answered; /* every write is */
        bool is_one_sided;       /* plane a alone comes and goes, and only the last operator loses sight of it */
        uint64_t without;        /* bits: verbs that are left out, beyond those that the world does not have */
        const char *what;        /* for people */
};

extern const struct bounds bounds_list[];
extern const unsigned bounds_count;
const struct bounds *bounds_find(const char *name); /* NULL where there is none */

/* Whether @action is one of those that are explored. A crash after a write is the write, unanswered, and a crash. */
bool bounds_allow(const struct bounds *bounds, const struct sim *sim, const struct sim_action *action);
bool bounds_allow_ending(const struct bounds *bounds, const struct sim *sim, enum sim_ending ending);

#endif
