/* exchange.c -- one blocking HTTP request by libcurl. */
#include "targets/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/clock.h"
#include "runtime/http_easy.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

enum {
        BODY_MAX_BYTES = 1024 * 1024,
        BODY_FIRST_BYTES = 4096,
        HEAD_MAX_BYTES = 64 * 1024,
        EXPECT_BYTES =
            1024 * 1024, /* from here on libcurl asks first whether the body is welcome, and waits up to a second */
};

struct exchange {
        CURL *easy;
};

/* One transfer: what libcurl borrows while it runs. */
struct transfer {
        CURL *easy;
        CURLcode setup_code; /* the first option that was refused */
        struct curl_slist *headers;
        const char *overflow; /* the part that became too large; NULL: none */
        struct exchange_answer *answer;
        char curl_text[CURL_ERROR_SIZE];
};

void exchange_answer_clear(struct exchange_answer *answer)
{
        secret_wipe(answer->body, answer->body_bytes);
        free(answer->body);
        *answer = (struct exchange_answer){0};
}

/* ---- what libcurl calls; 0 ends the transfer ---- */

/* By hand and not by realloc(), which would leave copies of what may be a key. */
static void make_room(struct exchange_answer *answer, size_t bytes)
{
        if (bytes < answer->body_room)
                return;
        size_t room = answer->body_room ? answer->body_room * 2 : BODY_FIRST_BYTES;
        while (room <= bytes)
                room *= 2;
        char *larger = mem_calloc(room, 1);
        if (answer->body)
                memcpy(larger, answer->body, answer->body_bytes);
        secret_wipe(answer->body, answer->body_bytes);
        free(answer->body);
        answer->body = larger;
        answer->body_room = room;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
        struct transfer *transfer = ctx;
        struct exchange_answer *answer = transfer->answer;
        if (size * count > BODY_MAX_BYTES - answer->body_bytes) {
                transfer->overflow = "the answer has more than 1 MiB";
                return 0;
        }
        make_room(answer, answer->body_bytes + size * count);
        memcpy(answer->body + answer->body_bytes, bytes, size * count);
        answer->body_bytes += size * count;
        return size * count;
}

static size_t on_head(char *bytes, size_t size, size_t count, void *ctx)
{
        (void)bytes;
        struct transfer *transfer = ctx;
        transfer->answer->head_bytes += size * count;
        if (transfer->answer->head_bytes > HEAD_MAX_BYTES) {
                transfer->overflow = "the headers of the answer have more than 64 KiB";
                return 0;
        }
        return size * count;
}

/* ---- options ---- */

static void set(struct transfer *transfer, CURLcode code)
{
        if (transfer->setup_code == CURLE_OK)
                transfer->setup_code = code;
}

static void add_header(struct transfer *transfer, const char *line)
{
        struct curl_slist *longer = curl_slist_append(transfer->headers, line);
        INVARIANT(longer); /* it fails for want of memory only */
        transfer->headers = longer;
}

static void add_session_token(struct transfer *transfer, const struct secret *token)
{
        static const char prefix[] = "X-Amz-Security-Token: ";
        size_t bytes = sizeof(prefix) + token->count;
        char *line = mem_calloc(bytes, 1);
        memcpy(line, prefix, sizeof(prefix) - 1);
        memcpy(line + sizeof(prefix) - 1, token->bytes, token->count);
        add_header(transfer, line);
        secret_wipe(line, bytes);
        free(line);
}

static void set_signature(struct transfer *transfer, const struct exchange_signature *signature)
{
        char scope[160];
        (void)snprintf(scope, sizeof(scope), "aws:amz:%s:%s", signature->region, signature->service);
        set(transfer, curl_easy_setopt(transfer->easy, CURLOPT_AWS_SIGV4, scope));
        set(transfer, curl_easy_setopt(transfer->easy, CURLOPT_USERNAME, signature->key_id->bytes));
        set(transfer, curl_easy_setopt(transfer->easy, CURLOPT_PASSWORD, signature->key->bytes));
        if (!secret_is_empty(signature->session_token))
                add_session_token(transfer, signature->session_token);
}

