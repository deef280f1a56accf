/*
 * company.h -- other records of a name that is to become a CNAME, which can have none beside it.
 *
 * Threads: as the channel.
 */
#ifndef PK_TARGETS_DNS_COMPANY_H
#define PK_TARGETS_DNS_COMPANY_H

#include "targets/dns/channel.h"

/* ERR_INVALID, naming the type, where there are any. */
MUST_CHECK enum err company_check(struct channel *channel, const struct tsig_key *key, const ldns_rdf *owner,
                                  mono_ms deadline, struct errmsg *reterr);

/* Pushes the prerequisites that fail where there are any of the types that stand beside addresses in practice. */
void company_forbid(const ldns_rdf *owner, ldns_rr_list *prerequisites);

#endif
