/*
 * elasticache_session.h -- one look at a global datastore: ElastiCache's word, and that of each plane's Redis.
 *
 * Threads: may block until the deadline: executor jobs only, one at a time per session.
 * Errors:  as in targets/target.h. ERR_TRANSIENT: no region answers.
 */
#ifndef PK_TARGETS_REDIS_ELASTICACHE_SESSION_H
#define PK_TARGETS_REDIS_ELASTICACHE_SESSION_H

#include "targets/redis/elasticache_api.h"
#include "targets/redis/group.h"

struct elasticache_region {
        struct elasticache_place place;
        struct aws_client *client;
};

struct elasticache {
        struct target_session base;
        struct group *group; /* the planes' Redis */
        char *id;            /* of the global datastore */
        struct elasticache_region regions[PLANES_MAX];
        unsigned count;
};

struct elasticache_look {
        struct elasticache_view view;
        const struct elasticache_member *told; /* the primary by ElastiCache's word; NULL: it names none */
        struct member *primary;                /* the same as a plane's Redis; NULL: it is no plane's */
        char shown[ELASTICACHE_ADDRESS_BYTES]; /* its address, or "<region>/<group>" where it is no plane's; "" none */
        bool takes_writes;                     /* that says itself that it is primary, and took the probe */
        bool is_modifying;
};

/* Of the plane whose Redis is @address; NULL: it does not say where it is in ElastiCache. */
const struct elasticache_region *elasticache_region_of(const struct elasticache *self, const char *address);
struct elasticache_site elasticache_site_of(const struct elasticache *self, const struct elasticache_region *region);

/* Asks @first (NULL: none) before the other regions, and each Redis. */
MUST_CHECK enum err elasticache_look_at(struct elasticache *self, const struct elasticache_region *first,
                                        struct target_visit *visit, struct elasticache_look *ret);

/* The state that a visit shows: the caller's. @kept as in struct target_visit. */
void elasticache_state(struct elasticache *self, const struct elasticache_look *look, const char *kept,
                       mono_ms deadline, struct target_state *ret);

/* Makes one of the addresses of @visit->want the primary. */
void elasticache_swap(struct elasticache *self, struct target_visit *visit);

/* Whether the operator may. */
MUST_CHECK enum err elasticache_preflight(struct elasticache *self, struct target_preflight *preflight,
                                          struct errmsg *reterr);

struct by_hand elasticache_by_hand(const struct target_config *config, const struct by_hand_write *write,
                                   struct arena *arena);

#endif
