/*
 * lock_rights.h -- whether the user may write a lock, by a script that writes nothing.
 *
 * Threads: may block until the deadline: executor jobs only.
 * Source:  redis.io: "Redis Lua API", redis.acl_check_cmd() and script flags; Redis 7.0 and later, Valkey.
 */
#ifndef PK_TARGETS_REDIS_LOCK_RIGHTS_H
#define PK_TARGETS_REDIS_LOCK_RIGHTS_H

#include "targets/redis/connection.h"

struct lock_rights {
        const char *key;
        const char *stamp_key;
        unsigned wait_replicas;
        bool is_value_read_only; /* the user needs no right to write the key itself */
};

/*
 * ERR_DENIED names the command and the keys that the user may not use. ERR_INVALID: the server is a replica.
 * ERR_TRANSIENT: it cannot be told now, or (Redis 6) at all.
 */
MUST_CHECK enum err lock_rights_check(struct connection *connection, const struct lock_rights *rights, mono_ms deadline,
                                      struct errmsg *reterr);

#endif
