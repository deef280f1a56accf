/* http_response.c -- from what curl says of a transfer to a response. */
#include <errno.h>
#include <openssl/ssl.h>
#include <string.h>

#include "runtime/clock.h"
#include "runtime/http_call.h"
#include "runtime/http_easy.h"

/* ---- what failed ---- */

/* Any code that is not listed means a peer that breaks the protocol. */
static const struct {
        CURLcode code;
        enum http_failure failure;
} failures[] = {
        {CURLE_COULDNT_RESOLVE_HOST, HTTP_FAIL_RESOLVE},
        {CURLE_COULDNT_CONNECT, HTTP_FAIL_CONNECT},
        {CURLE_OPERATION_TIMEDOUT, HTTP_FAIL_TIMEOUT},
        {CURLE_PEER_FAILED_VERIFICATION, HTTP_FAIL_TLS},
        {CURLE_SSL_CONNECT_ERROR, HTTP_FAIL_TLS},
        {CURLE_SSL_ISSUER_ERROR, HTTP_FAIL_TLS},
        {CURLE_SSL_CERTPROBLEM, HTTP_FAIL_TLS_LOCAL},
        {CURLE_SSL_CACERT_BADFILE, HTTP_FAIL_TLS_LOCAL},
        {CURLE_OUT_OF_MEMORY, HTTP_FAIL_LOCAL},
};

static enum http_failure failure_of_stop(enum http_stop stop)
{
        switch (stop) {
        case HTTP_STOP_BODY_TOO_LARGE:
        case HTTP_STOP_HEAD_TOO_LARGE:
                return HTTP_FAIL_TOO_LARGE;
        case HTTP_STOP_SLOW:
                return HTTP_FAIL_SLOW;
        case HTTP_STOP_NONE:
        case HTTP_STOP_WITHDRAWN:
                break;
        }
        return HTTP_FAIL_NONE;
}

/* The alerts by which a peer refuses the client certificate, or misses it (RFC 8446 section 6). */
static bool is_about_our_certificate(const struct http_tls_note *note)
{
        static const int alerts[] = {
                SSL_AD_BAD_CERTIFICATE,     SSL_AD_UNSUPPORTED_CERTIFICATE, SSL_AD_CERTIFICATE_REVOKED,
                SSL_AD_CERTIFICATE_EXPIRED, SSL_AD_CERTIFICATE_UNKNOWN,     SSL_AD_UNKNOWN_CA,
                SSL_AD_ACCESS_DENIED,       TLS13_AD_CERTIFICATE_REQUIRED,
        };
        for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++)
                if (alerts[i] == note->fatal_alert)
                        return true;
        /* A bad signature: the client certificate is of an older CA of the same name. */
        return note->shows_certificate && note->fatal_alert == SSL_AD_DECRYPT_ERROR;
}

/*
 * Some servers hang up on a certificate that they refuse without an alert (gRPC's C core), or the alert is lost to the
 * reset behind it. A peer that asks for a certificate and breaks off before its first word after the handshake is taken
 * to have refused. Only where each call has its own connection, that is for probes: they must not take a rotated
 * credential for an outage.
 */
static bool is_dropped_for_our_certificate(const struct http_call *call, CURLcode code)
{
        static const CURLcode broken[] = {
                CURLE_SSL_CONNECT_ERROR, CURLE_SEND_ERROR,   CURLE_RECV_ERROR, CURLE_GOT_NOTHING,
                CURLE_PARTIAL_FILE,      CURLE_HTTP2_STREAM, CURLE_HTTP2,
        };
        if (!call->is_fresh || !call->note || !call->note->is_asked || call->note->is_content)
                return false;
        for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
                if (broken[i] == code)
                        return true;
        return false;
}

static int system_errno(const struct http_call *call)
{
        long number = 0;
        if (call->open_errno == 0)
                (void)curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &number);
        return call->open_errno ? call->open_errno : (int)number;
}

/* A line of the header above curl's own bound is "out of memory" to it (7.88), or 100 (CURLE_TOO_LARGE, since 8.6). */
static bool is_endless_header(const struct http_call *call, CURLcode code)
{
        return http_easy_was_sent(call->easy) && (code == CURLE_OUT_OF_MEMORY || (int)code == 100);
}

static enum http_failure failure_of(const struct http_call *call, CURLcode code)
{
        if (call->stop != HTTP_STOP_NONE)
                return failure_of_stop(call->stop);
        if (call->note && call->note->fatal_alert >= 0)
                return is_about_our_certificate(call->note) ? HTTP_FAIL_TLS_REFUSED : HTTP_FAIL_TLS;
        if (is_dropped_for_our_certificate(call, code))
                return HTTP_FAIL_TLS_REFUSED;
        if (is_endless_header(call, code))
                return HTTP_FAIL_TOO_LARGE;
        if (code == CURLE_COULDNT_CONNECT && (call->open_errno || system_errno(call) == EADDRNOTAVAIL))
                return HTTP_FAIL_LOCAL;
        for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
                if (failures[i].code == code)
                        return failures[i].failure;
        return HTTP_FAIL_PROTOCOL;
}

/* curl compares the host name itself, behind OpenSSL's back. */
static int certificate_error(const struct http_call *call, CURLcode code)
{
        if (call->note && call->note->verify_error != X509_V_OK)
                return call->note->verify_error;
        return code == CURLE_PEER_FAILED_VERIFICATION ? X509_V_ERR_HOSTNAME_MISMATCH : X509_V_OK;
}

