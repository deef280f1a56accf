/*
 * replicas.h -- whether a write counts: a primary that is lost with the only copy of it is as if it had never been
 * written.
 *
 * WAIT speaks of what was written on its own connection, and of nothing that was read (Redis 7.2 and later, Valkey):
 * so a look proves nothing, and a write that finds its value already there writes it again.
 *
 * Units:   milliseconds; deadlines are monotonic.
 * Threads: may block until the deadline: executor jobs only.
 * Errors:  ERR_DENIED and ERR_INVALID name the setting that does without; ERR_TRANSIENT: nothing is known.
 * Source:  redis.io: commands INFO (section replication) and WAIT.
 */
#ifndef PK_TARGETS_REDIS_REPLICAS_H
#define PK_TARGETS_REDIS_REPLICAS_H

#include <stdbool.h>

#include "targets/redis/connection.h"

enum {
        REPLICAS_LAG_MAX_S = 10,  /* of a replica that is waited for, as min-replicas-max-lag has it by default */
        REPLICAS_WAIT_MS = 1000,  /* for one acknowledgement; a visit has five times as long */
};

/* How many replicas are in sync by what INFO says: online, and heard from within REPLICAS_LAG_MAX_S. Pure. */
unsigned replicas_in_sync(const char *info);

/*
 * replicas_count() - how many of at most @wanted replicas a write would have to reach now, and whether the user may
 * ask.
 *
 * The rights are used while nothing depends on them, so that a user who lacks one is told before a failover.
 */
MUST_CHECK enum err replicas_count(struct connection *connection, unsigned wanted, mono_ms deadline,
                                   unsigned *ret_count, struct errmsg *reterr);

/* Whether the last write on this connection reached min(@wanted, replicas in sync), now or within REPLICAS_WAIT_MS. */
MUST_CHECK enum err replicas_await(struct connection *connection, unsigned wanted, mono_ms deadline, bool *ret_reached,
                                   struct errmsg *reterr);

#endif
