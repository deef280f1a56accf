/*
 * elasticache_api.h -- the two calls by which a global datastore of Amazon ElastiCache is looked at and moved.
 *
 * Each region has an endpoint of its own, and all of them tell of the whole global datastore.
 *
 * Ownership: nothing is kept of an answer.
 * Threads:   may block until the deadline: executor jobs only.
 * Errors:    as in targets/aws/client.h; texts begin with the region.
 * Source:    ElastiCache API Reference 2015-02-02: DescribeGlobalReplicationGroups, FailoverGlobalReplicationGroup.
 */
#ifndef PK_TARGETS_REDIS_ELASTICACHE_API_H
#define PK_TARGETS_REDIS_ELASTICACHE_API_H

#include <stdbool.h>

#include "core/types.h"
#include "targets/aws/client.h"

enum {
        ELASTICACHE_MEMBERS_MAX = 8,
        ELASTICACHE_TEXT_BYTES = 64,
        ELASTICACHE_ENDPOINT_BYTES = 256,
        ELASTICACHE_ADDRESS_BYTES = 300,
};

/* A replication group of one region, and which of the planes' Redis it is; "" where that is not known. */
struct elasticache_place {
        char address[ELASTICACHE_ADDRESS_BYTES]; /* host:port, as the plane has it */
        char region[ELASTICACHE_TEXT_BYTES];
        char group_id[ELASTICACHE_TEXT_BYTES];
        char endpoint[ELASTICACHE_ENDPOINT_BYTES]; /* that the plane names in place of the region's own; "" none */
};

/* "<address> <region> <group> [<endpoint>]", as the setting ELASTICACHE_PLACE has it. False: it is not of that form. */
bool elasticache_place_parse(const char *text, struct elasticache_place *ret);

#define ELASTICACHE_PLACE "member"
#define ELASTICACHE_ID "globalReplicationGroupID"

struct elasticache_member {
        char region[ELASTICACHE_TEXT_BYTES];
        char group_id[ELASTICACHE_TEXT_BYTES];
        char status[ELASTICACHE_TEXT_BYTES];
        bool is_primary;
};

struct elasticache_view {
        char status[ELASTICACHE_TEXT_BYTES]; /* "available", "modifying", "primary-only", … */
        bool is_cluster;                     /* in cluster mode */
        struct elasticache_member members[ELASTICACHE_MEMBERS_MAX];
        unsigned count;
};

/* The member in the region and with the id of @place; NULL: there is none. */
const struct elasticache_member *elasticache_find(const struct elasticache_view *view,
                                                  const struct elasticache_place *place);
/* NULL: none is told as the primary. */
const struct elasticache_member *elasticache_primary(const struct elasticache_view *view);

/* The client of one region, and the name of the global datastore. */
struct elasticache_site {
        struct aws_client *client;
        const char *region;
        const char *id;
};

struct elasticache_call {
        mono_ms deadline;
        mono_ms retry_after_ms; /* result: how long all calls with these keys are to wait; 0: they need not */
        char code[ELASTICACHE_TEXT_BYTES]; /* result: of the service's error, "" none */
};

MUST_CHECK enum err elasticache_describe(const struct elasticache_site *site, struct elasticache_call *call,
                                         struct elasticache_view *ret, struct errmsg *reterr);
/* Asks to make the replication group @group_id in @region the primary. ERR_OK: that is accepted, and true later. */
MUST_CHECK enum err elasticache_failover(const struct elasticache_site *site, const char *region,
                                         const char *group_id, struct elasticache_call *call, struct errmsg *reterr);

#endif
