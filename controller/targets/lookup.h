/*
 * lookup.h -- getaddrinfo() with a deadline. The system's resolver (hosts file, search domains, cluster DNS) is what
 * users expect for the name of a server, but it blocks for as long as it likes: it runs in a helper thread that is left
 * behind when it is late.
 *
 * Ownership: the list is the caller's, released with freeaddrinfo().
 */
#ifndef PK_TARGETS_LOOKUP_H
#define PK_TARGETS_LOOKUP_H

#include <netdb.h>

#include "targets/net.h"

/* ERR_TRANSIENT: not found or not in time. Literal addresses need no thread. */
MUST_CHECK enum err lookup_host(const struct net_endpoint *endpoint, int type, mono_ms deadline, struct addrinfo **ret,
                                struct errmsg *reterr);

#endif
