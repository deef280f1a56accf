/*
 * yield.h -- work that only tells lets work that acts go first, but not for ever.
 *
 * Threads: loop thread only.
 */
#ifndef PK_RUNTIME_YIELD_H
#define PK_RUNTIME_YIELD_H

#include <stdbool.h>

#include "util/units.h"

enum {
        YIELD_MAX_MS = 5000, /* then it goes on beside the other work, until that is over */
        YIELD_LOOK_MS = 5,   /* whoever waits looks again after this */
};

struct yield {
        bool (*is_busy)(void *ctx); /* NULL: there is nobody to yield to */
        void *ctx;
        mono_ms since; /* when the present wait began; 0: none */
};

bool yield_must_wait(struct yield *yield, mono_ms now);

#endif
