/*
 * claims.h -- a DNS name and a lock belong to one policy each: the owner in the ownership record wins, age only breaks
 * the first tie.
 */
#ifndef PK_RECONCILE_CLAIMS_H
#define PK_RECONCILE_CLAIMS_H

#include "reconcile/policy.h"
#include "util/arena.h"

/* The older policy that holds the same DNS name or lock, and which of them; NULL where @policy is the rightful one. */
struct policy *claims_find(const struct policy *policy, const char **ret_what, struct arena *arena);
/* The text about an older policy that claims the same DNS name or lock; "" where @policy is the rightful one. */
const char *claims_rival(const struct policy *policy, struct arena *arena);
/* Another policy that names the DNS name or lock of @owner, and waits for that reason; NULL: none. */
const struct policy *claims_claimant(const struct policy *owner);
/* @policy begins or ceases to claim a target of another policy: the status of that one is written again. */
void claims_changed(struct policy *policy);

#endif
