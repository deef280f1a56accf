/* client.c -- the few verbs of the Kubernetes API that the operator needs. */
#include "kube/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kube/answer.h"
#include "kube/credentials.h"
#include "kube/stream.h"
#include "runtime/metrics.h"
#include "util/mem.h"
#include "util/strbuf.h"

enum {
        ANSWER_BYTES_MAX = 4 * 1024 * 1024,
        REFUSAL_BYTES_MAX = 16 * 1024,      /* of a streamed call: a Status object */
        CREDENTIALS_TIMEOUT_MS = 15 * 1000, /* for calls without a deadline */
        RETRY_AFTER_MAX_S = 3600,
};

struct kube {
        struct loop *loop;
        struct http *http;
        struct credentials *credentials;
        char host[256]; /* "host:port", for metrics and messages */
        struct kube_call *calls;
};

#define MERGE_PATCH "Content-Type: application/merge-patch+json"
/* A server that cannot do that sends the whole object, which has the metadata too. */
#define ACCEPT_METADATA "Accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"

struct kube_call {
        struct kube *kube;
        struct kube_call *previous;
        struct kube_call *next;
        const char *method;
        const char *content_type; /* NULL without a body */
        bool wants_metadata;      /* and nothing else of the answer */
        char *url;
        char *body;
        mono_ms deadline;    /* 0: none */
        mono_ms waits_until; /* for credentials */
        mono_ms idle_timeout_ms;
        kube_done *done;
        void *ctx;

        struct http_call *http;  /* NULL while it waits for credentials */
        struct loop_timer timer; /* while it waits for them: the deadline; or at once, to report a failure */
        struct credentials_tls *tls;
        uint64_t generation;
        bool is_second_try;

        bool (*bytes)(void *ctx, const char *bytes, size_t count); /* streamed calls only, from here */
        void (*begun)(void *ctx);
        long status;
        struct strbuf refusal;
        bool is_in_bytes;
        bool is_cancelled; /* within bytes(): http ends it, done() stays silent */
};

static const double duration_buckets[] = {0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60};
static struct metric_family requests_total = {
    .name = "rest_client_requests_total",
    .help = "Number of HTTP requests, partitioned by status code, method, and host.",
    .type = METRIC_COUNTER,
    .labels = {"code", "host", "method"},
};
static struct metric_family request_duration = {
    .name = "rest_client_request_duration_seconds",
    .help = "Request latency in seconds. Broken down by verb, and host.",
    .type = METRIC_HISTOGRAM,
    .labels = {"host", "verb"},
    .buckets = duration_buckets,
    .bucket_count = sizeof(duration_buckets) / sizeof(*duration_buckets),
};

static void on_credentials_changed(void *ctx);
static void launch(struct kube_call *call);

struct kube *kube_open(struct loop *loop, struct http *http, struct executor *executor, struct kube_config *config)
{
        struct kube *kube = mem_new(kube);
        metrics_register(&requests_total);
        metrics_register(&request_duration);
        kube->loop = loop;
        kube->http = http;
        kube->credentials = credentials_open(loop, executor, config, on_credentials_changed, kube);
        const char *scheme_end = strstr(kube_server(kube), "://");
        const char *host = scheme_end ? scheme_end + 3 : kube_server(kube);
        (void)snprintf(kube->host, sizeof(kube->host), "%.*s", (int)strcspn(host, "/"), host);
        return kube;
}

const char *kube_server(const struct kube *kube)
{
        return credentials_config(kube->credentials)->server;
}

static void free_call(struct kube_call *call)
{
        struct kube *kube = call->kube;
        loop_timer_stop(kube->loop, &call->timer);
        credentials_tls_unref(call->tls);
        if (call->previous)
                call->previous->next = call->next;
        else
                kube->calls = call->next;
        if (call->next)
                call->next->previous = call->previous;
        strbuf_deinit(&call->refusal);
        free(call->url);
        free(call->body);
        free(call);
}

void kube_cancel(struct kube_call *call)
{
        if (!call)
                return;
        if (call->is_in_bytes) {
                call->is_cancelled = true;
                return;
        }
        http_cancel(call->http);
        free_call(call);
}

void kube_close(struct kube *kube)
{
        if (!kube)
                return;
        while (kube->calls) {
                http_cancel(kube->calls->http);
                free_call(kube->calls);
        }
        credentials_close(kube->credentials);
        free(kube);
}

static void count_request(const struct kube_call *call, const struct http_response *response)
{
        char code[16] = "<error>";
        const char *host = call->kube->host;
        if (response->err == ERR_OK)
                (void)snprintf(code, sizeof(code), "%ld", response->status);
        metric_add(METRIC(&requests_total, code, host, call->method), 1);
        if (!call->bytes)
                metric_observe(METRIC(&request_duration, host, call->method), (double)response->latency_us / 1e6);
}

