/* yield.c -- writes that only report wait for writes that act. */
#include "runtime/yield.h"

bool yield_must_wait(struct yield *yield, mono_ms now)
{
        if (!yield->is_busy || !yield->is_busy(yield->ctx)) {
                yield->since = 0;
                return false;
        }
        if (!yield->since)
                yield->since = now;
        return now - yield->since < YIELD_MAX_MS;
}
