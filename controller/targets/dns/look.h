/*
 * look.h -- the state of a register: the records stored under its names, and whether users are answered the same.
 *
 * An answer says what is asked for, not that it is stored: a wildcard, a DNAME or another view may speak. Only what is
 * stored can be named by the prerequisites of an update.
 *
 * Ownership: states returned are the caller's.
 * Threads:   one at a time.
 */
#ifndef PK_TARGETS_DNS_LOOK_H
#define PK_TARGETS_DNS_LOOK_H

#include "targets/dns/ask.h"

/* Three questions: the addresses and the stamp as they are answered. */
MUST_CHECK enum err look_quickly(const struct asking *asking, const struct names *names, struct target_state *ret,
                                 struct errmsg *reterr);

/*
 * The same, and all that can be known beside it: both names in @zone, nothing synthesised taken for stored, and in
 * `doubt` what unsigned questions are answered otherwise.
 *
 * ERR_INVALID: an update could not do what is meant; the text says what is to be mended.
 */
MUST_CHECK enum err look_closely(const struct asking *asking, const struct names *names, const ldns_rdf *zone,
                                 struct target_state *ret, struct errmsg *reterr);

#endif
