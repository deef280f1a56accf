/*
 * sentinel_answer.h -- one Sentinel's answer about one primary. Parsing is pure; nothing is kept of a reply.
 *
 * Ownership: sentinel_answer_clear() frees; the connection is borrowed.
 * Threads:   sentinel_answer_ask() may block until the deadline: executor jobs only.
 * Source:    redis.io: "High availability with Redis Sentinel", commands SENTINEL GET-MASTER-ADDR-BY-NAME, MASTER,
 *            REPLICAS, MYID; flags and fields as Redis 5.0 to 8.0 and Valkey 8 print them.
 */
#ifndef PK_TARGETS_REDIS_SENTINEL_ANSWER_H
#define PK_TARGETS_REDIS_SENTINEL_ANSWER_H

#include "targets/net.h"
#include "targets/redis/connection.h"

#define SENTINEL_FIELD "redis.promotion.sentinel"

enum {
        SENTINEL_ADDRESS_BYTES = sizeof(((struct net_endpoint *)0)->text),
        SENTINEL_ID_BYTES = 41, /* of a run id */
};

/* A replica of the primary, as one Sentinel sees it; a former primary is one. */
struct sentinel_replica {
        char address[SENTINEL_ADDRESS_BYTES]; /* canonical host:port */
        bool is_down;      /* this Sentinel does not reach it */
        bool says_primary; /* it calls itself one */
        unsigned priority; /* replica-priority; 0: never promoted */
};

struct sentinel_answer {
        struct connection *connection;
        char id[SENTINEL_ID_BYTES]; /* "" where it does not tell */
        char primary[SENTINEL_ADDRESS_BYTES];
        uint64_t config_epoch;
        bool is_failing_over; /* it leads a failover now */
        bool is_promoted;     /* which has come so far that `primary` is the new one; only its replicas are to follow */
        bool is_agreed_down;  /* enough Sentinels take the primary for down: one of them leads a failover soon */
        mono_ms agreed_down_ms;
        mono_ms primary_ms; /* since when it has taken it for the primary */
        mono_ms failover_timeout_ms;
        struct sentinel_replica *replicas;
        size_t replica_count;
};
void sentinel_answer_clear(struct sentinel_answer *answer);

/* ERR_INVALID also where it knows no primary of that @name, or is no Sentinel. */
MUST_CHECK enum err sentinel_answer_ask(struct connection *connection, const char *name, mono_ms deadline,
                                        struct sentinel_answer *ret, struct errmsg *reterr);

/* Host and port as one canonical text; false: they are none. Pure. */
bool sentinel_address(const char *host, const char *port, char ret_text[static SENTINEL_ADDRESS_BYTES]);

#endif
