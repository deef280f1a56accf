/*
 * http_call.h -- one call and what the files of http share. Private to http*.c.
 *
 * Ownership: a call is in exactly one list of its http, or in the pool; release_call() in http.c is its only end.
 * Threads:   loop thread only.
 */
#ifndef PK_RUNTIME_HTTP_CALL_H
#define PK_RUNTIME_HTTP_CALL_H

#include <curl/curl.h>

#include "runtime/http.h"
#include "util/strbuf.h"

/* The result of one connection's TLS handshake. Its users are counted, because a connection outlives its calls. */
struct http_tls_note {
        unsigned references;
        bool has_begun;
        bool shows_certificate; /* there is a client certificate for a peer that asks */
        bool is_asked;          /* the peer asks for one */
        bool is_content;        /* it sent a record after the handshake, so it took the client certificate */
        bool is_http2;          /* h2 was chosen by ALPN */
        int verify_error;       /* X509_V_*, the first one */
        int fatal_alert;        /* received from the peer; -1: none */
        int64_t not_after;      /* unix_ms of the peer's leaf certificate, 0: not seen */
        char names[80];         /* its DNS names, for people; the first ones that fit */
};

enum http_stop {
        HTTP_STOP_NONE,
        HTTP_STOP_BODY_TOO_LARGE,
        HTTP_STOP_HEAD_TOO_LARGE,
        HTTP_STOP_SLOW,
        HTTP_STOP_WITHDRAWN, /* on_bytes() said so */
};

/* One curl multi handle on the loop. */
struct http_lane {
        struct http *http;
        CURLM *multi;
        struct loop_timer timer; /* when curl wants to be called without any descriptor being ready */
};

struct http_call_list {
        struct http_call *first;
        struct http_call *last;
};

enum { HTTP_LANE_KEPT, HTTP_LANE_FRESH, HTTP_LANE_COUNT };

struct http {
        struct loop *loop;
        struct http_lane lanes[HTTP_LANE_COUNT];
        struct loop_timer kick;          /* set while calls wait to be started */
        struct http_call_list waiting;   /* in the order of http_start() */
        struct http_call_list running;   /* known to curl */
        struct http_call_list cancelled; /* from within a callback of curl's, to be released behind it */
        struct http_call_list pool;      /* idle, with their easy handles */
        size_t pool_count;
        bool is_in_curl;
};

struct http_call {
        struct http *http;
        struct http_call_list *list; /* where it is; NULL while done() runs */
        struct http_call *previous;
        struct http_call *next;

        CURL *easy;
        struct curl_slist *headers;
        struct curl_slist *connect_to;
        struct http_tls_note *note; /* NULL for http:// */

        /* copied from the request */
        bool is_safe; /* GET or HEAD: nothing is changed by it */
        bool is_fresh;
        bool is_connect_only;
        bool wants_certificate;
        mono_ms timeout_ms;
        mono_ms idle_timeout_ms;
        void (*on_head)(void *ctx, long status); /* NULL once it was called */
        bool (*on_bytes)(void *ctx, const char *bytes, size_t count);
        void (*done)(void *ctx, const struct http_response *response);
        void *ctx;

        CURLcode setup_code; /* the first option that curl refused */
        struct errmsg setup_why;
        enum http_stop stop; /* why this side ended it */
        int open_errno;      /* why no socket could be had, 0: it could */
        int64_t started_us;
        mono_ms last_byte_at;
        struct loop_timer idle;
        size_t head_bytes;
        struct strbuf body;
        char curl_text[CURL_ERROR_SIZE];
};

/* http_request.c: everything about the request into the easy handle; what curl refuses is kept in setup_code. */
void http_call_configure(struct http_call *call, const struct http_request *request);

/* http_response.c: what came of it. The response borrows from the call. */
void http_call_result(struct http_call *call, CURLcode code, struct http_response *ret);

/* http_tls.c */
void http_tls_setup(void); /* once, before the first call */
CURLcode http_tls_on_context(CURL *easy, void *ssl_context, void *call);
void http_tls_note_unref(struct http_tls_note *note);
/* The note of the connection that @easy uses now, NULL where it is not TLS; only within curl's callbacks. */
const struct http_tls_note *http_tls_note_of(CURL *easy);

#endif
