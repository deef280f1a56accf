/*
 * patience.h -- how long an answer is waited for, learnt from how long answers take. Pure.
 *
 * An API server whose answers take two seconds is slow, not away: to give each request up after one and a half, for
 * ever, is to have no API server at all. The patience grows with what is seen, to four times what is configured, and
 * comes back.
 */
#ifndef PK_KUBE_PATIENCE_H
#define PK_KUBE_PATIENCE_H

#include "util/units.h"

enum { PATIENCE_GROWTH_MAX = 4 };

struct patience {
        mono_ms base;    /* enough where all is well */
        mono_ms timeout; /* now: base to PATIENCE_GROWTH_MAX times base */
};

void patience_answered(struct patience *patience, mono_ms latency);
void patience_timed_out(struct patience *patience);
/* @span, which was meant for answers within @patience->base, for those of now. */
mono_ms patience_stretch(const struct patience *patience, mono_ms span);

#endif
