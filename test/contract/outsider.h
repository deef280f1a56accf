/*
 * outsider.h -- somebody who asks a server for a name every millisecond, unsigned, as a resolver would, and remembers the
 * first answer that no agent may ever get: none at all, one that was neither before nor after, or two kinds at once.
 */
#ifndef PK_TEST_OUTSIDER_H
#define PK_TEST_OUTSIDER_H

#include <stddef.h>

struct outsider;

struct outsider *outsider_start(const char *server, const char *name);
/* From now on these two are right, as rrset texts; what holds at this moment must be one of them. */
void outsider_expect(struct outsider *outsider, const char *before, const char *after);
/* Returns when everything that is asked from now on has been asked once. */
void outsider_await_round(struct outsider *outsider);
/* The test fails where something was wrong. Returns how often all was asked. */
size_t outsider_stop(struct outsider *outsider);

#endif
