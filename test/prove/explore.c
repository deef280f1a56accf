/*
 * explore.c -- every history of a small world around the production core, breadth first: each state that can be reached
 * within the bounds is visited once, every invariant is watched on every step (sim_check.c), and of every state it is
 * asked whether it still comes to rest once faults stop (settle.h).
 *
 *   explore --list
 *   explore --world NAME [--short] [--max-states N] [--epochs N] [--packets N]   explores; the last line is JSON
 *   explore --world NAME --replay "ACTION ACTION ..."                            shows one history, action by action
 *
 * Where nothing is wrong, some random histories are followed both in canonical states and in plain ones (follow.h):
 * they must not part, else what was explored is not what may happen. What is found wrong is printed as the shortest
 * history that leads to it, ready for --replay. Exit: 0 nothing is wrong, 1 something is, 2 usage, 3 there are more
 * states than --max-states.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "bounds.h"
#include "follow.h"
#include "history.h"
#include "settle.h"

enum { FOLLOW_SEED = 1, FOLLOW_HISTORIES = 300 };

struct explorer {
        struct bounds bounds;
        epoch_t epoch_max;
        uint64_t states_max;
        struct sim first;
        struct seen seen;
        struct queue queue;
        struct settle settle;
        struct sim next; /* the state that is being reached */
        struct sim_turn turn;
        uint64_t transitions, by_a_person, at_epoch_4, beyond;
        unsigned depth;
        uint32_t wrong_from; /* the state in which what is wrong was done */
        bool is_wrong, is_wedged;
        struct sim_action wrong_action;
        char wrong[256];
};

static epoch_t epoch_of(const struct sim *sim)
{
        return sim->has_record ? record_highest_epoch(&sim->record) : 0;
}

static void found_wrong(struct explorer *e, uint32_t from, struct sim_action action, const char *what)
{
        e->is_wrong = true;
        e->wrong_from = from;
        e->wrong_action = action;
        (void)snprintf(e->wrong, sizeof(e->wrong), "%s", what);
        for (char *c = e->wrong; *c; c++)
                *c = *c == '"' ? '\'' : *c; /* it becomes a string of JSON */
}

static void visit(struct explorer *e, struct sim *sim, uint32_t from, struct sim_action action)
{
        uint32_t index;
        e->transitions++;
        if (sim->violation[0]) {
                found_wrong(e, from, action, sim->violation);
                return;
        }
        if (epoch_of(sim) > e->epoch_max) {
                e->beyond++;
                return;
        }
        canon_make(sim, NULL);
        if (!seen_add(&e->seen, canon_key_of(sim, 0), &index))
                return;
        seen_set_origin(&e->seen, index, from, action);
        e->depth = e->seen.nodes[index].depth;
        e->at_epoch_4 += epoch_of(sim) >= 4;
        enum settled settled = settle_try(&e->settle, sim);
        e->by_a_person += settled == SETTLED_BY_A_PERSON;
        if (settled == NOT_SETTLED) {
                e->is_wedged = true;
                found_wrong(e, from, action, e->settle.end.violation);
                return;
        }
        queue_push(&e->queue, sim, index);
}

static void pass(struct explorer *e, const struct sim *sim, uint32_t from, unsigned who, unsigned down)
{
        struct sim_turn *turn = &e->turn;
        sim_turn_begin(sim, who, down, turn);
        for (unsigned i = 0; i < SIM_ENDING_COUNT && !e->is_wrong; i++) {
                const struct sim_action action = {.verb = SIM_PASS, .who = who, .down = down, .ending = i};
                if ((!sim_turn_writes(turn) && i != SIM_ANSWERED) || !bounds_allow_ending(&e->bounds, sim, i))
                        continue;
                canon_copy(&e->next, sim);
                sim_turn_finish(&e->next, who, turn, action.ending);
                visit(e, &e->next, from, action);
        }
        sim_turn_end(turn);
}

static void expand(struct explorer *e, const struct sim *sim, uint32_t from)
{
        struct sim_action actions[SIM_ACTIONS_MAX];
        unsigned count = sim_actions(sim, actions);
        for (unsigned i = 0; i < count && !e->is_wrong; i++) {
                if (actions[i].verb == SIM_PASS && actions[i].ending == SIM_ANSWERED)
                        pass(e, sim, from, actions[i].who, actions[i].down);
                if (!bounds_allow(&e->bounds, sim, &actions[i]))
                        continue;
                canon_copy(&e->next, sim);
                sim_apply(&e->next, actions[i]);
                visit(e, &e->next, from, actions[i]);
        }
}

