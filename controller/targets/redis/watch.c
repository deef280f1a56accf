/* watch.c -- a standby that would write to a replica. */
#include "targets/redis/watch.h"

#include <stdio.h>
#include <stdlib.h>

#include "targets/redis/credentials.h"
#include "targets/redis/group.h"
#include "util/mem.h"

enum { WHY_BYTES = 768 };

static void judge(const struct member *member, struct unready *ret)
{
        char why[WHY_BYTES];
        (void)snprintf(why, sizeof(why),
                       "its Redis %s is a read-only replica of %s, and redis.promotion is not configured: the plane "
                       "would be active and write nothing; let each switch promote it (spec.redis.promotion.replica of "
                       "the policy), or make it a primary of its own (redis-cli REPLICAOF NO ONE)",
                       member->address, member->follows);
        *ret = (struct unready){.value = mem_strdup(member->address),
                                .why = mem_strdup(why),
                                .reason = mem_strdup("RedisReadOnlyOnStandby")};
}

static void visit(struct target_session *session, struct target_visit *visits, size_t count)
{
        struct group *group = group_of(session);
        INVARIANT(count == 1);
        if (visits->verb != TARGET_READ) {
                visits->err = err_set(&visits->why, ERR_INVALID, "the Redis of a standby is only looked at");
                return;
        }
        struct unready *list = mem_calloc(PLANES_MAX, sizeof(*list));
        visits->found = (struct target_state){.value = mem_strdup(""), .unready = list};
        group_look(group, false, visits->deadline);
        for (unsigned i = 0; i < group->count; i++)
                if (group->members[i].err == ERR_OK && group->members[i].is_read_only)
                        judge(&group->members[i], &list[visits->found.unready_count++]);
        visits->err = ERR_OK;
}

static enum err open_session(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        return group_open(&redis_watch_driver, "+info", config, ret, reterr);
}

const struct target_driver redis_watch_driver = {
    .name = TARGET_STANDBY_DRIVER,
    .kind = TARGET_PROMOTION,
    .limits = {.visit_ms = 8000, .read_every_ms = 10000, .at_once = 3, .batch_max = 1},
    .check_credentials = redis_check_credentials,
    .open = open_session,
    .visit = visit,
    .close = group_close,
};
