/*
 * yield.h -- writes that only report (status, Events) wait for writes that act, for a bounded time.
 *
 * Threads: loop thread only.
 */
#ifndef PK_RUNTIME_YIELD_H
#define PK_RUNTIME_YIELD_H

#include <stdbool.h>

#include "util/units.h"

enum {
        YIELD_MAX_MS = 5000, /* after this the reporting goes on beside the other work */
        YIELD_LOOK_MS = 5,   /* the waiting work looks again after this */
};

struct yield {
        bool (*is_busy)(void *ctx); /* NULL: nothing goes first */
        void *ctx;
        mono_ms since; /* when the present wait began; 0: none */
};

bool yield_must_wait(struct yield *yield, mono_ms now);

#endif
