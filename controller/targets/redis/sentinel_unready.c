/* sentinel_unready.c -- planes' Redis that a failover by Sentinel could not make the primary now. */
#include <stdio.h>
#include <stdlib.h>

#include "core/view.h"
#include "targets/redis/sentinel_choice.h"
#include "targets/redis/sentinel_session.h"
#include "util/mem.h"
#include "util/text.h"

enum { WHY_BYTES = 512 };

/* The reason of @choice, and the text with the remedy; NULL: nothing is known against it. */
static const char *reason_of(const struct sentinel_choice *choice, const char *server, const char *primary,
                             char why[static WHY_BYTES])
{
        switch (choice->outlook) {
        case OUTLOOK_UNKNOWN:
                (void)snprintf(why, WHY_BYTES,
                               "Redis %.150s is none of those that Sentinel tells beside its primary %.150s: write in "
                               "spec.redis.address what Sentinel tells, or a name that resolves to it",
                               server, primary);
                return "RedisUnknownToSentinel";
        case OUTLOOK_DOWN:
                (void)snprintf(why, WHY_BYTES, "Sentinel does not reach its Redis %.150s", server);
                return "RedisUnreachableOnStandby";
        case OUTLOOK_NEVER:
                (void)snprintf(why, WHY_BYTES,
                               "Redis %.150s has replica-priority 0, so Sentinel never promotes it: set another",
                               server);
                return "RedisNeverPromoted";
        case OUTLOOK_OTHER:
                (void)snprintf(why, WHY_BYTES,
                               "Sentinel would choose %.150s (replica-priority %u) before its Redis %.150s (%u)",
                               choice->other->address, choice->other->priority, server, choice->wanted->priority);
                return "RedisNotNextBySentinel";
        default:
                return NULL;
        }
}

void sentinel_tell_unready(const struct sentinel_session *self, const struct sentinel_look *look,
                           struct target_state *ret)
{
        struct unready *list = mem_calloc(UNREADY_MAX, sizeof(*list));
        const char *server;
        unsigned count = 0;
        for (size_t i = 0; (server = sentinel_group_server(self->group, i)) && count < UNREADY_MAX; i++) {
                char why[WHY_BYTES];
                if (text_equal(server, look->view.primary) || text_equal(server, self->planned))
                        continue;
                const struct sentinel_choice choice = sentinel_choose(look->view.answers, server);
                const char *reason = reason_of(&choice, server, look->view.primary, why);
                if (reason)
                        list[count++] = (struct unready){
                            .value = mem_strdup(server), .why = mem_strdup(why), .reason = mem_strdup(reason)};
        }
        ret->unready = list;
        ret->unready_count = count;
}
