/*
 * probe_pki.h -- certificates for tests, made by OpenSSL in memory: a CA, and leaves of any validity that it signs.
 *
 * Ownership: pki_clear() frees; PEM texts are secrets of the struct they are in.
 */
#ifndef PK_TEST_PROBE_PKI_H
#define PK_TEST_PROBE_PKI_H

#include <openssl/ssl.h>

#include "runtime/http.h"

struct pki {
        EVP_PKEY *key;
        X509 *certificate;
        struct secret pem; /* of the certificate */
};
struct pki_leaf {
        struct secret certificate;
        struct secret key;
};

void pki_init(struct pki *pki, const char *name);
void pki_clear(struct pki *pki);

/* @name as DNS name; valid from @from_s to @to_s, in seconds from now. */
void pki_leaf_init(const struct pki *pki, const char *name, long from_s, long to_s, struct pki_leaf *leaf);
void pki_leaf_clear(struct pki_leaf *leaf);

/* A server's context with @leaf; where @client_ca is not NULL, clients must show a certificate of it. h2 and http/1.1
 * by ALPN. */
SSL_CTX *pki_server(const struct pki_leaf *leaf, const struct pki *client_ca);

#endif
