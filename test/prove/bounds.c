/* bounds.c -- the worlds that are explored. */
#include "bounds.h"

#include <string.h>

#define BIT(verb) ((uint64_t)1 << (verb))

enum { MANY = 100 };

const struct bounds bounds_list[] = {
    {.config = {.name = "two-planes",
                .plane_count = 2,
                .operator_count = 2,
                .packet_max = 2,
                .judgement = SIM_AT_WILL,
                .max_switches = MANY},
     .epoch_max = 4,
     .short_epoch_max = 3,
     .without = BIT(SIM_READ_NOTHING),
     .what = "two operators, two planes, AllClusters"},
    {.config = {.name = "two-planes-lock",
                .plane_count = 2,
                .operator_count = 2,
                .packet_max = 1,
                .judgement = SIM_AT_WILL,
                .uses_lock = true,
                .max_switches = MANY},
     .epoch_max = 4,
     .short_epoch_max = 3,
     .without = BIT(SIM_READ_NOTHING),
     .what = "two operators, two planes, SingleCluster"},
};
const unsigned bounds_count = sizeof(bounds_list) / sizeof(bounds_list[0]);

const struct bounds *bounds_find(const char *name)
{
        for (unsigned i = 0; i < bounds_count; i++)
                if (strcmp(bounds_list[i].config.name, name) == 0)
                        return &bounds_list[i];
        return NULL;
}

bool bounds_allow(const struct bounds *bounds, const struct sim *sim, const struct sim_action *action)
{
        if (bounds->without & BIT(action->verb))
                return false;
        switch (action->verb) {
        case SIM_PASS:
                return false; /* by its halves */
        case SIM_SEE_POLICY:
                return sim->config.has_people;
        case SIM_READ_LOCK:
                return sim->config.uses_lock;
        default:
                return true;
        }
}

bool bounds_allow_ending(const struct bounds *bounds, const struct sim *sim, enum sim_ending ending)
{
        if (ending == SIM_DELAYED)
                return sim->packet_count < sim->config.packet_max;
        if (ending == SIM_LOST)
                return !(bounds->without & BIT(SIM_READ_NOTHING));
        return ending != SIM_CRASHED;
}
