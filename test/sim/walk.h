/*
 * walk.h -- random histories of the simulated world, each made from one number: the same number, the same history, to
 * the bit.
 */
#ifndef PK_TEST_SIM_WALK_H
#define PK_TEST_SIM_WALK_H

#include "sim.h"

struct walk_counts {
        uint64_t verbs[SIM_VERB_COUNT];
        uint64_t endings[SIM_ENDING_COUNT]; /* of passes that did something */
        uint64_t decisions;
};

/*
 * One history: @steps random actions in a random world, then calm. What broke is in @sim's violation. @counts is added
 * to.
 */
void walk_history(struct sim *sim, uint64_t seed, unsigned steps, struct walk_counts *counts);

/* The next number: equal seeds, equal numbers, everywhere. */
uint64_t walk_draw(uint64_t *seed);

/* Whether a verb, or an ending, is a fault rather than ordinary life. */
bool walk_is_fault(enum sim_verb verb);
bool walk_ending_is_fault(enum sim_ending ending);

#endif
