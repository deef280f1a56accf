/*
 * confirm.h -- the uncached read of a policy between a decision and its first effect: no effect without having seen
 * that the policy was not suspended, deleted or edited when it was decided (decision 050).
 *
 * It is sent together with the record, never before: a suspend that was stored before the decision is always seen. No
 * effect begins before both are answered. Where it was not sent then or came to nothing, it is sent when the record is
 * there.
 *
 * Threads: loop thread only.
 */
#ifndef PK_RECONCILE_CONFIRM_H
#define PK_RECONCILE_CONFIRM_H

struct policy;

/* Begins the read; then the confirmation is of the record's epoch. */
void confirm_policy(struct policy *policy);
/* Begins it beside the write of a decision that was just sent, where a permit is free. */
void confirm_beside(struct policy *policy);

#endif
