/*
 * record_keeper.h -- what is known of a policy's record: as its store shows it, and whether its Lease is believed.
 *
 * Only what another epoch shows takes back what rested on the one before: its confirmation, the refusal of a write, and
 * what failed at the targets. The record outlives the object of the policy.
 *
 * Threads: loop thread only.
 */
#ifndef PK_RECONCILE_RECORD_KEEPER_H
#define PK_RECONCILE_RECORD_KEEPER_H

#include "reconcile/policy.h"

/* The record as its store shows it; both are moved in, and either may be NULL. */
void record_keeper_take(struct policy *policy, struct record *record, char *error);
void record_keeper_watched(struct policy *policy, const json_t *lease); /* its Lease, as watched; NULL: it is gone */
void record_keeper_deleted(struct policy *policy, const json_t *last);
void record_keeper_unlisted(struct policy *policy); /* a list did not name it: gone, or without its label */
/* An uncached read of the Lease: whatever its version, it is what counts. NULL: there is none. */
void record_keeper_read(struct policy *policy, const json_t *lease);

#endif
