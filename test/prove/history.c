/* history.c -- histories as text. */
#include "history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

enum { DEPTH_MAX = 4096 };

/* Where each operator and packet of the canonical state is in the plain one. */
struct places {
        unsigned operators[SIM_OPERATORS_MAX];
        unsigned packets[SIM_PACKETS_MAX];
};

static bool is_of_operator(enum sim_verb verb)
{
        return verb >= SIM_PASS && verb <= SIM_UNREACH;
}

static bool is_of_packet(enum sim_verb verb)
{
        return verb >= SIM_DELIVER && verb <= SIM_DROP;
}

static struct sim_action in_plain_world(struct sim_action action, const struct places *places)
{
        if (is_of_operator(action.verb))
                action.who = places->operators[action.who];
        else if (is_of_packet(action.verb))
                action.who = places->packets[action.who];
        return action;
}

/* A packet that is gone leaves no gap, in either world; a new one is last, in both. */
static void follow_packets(struct places *places, struct sim_action action, const struct sim *before)
{
        if (action.verb != SIM_DELIVER && action.verb != SIM_DROP) {
                places->packets[before->packet_count < SIM_PACKETS_MAX ? before->packet_count : 0] =
                    before->packet_count;
                return;
        }
        const unsigned gone = places->packets[action.who];
        for (unsigned i = action.who; i + 1 < SIM_PACKETS_MAX; i++)
                places->packets[i] = places->packets[i + 1];
        for (unsigned i = 0; i < SIM_PACKETS_MAX; i++)
                places->packets[i] -= places->packets[i] > gone;
}

static void follow_moves(struct places *places, const struct canon_moves *moves)
{
        const struct places before = *places;
        for (unsigned i = 0; i < SIM_OPERATORS_MAX; i++)
                places->operators[i] = before.operators[moves->operators[i]];
        for (unsigned i = 0; i < SIM_PACKETS_MAX; i++)
                places->packets[i] = before.packets[moves->packets[i]];
}

static void show(const struct sim *sim, struct sim_action action)
{
        char what[64], state[256];
        sim_action_print(action, what, sizeof(what));
        sim_print(sim, state, sizeof(state));
        printf("  %-22s %s\n", what, state);
}

void history_print(const struct bounds *bounds, const struct seen *seen, uint32_t from, struct sim_action last,
                   const char *wrong)
{
        struct sim_action canonical[DEPTH_MAX];
        unsigned count = seen->nodes[from].depth;
        INVARIANT(count + 1 < DEPTH_MAX);
        canonical[count] = last;
        for (unsigned i = count; i > 0; i--) {
                canonical[i - 1] = seen_origin(seen, from);
                from = seen->nodes[from].parent;
        }
        struct sim sim, plain;
        struct places places = {{0, 1}, {0, 1, 2, 3, 4, 5}};
        struct canon_moves moves;
        sim_init(&sim, &bounds->config);
        canon_make(&sim, &moves);
        sim_init(&plain, &bounds->config);
        printf("WRONG in world %s after %u actions: %s\n", bounds->config.name, count + 1, wrong);
        char line[DEPTH_MAX * 4] = "";
        size_t used = 0;
        for (unsigned i = 0; i <= count; i++) {
                const struct sim_action action = in_plain_world(canonical[i], &places);
                const struct sim before = sim;
                sim_apply(&sim, canonical[i]);
                sim_apply(&plain, action);
                show(&plain, action);
                char text[64];
                sim_action_print(action, text, sizeof(text));
                used += (size_t)snprintf(line + used, used < sizeof(line) ? sizeof(line) - used : 0, "%s%s",
                                         i ? " " : "", text);
                follow_packets(&places, canonical[i], &before);
                canon_make(&sim, &moves);
                follow_moves(&places, &moves);
        }
        printf("  again: explore --world %s --replay \"%s\"\n", bounds->config.name, line);
        if (plain.violation[0] ? strcmp(plain.violation, wrong) != 0 : strncmp(wrong, "L4", 2) != 0)
                printf("  in the plain world, however: %s\n", plain.violation[0] ? plain.violation : "nothing");
}

int history_replay(const struct bounds *bounds, const char *actions)
{
        static struct sim sim;
        sim_init(&sim, &bounds->config);
        char *copy = mem_strdup(actions), *rest = copy;
        int status = 0;
        for (char *text = strtok_r(copy, " ", &rest); text && !status; text = strtok_r(NULL, " ", &rest)) {
                struct sim_action action;
                if (!sim_action_parse(text, &action)) {
                        fprintf(stderr, "no such action: %s\n", text);
                        status = 2;
                        break;
                }
                sim_apply(&sim, action);
                show(&sim, action);
                if (sim.violation[0]) {
                        printf("VIOLATION: %s\n", sim.violation);
                        status = 1;
                }
        }
        free(copy);
        return status;
}