static void explore(struct explorer *e)
{
        sim_init(&e->first, &e->bounds.config);
        canon_make(&e->first, NULL);
        e->queue.base = &e->first;
        struct sim sim = e->first;
        uint32_t index;
        visit(e, &sim, SEEN_ROOT, (struct sim_action){.verb = SIM_VERB_COUNT});
        while (!e->is_wrong && e->seen.count < e->states_max && queue_pop(&e->queue, &sim, &index))
                expand(e, &sim, index);
}

static double seconds_since(const struct timespec *began)
{
        struct timespec now;
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)(now.tv_sec - began->tv_sec) + (double)(now.tv_nsec - began->tv_nsec) / 1e9;
}

static int report(const struct explorer *e, const struct timespec *began)
{
        struct rusage usage;
        (void)getrusage(RUSAGE_SELF, &usage);
        bool is_complete = !e->is_wrong && e->queue.count == 0;
        if (e->is_wrong)
                history_print(&e->bounds, &e->seen, e->wrong_from, e->wrong_action, e->wrong);
        printf("{\"world\": \"%s\", \"states\": %u, \"transitions\": %" PRIu64
               ", \"depth\": %u, \"at_epoch_4\": %" PRIu64 ", \"epoch_max\": %" PRIu64 ", \"cut_by_epoch\": %" PRIu64
               ", \"blocked\": %" PRIu64
               ", \"violations\": %d, \"wedged\": %d, \"complete\": %s, \"seconds\": %.1f, \"megabytes\": %ld, "
               "\"wrong\": \"%.60s\"}\n",
               e->bounds.config.name, e->seen.count, e->transitions, e->depth, e->at_epoch_4, e->epoch_max, e->beyond,
               e->by_a_person, e->is_wrong && !e->is_wedged, e->is_wedged, is_complete ? "true" : "false",
               seconds_since(began), usage.ru_maxrss / 1024, e->wrong);
        return e->is_wrong ? 1 : is_complete ? 0 : 3;
}

static int list_worlds(void)
{
        for (unsigned i = 0; i < bounds_count; i++)
                printf("%s\t%s\n", bounds_list[i].config.name, bounds_list[i].what);
        return 0;
}

static int usage(void)
{
        fprintf(stderr, "usage: explore --list | --world NAME [--short] [--max-states N] [--epochs N] [--packets N]\n"
                        "               [--replay ACTIONS]\n");
        return 2;
}

struct options {
        const char *replay;
        bool is_list, is_short;
};

/* Numbers that stand in for those of the world. */
static bool parse_number(struct explorer *e, const char *option, uint64_t number)
{
        if (strcmp(option, "--max-states") == 0)
                e->states_max = number;
        else if (strcmp(option, "--epochs") == 0)
                e->epoch_max = number;
        else if (strcmp(option, "--together") == 0)
                e->bounds.config.reads_together = number;
        else if (strcmp(option, "--packets") == 0 && number <= SIM_PACKETS_MAX)
                e->bounds.config.packet_max = (unsigned)number;
        else
                return false;
        return true;
}

static bool parse(struct explorer *e, int argc, char **argv, struct options *ret)
{
        for (int i = 1; i < argc; i++) {
                const char *value = i + 1 < argc ? argv[i + 1] : "";
                if (strcmp(argv[i], "--list") == 0) {
                        ret->is_list = true;
                } else if (strcmp(argv[i], "--short") == 0) {
                        ret->is_short = true;
                } else if (strcmp(argv[i], "--world") == 0 && bounds_find(value)) {
                        e->bounds = *bounds_find(value);
                        i++;
                } else if (strcmp(argv[i], "--replay") == 0 && *value) {
                        ret->replay = argv[++i];
                } else {
                        if (!parse_number(e, argv[i], strtoull(value, NULL, 10)))
                                return false;
                        i++;
                }
        }
        return ret->is_list || e->bounds.config.name;
}

int main(int argc, char **argv)
{
        static struct explorer e = {.states_max = UINT32_MAX};
        struct options options = {0};
        if (!parse(&e, argc, argv, &options))
                return usage();
        if (options.is_list)
                return list_worlds();
        if (options.replay)
                return history_replay(&e.bounds, options.replay);
        struct timespec began;
        (void)clock_gettime(CLOCK_MONOTONIC, &began);
        if (!e.epoch_max)
                e.epoch_max = options.is_short ? e.bounds.short_epoch_max : e.bounds.epoch_max;
        explore(&e);
        int status = report(&e, &began);
        if (status == 0 && !follow_at_random(&e.bounds, e.epoch_max, FOLLOW_SEED, FOLLOW_HISTORIES))
                status = 1;
        seen_deinit(&e.seen);
        settle_deinit(&e.settle);
        queue_deinit(&e.queue);
        return status;
}
