/* probe_peer.c -- scripted servers on loopback. */
#include "probe_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/mem.h"

enum { DRIP_MS = 20, PREFACE_BYTES = 24, FRAME_HEAD_BYTES = 9, FLAG_END_STREAM = 1, FRAME_DATA = 0 };

struct probe_peer {
        struct peer_script script;
        int listener;
        int stop[2]; /* a pipe: closing the write end ends the thread */
        uint16_t port;
        pthread_t thread;
        atomic_uint connections;
        pthread_mutex_t lock;
        char request[2048]; /* under lock */
};

struct link { /* one accepted connection, plain or TLS */
        int fd;
        SSL *ssl;
};

static int loopback_listen(int backlog, uint16_t *ret_port)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t bytes = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        INVARIANT(fd >= 0 && bind(fd, (const struct sockaddr *)&address, bytes) == 0 && listen(fd, backlog) == 0);
        INVARIANT(getsockname(fd, (struct sockaddr *)&address, &bytes) == 0);
        *ret_port = ntohs(address.sin_port);
        return fd;
}

static bool is_stopped(const struct probe_peer *peer, int wait_ms)
{
        struct pollfd poll_fd = {.fd = peer->stop[0], .events = POLLIN};
        return poll(&poll_fd, 1, wait_ms) > 0;
}

static ssize_t link_read(struct link *link, void *bytes, size_t count)
{
        return link->ssl != NULL ? SSL_read(link->ssl, bytes, (int)count) : read(link->fd, bytes, count);
}

static bool link_write(struct link *link, const void *bytes, size_t count)
{
        const char *at = bytes;
        while (count > 0) {
                ssize_t written =
                    link->ssl != NULL ? SSL_write(link->ssl, at, (int)count) : send(link->fd, at, count, MSG_NOSIGNAL);
                if (written <= 0)
                        return false;
                at += written;
                count -= (size_t)written;
        }
        return true;
}

static void wait_for_leave(struct link *link)
{
        char bytes[512];
        while (link_read(link, bytes, sizeof(bytes)) > 0)
                continue;
}

/* Reads until the blank line after a request's head. */
static bool read_head(struct probe_peer *peer, struct link *link)
{
        char head[sizeof(peer->request)] = "";
        size_t used = 0;
        while (strstr(head, "\r\n\r\n") == NULL) {
                ssize_t count = link_read(link, head + used, sizeof(head) - 1 - used);
                if (count <= 0)
                        return false;
                used += (size_t)count;
                head[used] = '\0';
        }
        (void)pthread_mutex_lock(&peer->lock);
        memcpy(peer->request, head, sizeof(head));
        (void)pthread_mutex_unlock(&peer->lock);
        return true;
}

static bool read_exactly(struct link *link, void *bytes, size_t count)
{
        for (char *at = bytes; count > 0;) {
                ssize_t got = link_read(link, at, count);
                if (got <= 0)
                        return false;
                at += got;
                count -= (size_t)got;
        }
        return true;
}

/* Reads frames until the one that ends the request's stream. */
static bool read_http2(struct link *link)
{
        unsigned char payload[16384], head[FRAME_HEAD_BYTES];
        if (!read_exactly(link, payload, PREFACE_BYTES))
                return false;
        while (read_exactly(link, head, sizeof(head))) {
                size_t bytes = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
                if (bytes > sizeof(payload) || !read_exactly(link, payload, bytes))
                        return false;
                if (head[3] == FRAME_DATA && (head[4] & FLAG_END_STREAM) != 0)
                        return true;
        }
        return false;
}

static void drip(struct probe_peer *peer, struct link *link)
{
        const char *bytes = peer->script.bytes;
        for (size_t i = 0; i < peer->script.count && !is_stopped(peer, DRIP_MS); i++)
                if (!link_write(link, bytes + i, 1))
                        return;
}

