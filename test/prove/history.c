/* history.c -- histories as text. */
#include "history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "follow.h"
#include "util/mem.h"

enum { DEPTH_MAX = 4096 };

static void show(const struct sim *sim, struct sim_action action)
{
        char what[64], state[256];
        sim_action_print(action, what, sizeof(what));
        sim_print(sim, state, sizeof(state));
        printf("  %-22s %s\n", what, state);
}

/* The actions that led to @node, first to last; returns how many. */
static unsigned actions_to(const struct seen *seen, uint32_t node, struct sim_action *ret)
{
        const unsigned count = seen->nodes[node].depth;
        INVARIANT(count < DEPTH_MAX);
        for (unsigned i = count; i > 0; i--) {
                ret[i - 1] = seen_origin(seen, node);
                node = seen->nodes[node].parent;
        }
        return count;
}

void history_print(const struct bounds *bounds, const struct seen *seen, uint32_t from, struct sim_action last,
                   const char *wrong)
{
        static struct sim_action actions[DEPTH_MAX + 1];
        static struct follow follow;
        struct strbuf line = STRBUF_INIT(DEPTH_MAX * 32);
        const unsigned count = actions_to(seen, from, actions);
        actions[count] = last;
        printf("WRONG in world %s after %u actions: %s\n", bounds->config.name, count + 1, wrong);
        follow_begin(&follow, bounds);
        for (unsigned i = 0; i <= count; i++) {
                const struct sim_action plain = follow_step(&follow, actions[i]);
                char text[64];
                show(&follow.plain, plain);
                sim_action_print(plain, text, sizeof(text));
                (void)strbuf_printf(&line, "%s%s", i ? " " : "", text);
        }
        char *replay = strbuf_take(&line);
        printf("  again: explore --world %s --replay \"%s\"\n", bounds->config.name, replay);
        free(replay);
        const char *found = follow.plain.violation;
        if (found[0] ? strcmp(found, wrong) != 0 : strncmp(wrong, "L4", 2) != 0)
                printf("  in the plain world, however: %s\n", found[0] ? found : "nothing");
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
