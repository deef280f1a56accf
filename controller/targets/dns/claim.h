/*
 * claim.h -- the records by which other tools mark a name as theirs.
 *
 * Source: the TXT registry of external-dns (and what is built on it, such as k8gb):
 *         "heritage=external-dns,external-dns/owner=...", at the name itself or at a sibling whose first label begins
 *         with the record type. Behind a prefix or suffix of its configuration it cannot be found.
 */
#ifndef PK_TARGETS_DNS_CLAIM_H
#define PK_TARGETS_DNS_CLAIM_H

#include "targets/dns/ask.h"

/*
 * claim_find() - *ret: who claims @name, and the commands that hand it over, as "is managed by ..."; NULL: nobody.
 *
 * The text is the caller's. A sibling that the server does not answer for (in no zone of its) claims nothing.
 */
MUST_CHECK enum err claim_find(const struct asking *asking, const ldns_rdf *name, char **ret, struct errmsg *reterr);

#endif
