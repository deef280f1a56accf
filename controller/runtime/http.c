/* http.c -- HTTP requests on the loop: the life of a call, and curl's sockets and timer on the loop. */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "runtime/clock.h"
#include "runtime/http_call.h"
#include "util/mem.h"

enum {
        POOL_MAX = 32,
        POOL_BODY_MAX_BYTES = 8 * 1024, /* a larger buffer is not kept for the next call */
};

/* ---- lists ---- */

static void put(struct http_call *call, struct http_call_list *list)
{
        call->list = list;
        call->next = NULL;
        call->previous = list->last;
        *(list->last ? &list->last->next : &list->first) = call;
        list->last = call;
}

static void take_out(struct http_call *call)
{
        *(call->previous ? &call->previous->next : &call->list->first) = call->next;
        *(call->next ? &call->next->previous : &call->list->last) = call->previous;
        call->list = NULL;
        call->previous = call->next = NULL;
}

/* ---- the life of a call ---- */

static struct http_lane *lane_of(struct http_call *call)
{
        return &call->http->lanes[call->is_fresh ? HTTP_LANE_FRESH : HTTP_LANE_KEPT];
}

static void free_secret_list(struct curl_slist *list)
{
        for (struct curl_slist *node = list; node; node = node->next)
                secret_wipe(node->data, strlen(node->data)); /* a bearer token may be among them */
        curl_slist_free_all(list);
}

static void free_call(struct http_call *call)
{
        curl_easy_cleanup(call->easy);
        strbuf_deinit(&call->body);
        free(call);
}

/* The easy handle keeps nothing of the call: it is reset, and its connection belongs to the multi handle. */
static void release_call(struct http_call *call)
{
        struct http *http = call->http;
        loop_timer_stop(http->loop, &call->idle);
        http_tls_note_unref(call->note);
        curl_easy_reset(call->easy);
        free_secret_list(call->headers);
        curl_slist_free_all(call->connect_to);
        /* With CONNECT_ONLY the connection stays with the handle: it goes with it. */
        if (call->is_connect_only || http->pool_count == POOL_MAX || call->body.capacity > POOL_BODY_MAX_BYTES) {
                free_call(call);
                return;
        }
        strbuf_clear(&call->body);
        *call = (struct http_call){.http = http, .easy = call->easy, .body = call->body};
        put(call, &http->pool);
        http->pool_count++;
}

static struct http_call *new_call(struct http *http)
{
        struct http_call *call = http->pool.first;
        if (call) {
                take_out(call);
                http->pool_count--;
                return call;
        }
        call = mem_new(call);
        call->http = http;
        call->easy = curl_easy_init();
        INVARIANT(call->easy); /* it fails for want of memory only */
        return call;
}

static void detach(struct http_call *call)
{
        if (call->list == &call->http->running)
                (void)curl_multi_remove_handle(lane_of(call)->multi, call->easy);
        take_out(call);
}

static void finish(struct http_call *call, CURLcode code)
{
        struct http_response response;
        http_call_result(call, code, &response);
        detach(call);
        call->done(call->ctx, &response);
        release_call(call);
}

static void on_idle(struct loop_timer *self)
{
        struct http_call *call = CONTAINER_OF(self, struct http_call, idle);
        mono_ms at = call->last_byte_at + call->idle_timeout_ms;
        if (at > loop_now(call->http->loop)) {
                loop_timer_set(call->http->loop, &call->idle, at);
                return;
        }
        call->stop = HTTP_STOP_SLOW;
        finish(call, CURLE_OPERATION_TIMEDOUT);
}

struct http_call *http_start(struct http *http, const struct http_request *request)
{
        struct http_call *call = new_call(http);
        call->started_us = clock_mono_us();
        call->idle.due = on_idle;
        http_call_configure(call, request);
        put(call, &http->waiting);
        if (!http->kick.heap_index)
                loop_timer_set(http->loop, &http->kick, loop_now(http->loop));
        return call;
}

void http_cancel(struct http_call *call)
{
        if (!call || !call->list)
                return;
        struct http *http = call->http;
        if (http->is_in_curl && call->list == &http->running) {
                call->stop = HTTP_STOP_WITHDRAWN;
                loop_timer_stop(http->loop, &call->idle);
                take_out(call);
                put(call, &http->cancelled);
                return;
        }
        detach(call);
        release_call(call);
}

/* ---- curl on the loop ---- */

static void release_cancelled(struct http *http)
{
        while (http->cancelled.first) {
                struct http_call *call = http->cancelled.first;
                (void)curl_multi_remove_handle(lane_of(call)->multi, call->easy);
                take_out(call);
                release_call(call);
        }
}

