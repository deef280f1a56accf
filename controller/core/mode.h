/*
 * mode.h -- the mode in effect: Automatic only where it is safe. Pure.
 */
#ifndef PK_CORE_MODE_H
#define PK_CORE_MODE_H

#include "core/view.h"
#include "util/arena.h"

struct effective_mode {
        enum mode mode;
        const char *reason;  /* AsRequested, OperatorInsidePlane, OperatorSharesRegion, SingleVantage */
        const char *message; /* what to change; "" for AsRequested */
};

struct effective_mode mode_in_effect(const struct view *view, struct arena *arena);

#endif
