/*
 * simulate.c -- many random histories of the simulated world around the production core, each made from one number.
 *
 *   simulate [options of histories.h]
 *
 * `digest` in the JSON is made of every action and of the state that it left.
 */
#include <inttypes.h>
#include <stdio.h>

#include "histories.h"
#include "sim_parts.h"
#include "walk.h"

enum { STEPS = 300 };

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

static void name_faults(struct histories *histories, const struct walk_counts *counts)
{
        for (unsigned i = 0; i < SIM_VERB_COUNT; i++)
                if (walk_is_fault((enum sim_verb)i))
                        histories_fault(histories, sim_verb_name((enum sim_verb)i), counts->verbs[i]);
        for (unsigned i = 0; i < SIM_ENDING_COUNT; i++) {
                char name[32];
                (void)snprintf(name, sizeof(name), "write-%s", sim_ending_name((enum sim_ending)i));
                if (walk_ending_is_fault((enum sim_ending)i))
                        histories_fault(histories, name, counts->endings[i]);
        }
}

int main(int argc, char **argv)
{
        static struct sim sim;
        struct histories histories = {.seed = 20261123, .count = 1000};
        struct walk_counts counts = {0};
        histories_begin(&histories, argc, argv);
        sim_on_apply = histories.is_traced ? trace : digest_step;
        for (bool goes_on = true; goes_on && histories.done < histories.count;) {
                walk_history(&sim, histories.seed + histories.done, STEPS, &counts);
                goes_on = histories_count(&histories, sim.violation);
        }
        histories.decisions = counts.decisions;
        name_faults(&histories, &counts);
        return histories_end(&histories, digest, "");
}
