/*
 * by_hand.h -- the parts that drivers share to print the commands by which a person writes their targets. Pure.
 *
 * No secrets: key files are named as they are in the policy's Secrets. Values are quoted for a POSIX shell. Texts live
 * in the arena.
 */
#ifndef PK_TARGETS_BY_HAND_H
#define PK_TARGETS_BY_HAND_H

#include "core/by_hand.h"
#include "util/arena.h"

/* 'text', with ' itself as '\''. */
const char *by_hand_quote(const char *text, struct arena *arena);

struct by_hand_endpoint {
        const char *host;
        const char *port; /* "" where not said */
};

/* "host", "host:port", "[v6]:port", "[v6]" or a bare v6 address, which has two colons and no port. */
struct by_hand_endpoint by_hand_endpoint(const char *address, struct arena *arena);

/* Asks the public name servers what they show of a name that is to have @write's value. */
const char *by_hand_look_up(const struct by_hand_write *write, struct arena *arena);

#endif
