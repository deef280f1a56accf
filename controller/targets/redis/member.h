/*
 * member.h -- one server of a replicated Redis, by its own word, and the commands that change its role.
 *
 * Units:     offsets are bytes of the replication stream; deadlines are monotonic.
 * Ownership: member_clear() frees what is in a member.
 * Threads:   may block until the deadline: executor jobs only.
 * Errors:    as in target.h. A change that was sent and not answered is ERR_UNKNOWN.
 * Source:    redis.io: commands INFO (sections replication and cluster), SET, REPLICAOF, FAILOVER (6.2 and later).
 */
#ifndef PK_TARGETS_REDIS_MEMBER_H
#define PK_TARGETS_REDIS_MEMBER_H

#include <stdbool.h>

#include "targets/net.h"
#include "targets/redis/connection.h"

/* The key of the write probe. It is never created. */
#define MEMBER_PROBE_KEY "planekeeper:write-probe"

enum { MEMBER_STREAM_BYTES = 41 };

struct member {
        const char *address; /* host:port as the spec has it; borrowed */
        const char *grants; /* the rights that its user needs, as an ACL has them, for people; borrowed */
        struct connection *connection;
        enum err err; /* of the last look; all below is known where it is ERR_OK */
        struct errmsg why; /* of the error, or why a primary takes no writes */
        char *info; /* INFO replication */
        bool is_primary;
        bool takes_writes;    /* a primary that does */
        bool is_handing_over; /* a primary whose FAILOVER goes on */
        bool is_cluster;
        bool stops_alone;     /* it has min-replicas-to-write, so that it takes no writes without its replicas */
        int64_t replicas;     /* that follow it now */
        bool is_read_only;    /* a replica that takes no writes, as by default */
        bool is_linked;       /* a replica whose link to its primary is up */
        /* A replica without a whole copy: its synchronisation is not over, or its link never was up */
        bool is_empty;
        char stream[MEMBER_STREAM_BYTES]; /* the id of the replication stream that it writes, or has; "-" not said */
        int64_t offset;       /* how much of it it has; 0 not said */
        int64_t unlinked_s;   /* of a replica, how long its link has been down; -1: it never was up */
        char follows[sizeof(((struct net_endpoint *)0)->text)]; /* host:port of a replica's primary */
};

/* Asks, and with it whether a primary takes writes, by a write that changes nothing whatever comes of it. */
void member_look(struct member *member, mono_ms deadline);

/* Whether "host:port" is where @member is reached: by the text, or by what its host resolves to. */
bool member_is_at(const struct member *member, const char *address, mono_ms deadline);

/* The address by which @primary knows its replica @member, "host" and "port"; false: it does not tell it apart. */
bool member_known_as(const struct member *primary, const struct member *member, mono_ms deadline,
                     struct net_endpoint *ret);

/* REPLICAOF NO ONE. */
MUST_CHECK enum err member_promote(struct member *member, mono_ms deadline, struct errmsg *reterr);
/* REPLICAOF: what it has beyond @primary is lost. */
MUST_CHECK enum err member_follow(struct member *member, const char *primary, mono_ms deadline, struct errmsg *reterr);
/* FAILOVER TO: the primary stops writes, waits for the replica to have all of them, and changes roles with it. */
MUST_CHECK enum err member_hand_over(struct member *primary, const struct net_endpoint *to, mono_ms deadline,
                                     struct errmsg *reterr);

void member_clear(struct member *member);

#endif
