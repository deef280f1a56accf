/*
 * history.h -- what the explorer found, as a history of the plain world: without canonical states, so that what they
 * leave out is checked on the way.
 */
#ifndef PK_TEST_PROVE_HISTORY_H
#define PK_TEST_PROVE_HISTORY_H

#include "bounds.h"
#include "seen.h"

/* The actions that led to @from, then @last, and what is wrong after them. */
void history_print(const struct bounds *bounds, const struct seen *seen, uint32_t from, struct sim_action last,
                   const char *wrong);
/* Applies @actions, parted by spaces, and shows every state. 1: a violation was met; 2: not understood. */
int history_replay(const struct bounds *bounds, const char *actions);

#endif
