/* http_request.c -- from a request to the options of an easy handle. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "runtime/http_call.h"
#include "runtime/http_easy.h"
#include "util/cleanup.h"
#include "util/mem.h"

enum {
        HEAD_MAX_BYTES = 64 * 1024,
        TOKEN_MAX_BYTES = 16 * 1024,
};

static void keep_first(struct http_call *call, CURLcode code)
{
        if (call->setup_code == CURLE_OK)
                call->setup_code = code;
}

static void refuse(struct http_call *call, CURLcode code, const char *why)
{
        keep_first(call, code);
        (void)err_set(&call->setup_why, ERR_INVALID, "%s", why);
}

/* ---- what curl calls while the transfer runs; 0 ends it ---- */

/* Asked before and behind each word to the caller: from there any call may be cancelled, this one included. */
static size_t unless_stopped(const struct http_call *call, size_t count)
{
        return call->stop == HTTP_STOP_NONE ? count : 0;
}

/* The empty line behind the headers of a final answer; 1xx answers before it do not count, nor the trailer after it. */
static void tell_head(struct http_call *call)
{
        long status = 0;
        (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
        if (status < 200)
                return;
        void (*tell)(void *ctx, long status) = call->on_head;
        call->on_head = NULL;
        tell(call->ctx, status);
}

static size_t on_head(char *bytes, size_t size, size_t count, void *ctx)
{
        struct http_call *call = ctx;
        call->last_byte_at = loop_now(call->http->loop);
        call->head_bytes += size * count;
        if (call->stop == HTTP_STOP_NONE && call->head_bytes > HEAD_MAX_BYTES)
                call->stop = HTTP_STOP_HEAD_TOO_LARGE;
        if (!unless_stopped(call, size * count))
                return 0;
        /* On a connection that is used again there was no handshake to see. */
        if (call->wants_certificate && call->note && call->note->not_after == 0) {
                const struct http_tls_note *earlier = http_tls_note_of(call->easy);
                call->note->not_after = earlier ? earlier->not_after : 0;
        }
        if (call->on_head && (bytes[0] == '\r' || bytes[0] == '\n'))
                tell_head(call);
        return unless_stopped(call, size * count);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
        struct http_call *call = ctx;
        call->last_byte_at = loop_now(call->http->loop);
        if (!unless_stopped(call, size * count))
                return 0;
        if (call->on_bytes && !call->on_bytes(call->ctx, bytes, size * count))
                call->stop = HTTP_STOP_WITHDRAWN;
        if (!call->on_bytes && !strbuf_append(&call->body, bytes, size * count))
                call->stop = HTTP_STOP_BODY_TOO_LARGE;
        return unless_stopped(call, size * count);
}

/* In the place of the one that http_easy_setup() sets: it tells why it failed, too. */
static curl_socket_t on_open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
        (void)purpose;
        struct http_call *call = ctx;
        int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
        call->open_errno = fd < 0 ? errno : 0;
        return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* ---- options ---- */

static void add_to_list(struct http_call *call, struct curl_slist **list, const char *text)
{
        struct curl_slist *longer = curl_slist_append(*list, text);
        if (longer)
                *list = longer;
        else
                keep_first(call, CURLE_OUT_OF_MEMORY);
}

static bool is_token(const struct secret *bearer)
{
        for (size_t i = 0; i < bearer->count; i++)
                if (bearer->bytes[i] <= ' ' || bearer->bytes[i] > '~')
                        return false;
        return bearer->count <= TOKEN_MAX_BYTES;
}

static void add_bearer(struct http_call *call, const struct secret *bearer)
{
        if (!is_token(bearer)) {
                refuse(call, CURLE_SSL_CERTPROBLEM, "the bearer token is too long or has a line break or space in it");
                return;
        }
        static const char prefix[] = "Authorization: Bearer ";
        size_t bytes = sizeof(prefix) + bearer->count;
        char *line = mem_calloc(bytes, 1);
        memcpy(line, prefix, sizeof(prefix) - 1);
        memcpy(line + sizeof(prefix) - 1, bearer->bytes, bearer->count);
        add_to_list(call, &call->headers, line);
        secret_wipe(line, bytes);
        free(line);
}

static void set_headers(struct http_call *call, const struct http_request *request)
{
        for (const char *const *header = request->headers; header && *header; header++)
                add_to_list(call, &call->headers, *header);
        if (request->bearer && !secret_is_empty(request->bearer))
                add_bearer(call, request->bearer);
        if (request->body_bytes > 0)
                add_to_list(call, &call->headers, "Expect:"); /* waiting for a 100 costs up to a second, for nothing */
        if (request->fresh_connection && !request->http2)
                add_to_list(call, &call->headers, "Connection: close");
        keep_first(call, curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers));
}