static void act(struct probe_peer *peer, struct link *link)
{
        const struct peer_script *script = &peer->script;
        const struct linger now = {.l_onoff = 1, .l_linger = 0};
        bool is_first;
        switch (script->act) {
        case PEER_HOLD:
                wait_for_leave(link);
                break;
        case PEER_RESET:
                (void)setsockopt(link->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
                break;
        case PEER_ANSWER:
                (void)(read_head(peer, link) && link_write(link, script->bytes, script->count));
                break;
        case PEER_DRIP:
                if (read_head(peer, link))
                        drip(peer, link);
                break;
        case PEER_FLOOD:
                if (read_head(peer, link))
                        while (!is_stopped(peer, 0) && link_write(link, script->bytes, script->count))
                                continue;
                break;
        case PEER_HTTP2:
                is_first = script->first_bytes != NULL && atomic_load(&peer->connections) == 1;
                if (read_http2(link) && link_write(link, is_first ? script->first_bytes : script->bytes,
                                                   is_first ? script->first_count : script->count)) {
                        if (script->ends_connection)
                                (void)shutdown(link->fd, SHUT_WR);
                        wait_for_leave(link);
                }
                break;
        }
}

static void serve(struct probe_peer *peer, int fd)
{
        const struct timeval limit = {.tv_sec = 5};
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
        struct link link = {.fd = fd, .ssl = peer->script.tls != NULL ? SSL_new(peer->script.tls) : NULL};
        if (link.ssl != NULL)
                SSL_set_fd(link.ssl, fd);
        if (link.ssl == NULL || SSL_accept(link.ssl) == 1)
                act(peer, &link);
        if (link.ssl != NULL) {
                (void)SSL_shutdown(link.ssl);
                SSL_free(link.ssl);
        }
        (void)close(fd);
}

static void *peer_run(void *ctx)
{
        struct probe_peer *peer = ctx;
        sigset_t pipe_signal; /* OpenSSL writes without MSG_NOSIGNAL */
        (void)sigemptyset(&pipe_signal);
        (void)sigaddset(&pipe_signal, SIGPIPE);
        (void)pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
        for (;;) {
                struct pollfd fds[] = {{.fd = peer->listener, .events = POLLIN},
                                       {.fd = peer->stop[0], .events = POLLIN}};
                if (poll(fds, 2, -1) < 0 && errno != EINTR)
                        return NULL;
                if (fds[1].revents != 0)
                        return NULL;
                int fd = fds[0].revents != 0 ? accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC) : -1;
                if (fd < 0)
                        continue;
                atomic_fetch_add(&peer->connections, 1);
                serve(peer, fd);
        }
}

struct probe_peer *probe_peer_open(const struct peer_script *script)
{
        struct probe_peer *peer = mem_new(peer);
        peer->script = *script;
        peer->listener = loopback_listen(16, &peer->port);
        INVARIANT(pipe(peer->stop) == 0 && pthread_mutex_init(&peer->lock, NULL) == 0);
        INVARIANT(pthread_create(&peer->thread, NULL, peer_run, peer) == 0);
        return peer;
}

uint16_t probe_peer_port(const struct probe_peer *peer)
{
        return peer->port;
}

unsigned probe_peer_connections(const struct probe_peer *peer)
{
        return atomic_load(&peer->connections);
}

void probe_peer_request(struct probe_peer *peer, char *ret_text, size_t size)
{
        (void)pthread_mutex_lock(&peer->lock);
        size_t bytes = strnlen(peer->request, size - 1);
        memcpy(ret_text, peer->request, bytes);
        ret_text[bytes] = '\0';
        (void)pthread_mutex_unlock(&peer->lock);
}

void probe_peer_close(struct probe_peer *peer)
{
        (void)close(peer->stop[1]);
        (void)pthread_join(peer->thread, NULL);
        (void)close(peer->stop[0]);
        (void)close(peer->listener);
        (void)pthread_mutex_destroy(&peer->lock);
        free(peer);
}

uint16_t probe_peer_refused_port(void)
{
        uint16_t port;
        (void)close(loopback_listen(1, &port));
        return port;
}

void black_hole_open(struct black_hole *hole)
{
        hole->fds[0] = loopback_listen(0, &hole->port);
        struct sockaddr_in address = {
            .sin_family = AF_INET, .sin_port = htons(hole->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        for (size_t i = 1; i <= BLACK_HOLE_FILLERS; i++) {
                hole->fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
                int status = connect(hole->fds[i], (const struct sockaddr *)&address, sizeof(address));
                INVARIANT(status == 0 || errno == EINPROGRESS);
        }
}

void black_hole_open_up(struct black_hole *hole)
{
        INVARIANT(listen(hole->fds[0], 64) == 0);
}

void black_hole_close(struct black_hole *hole)
{
        for (size_t i = 0; i <= BLACK_HOLE_FILLERS; i++)
                (void)close(hole->fds[i]);
}