static void set_message(struct transfer *transfer, const struct exchange_request *request)
{
        CURL *easy = transfer->easy;
        set(transfer, curl_easy_setopt(easy, CURLOPT_URL, request->url));
        /* On a kept connection that turns out to be closed libcurl sends again by itself, and a change is sent once. */
        set(transfer, curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, request->changes ? 1L : 0L));
        if (request->body) {
                set(transfer, curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_bytes));
                set(transfer, curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body));
        }
        if (request->body || strcmp(request->method, "GET") != 0)
                set(transfer, curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method));
        for (const char *const *header = request->headers; header && *header; header++)
                add_header(transfer, *header);
        /* No "Expect:" to suppress that header: libcurl 7.88 signs it, though it is not sent. Bodies are below the size
         * that brings it. */
        if (request->signature)
                set_signature(transfer, request->signature);
        set(transfer, curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers));
}

static void set_connection(struct transfer *transfer, mono_ms rest_ms)
{
        CURL *easy = transfer->easy;
        set(transfer, http_easy_setup(easy));
        set(transfer, http_easy_keep_alive(easy));
        set(transfer, curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2));
        /* A request that times out takes its connection with it; of HTTP/2 only the stream would end. */
        set(transfer, curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1));
        set(transfer, curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)rest_ms));
        /* A connection that takes more than half of the time leaves too little for an answer. */
        set(transfer, curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(rest_ms / 2 + 1)));
        set(transfer, curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->curl_text));
        set(transfer, curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body));
        set(transfer, curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer));
        set(transfer, curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head));
        set(transfer, curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer));
}

static void release(struct transfer *transfer)
{
        curl_easy_reset(transfer->easy); /* its connections stay */
        for (struct curl_slist *node = transfer->headers; node; node = node->next)
                secret_wipe(node->data, strlen(node->data)); /* tokens may be among them */
        curl_slist_free_all(transfer->headers);
}

/* ---- what came ---- */

/* "scheme://host[:port]" of @url, for people: the path may hold something private. */
static void name_host(const char *url, char *ret_text, size_t size)
{
        const char *host = strstr(url, "://");
        size_t bytes = host ? (size_t)(host - url) + 3 + strcspn(host + 3, "/?") : 0;
        (void)snprintf(ret_text, size, "%.*s", (int)bytes, url);
}

static void read_head(CURL *easy, struct exchange_answer *answer)
{
        (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer->status);
        long retry_after_s = http_easy_retry_after_s(easy);
        answer->retry_after_ms = retry_after_s > 0 ? (int64_t)retry_after_s * 1000 : 0;
        answer->date = http_easy_date(easy);
        const char *id = http_easy_header(easy, "x-amzn-RequestId", CURLH_HEADER);
        if (id)
                (void)TEXT_COPY(answer->request_id, id);
}

static enum err explain(const struct transfer *transfer, const struct exchange_request *request, CURLcode code,
                        mono_ms rest_ms, struct errmsg *reterr)
{
        char host[200];
        name_host(request->url, host, sizeof(host));
        bool was_sent = transfer->setup_code == CURLE_OK && http_easy_was_sent(transfer->easy);
        bool is_malformed = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
        enum err err = was_sent && request->changes ? ERR_UNKNOWN : is_malformed ? ERR_INVALID : ERR_TRANSIENT;
        if (transfer->overflow)
                return err_set(reterr, err, "%s: %s", host, transfer->overflow);
        if (code == CURLE_OPERATION_TIMEDOUT)
                return err_set(reterr, err, "%s: no %s within %lld ms", host,
                               was_sent ? "complete answer" : "connection", (long long)rest_ms);
        const char *words = transfer->curl_text[0] != '\0' ? transfer->curl_text : curl_easy_strerror(code);
        return err_set(reterr, err, "%s: %s", host, words);
}

