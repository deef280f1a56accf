/* fake_api.c -- a scripted HTTP server on the loop under test. */
#include "fake_api.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/mem.h"
#include "util/strbuf.h"

struct fake_peer {
        struct fake_api *api;
        struct fake_peer *next;
        struct loop_fd fd;
        struct strbuf in;
        struct strbuf out;
        size_t sent;
        bool hangs_up;
        bool (*more)(void *ctx, struct fake_peer *peer);
        void *more_ctx;
};

struct fake_api {
        struct loop *loop;
        struct loop_fd listener;
        struct fake_peer *peers;
        fake_handler *handler;
        void *ctx;
        unsigned connections;
};

static void drop_peer(struct fake_peer *peer)
{
        struct fake_peer **link = &peer->api->peers;
        while (*link != peer)
                link = &(*link)->next;
        *link = peer->next;
        int fd = peer->fd.fd;
        loop_fd_remove(peer->api->loop, &peer->fd);
        close(fd);
        strbuf_deinit(&peer->in);
        strbuf_deinit(&peer->out);
        free(peer);
}

bool fake_is_open(const struct fake_api *api, const struct fake_peer *peer)
{
        for (const struct fake_peer *at = api->peers; at; at = at->next)
                if (at == peer)
                        return true;
        return false;
}