/* ---- the error class ---- */

static enum err class_of(const struct http_call *call, CURLcode code, enum http_failure failure)
{
        if (call->stop == HTTP_STOP_WITHDRAWN)
                return ERR_CANCELLED;
        if (failure == HTTP_FAIL_TLS_REFUSED)
                return ERR_DENIED;
        if (failure == HTTP_FAIL_TLS_LOCAL)
                return ERR_INVALID;
        if (http_easy_was_sent(call->easy))
                return call->is_safe ? ERR_TRANSIENT : ERR_UNKNOWN;
        return code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL ? ERR_INVALID : ERR_TRANSIENT;
}

/* ---- the text ---- */

static const char *curl_words(const struct http_call *call, CURLcode code)
{
        return call->curl_text[0] != '\0' ? call->curl_text : curl_easy_strerror(code);
}

static const char *unfinished_step(const struct http_call *call)
{
        if (http_easy_was_sent(call->easy))
                return "no complete answer";
        return call->note && call->note->has_begun ? "no TLS handshake" : "no connection";
}

static void explain_stop(const struct http_call *call, struct errmsg *ret)
{
        switch (call->stop) {
        case HTTP_STOP_BODY_TOO_LARGE:
                (void)err_set(ret, ERR_OK, "the answer has more than %zu bytes", call->body.max);
                break;
        case HTTP_STOP_HEAD_TOO_LARGE:
                (void)err_set(ret, ERR_OK, "the answer's headers are too large (%zu bytes)", call->head_bytes);
                break;
        case HTTP_STOP_SLOW:
                (void)err_set(ret, ERR_OK, "no byte came for %lld ms", (long long)call->idle_timeout_ms);
                break;
        case HTTP_STOP_NONE:
        case HTTP_STOP_WITHDRAWN:
                (void)err_set(ret, ERR_OK, "the receiver ended it");
                break;
        }
}

static void explain(const struct http_call *call, CURLcode code, enum http_failure failure, struct errmsg *ret)
{
        int number = system_errno(call);
        if (call->stop != HTTP_STOP_NONE)
                explain_stop(call, ret);
        else if (is_endless_header(call, code))
                (void)err_set(ret, ERR_OK, "a line of the answer's header is too large");
        else if (call->setup_why.text[0] != '\0')
                *ret = call->setup_why;
        else if (call->note && call->note->fatal_alert >= 0)
                (void)err_set(ret, ERR_OK, "the peer ended the TLS handshake: %s%s",
                              SSL_alert_desc_string_long(call->note->fatal_alert),
                              failure == HTTP_FAIL_TLS_REFUSED ? " (about the client certificate)" : "");
        else if (failure == HTTP_FAIL_TLS && call->note && call->note->verify_error != X509_V_OK)
                (void)err_set(ret, ERR_OK, "%s", X509_verify_cert_error_string(call->note->verify_error));
        else if (code == CURLE_OPERATION_TIMEDOUT)
                (void)err_set(ret, ERR_OK, "%s within %lld ms", unfinished_step(call), (long long)call->timeout_ms);
        else if ((failure == HTTP_FAIL_CONNECT || failure == HTTP_FAIL_LOCAL) && number)
                (void)err_set(ret, ERR_OK, "%s", strerror(number));
        else
                (void)err_set(ret, ERR_OK, "%s", curl_words(call, code));
}

/* ---- what came ---- */

static void read_head(const struct http_call *call, struct http_response *ret)
{
        (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &ret->status);
        if (call->head_bytes == 0)
                return;
        ret->retry_after_s = http_easy_retry_after_s(call->easy);
        ret->date = http_easy_date(call->easy);
        /* A server that refuses at once sends no body, and then what would be the trailer is the header. */
        ret->grpc_status = http_easy_header(call->easy, "grpc-status", CURLH_TRAILER);
        if (!ret->grpc_status)
                ret->grpc_status = http_easy_header(call->easy, "grpc-status", CURLH_HEADER);
}

void http_call_result(struct http_call *call, CURLcode code, struct http_response *ret)
{
        *ret = (struct http_response){.retry_after_s = -1,
                                      .body = call->on_bytes ? "" : strbuf_text(&call->body),
                                      .body_bytes = call->body.bytes,
                                      .certificate_names = call->note ? call->note->names : "",
                                      .latency_us = clock_mono_us() - call->started_us};
        ret->is_http2 = call->note && call->note->is_http2;
        if (call->note && call->wants_certificate)
                ret->certificate_not_after = call->note->not_after;
        read_head(call, ret);
        if (code == CURLE_OK && call->stop == HTTP_STOP_NONE)
                return;
        ret->failure = failure_of(call, code);
        ret->err = class_of(call, code, ret->failure);
        ret->os_error = ret->failure == HTTP_FAIL_CONNECT || ret->failure == HTTP_FAIL_LOCAL ? system_errno(call) : 0;
        ret->certificate_error = ret->failure == HTTP_FAIL_TLS ? certificate_error(call, code) : X509_V_OK;
        ret->tls_alert = call->note && call->note->fatal_alert >= 0 ? call->note->fatal_alert : 0;
        explain(call, code, ret->failure, &ret->why);
}
