/*
 * net.h -- the network for all targets: addresses from the configuration, and sockets that keep to a deadline.
 *
 * Ownership: descriptors returned are the caller's; they are non-blocking and close-on-exec.
 * Errors:    ERR_INVALID for an address that cannot be one; ERR_TRANSIENT for everything that the network may mend.
 * Threads:   no shared state. net_look_up() may leave a helper thread behind that ends when the resolver gives up on
 *            its own.
 */
#ifndef PK_TARGETS_NET_H
#define PK_TARGETS_NET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

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

enum { NET_ADDRESSES_MAX = 8 }; /* of one host; further ones are not tried */

struct net_address {
        struct sockaddr_storage socket; /* with the port */
        socklen_t bytes;
};

/* All addresses of one host in the resolver's order. That one of them is dead says nothing about the others. */
struct net_addresses {
        struct net_address list[NET_ADDRESSES_MAX];
        unsigned count;
};

MUST_CHECK enum err net_look_up(const struct net_endpoint *endpoint, mono_ms deadline, struct net_addresses *ret,
                                struct errmsg *reterr);

/* Whether it is @host, an address as inet_ntop() writes it, whatever the port. */
bool net_address_is(const struct net_address *address, const char *host);

/* Where the share of the first of @left addresses ends, so that a black hole leaves time for the others. */
mono_ms net_share(mono_ms deadline, unsigned left);

/* Connect a socket of @type to one address. For SOCK_DGRAM success proves nothing: only an answer does. */
MUST_CHECK enum err net_connect(const struct net_endpoint *endpoint, const struct net_address *address, int type,
                                mono_ms deadline, int *ret_fd, struct errmsg *reterr);

/* Wait until @fd is ready for @events, or broken, which the next call on it tells; false: the deadline passed. */
MUST_CHECK bool net_wait(int fd, short events, mono_ms deadline);

#endif
