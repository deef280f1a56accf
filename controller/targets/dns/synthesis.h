/*
 * synthesis.h -- answers that a server made up, by a wildcard or a DNAME, told from what is stored.
 *
 * Source: RFC 4592 (wildcards answer only for names that do not exist, nor have anything below them), RFC 6672 (DNAME).
 */
#ifndef PK_TARGETS_DNS_SYNTHESIS_H
#define PK_TARGETS_DNS_SYNTHESIS_H

#include "targets/dns/ask.h"
#include "targets/dns/state.h"

/*
 * Corrects @state, which was made of @answers, to what is stored. Addresses that come from a wildcard are not, which is
 * then told in `doubt`; nor is a stamp that does. ERR_INVALID: an alias or a DNAME stands in the way of an update.
 */
MUST_CHECK enum err synthesis_take_out(const struct asking *asking, const struct names *names, const ldns_rdf *zone,
                                       const struct message answers[static ASK_COUNT], struct target_state *state,
                                       struct errmsg *reterr);

#endif