static bool is_write(const struct kube_call *call)
{
        return strcmp(call->method, "GET") != 0;
}

/* The call ends here. done() may close the client, so neither is touched after it. */
static void finish(struct kube_call *call, const struct kube_reply *reply)
{
        kube_done *done = call->done;
        void *ctx = call->ctx;
        free_call(call);
        done(ctx, reply);
}

/* The wait for credentials is over. Nothing was sent yet, so a failure here is never ERR_UNKNOWN, even of a write. */
static void on_timer(struct loop_timer *timer)
{
        struct kube_call *call = CONTAINER_OF(timer, struct kube_call, timer);
        struct kube_reply reply = {0};
        if (call->is_cancelled) {
                kube_cancel(call);
                return;
        }
        if (loop_now(call->kube->loop) >= call->waits_until)
                reply.err = credentials_late(call->kube->credentials, &reply.why);
        else if (credentials_state(call->kube->credentials) == CREDENTIALS_FAILED)
                reply.err = credentials_error(call->kube->credentials, &reply.why);
        else {
                launch(call);
                return;
        }
        finish(call, &reply);
}

static void fill_reply(struct kube_call *call, const struct http_response *response, json_t **ret_body,
                       struct kube_reply *ret)
{
        const char *text = call->bytes ? strbuf_text(&call->refusal) : response->body;
        size_t bytes = call->bytes ? call->refusal.bytes : response->body_bytes;
        *ret = (struct kube_reply){
            .date = response->date,
            .latency_us = response->latency_us,
            .retry_after_ms =
                response->retry_after_s > 0
                    ? 1000 * (response->retry_after_s < RETRY_AFTER_MAX_S ? response->retry_after_s : RETRY_AFTER_MAX_S)
                    : 0,
        };
        if (response->err != ERR_OK) {
                ret->err = answer_from_transport(response, call->kube->host, &ret->why);
                return;
        }
        ret->status = response->status;
        json_t *body = bytes ? json_loadb(text, bytes, JSON_ALLOW_NUL, NULL) : NULL;
        ret->err = answer_from_status(response->status, body, is_write(call), &ret->why);
        /* A 200 that is not JSON is not an API server's answer (a captive proxy, say): a write may have happened or
         * not. */
        if (ret->err == ERR_OK && !body && !call->bytes)
                ret->err = err_set(&ret->why, is_write(call) ? ERR_UNKNOWN : ERR_TRANSIENT,
                                   "HTTP %ld, but the answer is not JSON: is this an API server?", response->status);
        *ret_body = body;
        ret->body = body;
}

/* A 401 is tried once more with newer credentials, because tokens rotate between two calls. A stream is not: its owner
 * has a back-off of its own. */
static void on_http_done(void *ctx, const struct http_response *response)
{
        struct kube_call *call = ctx;
        call->http = NULL;
        count_request(call, response);
        if (call->is_cancelled) {
                free_call(call);
                return;
        }
        bool is_refused = response->err == ERR_OK && response->status == 401;
        if (is_refused && credentials_refused(call->kube->credentials, call->generation) && !call->is_second_try &&
            !call->bytes) {
                call->is_second_try = true; /* a 401 comes before the write, so trying again cannot write twice */
                credentials_tls_unref(call->tls);
                call->tls = NULL;
                launch(call);
                return;
        }
        struct kube_reply reply;
        json_t *body = NULL;
        fill_reply(call, response, &body, &reply);
        if (is_refused)
                (void)credentials_explain(call->kube->credentials, reply.err, &reply.why);
        finish(call, &reply);
        json_decref(body);
}

static void on_head(void *ctx, long status)
{
        struct kube_call *call = ctx;
        call->status = status;
        if (status != 200)
                return;
        call->is_in_bytes = true;
        call->begun(call->ctx);
        call->is_in_bytes = false;
        if (call->is_cancelled)
                loop_timer_set(call->kube->loop, &call->timer,
                               loop_now(call->kube->loop)); /* a watch without changes would go on for minutes */
}

static bool on_bytes(void *ctx, const char *bytes, size_t count)
{
        struct kube_call *call = ctx;
        if (call->is_cancelled)
                return false;
        if (call->status != 200) {
                (void)strbuf_append(&call->refusal, bytes, count); /* the bound is enough for a Status object */
                return !call->refusal.overflowed;
        }
        call->is_in_bytes = true;
        bool goes_on = call->bytes(call->ctx, bytes, count);
        call->is_in_bytes = false;
        return goes_on && !call->is_cancelled;
}

