/*
 * rrset.h -- from a plane's addresses to the canonical rrset text of core/types.h ("A 198.51.100.7,198.51.100.8").
 *
 * Ownership: the returned text is the caller's.
 * Threads:   no shared state.
 * Source:    RFC 1035 (names), RFC 5952 (text of IPv6 addresses).
 */
#ifndef PK_API_RRSET_H
#define PK_API_RRSET_H

#include <stddef.h>

#include "util/err.h"

/* ALIAS: a set of addresses that the provider takes from another name's ("ALIAS lb.example.com"). */
enum rrset_type { RRSET_AUTO, RRSET_A, RRSET_AAAA, RRSET_CNAME, RRSET_ALIAS };

enum { RRSET_VALUES_MAX = 16 };

/*
 * rrset_from_addresses() - RRSET_AUTO takes A where any address is IPv4, else AAAA where any is IPv6, else CNAME.
 * Addresses of other families are left out; none of the wanted type is ERR_INVALID and the text says what was there and
 * what to change.
 */
MUST_CHECK enum err rrset_from_addresses(enum rrset_type type, const char *const *addresses, size_t count,
                                         char **ret_text, struct errmsg *reterr);

const char *rrset_type_name(enum rrset_type type); /* "Auto", "A", "AAAA", "CNAME", "ALIAS" */

#endif
