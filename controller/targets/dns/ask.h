/*
 * ask.h -- questions to one server, all answered with authority before the caller goes on.
 *
 * Ownership: everything is borrowed; messages are the caller's.
 * Threads:   one at a time.
 */
#ifndef PK_TARGETS_DNS_ASK_H
#define PK_TARGETS_DNS_ASK_H

#include "targets/dns/channel.h"
#include "targets/dns/names.h"

/* The server that is asked, the key, and the deadline. */
struct asking {
        struct channel *channel;
        const struct tsig_key *key; /* NULL: unsigned, as users ask */
        mono_ms deadline;
};

/* ERR_OK: each of @messages has an authoritative answer, positive or negative. */
MUST_CHECK enum err ask_all(const struct asking *asking, struct message *messages, size_t count, struct errmsg *reterr);

/* The address set of @owner as text, as it is answered. */
MUST_CHECK enum err ask_rrset(const struct asking *asking, const ldns_rdf *owner, char **ret, struct errmsg *reterr);

#endif
