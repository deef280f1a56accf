/* backoff.c -- growing delays with jitter. */
#include "kube/backoff.h"

#include <stdlib.h>

mono_ms backoff_jitter(mono_ms spread_ms)
{
        return spread_ms > 0 ? (mono_ms)arc4random_uniform((uint32_t)spread_ms) : 0;
}

mono_ms backoff_next(struct backoff *backoff, mono_ms first_ms, mono_ms most_ms)
{
        mono_ms nominal = backoff->nominal_ms < first_ms  ? first_ms
                          : backoff->nominal_ms < most_ms ? backoff->nominal_ms
                                                          : most_ms;
        backoff->nominal_ms = nominal * 2;
        return nominal - nominal / 2 + backoff_jitter(nominal / 2 + 1);
}

void backoff_reset(struct backoff *backoff)
{
        backoff->nominal_ms = 0;
}
