/*
 * names.h -- the two names that a register lives under: the switched one and the one of its stamp.
 *
 * Ownership: names_clear() frees.
 * Threads:   no shared state.
 */
#ifndef PK_TARGETS_DNS_NAMES_H
#define PK_TARGETS_DNS_NAMES_H

#include <ldns/ldns.h>

#include "util/err.h"

struct names {
        ldns_rdf *address;
        ldns_rdf *stamp; /* _planekeeper.<name> */
};

MUST_CHECK enum err names_init(const char *name, struct names *ret, struct errmsg *reterr);
/* _planekeeper-alive.<name>; NULL where it would be too long. The caller frees. */
ldns_rdf *names_alive(const char *name);
void names_clear(struct names *names);

#endif
