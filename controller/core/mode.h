/*
 * mode.h -- the mode in effect: Automatic only where it is safe. Pure.
 */
#ifndef PK_CORE_MODE_H
#define PK_CORE_MODE_H

#include "core/view.h"
#include "util/arena.h"

struct effective_mode {
        enum mode mode;
        const char *reason;  /* AsRequested, AutomaticUnsafe, OperatorInsidePlane, OperatorSharesRegion, SingleVantage,
                                SharedVantage */
        const char *message; /* the remedy; "" for AsRequested */
        bool may_pass;       /* another operator may still make Automatic safe, without an edit here */
        mono_ms wake_at;     /* when the passing of time changes it; 0: it does not */
};

struct effective_mode mode_in_effect(const struct view *view, struct arena *arena);

#endif
