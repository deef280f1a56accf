/*
 * policy_targets.h -- the targets in force of one policy, and what is known of each.
 *
 * Threads: loop thread only.
 */
#ifndef PK_RECONCILE_POLICY_TARGETS_H
#define PK_RECONCILE_POLICY_TARGETS_H

#include "reconcile/policy.h"

/* Makes its slots those of the targets in force; reads of other targets are dropped. The policy has a spec. */
void policy_place_targets(struct policy *policy);
void policy_forget_targets(struct policy *policy);
/* Gives @slot the mechanism of its endpoint and credential, as they are now. */
void policy_hold_mechanism(struct policy *policy, struct target_slot *slot);
/* Drops every read: all targets are read anew before anything is done. */
void policy_void_targets(struct policy *policy);
void policy_forget_writes(struct policy *policy); /* they were of a decision that is over */

#endif
