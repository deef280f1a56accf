/* tls_material.c -- certificates made on the spot. */
#include "tls_material.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

static void extend(X509 *certificate, int what, const char *value)
{
        X509V3_CTX context;
        X509V3_set_ctx_nodb(&context);
        X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, what, value);
        INVARIANT(extension && X509_add_ext(certificate, extension, -1));
        X509_EXTENSION_free(extension);
}

static char *text_of(BIO *memory)
{
        char *bytes;
        long count = BIO_get_mem_data(memory, &bytes);
        char *text = mem_strndup(bytes, (size_t)count);
        BIO_free(memory);
        return text;
}

static void write_texts(struct tls_identity *identity)
{
        BIO *memory = BIO_new(BIO_s_mem());
        INVARIANT(PEM_write_bio_X509(memory, identity->certificate));
        identity->certificate_pem = text_of(memory);
        memory = BIO_new(BIO_s_mem());
        INVARIANT(PEM_write_bio_PrivateKey(memory, identity->key, NULL, NULL, 0, NULL, NULL));
        identity->key_pem = text_of(memory);
}

struct tls_identity tls_identity_new(const struct tls_identity *issuer, const char *names, long not_after_s)
{
        struct tls_identity identity = {.certificate = X509_new(), .key = EVP_EC_gen("P-256")};
        X509 *certificate = identity.certificate;
        uint32_t serial;
        INVARIANT(certificate && identity.key && RAND_bytes((unsigned char *)&serial, sizeof(serial)) == 1);
        (void)X509_set_version(certificate, X509_VERSION_3);
        (void)ASN1_INTEGER_set(X509_get_serialNumber(certificate), (long)(serial >> 1));
        (void)X509_gmtime_adj(X509_getm_notBefore(certificate), -86400);
        (void)X509_gmtime_adj(X509_getm_notAfter(certificate), not_after_s);
        (void)X509_set_pubkey(certificate, identity.key);
        X509_NAME *name = X509_get_subject_name(certificate);
        const unsigned char *common_name = (const unsigned char *)(issuer ? "planekeeper test" : "planekeeper test CA");
        (void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0);
        (void)X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer->certificate) : name);
        extend(certificate, NID_basic_constraints, issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
        if (names)
                extend(certificate, NID_subject_alt_name, names);
        INVARIANT(X509_sign(certificate, issuer ? issuer->key : identity.key, EVP_sha256()));
        write_texts(&identity);
        return identity;
}

void tls_identity_deinit(struct tls_identity *identity)
{
        X509_free(identity->certificate);
        EVP_PKEY_free(identity->key);
        free(identity->certificate_pem);
        free(identity->key_pem);
}
