/*
 * confirm.h -- the uncached read of a policy between a decision and its first effect: no effect without having seen
 * that the policy was not suspended, deleted or edited meanwhile. It is sent after the record is written, so that a
 * suspend from before the decision is never missed (decision 009).
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
        epoch_t asked_epoch;    /* the epoch that it is to confirm */
        epoch_t epoch;          /* for which the policy was read; 0: none */
};

/* Begins the read; then the confirmation is of the record's epoch. */
void confirm_policy(struct policy *policy);

#endif
