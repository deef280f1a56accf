/*
 * tls_material.h -- certificates made on the spot, for tests of TLS.
 *
 * Ownership: the texts are the caller's; tls_identity_deinit() frees them.
 */
#ifndef PK_TEST_TLS_MATERIAL_H
#define PK_TEST_TLS_MATERIAL_H

#include <openssl/evp.h>
#include <openssl/x509.h>

struct tls_identity {
        X509 *certificate;
        EVP_PKEY *key;
        char *certificate_pem;
        char *key_pem;
};

/* @issuer NULL: a CA that signs itself. @names as in subjectAltName ("DNS:a.test,IP:127.0.0.1"); NULL for a CA.
 * @not_after_s: seconds from now, negative for one that has expired. */
struct tls_identity tls_identity_new(const struct tls_identity *issuer, const char *names, long not_after_s);
void tls_identity_deinit(struct tls_identity *identity);

#endif
