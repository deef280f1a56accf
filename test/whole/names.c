/* names.c -- probe/stub.h on virtual time: where the names of planes lead. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "jobs.h"
#include "probe/stub.h"
#include "util/mem.h"
#include "util/text.h"
#include "world.h"

static void unanswered(vtime_us until, struct resolve_answer *ret)
{
        jobs_sleep(until);
        (void)TEXT_COPY(ret->why, "nobody answers");
}

void stub_lookup(const char *host, const char *servers, struct resolve_answer *ret)
{
        const vtime_us until = vtime_now() + STUB_DEADLINE_MS * VTIME_MS;
        vtime_us at;
        unsigned number = 0;
        (void)servers;
        const bool is_mistyped = strncmp(host, "bl-", 3) == 0;
        INVARIANT(is_mistyped || (sscanf(host, "lb-%u.", &number) == 1 && number >= 1 && number <= WORLD_PLANES_MAX));
        if (world_send(host_current, AT_RESOLVER, &at) != FATE_ARRIVES || at > until) {
                unanswered(until, ret);
                return;
        }
        jobs_sleep(at);
        ret->is_absent = is_mistyped || world.names_lost[number - 1] > 0;
        if (!world_answer(host_current, AT_RESOLVER, &at) || at > until) {
                ret->is_absent = false;
                unanswered(until, ret);
                return;
        }
        jobs_sleep(at);
        if (ret->is_absent) {
                (void)TEXT_COPY(ret->why, "DNS says that there is no such name");
                return;
        }
        ret->count = 1;
        ret->addresses[0].family = AF_INET;
        INVARIANT(inet_pton(AF_INET, world_address(number - 1), &ret->addresses[0].v4) == 1);
}
