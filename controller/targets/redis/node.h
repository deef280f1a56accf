/*
 * node.h -- one data node of a replicated Redis: its role by its own word, and whether it takes writes.
 *
 * Threads: may block until the deadline: executor jobs only.
 * Errors:  ERR_TRANSIENT: not reachable, or not now. ERR_DENIED, ERR_INVALID: a person has to mend credentials, rights
 *          or TLS; the text says what.
 * Source:  redis.io: commands ROLE, SET (XX), INFO (section replication).
 */
#ifndef PK_TARGETS_REDIS_NODE_H
#define PK_TARGETS_REDIS_NODE_H

#include "targets/redis/connection.h"

/* The key of the write probe. It is never created. */
#define NODE_PROBE_KEY "planekeeper:write-probe"

/* The rights that all of this file needs, as an ACL of the server has them. */
#define NODE_RIGHTS "+role +info +set, and ~" NODE_PROBE_KEY

struct node {
        bool is_primary;
        /*
         * Replica: it holds no copy of the data, because its first synchronisation is not over, or a later full one has
         * dropped what was there.
         */
        bool is_empty;
};

/* ROLE and INFO replication. */
MUST_CHECK enum err node_look(struct connection *connection, mono_ms deadline, struct node *ret, struct errmsg *reterr);

/*
 * Whether it takes a write, by one that changes nothing: SET with XX of a key that is never there is refused wherever a
 * write is (-READONLY, -NOREPLICAS, -MISCONF, -OOM), and is held as long as writes are (CLIENT PAUSE).
 */
MUST_CHECK enum err node_probe_write(struct connection *connection, mono_ms deadline, struct errmsg *reterr);

/* A node as INFO replication describes it; @is_primary as ROLE has it. Pure. */
struct node node_of_info(const char *info, bool is_primary);

#endif
