/* follow.c -- one history in two worlds. */
#include "follow.h"

#include <inttypes.h>
#include <stdio.h>

#include "walk.h"

void follow_begin(struct follow *follow, const struct bounds *bounds)
{
        sim_init(&follow->canonical, &bounds->config);
        sim_init(&follow->plain, &bounds->config);
        canon_make(&follow->canonical, NULL);
        for (unsigned i = 0; i < SIM_OPERATORS_MAX; i++)
                follow->operators[i] = i;
        for (unsigned i = 0; i < SIM_PACKETS_MAX; i++)
                follow->packets[i] = i;
}

static struct sim_action in_plain_world(const struct follow *follow, struct sim_action action)
{
        if (action.verb >= SIM_PASS && action.verb <= SIM_BLINK)
                action.who = follow->operators[action.who];
        else if (action.verb >= SIM_DELIVER && action.verb <= SIM_DROP)
                action.who = follow->packets[action.who];
        return action;
}

/* A packet that is gone leaves no gap, in either world; a new one is last, in both. */
static void follow_packets(struct follow *follow, struct sim_action action, unsigned count_before)
{
        if (action.verb != SIM_DELIVER && action.verb != SIM_DROP) {
                if (count_before < SIM_PACKETS_MAX)
                        follow->packets[count_before] = count_before;
                return;
        }
        const unsigned gone = follow->packets[action.who];
        for (unsigned i = action.who; i + 1 < SIM_PACKETS_MAX; i++)
                follow->packets[i] = follow->packets[i + 1];
        for (unsigned i = 0; i < SIM_PACKETS_MAX; i++)
                follow->packets[i] -= follow->packets[i] > gone;
}

static void follow_moves(struct follow *follow, const struct canon_moves *moves)
{
        const struct follow before = *follow;
        for (unsigned i = 0; i < SIM_OPERATORS_MAX; i++)
                follow->operators[i] = before.operators[moves->operators[i]];
        for (unsigned i = 0; i < SIM_PACKETS_MAX; i++)
                follow->packets[i] = before.packets[moves->packets[i]];
}

struct sim_action follow_step(struct follow *follow, struct sim_action action)
{
        const struct sim_action plain = in_plain_world(follow, action);
        const unsigned packets_before = follow->canonical.packet_count;
        struct canon_moves moves;
        sim_apply(&follow->canonical, action);
        sim_apply(&follow->plain, plain);
        follow_packets(follow, action, packets_before);
        canon_make(&follow->canonical, &moves);
        follow_moves(follow, &moves);
        return plain;
}

bool follow_agrees(const struct follow *follow)
{
        struct sim plain = follow->plain;
        canon_make(&plain, NULL);
        const struct canon_key a = canon_key_of(&plain, 0), b = canon_key_of(&follow->canonical, 0);
        return a.high == b.high && a.low == b.low;
}

static bool is_allowed(const struct bounds *bounds, const struct sim *sim, const struct sim_action *action)
{
        return action->verb == SIM_PASS ? bounds_allow_ending(bounds, sim, action->ending)
                                        : bounds_allow(bounds, sim, action);
}

static struct sim_action choose(const struct bounds *bounds, const struct sim *sim, uint64_t *seed)
{
        struct sim_action actions[SIM_ACTIONS_MAX], allowed[SIM_ACTIONS_MAX];
        unsigned count = sim_actions(sim, actions), kept = 0;
        for (unsigned i = 0; i < count; i++)
                if (is_allowed(bounds, sim, &actions[i]))
                        allowed[kept++] = actions[i];
        return allowed[walk_draw(seed) % kept];
}

bool follow_at_random(const struct bounds *bounds, epoch_t epoch_max, uint64_t seed, unsigned histories)
{
        enum { STEPS = 120 };
        static struct follow follow;
        for (unsigned i = 0; i < histories; i++) {
                follow_begin(&follow, bounds);
                for (unsigned step = 0; step < STEPS && follow.canonical.record.epoch <= epoch_max; step++) {
                        const struct sim_action action = choose(bounds, &follow.canonical, &seed);
                        (void)follow_step(&follow, action);
                        if (follow.plain.violation[0])
                                break; /* the explorer finds it, too, and by the shortest way */
                        if (follow_agrees(&follow))
                                continue;
                        char text[64];
                        sim_action_print(action, text, sizeof(text));
                        fprintf(stderr, "the canonical and the plain world part in history %u, step %u: %s\n", i, step,
                                text);
                        return false;
                }
        }
        return true;
}
