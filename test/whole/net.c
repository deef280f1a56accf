/* net.c -- HTTP without sockets. */
#include "net.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "judge.h"
#include "planes.h"
#include "runtime/clock.h"
#include "util/mem.h"
#include "util/strbuf.h"

struct http {
        struct loop *loop;
        struct http_call *calls;
};

struct http_call {
        struct http *http;
        struct http_call *next, **link;
        struct exchange *exchange;
        bool is_safe, is_in_callback;
        mono_ms idle_ms;
        int64_t started_us;
        long status;
        struct strbuf body;
        struct loop_timer timeout, idle;
        void (*on_head)(void *ctx, long status);
        bool (*on_bytes)(void *ctx, const char *bytes, size_t count);
        void (*done)(void *ctx, const struct http_response *response);
        void *ctx;
};

/* ---- exchanges ---- */

struct exchange *exchange_ref(struct exchange *exchange)
{
        exchange->references++;
        return exchange;
}

void exchange_unref(struct exchange *exchange)
{
        if (--exchange->references)
                return;
        free(exchange->method);
        free(exchange->target);
        free(exchange->body);
        free(exchange);
}

/* ---- a call's end ---- */

static void release(struct http_call *call)
{
        loop_timer_stop(call->http->loop, &call->timeout);
        loop_timer_stop(call->http->loop, &call->idle);
        *call->link = call->next;
        if (call->next)
                call->next->link = call->link;
        call->exchange->call = NULL;
        exchange_unref(call->exchange);
        strbuf_deinit(&call->body);
        free(call);
}

void http_cancel(struct http_call *call)
{
        if (!call)
                return;
        judge_unheard(call->exchange);
        release(call);
}

static void finish(struct http_call *call, struct http_response *response)
{
        response->latency_us = clock_mono_us() - call->started_us;
        response->body = strbuf_text(&call->body);
        response->body_bytes = strlen(response->body);
        void (*done)(void *, const struct http_response *) = call->done;
        void *ctx = call->ctx;
        struct strbuf body = call->body; /* borrowed by done(), after the call is gone */
        call->body = STRBUF_INIT(0);
        release(call);
        done(ctx, response);
        strbuf_deinit(&body);
}

static void fail(struct http_call *call, enum http_failure failure, int os_error, const char *why)
{
        struct http_response response = {.failure = failure, .os_error = os_error, .retry_after_s = -1};
        bool was_sent = failure != HTTP_FAIL_CONNECT;
        judge_unheard(call->exchange);
        response.err = err_set(&response.why, was_sent && !call->is_safe ? ERR_UNKNOWN : ERR_TRANSIENT, "%s", why);
        finish(call, &response);
}

static void timed_out(struct loop_timer *timer)
{
        fail(CONTAINER_OF(timer, struct http_call, timeout), HTTP_FAIL_TIMEOUT, 0, "no answer in time");
}

static void idled(struct loop_timer *timer)
{
        fail(CONTAINER_OF(timer, struct http_call, idle), HTTP_FAIL_SLOW, 0, "nothing came for too long");
}

/* ---- what comes back ---- */

enum delivery_kind { DELIVER_REPLY, DELIVER_HEAD, DELIVER_PIECE, DELIVER_END, DELIVER_BREAK, DELIVER_REFUSAL };

struct delivery {
        struct host_mail mail; /* first */
        struct exchange *exchange;
        enum delivery_kind kind;
        long status, retry_after_s;
        int64_t date;
        char *text;
};

static void free_delivery(struct host_mail *mail)
{
        struct delivery *delivery = (struct delivery *)(void *)mail;
        exchange_unref(delivery->exchange);
        free(delivery->text);
        free(delivery);
}

static void read_head(struct http_call *call, long status)
{
        call->status = status;
        if (call->on_head)
                call->on_head(call->ctx, status);
}

/* False: the call is gone. */
static bool read_bytes(struct http_call *call, const char *text)
{
        struct exchange *exchange = call->exchange;
        if (call->idle_ms)
                loop_timer_set(call->http->loop, &call->idle, loop_now(call->http->loop) + call->idle_ms);
        if (!call->on_bytes) {
                (void)strbuf_append_text(&call->body, text);
                return true;
        }
        bool goes_on = call->on_bytes(call->ctx, text, strlen(text));
        if (!exchange->call)
                return false;
        if (goes_on)
                return true;
        struct http_response response = {.err = ERR_CANCELLED, .retry_after_s = -1};
        finish(call, &response);
        return false;
}

