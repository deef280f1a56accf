/*
 * fake_api.h -- a small HTTP server on the loop under test, whose answers the test scripts byte by byte. Plain sockets,
 * so that it can be as wrong as a test wants. Everything runs on one thread: no locks, no waiting on real time.
 */
#ifndef PK_TEST_FAKE_API_H
#define PK_TEST_FAKE_API_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/loop.h"

struct fake_api;
struct fake_peer; /* one connection */

struct fake_request {
        const char *method;
        const char *target; /* path and query as sent */
        const char *head;   /* all header lines */
        const char *body;
};

/* Called for each whole request. Answer now, or keep @peer and answer later. */
typedef void fake_handler(void *ctx, struct fake_peer *peer, const struct fake_request *request);

struct fake_api *fake_api_open(struct loop *loop, fake_handler *handler, void *ctx);
void fake_api_close(struct fake_api *api);
int fake_api_port(const struct fake_api *api);
unsigned fake_api_connections(const struct fake_api *api); /* accepted so far */

/* A whole answer with Content-Length. @headers: extra lines, each with its CRLF, or "". */
void fake_answer(struct fake_peer *peer, int status, const char *headers, const char *body);
/* The head of a chunked answer, then its chunks; fake_end() sends the last one. */
void fake_begin(struct fake_peer *peer, int status);
void fake_chunk(struct fake_peer *peer, const char *text, size_t bytes);
void fake_text(struct fake_peer *peer, const char *text);
void fake_end(struct fake_peer *peer);
void fake_raw(struct fake_peer *peer, const char *bytes, size_t count);
/* Close after what was sent so far is out. */
void fake_hang_up(struct fake_peer *peer);
/* Whenever nothing waits to be sent, @more is called to send more; it returns false at the end. */
void fake_stream(struct fake_peer *peer, bool (*more)(void *ctx, struct fake_peer *peer), void *ctx);
bool fake_is_open(const struct fake_api *api, const struct fake_peer *peer);

/* Run @loop until @stop is true; false when @timeout_ms passed before. */
bool fake_run(struct loop *loop, const bool *stop, int timeout_ms);
/* What is due and what is ready now, without waiting; loop_now() sees a clock that the test has moved. */
void fake_turn(struct loop *loop);

#endif
