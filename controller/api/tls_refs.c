/* tls_refs.c -- references to Secrets. */
#include "api/tls_refs.h"

struct secret_key_ref decode_secret_ref(const struct scope *parent, const char *field, const char *default_key)
{
        if (!decode_has(parent, field))
                return (struct secret_key_ref){.name = "", .key = default_key};
        struct scope ref = decode_object(parent, field);
        return (struct secret_key_ref){
            .name = decode_text(&ref, "name", NULL, DECODE_TEXT_MAX),
            .key = decode_text(&ref, "key", default_key, DECODE_TEXT_MAX),
        };
}

struct tls_refs decode_tls_refs(const struct scope *parent, const struct tls_refs *fallback)
{
        struct tls_refs refs = *fallback;
        struct scope tls = decode_object(parent, "tls");
        if (decode_has(&tls, "caSecretRef"))
                refs.ca = decode_secret_ref(&tls, "caSecretRef", "ca.crt");
        if (decode_has(&tls, "clientCertificateSecretRef"))
                refs.client_certificate = decode_secret_ref(&tls, "clientCertificateSecretRef", "").name;
        refs.server_name = decode_text(&tls, "serverName", fallback->server_name, DECODE_TEXT_MAX);
        return refs;
}
