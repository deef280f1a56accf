/*
 * follow.h -- one history in two worlds: as the explorer sees it, made canonical after every action, and as it is. The
 * second shows whether what the first leaves out is really not missed.
 */
#ifndef PK_TEST_PROVE_FOLLOW_H
#define PK_TEST_PROVE_FOLLOW_H

#include "bounds.h"
#include "canon.h"

struct follow {
        struct sim canonical, plain;
        /* Where each operator and packet of the canonical state is in the plain one. */
        unsigned operators[SIM_OPERATORS_MAX];
        unsigned packets[SIM_PACKETS_MAX];
};

void follow_begin(struct follow *follow, const struct bounds *bounds);
/* An action of the canonical world, as that of the plain one which is returned; both are done. */
struct sim_action follow_step(struct follow *follow, struct sim_action action);
/* Whether the plain state, made canonical, is the canonical one. */
bool follow_agrees(const struct follow *follow);

/* Random histories of @bounds in both worlds; false where they part, and then it is printed. */
bool follow_at_random(const struct bounds *bounds, epoch_t epoch_max, uint64_t seed, unsigned histories);

#endif
