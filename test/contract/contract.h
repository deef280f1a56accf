/* contract.h -- what the contract tests share: the servers that run.py started, other people's tools as judges, races, a relay. */
#ifndef PK_TEST_CONTRACT_H
#define PK_TEST_CONTRACT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/clock.h"
#include "util/err.h"
#include "util/secret.h"

const char *server(const char *variable); /* "CONTRACT_DNS" and so on; aborts where it is not set */
pid_t server_pid(const char *variable);
const char *port_of(const char *address); /* borrowed */

mono_ms in_ms(int64_t ms); /* a deadline */

/* What a shell command prints, without the last newline; the caller frees it. The test fails where the command does. */
char *shell(const char *format, ...) PRINTF_LIKE(1, 2);

void read_file(const char *path, struct secret *ret);

/* Runs @contend in @count processes at once, each with its number; they pass @barrier together. Returns how many returned true. */
struct barrier;
void barrier_pass(struct barrier *barrier);
int race(int count, _Bool (*contend)(int number, struct barrier *barrier));

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

#endif
