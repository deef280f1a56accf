/* settle.c -- the future of a state without faults. */
#include "settle.h"

#include <stdio.h>
#include <string.h>

#include "calm.h"
#include "sim_parts.h"

enum { ROUNDS = 40, REMEDIES = 4, WAYS_MAX = 2 + SIM_PLANES_MAX };

static unsigned list_ways(const struct sim *sim, struct calm *ret)
{
        unsigned last = sim->config.operator_count - 1, count = 0;
        ret[count++] = (struct calm){0};
        ret[count++] = (struct calm){.packets_are_lost = true, .first = last};
        /* With a cooldown or a limit the dead plane may rightly stay active for long. */
        if (sim->config.cooldown_ms || sim->config.max_switches <= SIM_SWITCHES_MAX)
                return count;
        for (unsigned i = 0; i < sim->config.plane_count; i++)
                ret[count++] = (struct calm){.first = i & last, .dead = 1U << i};
        return count;
}

static bool is_at_rest(const struct sim *sim, const struct calm *calm)
{
        if (!sim_is_settled(sim))
                return false;
        for (unsigned i = 0; i < sim->config.plane_count; i++)
                if ((calm->dead >> i) & 1 && strcmp(sim->record.to, sim_name(i)) == 0)
                        return false;
        return true;
}

/* One more round changes nothing. */
static bool stays(struct settle *settle, const struct calm *calm)
{
        struct sim *next = &settle->next;
        canon_copy(next, &settle->end);
        calm_round(next, calm);
        return is_at_rest(next, calm) && next->record.epoch == settle->end.record.epoch && !next->violation[0];
}

static bool go_on(struct settle *settle, const struct calm *calm, uint64_t salt)
{
        struct sim *sim = &settle->end;
        struct canon_key passed[ROUNDS];
        unsigned count = 0;
        bool rests = false;
        while (!rests && count < ROUNDS && !sim->violation[0]) {
                calm_look(sim, calm);
                canon_make(sim, NULL);
                passed[count] = canon_key_of(sim, salt);
                rests = seen_has(&settle->known, passed[count]) || (is_at_rest(sim, calm) && stays(settle, calm));
                count++;
                if (!rests)
                        calm_round(sim, calm);
        }
        uint32_t index;
        for (unsigned i = 0; i < count && rests; i++)
                (void)seen_add(&settle->known, passed[i], &index);
        return rests;
}

static enum settled try_way(struct settle *settle, const struct calm *calm, uint64_t salt)
{
        struct sim *sim = &settle->end;
        calm_begin(sim, calm);
        if (go_on(settle, calm, salt))
                return SETTLED;
        for (unsigned i = 0; i < REMEDIES && !sim->violation[0] && calm_remedy(sim); i++)
                if (go_on(settle, calm, salt))
                        return SETTLED_BY_A_PERSON;
        if (sim->violation[0])
                return NOT_SETTLED;
        char text[180];
        calm_describe(sim, text, sizeof(text));
        (void)snprintf(sim->violation, sizeof(sim->violation),
                       "L4: wedged (packets %s, operator %u first, dead %u): %s",
                       calm->packets_are_lost ? "lost" : "arrive", calm->first, calm->dead, text);
        return NOT_SETTLED;
}

enum settled settle_try(struct settle *settle, const struct sim *sim)
{
        struct calm ways[WAYS_MAX];
        unsigned count = list_ways(sim, ways);
        enum settled worst = SETTLED;
        for (unsigned i = 0; i < count; i++) {
                canon_copy(&settle->end, sim);
                enum settled settled = try_way(settle, &ways[i], i + 1);
                worst = settled > worst ? settled : worst;
                if (settled == NOT_SETTLED)
                        break;
        }
        return worst;
}
