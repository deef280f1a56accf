/*
 * verdict.h -- what a server's answer means: our classes of errors, and the sentence that says what to mend.
 *
 * Ownership: everything is borrowed. Threads: no shared state.
 */
#ifndef PK_TARGET_DNS_VERDICT_H
#define PK_TARGET_DNS_VERDICT_H

#include "target/dns/message.h"
#include "target/net.h"

/* For a question: ERR_OK for an authoritative answer, positive or negative. @key NULL: it was unsigned. */
MUST_CHECK enum err verdict_on_answer(const struct message *message, const struct net_endpoint *server,
                                      const struct tsig_key *key, struct errmsg *reterr);

/* For an update: ERR_OK where the server says that it did it; ERR_CONFLICT where a prerequisite did not hold. */
MUST_CHECK enum err verdict_on_update(const struct message *message, const struct net_endpoint *server,
                                      const struct tsig_key *key, struct errmsg *reterr);

#endif