static void send_request(struct kube_call *call)
{
        struct credentials *credentials = call->kube->credentials;
        mono_ms left = call->deadline ? call->deadline - loop_now(call->kube->loop) : 0;
        const char *headers[] = {call->wants_metadata ? ACCEPT_METADATA : "Accept: application/json",
                                 call->content_type, NULL};
        /* The generation tells a 401 of these credentials from one of older ones that were replaced meanwhile. */
        call->tls = credentials_tls_ref(credentials);
        call->generation = credentials_generation(credentials);
        struct http_request request = {
            .method = call->method,
            .url = call->url,
            .headers = headers,
            .body = call->body,
            .body_bytes = call->body ? strlen(call->body) : 0,
            .tls = &call->tls->tls,
            .bearer = secret_is_empty(credentials_token(credentials)) ? NULL : credentials_token(credentials),
            .timeout_ms = call->deadline && left < 1 ? 1 : left,
            .idle_timeout_ms = call->idle_timeout_ms,
            .max_body_bytes = ANSWER_BYTES_MAX,
            .on_head = call->bytes ? on_head : NULL,
            .on_bytes = call->bytes ? on_bytes : NULL,
            .done = on_http_done,
            .ctx = call,
        };
        call->http = http_start(call->kube->http, &request);
}

static void launch(struct kube_call *call)
{
        struct loop *loop = call->kube->loop;
        loop_timer_stop(loop, &call->timer);
        switch (credentials_state(call->kube->credentials)) {
        case CREDENTIALS_READY:
                send_request(call);
                return;
        case CREDENTIALS_WAIT:
                loop_timer_set(loop, &call->timer, call->waits_until);
                return;
        case CREDENTIALS_FAILED:
                loop_timer_set(loop, &call->timer, loop_now(loop));
                return;
        }
}

/* @timeout_ms: 0 for none. */
static struct kube_call *start(struct kube_call *call, mono_ms timeout_ms)
{
        mono_ms now = loop_now(call->kube->loop);
        call->deadline = timeout_ms ? now + timeout_ms : 0;
        /* A stream has no deadline, but must not wait for ever for an exec plugin that hangs. */
        call->waits_until = timeout_ms ? call->deadline : now + CREDENTIALS_TIMEOUT_MS;
        launch(call);
        return call;
}

static void on_credentials_changed(void *ctx)
{
        struct kube *kube = ctx;
        struct kube_call *next;
        for (struct kube_call *call = kube->calls; call; call = next) {
                next = call->next; /* launch() reports nothing itself, so the list stays as it is */
                if (!call->http)
                        launch(call);
        }
}

static struct kube_call *new_call(struct kube *kube, const char *method, const char *path, kube_done *done, void *ctx)
{
        struct kube_call *call = mem_new(call);
        struct strbuf url = STRBUF_INIT(SIZE_MAX - 1);
        (void)strbuf_printf(&url, "%s%s", kube_server(kube), path);
        call->kube = kube;
        call->method = method;
        call->url = strbuf_take(&url);
        call->done = done;
        call->ctx = ctx;
        call->timer.due = on_timer;
        call->refusal = STRBUF_INIT(REFUSAL_BYTES_MAX);
        call->next = kube->calls;
        if (call->next)
                call->next->previous = call;
        kube->calls = call;
        return call;
}

struct kube_call *kube_get(struct kube *kube, const char *path, mono_ms timeout_ms, kube_done *done, void *ctx)
{
        return start(new_call(kube, "GET", path, done, ctx), timeout_ms);
}

static struct kube_call *send_object(struct kube_call *call, const char *content_type, const json_t *object,
                                     mono_ms timeout_ms)
{
        call->content_type = content_type;
        call->body = json_dumps(object, JSON_COMPACT);
        INVARIANT(call->body);
        return start(call, timeout_ms);
}

struct kube_call *kube_create(struct kube *kube, const char *path, const json_t *object, mono_ms timeout_ms,
                              kube_done *done, void *ctx)
{
        return send_object(new_call(kube, "POST", path, done, ctx), "Content-Type: application/json", object,
                           timeout_ms);
}

struct kube_call *kube_patch(struct kube *kube, const char *path, const json_t *patch, mono_ms timeout_ms,
                             kube_done *done, void *ctx)
{
        return send_object(new_call(kube, "PATCH", path, done, ctx), MERGE_PATCH, patch, timeout_ms);
}

struct kube_call *kube_patch_for_metadata(struct kube *kube, const char *path, const json_t *patch, mono_ms timeout_ms,
                                          kube_done *done, void *ctx)
{
        struct kube_call *call = new_call(kube, "PATCH", path, done, ctx);
        call->wants_metadata = true;
        return send_object(call, MERGE_PATCH, patch, timeout_ms);
}

struct kube_call *kube_stream(struct kube *kube, const struct kube_stream *stream)
{
        struct kube_call *call = new_call(kube, "GET", stream->path, stream->done, stream->ctx);
        call->idle_timeout_ms = stream->idle_timeout_ms;
        call->bytes = stream->bytes;
        call->begun = stream->begun;
        return start(call, stream->timeout_ms);
}