static void set_method(struct http_call *call, const struct http_request *request)
{
        CURL *easy = call->easy;
        bool is_head = strcmp(request->method, "HEAD") == 0;
        bool is_post = strcmp(request->method, "POST") == 0;
        call->is_safe = is_head || strcmp(request->method, "GET") == 0;
        if (is_head)
                keep_first(call, curl_easy_setopt(easy, CURLOPT_NOBODY, 1L));
        if (request->body_bytes > 0 || is_post) {
                const char *body = request->body_bytes > 0 ? request->body : "";
                keep_first(call, curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_bytes));
                keep_first(call, curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body));
        }
        if (!is_post && !call->is_safe)
                keep_first(call, curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method));
}

/* ---- where to ---- */

struct url {
        CURLU *parts;
        char *host; /* in brackets where it is IPv6 */
        char *port;
        char *text;
};

static void url_deinit(struct url *url)
{
        curl_free(url->text);
        curl_free(url->port);
        curl_free(url->host);
        curl_url_cleanup(url->parts);
}

static void set_url(struct http_call *call, const char *url, const char *connect_to)
{
        keep_first(call, curl_easy_setopt(call->easy, CURLOPT_URL, url));
        if (!connect_to)
                return;
        char entry[300];
        if (snprintf(entry, sizeof(entry), "::%s", connect_to) >= (int)sizeof(entry)) {
                refuse(call, CURLE_URL_MALFORMAT, "the address to connect to is too long");
                return;
        }
        add_to_list(call, &call->connect_to, entry);
        keep_first(call, curl_easy_setopt(call->easy, CURLOPT_CONNECT_TO, call->connect_to));
}

/*
 * The certificate is to name another host than the URL does: the URL takes that name (it becomes SNI, the name
 * verified and the Host header), and the connection still goes to the host that was asked for.
 */
static void set_url_renamed(struct http_call *call, const struct http_request *request, const char *server_name)
{
        CLEANUP(url_deinit) struct url url = {.parts = curl_url()};
        if (curl_url_set(url.parts, CURLUPART_URL, request->url, 0) ||
            curl_url_get(url.parts, CURLUPART_HOST, &url.host, 0) ||
            curl_url_get(url.parts, CURLUPART_PORT, &url.port, CURLU_DEFAULT_PORT)) {
                refuse(call, CURLE_URL_MALFORMAT, "the URL is malformed");
                return;
        }
        if (curl_url_set(url.parts, CURLUPART_HOST, server_name, 0) ||
            curl_url_get(url.parts, CURLUPART_URL, &url.text, 0)) {
                refuse(call, CURLE_URL_MALFORMAT, "the server name to verify is no host name");
                return;
        }
        char target[280];
        (void)snprintf(target, sizeof(target), "%s:%s", url.host, url.port);
        set_url(call, url.text, request->connect_to ? request->connect_to : target);
}

static void set_target(struct http_call *call, const struct http_request *request)
{
        const char *server_name = request->tls ? request->tls->server_name : NULL;
        if (server_name && server_name[0] != '\0')
                set_url_renamed(call, request, server_name);
        else
                set_url(call, request->url, request->connect_to);
}

/* ---- TLS ---- */

static void set_blob(struct http_call *call, CURLoption option, const struct secret *pem)
{
        if (secret_is_empty(pem))
                return;
        struct curl_blob blob = {.data = pem->bytes, .len = pem->count, .flags = CURL_BLOB_NOCOPY};
        keep_first(call, curl_easy_setopt(call->easy, option, &blob));
}