static void read_end(struct http_call *call, const struct delivery *delivery)
{
        struct http_response response = {
            .err = ERR_OK, .status = call->status, .retry_after_s = delivery->retry_after_s, .date = delivery->date};
        finish(call, &response);
}

static void read_reply(struct exchange *exchange, const struct delivery *delivery)
{
        read_head(exchange->call, delivery->status);
        if (exchange->call && delivery->text[0] && !read_bytes(exchange->call, delivery->text))
                return;
        if (exchange->call)
                read_end(exchange->call, delivery);
}

static void read_delivery(struct host_mail *mail)
{
        struct delivery *delivery = (struct delivery *)(void *)mail;
        struct exchange *exchange = delivery->exchange;
        struct http_call *call = exchange->call;
        if (delivery->kind == DELIVER_REPLY || delivery->kind == DELIVER_PIECE)
                judge_heard(exchange, delivery->status, delivery->text);
        if (call && delivery->kind == DELIVER_REPLY)
                read_reply(exchange, delivery);
        else if (call && delivery->kind == DELIVER_HEAD)
                read_head(call, delivery->status);
        else if (call && delivery->kind == DELIVER_PIECE)
                (void)read_bytes(call, delivery->text);
        else if (call && delivery->kind == DELIVER_END)
                read_end(call, delivery);
        else if (call && delivery->kind == DELIVER_BREAK)
                fail(call, HTTP_FAIL_PROTOCOL, 0, "connection reset");
        else if (call)
                fail(call, HTTP_FAIL_CONNECT, ECONNREFUSED, "connection refused");
        free_delivery(mail);
}

static void arrive_back(void *ctx)
{
        struct delivery *delivery = ctx;
        host_post(delivery->exchange->host, delivery->exchange->life, &delivery->mail);
}

static void deliver(struct exchange *exchange, vtime_us at, const struct delivery *model, const char *text)
{
        struct delivery *delivery = mem_new(delivery);
        *delivery = *model;
        delivery->mail = (struct host_mail){.read = read_delivery, .drop = free_delivery};
        delivery->exchange = exchange_ref(exchange);
        delivery->text = mem_strdup(text ? text : "");
        vtime_at(at, arrive_back, delivery);
}

static int64_t date_at(const struct exchange *exchange)
{
        if (exchange->place >= AT_API + CLUSTERS_MAX)
                return 0;
        return (HOST_EPOCH_MS + vtime_now() / 1000 + world.api_skew_ms[exchange->place]) / 1000 * 1000;
}

void net_reply(struct exchange *exchange, long status, const char *body, long retry_after_s)
{
        vtime_us at;
        const struct delivery reply = {
            .kind = DELIVER_REPLY, .status = status, .retry_after_s = retry_after_s, .date = date_at(exchange)};
        if (world_answer(exchange->host, exchange->place, &at))
                deliver(exchange, at, &reply, body);
}

/* The kernel of whoever listens has probed a silent connection for long enough: KEEPALIVE_* in http_request.c, and nine
 * tries. */
static void find_dead(void *ctx)
{
        struct exchange *exchange = ctx;
        if (!vtime_is_over() && exchange->call)
                deliver(exchange, vtime_now(), &(struct delivery){.kind = DELIVER_BREAK}, NULL);
        exchange_unref(exchange);
}

void net_mute(struct exchange *exchange)
{
        enum { KEEPALIVE_S = 15 + 9 * 5 };
        if (exchange->is_muted)
                return;
        exchange->is_muted = true;
        vtime_at(vtime_now() + KEEPALIVE_S * VTIME_S, find_dead, exchange_ref(exchange));
}

/* TCP: nothing of a stream is lost, but it may stand still. */
static void deliver_in_order(struct exchange *exchange, const struct delivery *model, const char *text)
{
        vtime_us at;
        if (exchange->is_muted || !exchange->call)
                return;
        if (!world_flows(exchange->host, exchange->place, &at)) {
                net_mute(exchange);
                return;
        }
        exchange->last_at = at > exchange->last_at ? at : exchange->last_at;
        deliver(exchange, exchange->last_at, model, text);
}

void net_head(struct exchange *exchange, long status)
{
        deliver_in_order(exchange, &(struct delivery){.kind = DELIVER_HEAD, .status = status}, NULL);
}

bool net_piece(struct exchange *exchange, const char *text)
{
        deliver_in_order(exchange, &(struct delivery){.kind = DELIVER_PIECE}, text);
        return exchange->call != NULL;
}

void net_hang_up(struct exchange *exchange, bool is_broken)
{
        const struct delivery end = {
            .kind = is_broken ? DELIVER_BREAK : DELIVER_END, .retry_after_s = -1, .date = date_at(exchange)};
        deliver_in_order(exchange, &end, NULL);
}

