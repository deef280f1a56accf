/*
 * batch_lane.h -- the effects that may go in one call, in the order in which they came. The lanes of a mechanism are
 * served in turn. Private to batch.c.
 *
 * Ownership: a lane has its effects until they are taken out.
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_BATCH_LANE_H
#define PK_RECONCILE_BATCH_LANE_H

#include "reconcile/effect.h"

/* It is never empty for long. */
struct batch_lane {
        struct mechanism *mechanism;
        char *key;
        uint64_t hash;  /* of the key */
        bool is_closed; /* its effects go again after a call that carried them: no others join */
        struct effect *first, **end;
        struct batch_lane *next;
};

enum { BATCH_ALONE = '1', BATCH_SWAP = 's', BATCH_PREFLIGHT = 'p' };
char batch_lane_verb(const struct effect *effect); /* BATCH_ALONE: such effects go one by one */

/* Effects that may go together have the same key. It is the caller's. */
char *batch_lane_key(const struct effect *effect);
/* Both take @key. The lane of that key that others may join, or a new one. */
struct batch_lane *batch_lane_of(struct mechanism *mechanism, char *key);
struct batch_lane *batch_lane_new(struct mechanism *mechanism, char *key, bool is_closed);
bool batch_lane_is_urgent(const struct batch_lane *lane); /* one of its effects cannot wait for the rate limit */
void batch_lane_free_if_empty(struct batch_lane *lane);
void batch_lane_rotate(struct batch_lane *lane); /* it was served; freed where it is empty */

/* @at is lane->end, or the link of the effect that stands there. */
void batch_lane_put(struct batch_lane *lane, struct effect **at, struct effect *effect);
void batch_lane_take_out(struct effect *effect);

#endif
