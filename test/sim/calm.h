/*
 * calm.h -- the faults are over: does everything come to rest where it should? Liveness of the simulated world: a
 * switch that was begun ends (L2), every target comes to show the record (L4), and a dead active plane is left in time
 * (L1).
 */
#ifndef PK_TEST_SIM_CALM_H
#define PK_TEST_SIM_CALM_H

#include "sim.h"

/* One of the ways in which it may go on once faults have stopped. */
struct calm {
        bool packets_are_lost; /* else what is on its way arrives */
        unsigned first;        /* operator that looks and acts first */
        unsigned dead;         /* bits: planes that are dead for good */
};

/* From now on everybody is reached, and nothing fails but what is dead for good. */
void calm_begin(struct sim *sim, const struct calm *calm);
/* Everybody sees everything. */
void calm_look(struct sim *sim, const struct calm *calm);
/* A tick, where time passes, and some passes of each operator, until there is nothing to do. */
void calm_round(struct sim *sim, const struct calm *calm);
/* What the operator's texts tell a person to do, where one touched something before: false when it is nothing. */
bool calm_remedy(struct sim *sim, const struct calm *calm);
/* What an operator says of the state now: "FINDING_DRIFT: ..." */
void calm_describe(const struct sim *sim, const struct calm *calm, char *ret_text, size_t size);

/* Rounds until all is settled, with a person's help where it is asked for; else a violation of L4. */
void calm_converge(struct sim *sim, const struct calm *calm);
/* From a settled state: the active plane dies, and within the detection bound another is active; else one of L1. */
void calm_take_over(struct sim *sim);

#endif
