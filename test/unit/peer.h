/*
 * peer.h -- a server in a child process that behaves as badly as a test wants, on a port of 127.0.0.1 that the kernel
 * chose.
 *
 * Each connection is served by a process of its own, so that the test's own process has no second thread and no shared
 * state.
 */
#ifndef PK_TEST_PEER_H
#define PK_TEST_PEER_H

#include <openssl/ssl.h>
#include <stddef.h>
#include <sys/types.h>

#include "tls_material.h"

struct peer_connection {
        int fd;
        SSL *ssl;        /* NULL without TLS */
        unsigned number; /* 1 for the first connection that came */
        const void *ctx; /* what peer_open() was given */
};

struct peer_options {
        void (*serve)(struct peer_connection *connection);
        const void *ctx;
        const struct tls_identity *identity;  /* NULL: no TLS */
        const struct tls_identity *client_ca; /* clients must show a certificate of this CA; NULL: they need none */
        int tls_version;                      /* the only one spoken, e.g. TLS1_2_VERSION; 0 = any */
};

struct peer {
        pid_t pid;
        unsigned port;
};

struct peer peer_open(const struct peer_options *options);
void peer_close(struct peer *peer);

/* Return 0 or less when the other side has gone. */
ssize_t peer_write(struct peer_connection *connection, const void *bytes, size_t count);
ssize_t peer_write_text(struct peer_connection *connection, const char *text);
/* Reads until the end of a request's head ("\r\n\r\n") or its end; NUL-terminated. */
ssize_t peer_read_head(struct peer_connection *connection, char *head, size_t size);

#endif
