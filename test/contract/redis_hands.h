/* redis_hands.h -- three Redis servers that a test starts, kills and has follow each other. */
#ifndef PK_TEST_REDIS_HANDS_H
#define PK_TEST_REDIS_HANDS_H

#include <stdbool.h>
#include <sys/types.h>

#include "contract.h"

enum { A, B, C, SERVERS, FOLDER_BYTES = 256 };

extern char addresses[SERVERS][40], ports[SERVERS][8];
extern pid_t pids[SERVERS];
extern char redis_tool[FOLDER_BYTES + 64]; /* redis-cli with its options, but for the port */

char *ask(int server_of, const char *command); /* what redis-cli prints; the caller's */
void tell(int server_of, const char *command);
bool says(int server_of, const char *command, const char *part);
void await(int server_of, const char *command, const char *part);

/* Its data is gone each time; @more are further arguments, NULL at the end. */
void start(int server_of, const char *const *more);
void stop(int server_of);
int stop_all(void **state);   /* a teardown */
int find_ports(void **state); /* the setup of the group of tests */

void follow(int replica, int primary);
void pair(void); /* A with one key, and B that has it, too */

#endif
