/*
 * http.h -- HTTP requests on the loop, by libcurl's multi interface: pooled handles, reused connections, bounded
 * answers.
 *
 * Units:     milliseconds; body sizes in bytes.
 * Ownership: http_start() copies what it needs of the request (body and headers included, TLS material not); the call
 *            it returns is valid until done() ran or http_cancel(). The response is borrowed by done() for the call.
 * Errors:    transport failures arrive as response->err with response->why; an HTTP status of any kind is ERR_OK here,
 *            the caller maps it. ERR_UNKNOWN: a request that changes something was sent, and no answer came.
 *            ERR_INVALID: it cannot be sent as it is (URL, TLS texts, token). ERR_DENIED: the client certificate was
 * refused. Else ERR_TRANSIENT.
 * Bounds:    64 KiB of headers, max_body_bytes of body; redirects and proxies are not followed.
 * Threads:   loop thread only. From on_head() and on_bytes() calls may be started and cancelled; http_close() is for
 *            nobody that http itself has called.
 * Source:    RFC 9110 through libcurl; curl_multi_socket_action(3).
 */
#ifndef PK_RUNTIME_HTTP_H
#define PK_RUNTIME_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/loop.h"
#include "util/err.h"
#include "util/secret.h"

struct http;
struct http_call;

/* TLS material of one peer. All PEM. Shared by many requests: keep it alive while a call runs. */
struct http_tls {
        struct secret ca;          /* empty: the system's trust store */
        struct secret certificate; /* client certificate chain, may be empty */
        struct secret key;
        char *server_name; /* name to verify, and to send as SNI and Host, where it is not the URL's host; else NULL */
        bool insecure;     /* only where a kubeconfig says so */
};
void http_tls_clear(struct http_tls *tls);

/* The layer below HTTP that failed: it decides whether a probe's failure counts. */
enum http_failure {
        HTTP_FAIL_NONE,
        HTTP_FAIL_RESOLVE, /* the name did not resolve */
        HTTP_FAIL_CONNECT, /* refused, unreachable, reset while connecting */
        HTTP_FAIL_TIMEOUT,
        HTTP_FAIL_TLS,         /* handshake, trust or host name */
        HTTP_FAIL_TLS_LOCAL,   /* the given certificate, key, CA or token text is unusable */
        HTTP_FAIL_PROTOCOL,    /* not HTTP, broken framing, connection lost in the middle */
        HTTP_FAIL_TOO_LARGE,   /* more bytes than max_body_bytes */
        HTTP_FAIL_SLOW,        /* slower than the caller's minimum */
        HTTP_FAIL_TLS_REFUSED, /* the peer refused the client certificate, or wants one */
        HTTP_FAIL_LOCAL,       /* this process is out of descriptors or local ports */
};

struct http_response {
        enum err err; /* ERR_OK: `status` is valid */
        enum http_failure failure;
        struct errmsg why;
        long status;                   /* 200, 404, ... */
        const char *body;              /* NUL-terminated; "" for streamed calls */
        size_t body_bytes;
        long retry_after_s;            /* Retry-After header in seconds, else -1 */
        int64_t date;                  /* Date header as unix_ms, else 0 */
        const char *grpc_status;       /* grpc-status from trailer or header, NULL where absent */
        int64_t latency_us;            /* start to last byte */
        bool is_http2;                 /* the handshake chose h2 by ALPN */
        int64_t certificate_not_after; /* unix_ms of the peer's leaf certificate, 0 where not asked or not TLS */
        /* The cause of a failure, 0 where unknown: it tells a probe whether the peer or this side is at fault. */
        int os_error;                  /* errno of a failed connect */
        int certificate_error;         /* X509_V_ERR_* for which the peer's certificate was refused, its name too */
        const char *certificate_names; /* DNS names of the peer's leaf certificate, "a.test, b.test", bounded, or "" */
        int tls_alert;                 /* last fatal alert of the peer (RFC 8446 section 6); fresh_connection only */
};

struct http_request {
        const char *method; /* GET, POST, PATCH, PUT, DELETE, HEAD */
        const char *url;
        const char *const *headers; /* "Name: value" texts, NULL-terminated, may be NULL */
        const char *body;
        size_t body_bytes;
        const struct http_tls *tls;
        const struct secret *bearer; /* Authorization: Bearer; may be NULL. Never logged */
        const char *connect_to;      /* "host:port" to connect to instead of the URL's, may be NULL */
        mono_ms timeout_ms;          /* whole call; 0 = none (watches only) */
        mono_ms idle_timeout_ms;     /* no byte for this long ends the call as HTTP_FAIL_SLOW; 0 = none */
        size_t max_body_bytes;       /* of a collected body; a streamed call has no limit of its own */
        bool http2;                  /* h2 by ALPN, or prior knowledge on http:// (gRPC) */
        bool fresh_connection;       /* new connection, closed afterwards (probes) */
        bool offers_http2;           /* h2 beside http/1.1 by ALPN, with connect_only: is_http2 says what was chosen */
        bool connect_only;           /* stop after TCP and, for https, the TLS handshake */
        bool want_certificate;       /* fill certificate_not_after */
        /* The headers of the final answer are here: a quiet watch learns that it stands. May be NULL. */
        void (*on_head)(void *ctx, long status);
        /* Streamed body: return false to end the call (reported as ERR_CANCELLED). NULL: the body is collected. */
        bool (*on_bytes)(void *ctx, const char *bytes, size_t count);
        /* Exactly once, never from within http_start(). */
        void (*done)(void *ctx, const struct http_response *response);
        void *ctx;
};

/* The limit is for kept connections, 0 = none; further calls to that host wait. Fresh ones are not limited. */
struct http *http_open(struct loop *loop, unsigned max_connections_per_host);
void http_close(struct http *http); /* cancels what still runs, without done() */

struct http_call *http_start(struct http *http, const struct http_request *request);
void http_cancel(struct http_call *call); /* done() will not be called; NULL is a no-op */


#endif