struct exchange *exchange_open(void)
{
        struct exchange *exchange = mem_new(exchange);
        exchange->easy = curl_easy_init();
        INVARIANT(exchange->easy); /* it fails for want of memory only */
        return exchange;
}

enum err exchange_run(struct exchange *exchange, const struct exchange_request *request, struct exchange_answer *ret,
                      struct errmsg *reterr)
{
        mono_ms rest_ms = request->deadline - clock_mono();
        if (rest_ms <= 0)
                return err_set(reterr, ERR_TRANSIENT, "no time was left for the request");
        if (request->body_bytes >= EXPECT_BYTES)
                return err_set(reterr, ERR_INVALID, "the request has %zu bytes, %d are too many", request->body_bytes,
                               EXPECT_BYTES);
        struct exchange_answer answer = {0};
        struct transfer transfer = {.easy = exchange->easy, .answer = &answer};
        set_connection(&transfer, rest_ms);
        set_message(&transfer, request);
        CURLcode code = transfer.setup_code == CURLE_OK ? curl_easy_perform(transfer.easy) : transfer.setup_code;
        enum err err = ERR_OK;
        if (code == CURLE_OK)
                read_head(transfer.easy, &answer);
        else
                err = explain(&transfer, request, code, rest_ms, reterr);
        release(&transfer);
        if (err == ERR_OK)
                *ret = answer;
        else
                exchange_answer_clear(&answer);
        return err;
}

void exchange_close(struct exchange *exchange)
{
        if (!exchange)
                return;
        curl_easy_cleanup(exchange->easy);
        free(exchange);
}

/* ---- where requests may go ---- */

struct url {
        CURLU *parts;
        char *scheme, *host, *path, *user, *query, *fragment;
};

static void url_deinit(struct url *url)
{
        char *const texts[] = {url->scheme, url->host, url->path, url->user, url->query, url->fragment};
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                curl_free(texts[i]);
        curl_url_cleanup(url->parts);
}

static bool is_loopback(const char *host)
{
        return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
               (text_address_family(host) == 4 && text_has_prefix(host, "127."));
}

static bool is_listed(const char *host, const char *const *hosts)
{
        for (; hosts && *hosts; hosts++)
                if (strcmp(host, *hosts) == 0)
                        return true;
        return false;
}

enum err exchange_check_url(const char *url, const char *what, const char *const *plain_hosts, bool is_endpoint,
                            struct errmsg *reterr)
{
        CLEANUP(url_deinit) struct url split = {.parts = curl_url()};
        INVARIANT(split.parts);
        if (curl_url_set(split.parts, CURLUPART_URL, url, 0) ||
            curl_url_get(split.parts, CURLUPART_SCHEME, &split.scheme, 0) ||
            curl_url_get(split.parts, CURLUPART_HOST, &split.host, 0) ||
            curl_url_get(split.parts, CURLUPART_PATH, &split.path, 0))
                return err_set(reterr, ERR_INVALID, "%s: \"%.150s\" is not a URL", what, url);
        (void)curl_url_get(split.parts, CURLUPART_USER, &split.user, 0);
        (void)curl_url_get(split.parts, CURLUPART_QUERY, &split.query, 0);
        (void)curl_url_get(split.parts, CURLUPART_FRAGMENT, &split.fragment, 0);
        if (split.user || split.fragment || (is_endpoint && (split.query || strcmp(split.path, "/") != 0)))
                return err_set(reterr, ERR_INVALID, "%s: write scheme, host and port alone", what);
        if (strcmp(split.scheme, "https") == 0)
                return ERR_OK;
        if (strcmp(split.scheme, "http") == 0 && (is_loopback(split.host) || is_listed(split.host, plain_hosts)))
                return ERR_OK;
        return err_set(reterr, ERR_INVALID, "%s: \"%.150s\" is not https; answers without TLS could be forged", what,
                       url);
}
