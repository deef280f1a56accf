/* net.c -- addresses and sockets with deadlines. */
#include "targets/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/clock.h"
#include "targets/lookup.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

static bool is_port(const char *text)
{
        size_t digits = strspn(text, "0123456789");
        return digits > 0 && digits <= 5 && text[digits] == '\0' && text[0] != '0' && strtoul(text, NULL, 10) <= 65535;
}

static enum err endpoint_error(struct errmsg *reterr, const char *text, const char *why)
{
        return err_set(reterr, ERR_INVALID, "address \"%.100s\": %s; write host:port or [v6]:port", text, why);
}

enum err net_endpoint_parse(const char *text, uint16_t default_port, struct net_endpoint *ret, struct errmsg *reterr)
{
        struct net_endpoint endpoint = {0};
        const char *host = text;
        const char *colon = strrchr(text, ':');
        size_t host_bytes = colon ? (size_t)(colon - text) : strlen(text);
        if (text[0] == '[') {
                const char *bracket = strchr(text, ']');
                if (!bracket || (bracket[1] != ':' && bracket[1] != '\0'))
                        return endpoint_error(reterr, text, "the bracket is not closed");
                host = text + 1;
                host_bytes = (size_t)(bracket - host);
                colon = bracket[1] == ':' ? bracket + 1 : NULL;
        } else if (colon && memchr(text, ':', host_bytes)) { /* a bare v6 literal */
                host_bytes = strlen(text);
                colon = NULL;
        }
        if (host_bytes == 0 || host_bytes >= sizeof(endpoint.host))
                return endpoint_error(reterr, text, "the host is missing or too long");
        memcpy(endpoint.host, host, host_bytes);
        int family = text_address_family(endpoint.host);
        const char *fault = text_address_fault(endpoint.host);
        if (fault)
                return endpoint_error(reterr, text,
                                      text_is_dns_name(endpoint.host) ? fault
                                                                      : "the host is neither an address nor a name");
        if (text[0] == '[' && family != 6)
                return endpoint_error(reterr, text, "brackets are for IPv6 addresses");
        if (colon && !is_port(colon + 1))
                return endpoint_error(reterr, text, "the port is not a number from 1 to 65535");
        if (!colon && default_port == 0)
                return endpoint_error(reterr, text, "the port is missing");
        if (colon)
                (void)TEXT_COPY(endpoint.port, colon + 1);
        else
                (void)snprintf(endpoint.port, sizeof(endpoint.port), "%u", default_port);
        (void)snprintf(endpoint.text, sizeof(endpoint.text), family == 6 ? "[%s]:%s" : "%s:%s", endpoint.host,
                       endpoint.port);
        *ret = endpoint;
        return ERR_OK;
}

bool net_wait(int fd, short events, mono_ms deadline)
{
        for (;;) {
                mono_ms left = deadline - clock_mono();
                if (left < 0)
                        left = 0;
                struct pollfd poller = {.fd = fd, .events = events};
                int ready = poll(&poller, 1, left > INT_MAX ? INT_MAX : (int)left);
                if (ready > 0)
                        return true;
                if (ready == 0 && clock_mono() >= deadline)
                        return false;
        }
}

enum err net_look_up(const struct net_endpoint *endpoint, mono_ms deadline, struct net_addresses *ret,
                     struct errmsg *reterr)
{
        struct addrinfo *found = NULL;
        enum err err = lookup_host(endpoint, SOCK_STREAM, deadline, &found, reterr);
        if (err != ERR_OK)
                return err;
        *ret = (struct net_addresses){0};
        for (const struct addrinfo *at = found; at && ret->count < NET_ADDRESSES_MAX; at = at->ai_next) {
                struct net_address *address = &ret->list[ret->count++];
                INVARIANT(at->ai_addrlen <= sizeof(address->socket));
                memcpy(&address->socket, at->ai_addr, at->ai_addrlen);
                address->bytes = at->ai_addrlen;
        }
        freeaddrinfo(found);
        return ret->count ? ERR_OK : err_set(reterr, ERR_TRANSIENT, "%s: the name has no address", endpoint->text);
}

bool net_address_is(const struct net_address *address, const char *host)
{
        char text[INET6_ADDRSTRLEN];
        const struct sockaddr *any = (const struct sockaddr *)&address->socket;
        const void *bytes = any->sa_family == AF_INET6 ? (const void *)&((const struct sockaddr_in6 *)any)->sin6_addr
                                                       : (const void *)&((const struct sockaddr_in *)any)->sin_addr;
        return inet_ntop(any->sa_family, bytes, text, sizeof(text)) && text_equal(text, host);
}

mono_ms net_share(mono_ms deadline, unsigned left)
{
        mono_ms now = clock_mono();
        return deadline <= now || left == 0 ? deadline : now + (deadline - now) / left;
}

enum err net_connect(const struct net_endpoint *endpoint, const struct net_address *address, int type, mono_ms deadline,
                     int *ret_fd, struct errmsg *reterr)
{
        CLEANUP(cleanup_fd) int fd = socket(address->socket.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        int broken = fd < 0 ? errno : 0;
        if (!broken && connect(fd, (const struct sockaddr *)&address->socket, address->bytes) != 0)
                broken = errno;
        if (broken == EINPROGRESS) {
                socklen_t size = sizeof(broken);
                if (!net_wait(fd, POLLOUT, deadline))
                        broken = ETIMEDOUT;
                else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &broken, &size) != 0)
                        broken = errno;
        }
        if (broken)
                return err_set(reterr, ERR_TRANSIENT, "cannot connect to %s: %s", endpoint->text,
                               strerrordesc_np(broken));
        if (type == SOCK_STREAM) /* one small request at a time: waiting to fill a segment only costs */
                (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        *ret_fd = fd;
        fd = -1;
        return ERR_OK;
}
