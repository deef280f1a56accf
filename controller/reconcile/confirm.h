/*
 * confirm.h -- the uncached read of a policy that stands between a decision and its first effect: who acts on a
 * decision has seen that the policy still is what it was decided for.
 *
 * Threads: loop thread only.
 */
#ifndef PK_RECONCILE_CONFIRM_H
#define PK_RECONCILE_CONFIRM_H

#include "core/types.h"
#include "kube/client.h"

struct policy;

struct confirmation {
        struct kube_call *call; /* NULL: none is under way */
        uint64_t turns;         /* status.known.turns when it was sent */
        epoch_t asked_epoch;    /* what it is for */
        epoch_t epoch;          /* for which the policy was read; 0: none */
};

/* Begins the read; then the confirmation is of the record's epoch. */
void confirm_policy(struct policy *policy);

#endif
