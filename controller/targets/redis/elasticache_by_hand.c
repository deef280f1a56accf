/* elasticache_by_hand.c -- a failover of a global datastore ordered by a person. */
#include "targets/by_hand.h"
#include "targets/redis/elasticache_session.h"
#include "targets/redis/replica_by_hand.h"
#include "util/text.h"

static bool find_place(const struct target_config *config, const char *address, struct elasticache_place *ret)
{
        for (size_t i = 0; i < config->setting_count; i++)
                if (text_equal(config->settings[i].key, ELASTICACHE_PLACE) &&
                    elasticache_place_parse(config->settings[i].value, ret) && text_equal(ret->address, address))
                        return true;
        return false;
}

struct by_hand elasticache_by_hand(const struct target_config *config, const struct by_hand_write *write,
                                   struct arena *arena)
{
        struct elasticache_place to;
        const char *id = by_hand_quote(write->target->ref.name, arena);
        if (!find_place(config, write->value, &to))
                return (struct by_hand){
                    .move = arena_printf(arena,
                                         "aws elasticache describe-global-replication-groups --show-member-info "
                                         "--global-replication-group-id %s # then failover-global-replication-group to "
                                         "the member that %s is in",
                                         id, write->value)};
        const char *region = by_hand_quote(to.region, arena);
        const char *aws = arena_printf(arena, "--region %s%s%s --global-replication-group-id %s", region,
                                       to.endpoint[0] ? " --endpoint-url " : "",
                                       to.endpoint[0] ? by_hand_quote(to.endpoint, arena) : "", id);
        return (struct by_hand){
            .needs = "AWS credentials that may fail the global datastore over are in the environment, REDISCLI_AUTH "
                     "the password of its Redis Secret",
            .move = arena_printf(arena,
                                 "aws elasticache failover-global-replication-group %s --primary-region %s "
                                 "--primary-replication-group-id %s",
                                 aws, region, by_hand_quote(to.group_id, arena)),
            .look = arena_printf(arena,
                                 "aws elasticache describe-global-replication-groups %s --show-member-info; %s ROLE # "
                                 "go on when Status is available, and this begins with master",
                                 aws, redis_cli(write->value, arena))};
}
