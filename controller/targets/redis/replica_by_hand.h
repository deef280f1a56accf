/* replica_by_hand.h -- the Redis primary moved by hand, with the command line of Redis 7. Pure. */
#ifndef PK_TARGETS_REDIS_REPLICA_BY_HAND_H
#define PK_TARGETS_REDIS_REPLICA_BY_HAND_H

#include "targets/target.h"

struct by_hand redis_replica_by_hand(const struct target_config *config, const struct by_hand_write *write,
                                     struct arena *arena);

/* "redis-cli -h … -p …", to which a command is added. */
const char *redis_cli(const char *address, struct arena *arena);

#endif