static void watch_events(struct fake_peer *peer)
{
        bool has_output = peer->sent < peer->out.bytes || peer->more || peer->hangs_up;
        loop_fd_change(peer->api->loop, &peer->fd, has_output ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void fake_raw(struct fake_peer *peer, const char *bytes, size_t count)
{
        bool fits = strbuf_append(&peer->out, bytes, count);
        INVARIANT(fits);
        watch_events(peer);
}

void fake_answer(struct fake_peer *peer, int status, const char *headers, const char *body)
{
        char head[512];
        (void)snprintf(head, sizeof(head),
                       "HTTP/1.1 %d Said\r\nContent-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n", status,
                       headers, strlen(body));
        fake_raw(peer, head, strlen(head));
        fake_raw(peer, body, strlen(body));
}

void fake_begin(struct fake_peer *peer, int status)
{
        char head[160];
        (void)snprintf(head, sizeof(head),
                       "HTTP/1.1 %d Said\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
                       status);
        fake_raw(peer, head, strlen(head));
}

void fake_chunk(struct fake_peer *peer, const char *text, size_t bytes)
{
        char size[24];
        (void)snprintf(size, sizeof(size), "%zx\r\n", bytes);
        fake_raw(peer, size, strlen(size));
        fake_raw(peer, text, bytes);
        fake_raw(peer, "\r\n", 2);
}

void fake_text(struct fake_peer *peer, const char *text)
{
        fake_chunk(peer, text, strlen(text));
}

void fake_end(struct fake_peer *peer)
{
        fake_raw(peer, "0\r\n\r\n", 5);
}

void fake_hang_up(struct fake_peer *peer)
{
        peer->hangs_up = true;
        watch_events(peer);
}

void fake_stream(struct fake_peer *peer, bool (*more)(void *ctx, struct fake_peer *peer), void *ctx)
{
        peer->more = more;
        peer->more_ctx = ctx;
        watch_events(peer);
}

/* False where the peer is gone. */
static bool flush(struct fake_peer *peer)
{
        while (peer->sent < peer->out.bytes) {
                ssize_t n = send(peer->fd.fd, peer->out.text + peer->sent, peer->out.bytes - peer->sent,
                                 MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n <= 0)
                        return true;
                peer->sent += (size_t)n;
        }
        strbuf_clear(&peer->out);
        peer->sent = 0;
        if (peer->more) {
                if (!peer->more(peer->more_ctx, peer))
                        peer->more = NULL;
        } else if (peer->hangs_up) {
                drop_peer(peer);
                return false;
        }
        watch_events(peer);
        return true;
}

/* Hands over one whole request from the input; false where there is none. */
static bool take_request(struct fake_peer *peer)
{
        char *head_end = peer->in.text ? strstr(peer->in.text, "\r\n\r\n") : NULL;
        if (!head_end)
                return false;
        char *length_line = strcasestr(peer->in.text, "\r\nContent-Length:");
        size_t length = length_line && length_line < head_end ? strtoul(length_line + 17, NULL, 10) : 0;
        size_t head_bytes = (size_t)(head_end - peer->in.text) + 4;
        if (peer->in.bytes < head_bytes + length)
                return false;
        char *text = mem_strndup(peer->in.text, head_bytes + length);
        struct strbuf rest = STRBUF_INIT(peer->in.max);
        (void)strbuf_append(&rest, peer->in.text + head_bytes + length, peer->in.bytes - head_bytes - length);
        strbuf_deinit(&peer->in);
        peer->in = rest;
        char *body = mem_strdup(text + head_bytes);
        text[head_bytes] = '\0';
        char *space = strchr(text, ' ');
        char *second = space ? strchr(space + 1, ' ') : NULL;
        INVARIANT(second);
        *space = *second = '\0';
        const struct fake_request request = {.method = text, .target = space + 1, .head = second + 1, .body = body};
        peer->api->handler(peer->api->ctx, peer, &request);
        free(text);
        free(body);
        return true;
}

static void on_peer(struct loop_fd *fd, uint32_t events)
{
        struct fake_peer *peer = CONTAINER_OF(fd, struct fake_peer, fd);
        char bytes[16384];
        if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
                ssize_t n = recv(fd->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
                if (n == 0 || (n < 0 && events & (EPOLLHUP | EPOLLERR))) {
                        drop_peer(peer);
                        return;
                }
                if (n > 0)
                        (void)strbuf_append(&peer->in, bytes, (size_t)n);
                while (n > 0 && take_request(peer))
                        continue;
        }
        (void)flush(peer);
}

static void on_listener(struct loop_fd *fd, uint32_t events)
{
        (void)events;
        struct fake_api *api = CONTAINER_OF(fd, struct fake_api, listener);
        int accepted = accept4(fd->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (accepted < 0)
                return;
        struct fake_peer *peer = mem_new(peer);
        *peer = (struct fake_peer){.api = api, .next = api->peers, .fd = {.fd = accepted, .ready = on_peer}};
        peer->in = peer->out = STRBUF_INIT((size_t)64 << 20);
        api->peers = peer;
        api->connections++;
        loop_fd_add(api->loop, &peer->fd, EPOLLIN);
}

struct fake_api *fake_api_open(struct loop *loop, fake_handler *handler, void *ctx)
{
        struct fake_api *api = mem_new(api);
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        INVARIANT(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 64) == 0);
        *api = (struct fake_api){
            .loop = loop, .handler = handler, .ctx = ctx, .listener = {.fd = fd, .ready = on_listener}};
        loop_fd_add(loop, &api->listener, EPOLLIN);
        return api;
}

void fake_api_close(struct fake_api *api)
{
        while (api->peers)
                drop_peer(api->peers);
        int fd = api->listener.fd;
        loop_fd_remove(api->loop, &api->listener);
        close(fd);
        free(api);
}

int fake_api_port(const struct fake_api *api)
{
        struct sockaddr_in address;
        socklen_t bytes = sizeof(address);
        INVARIANT(getsockname(api->listener.fd, (struct sockaddr *)&address, &bytes) == 0);
        return ntohs(address.sin_port);
}

unsigned fake_api_connections(const struct fake_api *api)
{
        return api->connections;
}

struct run {
        struct loop *loop;
        const bool *stop;
        struct loop_timer timer;
        bool is_late;
};

static void check_stop(void *ctx)
{
        struct run *run = ctx;
        if (*run->stop)
                loop_stop(run->loop);
}

static void on_late(struct loop_timer *timer)
{
        struct run *run = CONTAINER_OF(timer, struct run, timer);
        run->is_late = true;
        loop_stop(run->loop);
}

struct turn {
        struct loop *loop;
        struct loop_timer timer; /* so that the poll between the two does not wait */
        int ends;
};

static void on_nothing(struct loop_timer *timer)
{
        (void)timer;
}

static void on_turn_end(void *ctx)
{
        struct turn *turn = ctx;
        if (++turn->ends == 2)
                loop_stop(turn->loop);
        else
                loop_timer_set(turn->loop, &turn->timer, loop_now(turn->loop));
}

void fake_turn(struct loop *loop)
{
        struct turn turn = {.loop = loop, .timer.due = on_nothing};
        loop_set_idle(loop, on_turn_end, &turn);
        loop_run(loop);
        loop_set_idle(loop, NULL, NULL);
        loop_timer_stop(loop, &turn.timer);
}

bool fake_run(struct loop *loop, const bool *stop, int timeout_ms)
{
        struct run run = {.loop = loop, .stop = stop, .timer.due = on_late};
        if (*stop)
                return true;
        loop_timer_set(loop, &run.timer, loop_now(loop) + timeout_ms);
        loop_set_idle(loop, check_stop, &run);
        loop_run(loop);
        loop_set_idle(loop, NULL, NULL);
        loop_timer_stop(loop, &run.timer);
        return *stop;
}
