/* lock_by_hand.c -- a lock moved by hand. */
#include "targets/redis/lock_by_hand.h"

#include "targets/by_hand.h"

struct by_hand redis_lock_by_hand(const struct target_config *config, const struct by_hand_write *write,
                                  struct arena *arena)
{
        (void)config;
        const struct target_ref *ref = &write->target->ref;
        const struct by_hand_endpoint server = by_hand_endpoint(write->server ? write->server : ref->endpoint, arena);
        return (struct by_hand){
            .needs = "REDISCLI_AUTH the password of its Redis Secret",
            .move = arena_printf(arena, "redis-cli -h %s -p %s -n %u SET %s %s", by_hand_quote(server.host, arena),
                                 server.port[0] ? server.port : "6379", ref->db, by_hand_quote(ref->name, arena),
                                 by_hand_quote(write->value, arena))};
}
