/* http_tls.c -- the facts of a TLS handshake that curl does not report: the peer's alert, and its certificate. */
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/http_call.h"
#include "util/mem.h"

/* Where an SSL_CTX keeps its note; given out by OpenSSL once, the same for all. */
static int note_index = -1;

static void on_context_freed(void *parent, void *note, CRYPTO_EX_DATA *data, int index, long number, void *pointer)
{
        (void)parent;
        (void)data;
        (void)index;
        (void)number;
        (void)pointer;
        http_tls_note_unref(note);
}

void http_tls_setup(void)
{
        if (note_index < 0)
                note_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, on_context_freed);
        INVARIANT(note_index >= 0);
}

void http_tls_note_unref(struct http_tls_note *note)
{
        if (note && --note->references == 0)
                free(note);
}

static struct http_tls_note *note_of(const SSL *ssl)
{
        return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), note_index);
}

static bool has_chosen_http2(const SSL *ssl)
{
        const unsigned char *name = NULL;
        unsigned count = 0;
        SSL_get0_alpn_selected(ssl, &name, &count);
        return count == 2 && name[0] == 'h' && name[1] == '2';
}

static void on_info(const SSL *ssl, int where, int value)
{
        bool is_received = (where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT;
        if (is_received && value >> 8 == SSL3_AL_FATAL)
                note_of(ssl)->fatal_alert = value & 0xFF;
        if (where & SSL_CB_HANDSHAKE_DONE)
                note_of(ssl)->is_http2 = has_chosen_http2(ssl);
        /* Before TLS 1.3 the peer judges the client certificate within the handshake. */
        if ((where & SSL_CB_HANDSHAKE_DONE) && SSL_version(ssl) < TLS1_3_VERSION)
                note_of(ssl)->is_content = true;
}

/* In TLS 1.3 this side ends the handshake before the peer has judged the client certificate: the next record (a
 * session ticket, as a rule) is the sign that it took it. */
static void on_message(int is_sent, int version, int type, const void *bytes, size_t count, SSL *ssl, void *ctx)
{
        (void)version;
        (void)ctx;
        if (is_sent || count == 0)
                return;
        unsigned char first = *(const unsigned char *)bytes;
        if (type == SSL3_RT_HANDSHAKE && first == SSL3_MT_CERTIFICATE_REQUEST)
                note_of(ssl)->is_asked = true;
        if (type == SSL3_RT_INNER_CONTENT_TYPE && first != SSL3_RT_ALERT && SSL_is_init_finished(ssl))
                note_of(ssl)->is_content = true;
}

static bool is_printable(const unsigned char *bytes, int count)
{
        for (int i = 0; i < count; i++)
                if (bytes[i] <= ' ' || bytes[i] > '~')
                        return false;
        return count > 0;
}

/* The peer chose these bytes, so only names that are short and printable are kept. */
static void note_names(struct http_tls_note *note, const X509 *leaf)
{
        GENERAL_NAMES *all = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
        size_t used = 0;
        for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
                const GENERAL_NAME *one = sk_GENERAL_NAME_value(all, i);
                if (one->type != GEN_DNS)
                        continue;
                const unsigned char *bytes = ASN1_STRING_get0_data(one->d.dNSName);
                int count = ASN1_STRING_length(one->d.dNSName);
                if (!is_printable(bytes, count) || used + (size_t)count + sizeof(", ") > sizeof(note->names))
                        continue;
                used += (size_t)snprintf(note->names + used, sizeof(note->names) - used, "%s%.*s", used > 0 ? ", " : "",
                                         count, (const char *)bytes);
        }
        GENERAL_NAMES_free(all);
}

/* Called for each finding of the verification; it changes none of them. Seen for expired and unverified leaves too. */
static int on_verify(int is_ok, X509_STORE_CTX *store)
{
        const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
        const X509 *leaf = X509_STORE_CTX_get0_cert(store);
        struct tm end;
        struct http_tls_note *note = note_of(ssl);
        if (leaf && note->not_after == 0 && ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &end)) {
                note->not_after = (int64_t)timegm(&end) * 1000;
                note_names(note, leaf);
        }
        if (!is_ok && note->verify_error == X509_V_OK)
                note->verify_error = X509_STORE_CTX_get_error(store);
        return is_ok;
}

CURLcode http_tls_on_context(CURL *easy, void *ssl_context, void *ctx)
{
        (void)easy;
        struct http_call *call = ctx;
        if (!SSL_CTX_set_ex_data(ssl_context, note_index, call->note))
                return CURLE_OUT_OF_MEMORY;
        call->note->references++;
        call->note->has_begun = true;
        SSL_CTX_set_verify(ssl_context, SSL_CTX_get_verify_mode(ssl_context), on_verify);
        SSL_CTX_set_info_callback(ssl_context, on_info);
        SSL_CTX_set_msg_callback(ssl_context, on_message);
        return CURLE_OK;
}

const struct http_tls_note *http_tls_note_of(CURL *easy)
{
        const struct curl_tlssessioninfo *session = NULL;
        if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &session) || !session || !session->internals)
                return NULL;
        return note_of(session->internals);
}

void http_tls_clear(struct http_tls *tls)
{
        secret_clear(&tls->ca);
        secret_clear(&tls->certificate);
        secret_clear(&tls->key);
        free(tls->server_name);
        *tls = (struct http_tls){0};
}
