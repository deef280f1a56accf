/* tls_refs.h -- references to Secrets, decoded the same way wherever the resources have them. */
#ifndef PK_API_TLS_REFS_H
#define PK_API_TLS_REFS_H

#include <jansson.h>

#include "api/decode.h"
#include "api/object.h"

/* TLS material by reference. "" = absent. */
struct tls_refs {
        struct secret_key_ref ca;       /* absent: the chain is not verified, the certificate is still read */
        const char *client_certificate; /* Secret of type kubernetes.io/tls (tls.crt, tls.key) */
        const char *server_name;
};

/* <field>: {name, key}; the name is "" where the field is absent. */
struct secret_key_ref decode_secret_ref(const struct scope *parent, const char *field, const char *default_key);

/* tls: {caSecretRef, clientCertificateSecretRef, serverName}; what is absent comes from @fallback. */
struct tls_refs decode_tls_refs(const struct scope *parent, const struct tls_refs *fallback);

#endif
