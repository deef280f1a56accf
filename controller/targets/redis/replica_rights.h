/*
 * replica_rights.h -- whether the user may change the role of a server, by a script that changes nothing.
 *
 * Threads: may block until the deadline: executor jobs only.
 * Source:  redis.io: "Redis Lua API", redis.acl_check_cmd() and script flags; Redis 7.0 and later, Valkey.
 */
#ifndef PK_TARGETS_REDIS_REPLICA_RIGHTS_H
#define PK_TARGETS_REDIS_REPLICA_RIGHTS_H

#include "targets/redis/member.h"

/* ERR_DENIED names the command that the user may not use. ERR_TRANSIENT: it cannot be told now, or at all. */
MUST_CHECK enum err replica_rights_check(struct member *member, mono_ms deadline, struct errmsg *reterr);

#endif