/* ---- what is sent ---- */

static void arrive(void *ctx)
{
        struct exchange *exchange = ctx;
        if (!vtime_is_over() && exchange->place >= AT_PLANE_API)
                planes_serve(exchange);
        else if (!vtime_is_over())
                api_serve(exchange->place - AT_API, exchange);
        exchange_unref(exchange);
}

static void send_off(struct exchange *exchange)
{
        vtime_us at;
        switch (world_send(exchange->host, exchange->place, &at)) {
        case FATE_ARRIVES:
                vtime_at(at, arrive, exchange_ref(exchange));
                break;
        case FATE_REFUSED:
                deliver(exchange, at, &(struct delivery){.kind = DELIVER_REFUSAL}, NULL);
                break;
        case FATE_LOST:
                break;
        }
}

/* "https://api-1.test:6443/apis/...": the cluster's number; and a plane's address, or its name, has its number, counted from 1; a mistyped
 * address has ten more.
 */
static enum locality place_of(const char *url, const char **ret_target, int *ret_plane)
{
        unsigned number = 0;
        const char *host = strstr(url, "//") + 2;
        *ret_target = strchr(host, '/');
        *ret_plane = -1;
        INVARIANT(*ret_target);
        if (sscanf(host, "api-%u.", &number) == 1)
                return AT_API + number;
        if (sscanf(host, "plane-api-%u.", &number) == 1)
                return AT_PLANE_API + number;
        INVARIANT((sscanf(host, "10.0.0.%u:", &number) == 1 || sscanf(host, "lb-%u.", &number) == 1) && number >= 1);
        *ret_plane = (int)(number > 10 ? number - 11 : number - 1);
        return number > 10 ? AT_NOWHERE : AT_PLANE + number - 1;
}

static bool asks_for_metadata(const struct http_request *request)
{
        for (const char *const *header = request->headers; header && *header; header++)
                if (strstr(*header, "PartialObjectMetadata"))
                        return true;
        return false;
}

static struct exchange *new_exchange(struct http_call *call, const struct http_request *request)
{
        const char *target;
        struct exchange *exchange = mem_new(exchange);
        int plane;
        const enum locality place = place_of(request->url, &target, &plane);
        *exchange = (struct exchange){
            .references = 1,
            .call = call,
            .host = host_current,
            .life = host_current->life,
            .place = place,
            .plane = plane,
            .method = mem_strdup(request->method),
            .target = mem_strdup(target),
            .body = request->body ? mem_strdup(request->body) : NULL,
            .wants_metadata = asks_for_metadata(request),
            .sent_at = vtime_now(),
        };
        return exchange;
}

struct http *http_open(struct loop *loop, unsigned max_connections_per_host)
{
        (void)max_connections_per_host;
        struct http *http = mem_new(http);
        http->loop = loop;
        return http;
}

void http_close(struct http *http)
{
        while (http->calls)
                release(http->calls);
        free(http);
}

struct http_call *http_start(struct http *http, const struct http_request *request)
{
        struct http_call *call = mem_new(call);
        *call = (struct http_call){
            .http = http,
            .next = http->calls,
            .link = &http->calls,
            .is_safe = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0,
            .idle_ms = request->idle_timeout_ms,
            .started_us = clock_mono_us(),
            .body = STRBUF_INIT(request->max_body_bytes ? request->max_body_bytes : 1 << 20),
            .timeout.due = timed_out,
            .idle.due = idled,
            .on_head = request->on_head,
            .on_bytes = request->on_bytes,
            .done = request->done,
            .ctx = request->ctx,
        };
        if (http->calls)
                http->calls->link = &call->next;
        http->calls = call;
        call->exchange = new_exchange(call, request);
        if (request->timeout_ms)
                loop_timer_set(http->loop, &call->timeout, loop_now(http->loop) + request->timeout_ms);
        if (request->idle_timeout_ms)
                loop_timer_set(http->loop, &call->idle, loop_now(http->loop) + request->idle_timeout_ms);
        digest_add(call->exchange->target, (unsigned)strlen(call->exchange->target));
        if (request->body)
                digest_add(request->body, (unsigned)strlen(request->body));
        judge_sent(call->exchange);
        send_off(call->exchange);
        return call;
}

void http_tls_clear(struct http_tls *tls)
{
        secret_clear(&tls->ca);
        secret_clear(&tls->certificate);
        secret_clear(&tls->key);
        free(tls->server_name);
        *tls = (struct http_tls){0};
}
