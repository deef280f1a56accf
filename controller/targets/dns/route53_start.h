/*
 * route53_start.h -- the sets that a swap deletes, as the last read saw them.
 *
 * Ownership: route53_start_clear() frees.
 * Threads:   on a worker, one at a time per session.
 */
#ifndef PK_TARGETS_DNS_ROUTE53_START_H
#define PK_TARGETS_DNS_ROUTE53_START_H

#include "targets/dns/route53_session.h"

/* The start of a swap: the sets as the last read saw them, in this session or in another. */
struct route53_start {
        struct xml xml;
        struct arena arena;
        struct route53_look look; /* where they had to be read anew */
        struct route53_sets own;
        char zone_id[40];
};
void route53_start_clear(struct route53_start *start);

/* The version that came with the expected state saves a read, but proves nothing: false where it does not show that
 * state. */
bool route53_start_from_version(const struct target_visit *visit, const struct route53_names *names,
                                struct route53_start *start);

/* Whether value and ownership record are the same. */
bool route53_shows(const struct target_state *a, const struct target_state *b);

#endif
