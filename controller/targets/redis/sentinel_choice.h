/*
 * sentinel_choice.h -- which replica a failover by Sentinel would promote, and whether that is a wanted one. Pure.
 *
 * SENTINEL FAILOVER takes no destination. Sentinel chooses the lowest replica-priority but 0, then who has followed
 * farthest, then the run id; nobody but the server's own configuration can steer it.
 *
 * Source: redis.io: "High availability with Redis Sentinel", section on replica selection.
 */
#ifndef PK_TARGETS_REDIS_SENTINEL_CHOICE_H
#define PK_TARGETS_REDIS_SENTINEL_CHOICE_H

#include "targets/redis/sentinel_answer.h"

enum sentinel_outlook {
        OUTLOOK_WANTED,  /* a wanted one is of lower priority than all others that could be chosen */
        OUTLOOK_OPEN,    /* another is of the same: it may be chosen as well */
        OUTLOOK_OTHER,   /* another is of a lower one */
        OUTLOOK_DOWN,    /* the wanted ones are down */
        OUTLOOK_NEVER,   /* the wanted ones have replica-priority 0 */
        OUTLOOK_UNKNOWN, /* none of its replicas is a wanted one */
};

struct sentinel_choice {
        enum sentinel_outlook outlook;
        const struct sentinel_replica *wanted; /* the best of them; NULL: OUTLOOK_UNKNOWN */
        const struct sentinel_replica *other;  /* OPEN, OTHER: the one that is in the way */
};

/* @wanted: addresses, a line each. */
struct sentinel_choice sentinel_choose(const struct sentinel_answer *answer, const char *wanted);

#endif
