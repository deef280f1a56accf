/*
 * zone.h -- in which zone of a server a name lives.
 *
 * Ownership: zones returned are the caller's.
 * Threads:   no shared state.
 */
#ifndef PK_TARGETS_DNS_ZONE_H
#define PK_TARGETS_DNS_ZONE_H

#include "targets/dns/ask.h"

bool zone_holds(const ldns_rdf *zone, const ldns_rdf *name);

/* The zone that an answer to an SOA question names for its owner; NULL where it does not say. An answer at a CNAME is
 * about the zone that the CNAME leads to, so it says nothing. */
ldns_rdf *zone_of_answer(const struct message *answer);

/* Walk up from @name: mostly the first answer names the zone, at a CNAME the second. */
MUST_CHECK enum err zone_find(const struct asking *asking, const ldns_rdf *name, ldns_rdf **ret, struct errmsg *reterr);

/*
 * Whether the name beside @names->address that @answer (to an SOA question) is about is in @zone, too: an update of
 * @zone would else vanish below the cut between them. ERR_INVALID says what is to be mended.
 */
MUST_CHECK enum err zone_check(const struct asking *asking, const struct message *answer, const ldns_rdf *zone,
                               const ldns_rdf *address, struct errmsg *reterr);

#endif
