/*
 * probe_peer.h -- scripted servers on loopback, each in a thread of its own: what a health check may meet.
 *
 * Ownership: the script's bytes and TLS context are borrowed until probe_peer_close(), which ends the thread.
 */
#ifndef PK_TEST_PROBE_PEER_H
#define PK_TEST_PROBE_PEER_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum peer_act {
        PEER_HOLD,   /* accepts, says nothing, waits until the client leaves */
        PEER_RESET,  /* accepts and resets */
        PEER_ANSWER, /* reads a request's head, answers with the bytes, closes */
        PEER_DRIP,   /* the same, but a byte every 20 ms */
        PEER_FLOOD,  /* the same, but the bytes again and again until the client leaves */
        PEER_HTTP2,  /* reads one HTTP/2 request to its end, answers with the bytes, waits until the client leaves */
};

struct peer_script {
        enum peer_act act;
        const void *bytes;
        size_t count;
        SSL_CTX *tls; /* NULL: plain */
        const void *first_bytes; /* PEER_HTTP2: of the first connection, where not NULL */
        size_t first_count;
        bool ends_connection; /* PEER_HTTP2: after its answer */
};

struct probe_peer;
struct probe_peer *probe_peer_open(const struct peer_script *script);
uint16_t probe_peer_port(const struct probe_peer *peer);
unsigned probe_peer_connections(const struct probe_peer *peer); /* so far */
void probe_peer_request(struct probe_peer *peer, char *ret_text,
                        size_t size); /* what the last client sent, as far as it was read */
void probe_peer_close(struct probe_peer *peer);

/* A port of loopback that nobody listens on. */
uint16_t probe_peer_refused_port(void);

/* A port whose queue of connections is full: what comes is dropped, as by a dead host. black_hole_close() ends it. */
enum { BLACK_HOLE_FILLERS = 4 };
struct black_hole {
        int fds[1 + BLACK_HOLE_FILLERS];
        uint16_t port;
};
void black_hole_open(struct black_hole *hole);
void black_hole_open_up(struct black_hole *hole); /* its queue takes connections from now on */
void black_hole_close(struct black_hole *hole);

#endif
