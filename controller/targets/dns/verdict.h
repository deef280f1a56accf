/*
 * verdict.h -- the meaning of a server's answer: the error class, and the sentence with the remedy.
 *
 * Ownership: everything is borrowed.
 * Threads:   no shared state.
 */
#ifndef PK_TARGETS_DNS_VERDICT_H
#define PK_TARGETS_DNS_VERDICT_H

#include "targets/dns/message.h"
#include "targets/net.h"

/* For a question: ERR_OK for an authoritative answer, positive or negative. */
MUST_CHECK enum err verdict_on_answer(const struct message *message, const struct net_endpoint *server,
                                      struct errmsg *reterr);

/* For an update, whose owner is the zone: ERR_OK where the server says that it did it; ERR_CONFLICT where a
 * prerequisite did not hold.
 * @suspect: what REFUSED means before anything else, of this update; NULL: nothing in it is known for that. */
MUST_CHECK enum err verdict_on_update(const struct message *message, const struct net_endpoint *server,
                                      const char *suspect, struct errmsg *reterr);

#endif
