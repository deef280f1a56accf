/* min_replicas.c -- for how long a lost primary goes on taking writes. */
#include "targets/redis/min_replicas.h"

#include <inttypes.h>
#include <stdio.h>

#include "util/mem.h"

enum { WHY_BYTES = 640, DEFAULT_LAG_S = 10 };

/* Promoted after the loss of @primary, it would have its own replicas and those of the planes that are left. */
static bool would_refuse(const struct group *group, const struct member *member, const struct member *primary)
{
        return member != primary && member->err == ERR_OK && !member->is_primary && member->stops_alone &&
               member->replicas == 0 && group->count <= 2;
}

char *min_replicas_doubt(const struct group *group, const struct member *primary, int64_t looks_every_s)
{
        char why[WHY_BYTES];
        for (unsigned i = 0; primary && i < group->count; i++) {
                const struct member *member = &group->members[i];
                if (!would_refuse(group, member, primary))
                        continue;
                (void)snprintf(why, sizeof(why),
                               "Redis %s has min-replicas-to-write and would have no replica without %s: once promoted "
                               "it would refuse writes, and the switch would wait at Promote; give it a replica, or "
                               "CONFIG SET min-replicas-to-write 0",
                               member->address, primary->address);
                return mem_strdup(why);
        }
        /* With one replica the setting would make the promoted one refuse writes: there is nothing to advise. */
        if (!primary || primary->stops_alone || primary->replicas < 2)
                return NULL;
        (void)snprintf(why, sizeof(why),
                       "Redis %s, the primary, has %" PRId64 " replicas and no min-replicas-to-write: once it is cut "
                       "off from them it takes writes for as long as that lasts, and up to %" PRId64 " s more until it "
                       "is demoted, and all of them are lost; with CONFIG SET min-replicas-to-write 1 it stops by "
                       "itself after min-replicas-max-lag (%d s by default)",
                       primary->address, primary->replicas, looks_every_s, (int)DEFAULT_LAG_S);
        return mem_strdup(why);
}
