/*
 * confirm.h -- the uncached read of a policy before the first effect of a decision: no effect without having seen that
 * the policy was not suspended, deleted or edited (decisions 050 and 057).
 *
 * Where a probe is about to decide it is sent when that probe begins, else together with the record, never before:
 * confirmation.h says what that promises. No effect begins before it is answered. Where it was not sent then or came to
 * nothing, it is sent when the record is there.
 *
 * Threads: loop thread only.
 */
#ifndef PK_RECONCILE_CONFIRM_H
#define PK_RECONCILE_CONFIRM_H

struct manager;
struct plane;
struct policy;

/* Begins the read; then the confirmation is of the record's epoch. */
void confirm_policy(struct policy *policy);
/*
 * The write of a decision was just sent: the read that is fresh enough for it goes on as its own. Where there is none,
 * one begins, if a permit is free.
 */
void confirm_beside(struct policy *policy);

/* A probe on the path of @plane begins: the policies for which its failure would decide are to be read in this turn. */
void confirm_probe_began(struct plane *plane);
/* Sends what is due by then: many as one LIST, others as far as permits are free, and what is left over as soon as one
 * is. Once a turn. */
void confirm_turn(struct manager *manager);

#endif
