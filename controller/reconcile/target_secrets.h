/*
 * target_secrets.h -- whether the Secrets of a policy can be used at all, said before any server is asked.
 *
 * A text names the Secret, the field that references it, what is wrong, the keys that were found and those that are
 * expected; never a value. "" while all is well or still being read.
 */
#ifndef PK_RECONCILE_TARGET_SECRETS_H
#define PK_RECONCILE_TARGET_SECRETS_H

#include "reconcile/policy.h"
#include "util/arena.h"

const char *target_secrets_dns_error(const struct policy *policy, struct arena *arena);
const char *target_secrets_lock_error(const struct policy *policy, struct arena *arena);
/* The first of both. */
const char *target_secrets_error(const struct policy *policy, struct arena *arena);

#endif
