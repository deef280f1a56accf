/*
 * stream.h -- bytes to and from one server over TCP or TLS, with deadlines. The certificate must be for the host that
 * is meant.
 *
 * Ownership: tls_context_new() gives a context to SSL_CTX_free(); stream_close() ends the connection. A stream borrows
 *            its context.
 * Threads:   one at a time per stream; a context may be shared.
 * Signals:   SIGPIPE must be ignored by the program: OpenSSL writes as it likes.
 */
#ifndef PK_TARGETS_REDIS_STREAM_H
#define PK_TARGETS_REDIS_STREAM_H

#include <openssl/ssl.h>

#include "targets/net.h"
#include "util/secret.h"

struct stream {
        int fd;   /* -1: not open */
        SSL *ssl; /* NULL: plain */
};

/* The result of waiting on a stream. */
enum stream_result { STREAM_OK, STREAM_LATE, STREAM_CLOSED };

/* PEM, borrowed; NULL or empty: none. */
struct tls_material {
        const struct secret *ca; /* none: the system's trust store */
        const struct secret *certificate;
        const struct secret *key;
};

/* Whether the material that is there can be used, without asking anybody. ERR_INVALID says which cannot. */
MUST_CHECK enum err tls_material_check(const struct tls_material *material, struct errmsg *reterr);
/* ERR_INVALID: the material is not usable; the text names which. */
MUST_CHECK enum err tls_context_new(const struct tls_material *material, SSL_CTX **ret, struct errmsg *reterr);

/* The server, whichever of its addresses is connected to. */
struct stream_peer {
        const struct net_endpoint *server;
        SSL_CTX *tls;         /* NULL: plain */
        const char *tls_name; /* of the certificate; NULL: the host */
};

/* ERR_INVALID: certificate or protocol not acceptable. ERR_TRANSIENT: not reachable. */
MUST_CHECK enum err stream_open(const struct stream_peer *peer, const struct net_address *address, mono_ms deadline,
                                struct stream *ret, struct errmsg *reterr);
void stream_close(struct stream *stream);

/* False where the peer has closed it or sent what nobody asked for, so that it cannot be used again. */
bool stream_is_idle(const struct stream *stream);

MUST_CHECK enum stream_result stream_send(struct stream *stream, const void *bytes, size_t count, mono_ms deadline);
/* At least one byte, at most @size. */
MUST_CHECK enum stream_result stream_receive(struct stream *stream, void *buffer, size_t size, mono_ms deadline,
                                             size_t *ret_count);

#endif
