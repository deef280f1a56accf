/*
 * record_io.h -- the policy's decision record at the arbiter: written by compare-and-swap, never retried as it was; and
 * the uncached read of the policy that stands between a decision and its first effect.
 */
#ifndef PK_RECONCILE_RECORD_IO_H
#define PK_RECONCILE_RECORD_IO_H

#include "reconcile/policy.h"

/* Write the decision's next record over the record that is known; on a conflict the record is read again and the pass
 * decides anew. */
void record_io_write(struct policy *policy, const struct view *view, const struct decision *decision);
/* Read the policy uncached; then confirmed_epoch is the record's. */
void record_io_confirm(struct policy *policy);
/* Whether the record is known as the arbiter has it and nothing is under way; else that is seen to, and the policy is
 * woken afterwards. */
bool record_io_settle(struct policy *policy);
void record_io_cancel(struct policy *policy);

#endif
