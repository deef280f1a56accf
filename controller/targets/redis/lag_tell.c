/* lag_tell.c -- one look at the replicas as a sample, and what all samples say. */
#include <stdbool.h>
#include <time.h>

#include "runtime/clock.h"
#include "targets/redis/lag.h"

enum { LEVEL_MS = 200, AGAIN_MS = 20 };

/* A replica that is read before the primary has written more is asked again: mostly it has that, too. */
static void await_level(struct group *group, const struct member *primary, mono_ms deadline)
{
        const mono_ms most = clock_mono() + LEVEL_MS, until = deadline < most ? deadline : most;
        const struct timespec wait = {.tv_nsec = AGAIN_MS * 1000000L};
        for (unsigned i = 0; i < group->count; i++) {
                struct member *member = &group->members[i];
                while (member != primary && member->err == ERR_OK && member->is_linked &&
                       member->offset < primary->offset && clock_mono() + AGAIN_MS < until) {
                        (void)nanosleep(&wait, NULL);
                        member_look(member, until);
                }
        }
}

void lag_tell(struct group *group, const struct member *primary, const char *kept, mono_ms deadline,
              struct target_state *ret)
{
        struct lag lag;
        if (primary)
                await_level(group, primary, deadline);
        const mono_ms now = clock_mono();
        lag_parse(kept, &lag);
        lag_observe(&lag, group, primary, now);
        lag_judge(&lag, group, primary, now, ret);
        ret->version = lag_text(&lag);
}
