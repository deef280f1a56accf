/* backoff.h -- growing delays with jitter, so that many clients of one API server do not come back together. */
#ifndef PK_KUBE_BACKOFF_H
#define PK_KUBE_BACKOFF_H

#include "util/units.h"

struct backoff {
        mono_ms nominal_ms; /* of the next delay; 0: the first */
};

/* Between half and all of the nominal delay, which starts at @first_ms and doubles up to @most_ms. */
mono_ms backoff_next(struct backoff *backoff, mono_ms first_ms, mono_ms most_ms);
void backoff_reset(struct backoff *backoff);

/* From 0 to below @spread_ms, by chance. */
mono_ms backoff_jitter(mono_ms spread_ms);

#endif
