/*
 * claims.h -- a DNS name, a lock and a Redis to be promoted belong to one policy each: the owner in the ownership
 * record wins, age only breaks the first tie.
 *
 * Who else names the same is found by its text, so it takes as long among ten thousand policies as among ten.
 *
 * Ownership: struct claims is embedded in its policy; claims_drop() before the policy is freed.
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_CLAIMS_H
#define PK_RECONCILE_CLAIMS_H

#include <stddef.h>

#include "util/arena.h"

struct policy;
struct claim;

struct claims {
        struct claim **list; /* the DNS name first, which is judged first */
        size_t count;
};

/* The spec of @policy, or the Redis of one of its planes, is another one: what it claims is written down anew. */
void claims_renew(struct policy *policy);
void claims_drop(struct policy *policy);

/* The older policy that holds the same DNS name or lock, and which of them; NULL where @policy is the rightful one. */
struct policy *claims_find(const struct policy *policy, const char **ret_what, struct arena *arena);
/* The text about an older policy that claims the same DNS name or lock; "" where @policy is the rightful one. */
const char *claims_rival(const struct policy *policy, struct arena *arena);
/* Another policy that names the DNS name or lock of @owner, and waits for that reason; NULL: none. */
const struct policy *claims_claimant(const struct policy *owner);
/* @policy begins or ceases to claim a target of another policy: the status of that one is written again. */
void claims_changed(struct policy *policy);

#endif
