/*
 * net.h -- what every target needs of a network: an address out of the configuration, and sockets that respect a
 * deadline.
 *
 * Ownership: descriptors returned are the caller's; they are non-blocking and close-on-exec.
 * Errors:    ERR_INVALID for an address that cannot be one; ERR_TRANSIENT for everything that the network may mend.
 * Threads:   no shared state. net_connect() may leave a helper thread behind that ends when the resolver gives up on
 * its own.
 */
#ifndef PK_TARGET_NET_H
#define PK_TARGET_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"
#include "util/units.h"

struct net_endpoint {
        char host[256]; /* literal or name, without brackets */
        char port[6];
        char text[266]; /* host:port, [v6]:port; for people */
};

/* "host", "host:port", "v6", "[v6]:port"; a @default_port of 0 means that the port must be written. */
MUST_CHECK enum err net_endpoint_parse(const char *text, uint16_t default_port, struct net_endpoint *ret,
                                       struct errmsg *reterr);

/* Connect a socket of @type (SOCK_STREAM or SOCK_DGRAM), trying the host's addresses in the resolver's order. */
MUST_CHECK enum err net_connect(const struct net_endpoint *endpoint, int type, mono_ms deadline, int *ret_fd,
                                struct errmsg *reterr);

/* Wait until @fd is ready for @events, or broken, which the next call on it tells; false: the deadline passed. */
MUST_CHECK bool net_wait(int fd, short events, mono_ms deadline);

#endif