static void set_tls(struct http_call *call, const struct http_request *request)
{
        static const struct http_tls defaults = {0};
        const struct http_tls *tls = request->tls ? request->tls : &defaults;
        CURL *easy = call->easy;
        /* With a CA of its own a peer is trusted by nothing else; and nothing is parsed that is not needed. */
        if (tls->insecure || !secret_is_empty(&tls->ca))
                keep_first(call, curl_easy_setopt(easy, CURLOPT_CAINFO, NULL));
        if (tls->insecure) {
                keep_first(call, curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L));
                keep_first(call, curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L));
        } else {
                set_blob(call, CURLOPT_CAINFO_BLOB, &tls->ca);
        }
        set_blob(call, CURLOPT_SSLCERT_BLOB, &tls->certificate);
        set_blob(call, CURLOPT_SSLKEY_BLOB, &tls->key);
        /* A resumed session shows no certificate: each connection is to prove it anew. */
        keep_first(call, curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L));
        keep_first(call, curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, http_tls_on_context));
        keep_first(call, curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, call));
        call->note = mem_new(call->note);
        *call->note = (struct http_tls_note){
                .references = 1, .shows_certificate = !secret_is_empty(&tls->certificate), .fatal_alert = -1};
}

/* ---- the connection ---- */

/*
 * HTTP/1.1 on purpose where gRPC does not need HTTP/2: a call that times out takes its connection with it, and the next
 * one proves the peer with a new one. With HTTP/2 only the stream would end, and all further calls would go on into a
 * dead connection for as long as the kernel retransmits.
 */
static void set_protocol(struct http_call *call, const struct http_request *request, bool is_tls)
{
        long version = CURL_HTTP_VERSION_1_1;
        if (request->http2 || (request->offers_http2 && request->connect_only && is_tls))
                version = is_tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
        keep_first(call, curl_easy_setopt(call->easy, CURLOPT_HTTP_VERSION, version));
        if (request->fresh_connection)
                keep_first(call, curl_easy_setopt(call->easy, CURLOPT_FRESH_CONNECT, 1L));
        /* curl 7.88 fails the second request of an HTTP/2 connection without TLS with CURLE_HTTP2. */
        if (request->fresh_connection || (request->http2 && !is_tls))
                keep_first(call, curl_easy_setopt(call->easy, CURLOPT_FORBID_REUSE, 1L));
        if (request->connect_only)
                keep_first(call, curl_easy_setopt(call->easy, CURLOPT_CONNECT_ONLY, 1L));
}

static void set_connection(struct http_call *call, const struct http_request *request)
{
        CURL *easy = call->easy;
        keep_first(call, http_easy_setup(easy));
        keep_first(call, curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms));
        keep_first(call, curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket));
        keep_first(call, curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call));
        if (!request->fresh_connection)
                keep_first(call, http_easy_keep_alive(easy));
}

static void set_callbacks(struct http_call *call)
{
        CURL *easy = call->easy;
        keep_first(call, curl_easy_setopt(easy, CURLOPT_PRIVATE, call));
        keep_first(call, curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->curl_text));
        keep_first(call, curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body));
        keep_first(call, curl_easy_setopt(easy, CURLOPT_WRITEDATA, call));
        keep_first(call, curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head));
        keep_first(call, curl_easy_setopt(easy, CURLOPT_HEADERDATA, call));
}

void http_call_configure(struct http_call *call, const struct http_request *request)
{
        bool is_tls = strncasecmp(request->url, "https:", strlen("https:")) == 0;
        call->is_fresh = request->fresh_connection;
        call->is_connect_only = request->connect_only;
        call->wants_certificate = request->want_certificate;
        call->timeout_ms = request->timeout_ms;
        call->idle_timeout_ms = request->idle_timeout_ms;
        call->on_head = request->on_head;
        call->on_bytes = request->on_bytes;
        call->done = request->done;
        call->ctx = request->ctx;
        call->body.max = request->max_body_bytes;
        set_callbacks(call);
        set_connection(call, request);
        set_protocol(call, request, is_tls);
        set_target(call, request);
        if (is_tls)
                set_tls(call, request);
        set_method(call, request);
        set_headers(call, request);
}
