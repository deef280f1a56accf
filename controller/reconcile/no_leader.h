/*
 * no_leader.h -- the status that a replica writes which can neither lead nor see a leader: no replica judges the
 * policy. Without it the status would go on showing the last leader's judgement.
 *
 * Threads: loop thread only.
 */
#ifndef PK_RECONCILE_NO_LEADER_H
#define PK_RECONCILE_NO_LEADER_H

struct manager;

/* Once a second; does nothing unless the election has been in trouble for longer than a lease. */
void no_leader_tick(struct manager *manager);

#endif
