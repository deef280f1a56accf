/*
 * doubt.h -- whether the caches still show what the store holds. A store that was put back to an earlier moment tells
 * no watch. So each sign of it makes all watches list anew: a version that fell, a Lease that another writer changed
 * while it was held here, a refused write although the watch shows nothing new, an answer that the watch does not
 * catch up with.
 *
 * Threads: loop thread only.
 */
#ifndef PK_RECONCILE_DOUBT_H
#define PK_RECONCILE_DOUBT_H

#include "reconcile/manager.h"

void doubt_look(struct manager *manager); /* once a second */

#endif
