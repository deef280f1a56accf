/* gather.h -- every fact that the core looks at, from the caches. Texts are borrowed from them or live in the arena. */
#ifndef PK_RECONCILE_GATHER_H
#define PK_RECONCILE_GATHER_H

#include "reconcile/policy.h"
#include "util/arena.h"

/* The policy must have a spec. */
void gather_view(struct policy *policy, struct arena *arena, struct view *ret);

#endif
