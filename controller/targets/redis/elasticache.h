/* elasticache.h -- the Redis primary as a global datastore of Amazon ElastiCache has it: the driver behind
 * spec.redis.promotion.elastiCacheGlobal. */
#ifndef PK_TARGETS_REDIS_ELASTICACHE_H
#define PK_TARGETS_REDIS_ELASTICACHE_H

#include "targets/target.h"

/*
 * Settings:    globalReplicationGroupID, roleARN, externalID; member (as in elasticache_api.h, once for each plane that
 *              says where its Redis is in ElastiCache); and those of group.h.
 * Credentials: as in lock.h, for the Redis of all planes; with ELASTICACHE_SECRET before their names the keys of AWS,
 *              as in targets/aws/credentials.h.
 * Name:        the globalReplicationGroupID. Value: the primary's host:port as its plane has it, or "<region>/<group>"
 *              where it is no plane's.
 *
 * The region that the record wants is asked before others, because one that is lost does not answer. The value is what
 * ElastiCache tells, and counts only where that Redis says itself that it is primary and takes a write; at rest a
 * silent primary is the primary still. A swap is FailoverGlobalReplicationGroup and ends as ERR_PENDING: a read shows
 * what came of it. No command changes a role. Weak: nothing at ElastiCache refuses an older epoch.
 */
extern const struct target_driver redis_elasticache_driver;

#define ELASTICACHE_SECRET "elastiCacheGlobal."

#endif
