/* probe_pki.c -- certificates for tests. */
#include "probe_pki.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "util/mem.h"

static void secret_take_bio(struct secret *secret, BIO *bio)
{
        char *bytes;
        long count = BIO_get_mem_data(bio, &bytes);
        secret_set(secret, bytes, (size_t)count);
        BIO_free(bio);
}

static X509 *sign(EVP_PKEY *key, const char *name, const long valid_s[2], const struct pki *issuer,
                  EVP_PKEY *issuer_key)
{
        static long serial = 1;
        X509 *certificate = X509_new();
        X509_set_version(certificate, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
        X509_gmtime_adj(X509_getm_notBefore(certificate), valid_s[0]);
        X509_gmtime_adj(X509_getm_notAfter(certificate), valid_s[1]);
        X509_set_pubkey(certificate, key);
        X509_NAME *subject = X509_get_subject_name(certificate);
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
        X509_set_issuer_name(certificate, issuer != NULL ? X509_get_subject_name(issuer->certificate) : subject);

        char names[256];
        (void)snprintf(names, sizeof(names), "DNS:%s", name);
        X509V3_CTX context;
        X509V3_set_ctx(&context, issuer != NULL ? issuer->certificate : certificate, certificate, NULL, NULL, 0);
        int kind = issuer != NULL ? NID_subject_alt_name : NID_basic_constraints;
        X509_EXTENSION *extension =
            X509V3_EXT_conf_nid(NULL, &context, kind, issuer != NULL ? names : "critical,CA:TRUE");
        INVARIANT(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
        X509_EXTENSION_free(extension);
        INVARIANT(X509_sign(certificate, issuer_key, EVP_sha256()) > 0);
        return certificate;
}

void pki_init(struct pki *pki, const char *name)
{
        const long ten_years_s[] = {-3600, 10L * 365 * 86400};
        pki->key = EVP_EC_gen("P-256");
        pki->certificate = sign(pki->key, name, ten_years_s, NULL, pki->key);
        pki->pem = (struct secret){0};
        BIO *bio = BIO_new(BIO_s_mem());
        PEM_write_bio_X509(bio, pki->certificate);
        secret_take_bio(&pki->pem, bio);
}

void pki_clear(struct pki *pki)
{
        EVP_PKEY_free(pki->key);
        X509_free(pki->certificate);
        secret_clear(&pki->pem);
}

void pki_leaf_init(const struct pki *pki, const char *name, long from_s, long to_s, struct pki_leaf *leaf)
{
        EVP_PKEY *key = EVP_EC_gen("P-256");
        const long valid_s[] = {from_s, to_s};
        X509 *certificate = sign(key, name, valid_s, pki, pki->key);
        *leaf = (struct pki_leaf){0};
        BIO *bio = BIO_new(BIO_s_mem());
        PEM_write_bio_X509(bio, certificate);
        secret_take_bio(&leaf->certificate, bio);
        bio = BIO_new(BIO_s_mem());
        PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
        secret_take_bio(&leaf->key, bio);
        X509_free(certificate);
        EVP_PKEY_free(key);
}

void pki_leaf_clear(struct pki_leaf *leaf)
{
        secret_clear(&leaf->certificate);
        secret_clear(&leaf->key);
}

static int choose_protocol(SSL *ssl, const unsigned char **ret, unsigned char *ret_bytes, const unsigned char *offered,
                           unsigned offered_bytes, void *ctx)
{
        (void)ssl;
        (void)ctx;
        static const unsigned char known[] = "\x02h2\x08http/1.1";
        int found = SSL_select_next_proto((unsigned char **)(uintptr_t)ret, ret_bytes, known, sizeof(known) - 1,
                                          offered, offered_bytes);
        return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

SSL_CTX *pki_server(const struct pki_leaf *leaf, const struct pki *client_ca)
{
        SSL_CTX *context = SSL_CTX_new(TLS_server_method());
        BIO *bio = BIO_new_mem_buf(leaf->certificate.bytes, (int)leaf->certificate.count);
        X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        BIO_free(bio);
        bio = BIO_new_mem_buf(leaf->key.bytes, (int)leaf->key.count);
        EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
        BIO_free(bio);
        INVARIANT(SSL_CTX_use_certificate(context, certificate) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1);
        X509_free(certificate);
        EVP_PKEY_free(key);
        if (client_ca != NULL) {
                X509_STORE_add_cert(SSL_CTX_get_cert_store(context), client_ca->certificate);
                SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        }
        SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
        return context;
}