static void finish_those_done(struct http_lane *lane)
{
        int left;
        for (CURLMsg *message = curl_multi_info_read(lane->multi, &left); message;
             message = curl_multi_info_read(lane->multi, &left)) {
                CURLcode code = message->data.result; /* the message dies with the handle */
                struct http_call *call = NULL;
                (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
                finish(call, code);
        }
}

static void drive(struct http_lane *lane, curl_socket_t fd, int events)
{
        int running;
        lane->http->is_in_curl = true;
        CURLMcode failed = curl_multi_socket_action(lane->multi, fd, events, &running);
        lane->http->is_in_curl = false;
        INVARIANT(!failed);
        release_cancelled(lane->http);
        finish_those_done(lane);
}

static void begin(struct http_call *call)
{
        if (call->setup_code != CURLE_OK) {
                finish(call, call->setup_code);
                return;
        }
        struct http *http = call->http;
        take_out(call);
        put(call, &http->running);
        call->last_byte_at = loop_now(http->loop);
        if (call->idle_timeout_ms > 0)
                loop_timer_set(http->loop, &call->idle, call->last_byte_at + call->idle_timeout_ms);
        CURLMcode failed = curl_multi_add_handle(lane_of(call)->multi, call->easy);
        INVARIANT(!failed);
}

/* Calls begin here and not in http_start(), which may be called from within curl, where curl must not be called. */
static void on_kick(struct loop_timer *self)
{
        struct http *http = CONTAINER_OF(self, struct http, kick);
        size_t count = 0; /* one that fails at once and is started again by its done() waits for the next turn */
        for (const struct http_call *call = http->waiting.first; call; call = call->next)
                count++;
        for (; count > 0 && http->waiting.first; count--)
                begin(http->waiting.first);
        for (size_t i = 0; i < HTTP_LANE_COUNT; i++) {
                struct http_lane *lane = &http->lanes[i];
                if (lane->timer.heap_index && lane->timer.at <= clock_mono())
                        drive(lane, CURL_SOCKET_TIMEOUT, 0);
        }
}

static void on_curl_due(struct loop_timer *self)
{
        drive(CONTAINER_OF(self, struct http_lane, timer), CURL_SOCKET_TIMEOUT, 0);
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *ctx)
{
        (void)multi;
        struct http_lane *lane = ctx;
        if (timeout_ms < 0)
                loop_timer_stop(lane->http->loop, &lane->timer);
        else /* the loop's clock is cut to milliseconds: one more, or the timer comes too early and the loop spins */
                loop_timer_set(lane->http->loop, &lane->timer, clock_mono() + timeout_ms + (timeout_ms > 0));
        return 0;
}

struct curl_fd {
        struct http_lane *lane;
        struct loop_fd fd;
};

static void on_ready(struct loop_fd *self, uint32_t events)
{
        struct curl_fd *curl_fd = CONTAINER_OF(self, struct curl_fd, fd);
        int flags = 0;
        if (events & (EPOLLIN | EPOLLHUP))
                flags |= CURL_CSELECT_IN;
        if (events & EPOLLOUT)
                flags |= CURL_CSELECT_OUT;
        if (events & EPOLLERR)
                flags |= CURL_CSELECT_ERR;
        drive(curl_fd->lane, self->fd, flags);
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
        (void)easy;
        struct http_lane *lane = ctx;
        struct curl_fd *curl_fd = socket_ctx;
        if (what == CURL_POLL_REMOVE) {
                if (curl_fd)
                        loop_fd_remove(lane->http->loop, &curl_fd->fd);
                free(curl_fd);
                return 0;
        }
        uint32_t events = what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0;
        events |= what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0;
        if (curl_fd) {
                loop_fd_change(lane->http->loop, &curl_fd->fd, events);
                return 0;
        }
        curl_fd = mem_new(curl_fd);
        *curl_fd = (struct curl_fd){.lane = lane, .fd = {.fd = fd, .ready = on_ready}};
        loop_fd_add(lane->http->loop, &curl_fd->fd, events);
        return curl_multi_assign(lane->multi, fd, curl_fd) == CURLM_OK ? 0 : -1;
}

static void open_lane(struct http *http, struct http_lane *lane, long max_connections_per_host)
{
        lane->http = http;
        lane->timer.due = on_curl_due;
        lane->multi = curl_multi_init();
        INVARIANT(lane->multi);
        (void)curl_multi_setopt(lane->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
        (void)curl_multi_setopt(lane->multi, CURLMOPT_SOCKETDATA, lane);
        (void)curl_multi_setopt(lane->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
        (void)curl_multi_setopt(lane->multi, CURLMOPT_TIMERDATA, lane);
        (void)curl_multi_setopt(lane->multi, CURLMOPT_MAX_HOST_CONNECTIONS, max_connections_per_host);
        /* One call per connection, so that a connection that dies takes one call with it. */
        (void)curl_multi_setopt(lane->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
}

struct http *http_open(struct loop *loop, unsigned max_connections_per_host)
{
        CURLcode failed = curl_global_init(CURL_GLOBAL_DEFAULT);
        INVARIANT(!failed);
        http_tls_setup();
        struct http *http = mem_new(http);
        http->loop = loop;
        http->kick.due = on_kick;
        open_lane(http, &http->lanes[HTTP_LANE_KEPT], (long)max_connections_per_host);
        open_lane(http, &http->lanes[HTTP_LANE_FRESH], 0); /* a probe never queues behind another one that hangs */
        return http;
}

static void release_all(struct http_call_list *list)
{
        while (list->first) {
                struct http_call *call = list->first;
                detach(call);
                release_call(call);
        }
}

void http_close(struct http *http)
{
        if (!http)
                return;
        release_all(&http->waiting);
        release_all(&http->running);
        while (http->pool.first) {
                struct http_call *call = http->pool.first;
                take_out(call);
                free_call(call);
        }
        for (size_t i = 0; i < HTTP_LANE_COUNT; i++) {
                (void)curl_multi_cleanup(http->lanes[i].multi);
                loop_timer_stop(http->loop, &http->lanes[i].timer);
        }
        loop_timer_stop(http->loop, &http->kick);
        free(http);
        curl_global_cleanup();
}
