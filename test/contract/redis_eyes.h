/* redis_eyes.h -- what a Redis or a Sentinel at this host says, asked by hiredis and not by the product. */
#ifndef PK_TEST_REDIS_EYES_H
#define PK_TEST_REDIS_EYES_H

/* A reply as redis-cli prints it, a line for each element; the caller frees it. NULL: there is none. */
char *redis_tries(const char *port, const char *command);
/*
 * The same until there is one: Sentinel closes the connections of a server whose role it changes, and a busy machine
 * answers late. The test fails where none comes.
 */
char *redis_says(const char *port, const char *command);
/* Until the reply has @part. */
void redis_comes_to_say(const char *port, const char *command, const char *part);

#endif
