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
        /* And where nobody ever spoke for it, a person has to say so. */
        if (sim->config.is_inside && !sim->spoken_version)
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

/* The states that a way passed through, at the beginning of each round. */
struct passed {
        struct canon_key keys[ROUNDS];
        unsigned count;
};

static bool has_passed(const struct passed *passed, struct canon_key key)
{
        for (unsigned i = 0; i < passed->count; i++)
                if (passed->keys[i].high == key.high && passed->keys[i].low == key.low)
                        return true;
        return false;
}

static void remember(struct seen *seen, const struct passed *passed)
{
        uint32_t index;
        for (unsigned i = 0; i < passed->count; i++)
                (void)seen_add(seen, passed->keys[i], &index);
}

/* Rounds until it rests, or comes back to where it was, or something breaks. */
static enum settled go_on(struct settle *settle, const struct calm *calm, uint64_t salt, struct passed *passed)
{
        struct sim *sim = &settle->end;
        passed->count = 0;
        while (passed->count < ROUNDS && !sim->violation[0]) {
                calm_look(sim, calm);
                canon_make(sim, NULL);
                const struct canon_key key = canon_key_of(sim, salt);
                if (seen_has(&settle->known, key) || (is_at_rest(sim, calm) && stays(settle, calm)))
                        return SETTLED;
                if (seen_has(&settle->helped, key))
                        return SETTLED_BY_A_PERSON;
                if (has_passed(passed, key))
                        return NOT_SETTLED;
                passed->keys[passed->count++] = key;
                calm_round(sim, calm);
        }
        return NOT_SETTLED;
}

static enum settled get_help(struct settle *settle, const struct calm *calm, uint64_t salt)
{
        struct passed passed;
        for (unsigned i = 0; i < REMEDIES && !settle->end.violation[0] && calm_remedy(&settle->end, calm); i++)
                if (go_on(settle, calm, salt, &passed) != NOT_SETTLED)
                        return SETTLED_BY_A_PERSON;
        return NOT_SETTLED;
}

static enum settled try_way(struct settle *settle, const struct calm *calm, uint64_t salt)
{
        struct sim *sim = &settle->end;
        struct passed passed;
        calm_begin(sim, calm);
        enum settled settled = go_on(settle, calm, salt, &passed);
        if (settled == NOT_SETTLED)
                settled = get_help(settle, calm, salt);
        if (settled != NOT_SETTLED)
                remember(settled == SETTLED ? &settle->known : &settle->helped, &passed);
        if (settled != NOT_SETTLED || sim->violation[0])
                return settled;
        char text[180];
        calm_describe(sim, calm, text, sizeof(text));
        (void)snprintf(sim->violation, sizeof(sim->violation),
                       "L4: wedged (packets %s, operator %u first, dead %u): %s",
                       calm->packets_are_lost ? "lost" : "arrive", calm->first, calm->dead, text);
        return settled;
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

void settle_deinit(struct settle *settle)
{
        seen_deinit(&settle->known);
        seen_deinit(&settle->helped);
}
