/* contract.h -- what the contract tests share: the servers of run.py, races, and peers that spoil what passes. */
#ifndef PK_TEST_CONTRACT_H
#define PK_TEST_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/clock.h"
#include "util/err.h"
#include "util/secret.h"

enum { PATIENCE_MS = 10000, SHORT_MS = 300 };

#define STORE "k8s/8c6f5d4e-0000-4000-8000-000000000001/default/gloo"

const char *server(const char *variable); /* "CONTRACT_DNS" and so on; aborts where it is not set */
pid_t server_pid(const char *variable);
const char *port_of(const char *address); /* borrowed */

mono_ms in_ms(int64_t ms); /* a deadline */

/* What a shell command prints, without the last newline; the caller frees it. The test fails where the command does. */
char *shell(const char *format, ...) PRINTF_LIKE(1, 2);

/* The class is as wanted and the text has @part. */
void assert_error(enum err got, enum err wanted, const struct errmsg *error, const char *part);

void read_file(const char *path, struct secret *ret);

/* Runs @contend in @count processes, which pass @barrier together. Returns how many of them returned true. */
struct barrier;
void barrier_pass(struct barrier *barrier);
int race(int count, bool (*contend)(int number, struct barrier *barrier));

void print_times(const char *what, int64_t *took_us, size_t count); /* sorts them */

/*
 * A UDP relay in front of a server, in a thread: remembers the last update that passed, and can spoil packets.
 */
struct relay;
enum relay_fault { RELAY_NONE, RELAY_LOSE_FIRST, RELAY_SPOIL_ANSWERS, RELAY_STRIP_ANSWERS };
struct relay *relay_start(const char *server, enum relay_fault fault);
const char *relay_address(const struct relay *relay);
/* Sends the remembered update to the server once more and returns the response code of the answer. */
int relay_replay(struct relay *relay);
void relay_stop(struct relay *relay);

/* A TCP server that answers anything with @greeting and then goes on with its fault until the client leaves. */
struct liar;
enum liar_fault { LIAR_CLOSES, LIAR_FLOODS, LIAR_TRICKLES };
struct liar *liar_start(const char *greeting, enum liar_fault fault);
const char *liar_address(const struct liar *liar);
void liar_stop(struct liar *liar);

#endif
