/* replica_by_hand.c -- hand over where the primary answers, else promote. */
#include "targets/redis/replica_by_hand.h"

#include "targets/by_hand.h"
#include "util/text.h"

const char *redis_cli(const char *address, struct arena *arena)
{
        const struct by_hand_endpoint server = by_hand_endpoint(address, arena);
        return arena_printf(arena, "redis-cli -e -h %s -p %s", by_hand_quote(server.host, arena), server.port);
}

/* Every other server follows the new primary. */
static const char *demote(const struct target_config *config, const char *to, struct arena *arena)
{
        const struct by_hand_endpoint server = by_hand_endpoint(to, arena);
        const char *text = "";
        for (size_t i = 0; i < config->setting_count; i++) {
                const struct target_setting *setting = &config->settings[i];
                if (text_equal(setting->key, "server") && !text_equal(setting->value, to))
                        text = arena_printf(arena, "%s; %s REPLICAOF %s %s", text, redis_cli(setting->value, arena),
                                            by_hand_quote(server.host, arena), server.port);
        }
        return text;
}

struct by_hand redis_replica_by_hand(const struct target_config *config, const struct by_hand_write *write,
                                     struct arena *arena)
{
        const char *to = write->value, *from = write->target->shows.value;
        const struct by_hand_endpoint server = by_hand_endpoint(to, arena);
        const char *promote =
            arena_printf(arena, "%s REPLICAOF NO ONE%s", redis_cli(to, arena), demote(config, to, arena));
        const bool has_other = from[0] && !text_equal(from, to) && by_hand_endpoint(from, arena).port[0];
        return (struct by_hand){
            .needs = "REDISCLI_AUTH the password of its Redis Secret",
            .move = has_other ? arena_printf(arena, "%s FAILOVER TO %s %s TIMEOUT 10000 || { %s; }",
                                             redis_cli(from, arena), by_hand_quote(server.host, arena), server.port,
                                             promote)
                              : promote,
            .look = arena_printf(arena, "%s ROLE # must begin with master", redis_cli(to, arena))};
}
