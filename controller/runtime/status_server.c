/* status_server.c -- /metrics, /healthz and /readyz by libmicrohttpd. */
#include "runtime/status_server.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "runtime/metrics.h"
#include "util/cleanup.h"
#include "util/mem.h"

enum {
        CONNECTIONS_MAX = 16,
        CONNECTION_IDLE_S = 5,
        CONNECTION_BYTES = 8 * 1024, /* for the head of a request; answers have their own memory */
        LISTEN_BACKLOG = 16,
        METRICS_PAGE_MAX_BYTES = 16 << 20,
        TEXT_PAGE_MAX_BYTES = 4096,
};

struct status_server {
        struct loop *loop;
        struct MHD_Daemon *daemon;
        struct loop_fd activity; /* libmicrohttpd's own epoll descriptor */
        struct loop_timer timeout;
        unsigned port;
        bool serves_metrics;
        bool serves_health;
        bool (*is_ready)(void *ctx, struct strbuf *why);
        void *ctx;
};

/* ---- the three pages ---- */

/* Each fills @page and returns the HTTP status. */
static unsigned print_metrics_page(struct status_server *server, struct strbuf *page)
{
        (void)server;
        page->max = METRICS_PAGE_MAX_BYTES;
        metrics_print(page);
        return page->overflowed ? MHD_HTTP_INTERNAL_SERVER_ERROR : MHD_HTTP_OK;
}

static unsigned print_health_page(struct status_server *server, struct strbuf *page)
{
        (void)server;
        (void)strbuf_append_text(page, "ok\n"); /* that the loop came round to answer is the check */
        return MHD_HTTP_OK;
}

static unsigned print_ready_page(struct status_server *server, struct strbuf *page)
{
        if (!server->is_ready(server->ctx, page))
                return MHD_HTTP_SERVICE_UNAVAILABLE;
        strbuf_clear(page);
        (void)strbuf_append_text(page, "ok\n");
        return MHD_HTTP_OK;
}

struct page {
        const char *path;
        const char *content_type;
        bool is_metrics; /* else it is about health */
        unsigned (*print)(struct status_server *server, struct strbuf *page);
};

static const struct page pages[] = {
        {"/metrics", "text/plain; version=0.0.4; charset=utf-8", true, print_metrics_page},
        {"/healthz", "text/plain; charset=utf-8", false, print_health_page},
        {"/readyz", "text/plain; charset=utf-8", false, print_ready_page},
};

static const struct page *find_page(const struct status_server *server, const char *path)
{
        for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
                bool is_served = pages[i].is_metrics ? server->serves_metrics : server->serves_health;
                if (is_served && strcmp(pages[i].path, path) == 0)
                        return &pages[i];
        }
        return NULL;
}

