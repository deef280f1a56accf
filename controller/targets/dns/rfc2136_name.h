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

/* TARGET_SWAP: what came of it is in @visit. In rfc2136_swap.c. */
MUST_CHECK enum err rfc2136_swap(struct rfc2136_name *self, struct target_visit *visit);

/* Whether a swap would be let through. In rfc2136_preflight.c. */
MUST_CHECK enum err rfc2136_try(struct rfc2136_name *self, const struct target_preflight *preflight,
                                struct errmsg *reterr);

#endif
