/*
 * rfc2136_name.h -- one DNS name during one visit to the server that takes its updates.
 *
 * Ownership: rfc2136_name_end() frees all; the key is borrowed from the session.
 * Threads:   one at a time.
 */
#ifndef PK_TARGETS_DNS_RFC2136_NAME_H
#define PK_TARGETS_DNS_RFC2136_NAME_H

#include "targets/dns/ask.h"
#include "targets/target.h"

struct rfc2136_name {
        struct channel channel;
        const struct tsig_key *key;
        struct names names;
        ldns_rdf *zone; /* NULL until found */
        mono_ms deadline;
        bool zone_is_setting; /* else it is looked for again when the server says that it is wrong */
        bool was_unproven;    /* the server refused the key of the last update, not the update */
};

/* ERR_INVALID: @name is no DNS name, or @zone (as in the settings; NULL or "": none) does not hold it. */
MUST_CHECK enum err rfc2136_name_begin(const struct net_endpoint *server, const struct tsig_key *key, const char *name,
                                       const char *zone, mono_ms deadline, struct rfc2136_name *ret,
                                       struct errmsg *reterr);
void rfc2136_name_end(struct rfc2136_name *self);

struct asking rfc2136_asking(struct rfc2136_name *self);
MUST_CHECK enum err rfc2136_find_zone(struct rfc2136_name *self, struct errmsg *reterr);

/* Sends @update, which is of the name's zone and is moved in, exactly once. @suspect: as in verdict.h. */
MUST_CHECK enum err rfc2136_deliver(struct rfc2136_name *self, ldns_pkt *update, const char *suspect,
                                    struct errmsg *reterr);

/* TARGET_READ: what came of it is in @visit. */
MUST_CHECK enum err rfc2136_read(struct rfc2136_name *self, struct target_visit *visit);

/* TARGET_SWAP: the same. In rfc2136_swap.c, with its parts. */
MUST_CHECK enum err rfc2136_swap(struct rfc2136_name *self, struct target_visit *visit);
/* The zone that the read found, unless the settings name one. */
void rfc2136_recall_zone(struct rfc2136_name *self, const char *zone);
/* Whether the server still shows what was expected: it may show the update in a while. */
bool rfc2136_shows_old(const struct target_state *now, const struct target_state *expected);
enum { RFC2136_SETTLES_WITHIN_MS = 3000, RFC2136_SETTLE_FIRST_MS = 25 };
/* The result of an update that the server took, by what it shows @now, which moves to visit->found in success. */
MUST_CHECK enum err rfc2136_judge(struct rfc2136_name *self, struct target_state *now, struct target_visit *visit);

/* Several visits of one verb, as in target.h: one update, and questions on one connection. In rfc2136_batch.c. */
struct rfc2136_server {
        const struct net_endpoint *endpoint;
        const struct tsig_key *key;
        const char *zone; /* as in the settings */
};
void rfc2136_read_all(const struct rfc2136_server *server, struct target_visit *visits, size_t count);
void rfc2136_swap_all(const struct rfc2136_server *server, struct target_visit *visits, size_t count);

/* Whether a swap would be let through. In rfc2136_preflight.c. */
MUST_CHECK enum err rfc2136_try(struct rfc2136_name *self, const struct target_preflight *preflight,
                                struct errmsg *reterr);

#endif
