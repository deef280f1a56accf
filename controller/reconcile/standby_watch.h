/*
 * standby_watch.h -- the Redis that each plane would write to, looked at where every plane writes to its own and no
 * switch promotes one (writeMode AllClusters, spec.redis.address of the ManagementPlane). A standby whose Redis is a
 * read-only replica would go active and write nothing.
 *
 * Threads: loop thread only.
 */
#ifndef PK_RECONCILE_STANDBY_WATCH_H
#define PK_RECONCILE_STANDBY_WATCH_H

#include "core/view.h"

struct policy;

/* Looks where it is due. The policy has a spec. */
void standby_watch_turn(struct policy *policy);
/* Gives each plane the obstacle that the last look told; texts are borrowed from it until the next one. */
void standby_watch_show(const struct policy *policy, struct view *ret);

#endif
