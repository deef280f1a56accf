/*
 * confirm.h -- the uncached read of a policy that stands between a decision and its first effect: who acts on a decision
 * has seen that the policy still is what it was decided for.
 *
 * Threads: loop thread only.
 */
#ifndef PK_RECONCILE_CONFIRM_H
#define PK_RECONCILE_CONFIRM_H

#include "reconcile/policy.h"

/* Begins the read; then confirmed_epoch is the record's. */
void confirm_policy(struct policy *policy);

#endif