/* ---- requests ---- */

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *content_type,
                              struct strbuf *page)
{
        size_t count = page->bytes;
        struct MHD_Response *response =
                MHD_create_response_from_buffer(count, strbuf_take(page), MHD_RESPMEM_MUST_FREE);
        INVARIANT(response); /* it fails for want of memory only */
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
        if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
                (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
        enum MHD_Result result = MHD_queue_response(connection, status, response);
        MHD_destroy_response(response);
        return result;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status, const char *text)
{
        struct strbuf page = STRBUF_INIT(TEXT_PAGE_MAX_BYTES);
        (void)strbuf_append_text(&page, text);
        return answer(connection, status, "text/plain; charset=utf-8", &page);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_bytes, void **request_ctx)
{
        (void)version;
        (void)upload;
        (void)upload_bytes;
        (void)request_ctx;
        struct status_server *server = ctx;
        const struct page *found = find_page(server, url);
        if (!found)
                return answer_text(connection, MHD_HTTP_NOT_FOUND, "not found\n");
        if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
                return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and HEAD only\n");
        struct strbuf page = STRBUF_INIT(TEXT_PAGE_MAX_BYTES);
        unsigned status = found->print(server, &page);
        return answer(connection, status, found->content_type, &page);
}

/* ---- driven by the loop ---- */

static void run_daemon(struct status_server *server)
{
        (void)MHD_run(server->daemon);
        MHD_UNSIGNED_LONG_LONG timeout_ms;
        if (MHD_get_timeout(server->daemon, &timeout_ms) == MHD_YES)
                loop_timer_set(server->loop, &server->timeout, clock_mono() + (mono_ms)timeout_ms + (timeout_ms > 0));
        else
                loop_timer_stop(server->loop, &server->timeout);
}

static void on_activity(struct loop_fd *self, uint32_t events)
{
        (void)events;
        run_daemon(CONTAINER_OF(self, struct status_server, activity));
}

static void on_timeout(struct loop_timer *self)
{
        run_daemon(CONTAINER_OF(self, struct status_server, timeout));
}

/* ---- the listening socket ---- */

/* "host:port" taken apart; an IPv6 host in brackets, an empty one for all addresses. */
static bool split_address(const char *address, char *ret_host, size_t host_size, const char **ret_port)
{
        const char *colon = strrchr(address, ':');
        if (!colon || colon[1] == '\0' || strspn(colon + 1, "0123456789") != strlen(colon + 1))
                return false;
        if (strlen(colon + 1) > 5 ||
            strtol(colon + 1, NULL, 10) > UINT16_MAX) /* getaddrinfo() would cut it to 16 bits */
                return false;
        size_t length = (size_t)(colon - address);
        if (length >= 2 && address[0] == '[' && colon[-1] == ']') {
                address++;
                length -= 2;
        } else if (memchr(address, ':', length)) {
                return false;
        }
        if (length >= host_size)
                return false;
        memcpy(ret_host, address, length);
        ret_host[length] = '\0';
        *ret_port = colon + 1;
        return true;
}

static int listen_on(const struct addrinfo *where)
{
        int fd = socket(where->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
        if (fd < 0)
                return -1;
        int on = 1;
        int off = 0;
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (where->ai_family == AF_INET6)
                (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
        if (bind(fd, where->ai_addr, where->ai_addrlen) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
                return fd;
        int reason = errno;
        (void)close(fd);
        errno = reason;
        return -1;
}

enum err status_server_check(const char *address, const char *flag, struct errmsg *reterr)
{
        const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                       .ai_socktype = SOCK_STREAM};
        char host[64];
        const char *port;
        struct addrinfo *where;
        if (!split_address(address, host, sizeof(host), &port))
                return err_set(reterr, ERR_INVALID, "%s: \"%s\" is not host:port, :port, [address]:port or 0", flag,
                               address);
        if (strtoul(port, NULL, 10) > 65535 || getaddrinfo(host[0] ? host : NULL, port, &hints, &where))
                return err_set(reterr, ERR_INVALID, "%s: \"%s\" is no literal address with a port", flag, address);
        freeaddrinfo(where);
        return ERR_OK;
}

static enum err open_socket(const char *address, const char *flag, int *ret_fd, struct errmsg *reterr)
{
        char host[64];
        const char *port;
        if (!split_address(address, host, sizeof(host), &port))
                return err_set(reterr, ERR_INVALID, "%s: \"%s\" is not host:port, :port, [address]:port or 0", flag,
                               address);
        /* All addresses: one socket for both families where the kernel has IPv6, else one for IPv4. */
        const char *hosts[] = {host, NULL};
        if (host[0] == '\0') {
                hosts[0] = "::";
                hosts[1] = "0.0.0.0";
        }
        int fd = -1;
        const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
        for (size_t i = 0; fd < 0 && i < 2 && hosts[i]; i++) {
                struct addrinfo *where;
                if (getaddrinfo(hosts[i], port, &hints, &where))
                        return err_set(reterr, ERR_INVALID, "%s: \"%s\" is no literal address with a port", flag,
                                       address);
                fd = listen_on(where);
                int reason = errno;
                freeaddrinfo(where);
                errno = reason;
        }
        if (fd < 0)
                return err_set(reterr, ERR_INVALID,
                               "%s: cannot listen on \"%s\": %s; choose another address, or 0 for none", flag, address,
                               strerror(errno));
        *ret_fd = fd;
        return ERR_OK;
}

static unsigned port_of(int fd)
{
        struct sockaddr_storage address = {0};
        socklen_t length = sizeof(address);
        (void)getsockname(fd, (struct sockaddr *)&address, &length);
        return ntohs(address.ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)(const void *)&address)->sin6_port
                                                   : ((const struct sockaddr_in *)(const void *)&address)->sin_port);
}

static struct MHD_Daemon *start_daemon(struct status_server *server, int fd)
{
        const struct MHD_OptionItem options[] = {
                {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
                {MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, NULL},
                {MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_IDLE_S, NULL},
                {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, NULL},
                {MHD_OPTION_END, 0, NULL},
        };
        return MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, server, MHD_OPTION_ARRAY, options,
                                MHD_OPTION_END);
}

enum err status_server_open(struct loop *loop, const char *address, const char *flag, bool serves_metrics,
                            bool serves_health, bool (*is_ready)(void *ctx, struct strbuf *why), void *ctx,
                            struct status_server **ret, struct errmsg *reterr)
{
        if (strcmp(address, "0") == 0) {
                *ret = NULL;
                return ERR_OK;
        }
        int fd = -1;
        enum err err = open_socket(address, flag, &fd, reterr);
        if (err)
                return err;
        struct status_server *server = mem_new(server);
        *server = (struct status_server){.loop = loop,
                                         .activity = {.ready = on_activity},
                                         .timeout = {.due = on_timeout},
                                         .port = port_of(fd),
                                         .serves_metrics = serves_metrics,
                                         .serves_health = serves_health,
                                         .is_ready = is_ready,
                                         .ctx = ctx};
        server->daemon = start_daemon(server, fd);
        if (!server->daemon) {
                (void)close(fd);
                free(server);
                return err_set(reterr, ERR_INVALID, "%s: cannot serve on \"%s\": %s", flag, address, strerror(errno));
        }
        server->activity.fd = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
        loop_fd_add(loop, &server->activity, EPOLLIN);
        *ret = server;
        return ERR_OK;
}

unsigned status_server_port(const struct status_server *server)
{
        return server->port;
}

void status_server_close(struct status_server *server)
{
        if (!server)
                return;
        loop_fd_remove(server->loop, &server->activity);
        loop_timer_stop(server->loop, &server->timeout);
        MHD_stop_daemon(server->daemon);
        free(server);
}
