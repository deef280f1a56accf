/*
 * route53_index.h -- all sets of a hosted zone, to be found by name.
 *
 * Ownership: route53_index_clear() frees; sets that are found live as long as the index.
 * Threads:   on a worker, one at a time per session.
 */
#ifndef PK_TARGETS_DNS_ROUTE53_INDEX_H
#define PK_TARGETS_DNS_ROUTE53_INDEX_H

#include "targets/dns/route53_session.h"

enum { ROUTE53_INDEX_PAGES = 20 };

struct route53_indexed {
        char *name; /* lower case, without escapes and final dot */
        const struct route53_set *set;
};

struct route53_index {
        struct aws_answer answers[ROUTE53_INDEX_PAGES];
        struct arena arena;
        struct route53_indexed *list; /* by name */
        size_t count;
};

/*
 * route53_index_zone() - list the zone, with at most @most requests, since that many would read each name by itself.
 *
 * @ret_whole: all sets are there. Otherwise the zone is too large for that, or its pages came too slowly to end within
 * half of the time, and nothing can be said by the index.
 */
MUST_CHECK enum err route53_index_zone(struct route53 *self, const char *zone_id, size_t most, mono_ms deadline,
                                       struct route53_index *ret, bool *ret_whole, mono_ms *ret_retry_ms,
                                       struct errmsg *reterr);
/* The sets of one or two names; @other may be NULL. */
struct route53_sets route53_index_find(const struct route53_index *index, struct arena *arena, const char *name,
                                       const char *other);
void route53_index_clear(struct route53_index *index);

#endif
