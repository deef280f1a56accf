/*
 * status_share.h -- how much of the API server's time statuses may take: what its other users leave.
 *
 * Each object may be written STATUS_OBJECT_BURST times at full speed, which is enough for a failover and the way back
 * (STATUS_BURST at least, over all), and in the long run there are STATUS_PER_SECOND writes a second over all objects.
 * Full speed is a number of writes in flight that the answers set: one more for each round of quick ones, half of it
 * after one that is slow, refused for overload, or lost (additive increase, multiplicative decrease, as TCP does).
 *
 * Threads: loop thread only.
 */
#ifndef PK_RECONCILE_STATUS_SHARE_H
#define PK_RECONCILE_STATUS_SHARE_H

#include <stdbool.h>

#include "util/err.h"
#include "util/units.h"

enum {
        STATUS_PER_SECOND = 20,
        STATUS_BURST = 20,
        STATUS_OBJECT_BURST = 6,
        STATUS_IN_FLIGHT_FIRST = 2,
        STATUS_IN_FLIGHT_MAX = 8,
        STATUS_QUICK_MS = 100, /* such an answer shows that the API server has time left */
        STATUS_SLOW_MS = 500
};

struct status_share {
        double allowed; /* writes in flight */
        unsigned in_flight;
        unsigned objects;
        double tokens;
        mono_ms filled_at;
};

void status_share_init(struct status_share *share, mono_ms now);
/* One more object is written to, or (@is_there false) one less. */
void status_share_count(struct status_share *share, bool is_there);
bool status_share_has_place(const struct status_share *share);
/* When the next write may be sent where there is a place for it: @now, or later. */
mono_ms status_share_free_at(struct status_share *share, mono_ms now);
void status_share_sent(struct status_share *share);
/* A write has ended after @took, or was cancelled. */
void status_share_answered(struct status_share *share, enum err err, mono_ms took);
void status_share_cancelled(struct status_share *share);

#endif
