/*
 * alive_text.h -- the heartbeat that the operator inside the active plane renews while its checks pass: the text of
 * TXT _planekeeper-alive.<name>.
 *
 * Wire:    v=pk1 n=<counter> every=<milliseconds between two> p=<plane> by=<kube-system UID of the writer's cluster>.
 *          Unknown fields are ignored. It proves nothing and changes nothing: while the text
 *          changes, a failover waits.
 * Threads: no shared state.
 */
#ifndef PK_API_ALIVE_TEXT_H
#define PK_API_ALIVE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "util/units.h"

enum { ALIVE_TEXT_BYTES = 512, ALIVE_EVERY_MIN_MS = 1000, ALIVE_EVERY_MAX_MS = 10000 };

struct alive_text {
        uint64_t counter;
        mono_ms every_ms;
        char plane[254];
        char by[64];
};

void alive_text_print(const struct alive_text *alive, char ret_text[static ALIVE_TEXT_BYTES]);
/* False where it is not of that form, and then *ret is empty. */
bool alive_text_parse(const char *text, struct alive_text *ret);

#endif
