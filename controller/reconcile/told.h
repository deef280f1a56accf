/*
 * told.h -- the last reported state of a policy: a change is reported once, by the leader.
 *
 * Ownership: texts are owned; told_forget() frees them.
 */
#ifndef PK_RECONCILE_TOLD_H
#define PK_RECONCILE_TOLD_H

#include "core/rules.h"
#include "util/units.h"

struct told {
        enum finding finding; /* of the pass before; FINDING_COUNT: nothing was told yet */
        char *reason;
        char *why;
        mono_ms late_until;  /* of the last late loop; several on end are one */
        char *armed;         /* condition Armed, its word by the last pass; NULL: none yet */
        char *armed_told;    /* the word that was last told; NULL: none */
        mono_ms armed_since; /* of the word by the last pass */
};

void told_forget(struct told *told);

#endif
