/*
 * simulate.c -- many random histories of the simulated world around the production core, each made from one number.
 *
 *   simulate [--seed N] [--histories N] [--steps N] [--trace] [--keep-going]
 *
 * Prints its seed first, and at the end one line of JSON. --seed N --histories 1 --trace shows one history again, to
 * the bit: `digest` in the JSON is made of every action and of the state that it left.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim_parts.h"
#include "walk.h"

enum { DEFAULT_STEPS = 300 };

struct options {
        uint64_t seed, histories;
        unsigned steps;
        bool is_traced, keeps_going;
};

static uint64_t digest = 14695981039346656037U;

static void digest_step(const struct sim *sim, struct sim_action action)
{
        const uint64_t facts[] = {
            action.verb,          action.who,
            action.plane,         action.ending,
            (uint64_t)sim->now,   sim->has_record ? sim->record.epoch * PHASE_COUNT + sim->record.phase : 0,
            sim->dns.stamp.epoch, sim->lock.stamp.epoch,
            sim->packet_count};
        for (unsigned i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
                digest = (digest ^ facts[i]) * 1099511628211U;
}

static void trace(const struct sim *sim, struct sim_action action)
{
        digest_step(sim, action);
        char what[64], state[256];
        sim_action_print(action, what, sizeof(what));
        sim_print(sim, state, sizeof(state));
        printf("%-24s %s\n", what, state);
}

static bool parse(int argc, char **argv, struct options *ret)
{
        for (int i = 1; i < argc; i++) {
                const char *value = i + 1 < argc ? argv[i + 1] : "";
                if (strcmp(argv[i], "--trace") == 0)
                        ret->is_traced = true;
                else if (strcmp(argv[i], "--keep-going") == 0)
                        ret->keeps_going = true;
                else if (!*value)
                        return false;
                else if (strcmp(argv[i], "--seed") == 0)
                        ret->seed = strtoull(argv[++i], NULL, 10);
                else if (strcmp(argv[i], "--histories") == 0)
                        ret->histories = strtoull(argv[++i], NULL, 10);
                else if (strcmp(argv[i], "--steps") == 0)
                        ret->steps = (unsigned)strtoul(argv[++i], NULL, 10);
                else
                        return false;
        }
        return true;
}

struct results {
        uint64_t done, unsafe, unsettled, passes;
        char first[256];
};

static void run(const struct options *options, struct walk_counts *counts, struct results *ret)
{
        static struct sim sim;
        for (uint64_t i = 0; i < options->histories; i++) {
                walk_history(&sim, options->seed + i, options->steps, counts);
                ret->done++;
                if (!sim.violation[0])
                        continue;
                *(sim.violation[0] == 'L' ? &ret->unsettled : &ret->unsafe) += 1;
                printf("violation with --seed %" PRIu64 " --histories 1: %s\n", options->seed + i, sim.violation);
                if (!ret->first[0])
                        (void)snprintf(ret->first, sizeof(ret->first), "%s", sim.violation);
                if (!options->keeps_going)
                        return;
        }
}

static unsigned print_kinds(const struct walk_counts *counts)
{
        unsigned kinds = 0;
        for (unsigned i = 0; i < SIM_VERB_COUNT; i++)
                if (walk_is_fault((enum sim_verb)i) && counts->verbs[i]) {
                        printf("fault %-16s %" PRIu64 "\n", sim_verb_name((enum sim_verb)i), counts->verbs[i]);
                        kinds++;
                }
        for (unsigned i = 0; i < SIM_ENDING_COUNT; i++)
                if (walk_ending_is_fault((enum sim_ending)i) && counts->endings[i]) {
                        printf("fault write-%-10s %" PRIu64 "\n", sim_ending_name((enum sim_ending)i),
                               counts->endings[i]);
                        kinds++;
                }
        return kinds;
}

int main(int argc, char **argv)
{
        struct options options = {.seed = 20261123, .histories = 1000, .steps = DEFAULT_STEPS};
        if (!parse(argc, argv, &options)) {
                fprintf(stderr, "usage: simulate [--seed N] [--histories N] [--steps N] [--trace] [--keep-going]\n");
                return 2;
        }
        sim_on_apply = options.is_traced ? trace : digest_step;
        struct timespec began, ended;
        (void)clock_gettime(CLOCK_MONOTONIC, &began);
        printf("seed %" PRIu64 ", %" PRIu64 " histories of %u steps\n", options.seed, options.histories, options.steps);
        struct walk_counts counts = {0};
        struct results results = {0};
        run(&options, &counts, &results);
        unsigned kinds = print_kinds(&counts);
        (void)clock_gettime(CLOCK_MONOTONIC, &ended);
        double seconds = (double)(ended.tv_sec - began.tv_sec) + (double)(ended.tv_nsec - began.tv_nsec) / 1e9;
        printf("{\"seed\": %" PRIu64 ", \"histories\": %" PRIu64 ", \"decisions\": %" PRIu64
               ", \"fault_kinds\": %u, \"unsafe\": %" PRIu64 ", \"unsettled\": %" PRIu64 ", \"digest\": \"%016" PRIx64
               "\", \"seconds\": %.1f, \"first\": \"%.40s\"}\n",
               options.seed, results.done, counts.decisions, kinds, results.unsafe, results.unsettled, digest, seconds,
               results.first);
        return results.unsafe || results.unsettled;
}
