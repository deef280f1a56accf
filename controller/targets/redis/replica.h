/* replica.h -- the Redis primary, moved by its own replication: the driver behind spec.redis.promotion.replica. */
#ifndef PK_TARGETS_REDIS_REPLICA_H
#define PK_TARGETS_REDIS_REPLICA_H

#include "targets/target.h"

/*
 * Settings and credentials: as in group.h.
 *
 * The value is the address of the primary. A swap hands over where the old primary answers (FAILOVER TO), so that no
 * write is lost; else it promotes the replica (REPLICAOF NO ONE). It is done when the new one says that it is primary
 * and takes a write, and every other one that answers follows it. Nothing at Redis refuses an older epoch: weak.
 * A replica without a copy of the data is never promoted: ERR_TRANSIENT.
 */
extern const struct target_driver redis_replica_driver;

#endif
