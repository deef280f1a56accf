/*
 * min_replicas.h -- whether a lost primary stops taking writes by itself, and whether a promoted one would take any.
 *
 * Read from INFO, which has a field for it where it is set, and not by CONFIG GET, which operators rarely may. So the
 * numbers are not known: that the limit is 1, and 10 s as by default, is said as such. It is told and blocks nothing.
 *
 * Source: redis.io: INFO replication (min_slaves_good_slaves), min-replicas-to-write, min-replicas-max-lag.
 */
#ifndef PK_TARGETS_REDIS_MIN_REPLICAS_H
#define PK_TARGETS_REDIS_MIN_REPLICAS_H

#include "targets/redis/group.h"

/*
 * For people, with the remedy; the caller's. NULL: nothing is known against it. @looks_every_s: how soon one that comes
 * back is demoted.
 */
char *min_replicas_doubt(const struct group *group, const struct member *primary, int64_t looks_every_s);

#endif
