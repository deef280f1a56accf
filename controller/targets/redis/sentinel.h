/* sentinel.h -- the Redis primary as Sentinel names it: the driver behind spec.redis.promotion.sentinel. */
#ifndef PK_TARGETS_REDIS_SENTINEL_H
#define PK_TARGETS_REDIS_SENTINEL_H

#include "targets/target.h"

/*
 * Settings:    addresses (of the Sentinels, "host:port,host:port"), sentinelTLS ("true"), sentinelServerName,
 *              sentinelAuth ("true" where they want a password; for people); tls, serverName (of the data nodes);
 *              server (host:port of each plane's Redis, as which the primary is told), planned (what the record
 *              wants), isSettled ("true": the record is at rest).
 * Credentials: username, password, ca.crt, tls.crt, tls.key of the data nodes; the same with "sentinel." before them of
 *              the Sentinels.
 * Name:        the masterName. Value: the primary's host:port, as the planes have it or else as Sentinel tells it; what
 *              is wanted may be several, a line each.
 *
 * A read shows an address only where that server calls itself primary and takes a write; else the value is absent, but
 * at rest, where a silent primary is the primary still and that it is silent is told beside it. The value
 * is settling while a failover is under way. A swap is SENTINEL FAILOVER and ends as ERR_PENDING: a read shows what
 * came of it. It sends no REPLICAOF, to nobody: Sentinel would undo it, or fail over to a server that it does not know.
 * Weak: nothing at Sentinel refuses an older epoch.
 */
extern const struct target_driver redis_sentinel_driver;

#endif
