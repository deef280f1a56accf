/* tls_context.c -- PEM material to an OpenSSL context that verifies the server. */
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "targets/redis/stream.h"
#include "util/cleanup.h"

static void bio_free(BIO **bio)
{
        BIO_free_all(*bio);
}

static BIO *bio_of(const struct secret *pem)
{
        return pem->count <= INT_MAX ? BIO_new_mem_buf(pem->bytes, (int)pem->count) : NULL;
}

/* A key that asks for a passphrase must fail instead of waiting at a terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *data)
{
        (void)buffer;
        (void)size;
        (void)writing;
        (void)data;
        return 0;
}

static bool add_authorities(SSL_CTX *context, const struct secret *pem)
{
        CLEANUP(bio_free) BIO *bio = bio_of(pem);
        int added = 0;
        for (X509 *authority; bio && (authority = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)); added++) {
                int stored = X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority);
                X509_free(authority);
                if (stored != 1)
                        return false;
        }
        return added > 0;
}

static bool use_certificate(SSL_CTX *context, const struct secret *pem)
{
        CLEANUP(bio_free) BIO *bio = bio_of(pem);
        X509 *leaf = bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
        bool is_used = leaf && SSL_CTX_use_certificate(context, leaf) == 1;
        X509_free(leaf);
        for (X509 *next; is_used && (next = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL));) {
                is_used = SSL_CTX_add0_chain_cert(context, next) == 1; /* owns it then */
                if (!is_used)
                        X509_free(next);
        }
        return is_used;
}

static bool use_key(SSL_CTX *context, const struct secret *pem)
{
        CLEANUP(bio_free) BIO *bio = bio_of(pem);
        EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
        bool is_used = key && SSL_CTX_use_PrivateKey(context, key) == 1 && SSL_CTX_check_private_key(context) == 1;
        EVP_PKEY_free(key);
        return is_used;
}

static bool is_none(const struct secret *pem)
{
        return !pem || secret_is_empty(pem);
}

static const char *load_own(SSL_CTX *context, const struct tls_material *material)
{
        if (is_none(material->certificate))
                return NULL;
        if (!use_certificate(context, material->certificate))
                return "the client certificate is no PEM certificate";
        return material->key && use_key(context, material->key) ? NULL
                                           : "the client key is no PEM key of the certificate, without passphrase";
}

static const char *load(SSL_CTX *context, const struct tls_material *material)
{
        if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1)
                return "OpenSSL refuses TLS 1.2";
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
        (void)SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        if (is_none(material->ca)) {
                if (SSL_CTX_set_default_verify_paths(context) != 1)
                        return "no system trust store; set a CA";
        } else if (!add_authorities(context, material->ca)) {
                return "the CA is no PEM certificate";
        }
        return load_own(context, material);
}

enum err tls_material_check(const struct tls_material *material, struct errmsg *reterr)
{
        SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        const char *why = !context ? "no memory"
                          : !is_none(material->ca) && !add_authorities(context, material->ca)
                              ? "the CA is no PEM certificate"
                              : load_own(context, material);
        SSL_CTX_free(context);
        ERR_clear_error();
        return why ? err_set(reterr, ERR_INVALID, "%s", why) : ERR_OK;
}

enum err tls_context_new(const struct tls_material *material, SSL_CTX **ret, struct errmsg *reterr)
{
        SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        const char *why = context ? load(context, material) : "no memory";
        ERR_clear_error();
        if (why) {
                SSL_CTX_free(context);
                return err_set(reterr, ERR_INVALID, "redis.tls: %s", why);
        }
        *ret = context;
        return ERR_OK;
}
