/* lock_by_hand.h -- a lock moved by hand, with the command line of Redis. Pure. */
#ifndef PK_TARGETS_REDIS_LOCK_BY_HAND_H
#define PK_TARGETS_REDIS_LOCK_BY_HAND_H

#include "targets/target.h"

struct by_hand redis_lock_by_hand(const struct target_config *config, const struct by_hand_write *write,
                                  struct arena *arena);

#endif
