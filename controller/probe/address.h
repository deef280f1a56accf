/*
 * address.h -- one IP address, and its forms: a text, a socket address.
 *
 * Threads: no shared state.
 */
#ifndef PK_PROBE_ADDRESS_H
#define PK_PROBE_ADDRESS_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#include "util/err.h"

struct address {
        sa_family_t family; /* AF_INET or AF_INET6 */
        union {
                struct in_addr v4;
                struct in6_addr v6;
        };
};

/* A literal; ERR_INVALID where @text is none (a name). */
MUST_CHECK enum err address_parse(const char *text, struct address *ret);
socklen_t address_to_socket(const struct address *address, uint16_t port, struct sockaddr_storage *ret);
/* "192.0.2.1:443", "[2001:db8::1]:443" */
enum { ADDRESS_PORT_TEXT_BYTES = INET6_ADDRSTRLEN + 8 };
void address_print(const struct address *address, uint16_t port, char ret_text[static ADDRESS_PORT_TEXT_BYTES]);

#endif
