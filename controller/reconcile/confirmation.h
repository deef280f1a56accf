/*
 * confirmation.h -- for which decision a policy was read past every cache (confirm.h asks).
 *
 * Ownership: embedded in the policy; a call under way is cancelled with those of its record (record_io.h).
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_CONFIRMATION_H
#define PK_RECONCILE_CONFIRMATION_H

#include "core/types.h"
#include "kube/client.h"

struct policy;

struct confirmation {
        struct kube_call *call; /* NULL: none is under way */
        uint64_t turns;         /* status.known.turns when it was sent */
        epoch_t asked_epoch;    /* the epoch that it is to confirm */
        epoch_t epoch;          /* for which the policy was read; 0: none */
        bool is_ahead;          /* it was read for asked_epoch, and the record of that is still being written */
};

/* The policy was read for the asked epoch, which is the record's. */
void confirmation_take(struct policy *policy);
/* The write of @written is over; NULL: it failed, and what was read for it confirms nothing. */
void confirmation_recorded(struct policy *policy, const struct record *written);

#endif
