/*
 * no_leader.h -- what a replica says that can neither lead nor see who does: that nobody judges. Without it a status
 * goes on saying what was true when the last leader wrote it.
 *
 * Threads: loop thread only.
 */
#ifndef PK_RECONCILE_NO_LEADER_H
#define PK_RECONCILE_NO_LEADER_H

struct manager;

/* Once a second; does nothing unless the election has been in trouble for longer than a lease. */
void no_leader_tick(struct manager *manager);

#endif
