/* walk.c -- random histories. */
#include "walk.h"

#include "calm.h"
#include "sim_parts.h"

enum { COOLDOWN_MS = 60000, MANY = 100 };

static const struct sim_config configs[] = {
    {.plane_count = 2, .max_switches = MANY, .has_odd_probes = true, .has_blinks = true},
    {.plane_count = 2, .uses_lock = true, .max_switches = MANY, .has_late_records = true},
    {.plane_count = 3,
     .uses_lock = true,
     .max_switches = MANY,
     .has_people = true,
     .has_odd_probes = true,
     .has_names = true},
    {.plane_count = 3, .uses_lock = true, .max_switches = MANY, .has_people = true, .has_names = true},
    {.plane_count = 3,
     .cooldown_ms = COOLDOWN_MS,
     .max_switches = MANY,
     .has_people = true,
     .has_late_records = true,
     .has_odd_clocks = true},
    {.plane_count = 3,
     .uses_lock = true,
     .cooldown_ms = COOLDOWN_MS,
     .max_switches = 2,
     .failback = FAILBACK_AUTOMATIC,
     .blind_planes = 6,
     .has_people = true,
     .has_odd_clocks = true,
     .has_odd_probes = true},
    {.plane_count = 3, .uses_lock = true, .max_switches = MANY, .blind_planes = 2, .has_weak_redis = true},
    {.plane_count = 3, .uses_lock = true, .max_switches = MANY, .has_amnesia = true, .has_late_records = true},
    {.plane_count = 2,
     .uses_lock = true,
     .max_switches = MANY,
     .failback = FAILBACK_AUTOMATIC,
     .has_people = true,
     .has_amnesia = true,
     .has_weak_redis = true},
    {.plane_count = 3,
     .uses_lock = true,
     .lock_template = "{name}-{epoch}",
     .first_lock = "a-1",
     .max_switches = MANY,
     .has_people = true,
     .has_weak_redis = true},
    {.plane_count = 3, .uses_lock = true, .max_switches = MANY, .has_late_records = true, .lock_waits = true},
    {.plane_count = 3, .uses_lock = true, .max_switches = MANY, .has_late_records = true, .is_recorded_in_dns = true},
    {.plane_count = 2,
     .looks_always = true,
     .max_switches = MANY,
     .has_odd_probes = true,
     .is_recorded_in_dns = true,
     .is_inside = true},
    {.plane_count = 3, .looks_always = true, .max_switches = MANY, .has_odd_probes = true, .has_blinks = true},
    {.plane_count = 3, .max_switches = MANY, .has_roles = true, .has_late_records = true},
    {.plane_count = 2, .uses_lock = true, .max_switches = MANY, .has_people = true, .has_roles = true},
    {.plane_count = 3,
     .uses_lock = true,
     .max_switches = MANY,
     .has_odd_probes = true,
     .has_weak_redis = true,
     .has_other_redis = true,
     .has_old_zones = true},
    {.plane_count = 2, .uses_lock = true, .max_switches = MANY, .has_people = true, .has_empty_names = true},
    {.plane_count = 3, .max_switches = MANY, .has_old_zones = true, .has_odd_probes = true, .has_empty_names = true},
    {.plane_count = 2,
     .uses_lock = true,
     .max_switches = MANY,
     .has_late_records = true,
     .is_recorded_in_dns = true,
     .has_empty_names = true},
};
enum { CONFIGS = sizeof(configs) / sizeof(configs[0]) };

/* In their place in one history of eight, chosen beside the others' draws. */
static const struct sim_config with_a_third[] = {
    {.plane_count = 3, .uses_lock = true, .max_switches = MANY, .has_odd_probes = true, .third = SIM_THIRD_FENCE},
    {.plane_count = 3, .uses_lock = true, .max_switches = MANY, .third = SIM_THIRD_PROMOTION, .third_may_lie = true},
    {.plane_count = 3,
     .uses_lock = true,
     .max_switches = MANY,
     .has_late_records = true,
     .third = SIM_THIRD_PROMOTION,
     .third_is_pending = true},
    {.plane_count = 3, .uses_lock = true, .max_switches = MANY, .has_odd_probes = true, .third = SIM_THIRD_PIPELINE},
    {.plane_count = 3, .max_switches = MANY, .has_late_records = true, .third = SIM_THIRD_PIPELINE, .third_is_weak = true},
    {.plane_count = 2,
     .uses_lock = true,
     .max_switches = MANY,
     .third = SIM_THIRD_PIPELINE,
     .third_is_pending = true,
     .third_never_comes = true},
};
enum { THIRDS = sizeof(with_a_third) / sizeof(with_a_third[0]), ONE_IN = 8 };

static const struct {
        unsigned weight;
        bool is_fault;
} verbs[SIM_VERB_COUNT] = {
    [SIM_TICK] = {40, false},         [SIM_PASS] = {5, false},
    [SIM_SEE_RECORD] = {12, false},   [SIM_SEE_POLICY] = {6, false},
    [SIM_READ_DNS] = {12, false},     [SIM_READ_LOCK] = {12, false},
    [SIM_READ_NOTHING] = {2, true},   [SIM_CRASH] = {1, true},
    [SIM_ISOLATE] = {1, true},        [SIM_STALL] = {1, true},
    [SIM_LOSE_ARBITER] = {1, true},   [SIM_UNREACH] = {1, true},
    [SIM_BLINK] = {1, true},
    [SIM_DELIVER] = {4, true},        [SIM_DUPLICATE] = {2, true},
    [SIM_DROP] = {1, true},           [SIM_DELIVER_RECORD] = {4, true},
    [SIM_FLIP] = {3, true},           [SIM_DEPLOYMENT] = {1, true},
    [SIM_LOSE_NAME] = {2, true},      [SIM_JAM] = {2, true},
    [SIM_SET_ASIDE] = {1, false},     [SIM_SUSPEND] = {2, false},
    [SIM_ADVISE] = {1, false},        [SIM_KILL_SWITCH] = {1, false},
    [SIM_EDIT_TTL] = {1, false},      [SIM_EDIT_LOCK] = {1, false},
    [SIM_ACK] = {1, false},           [SIM_REQUEST_SWITCH] = {1, false},
    [SIM_CONFIRM_SWITCH] = {2, false},
    [SIM_REQUEST_ADOPT] = {1, false}, [SIM_HAND_DNS] = {1, true},
    [SIM_HAND_LOCK] = {1, true},      [SIM_PUT_BACK] = {6, false},
    [SIM_HAND_STAMP] = {1, true},     [SIM_REPLICATE] = {4, false},
    [SIM_REVERT] = {2, true},         [SIM_FLUSH] = {1, true},
    [SIM_SWAP_REDIS] = {1, true},     [SIM_OLD_ZONE] = {1, true},
    [SIM_HAND_EMPTY] = {1, true},     [SIM_HALVE] = {2, true},
    [SIM_REFUSE] = {1, true},         [SIM_RATE_LIMIT] = {1, false},
    [SIM_FORGET] = {1, true},         [SIM_RESTORE] = {2, true},
    [SIM_JUMP] = {1, true},           [SIM_DAY] = {1, true},
    [SIM_THIRD_COMES] = {4, false},   [SIM_THIRD_LIES] = {2, true},
};

bool walk_is_fault(enum sim_verb verb)
{
        return verbs[verb].is_fault;
}

bool walk_ending_is_fault(enum sim_ending ending)
{
        return ending != SIM_ANSWERED;
}

/* Faults heal sooner than they come, or little would happen between them. */
static bool heals(const struct sim *sim, const struct sim_action *action)
{
        const struct sim_operator *self = &sim->operators[action->who < SIM_OPERATORS_MAX ? action->who : 0];
        switch (action->verb) {
        case SIM_ISOLATE:
                return self->is_isolated;
        case SIM_STALL:
                return self->is_stalled;
        case SIM_LOSE_ARBITER:
                return self->is_without_arbiter;
        case SIM_UNREACH:
                return (self->unreached >> action->plane) & 1;
        case SIM_FLIP:
                return !sim->is_up[action->who];
        case SIM_SET_ASIDE:
                return sim->is_set_aside[action->who];
        case SIM_JAM:
                return (sim->jammed >> action->who) & 1;
        case SIM_LOSE_NAME:
                return (sim->names_lost >> action->who) & 1;
        case SIM_DEPLOYMENT:
                return sim->deployments[action->who] != SIM_UNSEEN;
        case SIM_SUSPEND:
                return sim->policy.suspended;
        case SIM_ADVISE:
                return sim->policy.mode == MODE_ADVISE;
        case SIM_KILL_SWITCH:
                return sim->kill_switch;
        case SIM_HALVE:
                return sim->halves_writes;
        case SIM_REFUSE:
                return sim->refuses_us;
        case SIM_RATE_LIMIT:
                return sim->is_rate_limited;
        case SIM_THIRD_LIES:
                return sim->third_lies;
        default:
                return false;
        }
}

static unsigned weight_of(const struct sim *sim, const struct sim_action *action)
{
        bool is_ordinary = action->verb == SIM_PASS && action->ending == SIM_ANSWERED;
        unsigned weight = verbs[action->verb].weight;
        return is_ordinary ? 6 * weight : heals(sim, action) ? 4 * weight : weight;
}

/* splitmix64 */
uint64_t walk_draw(uint64_t *seed)
{
        uint64_t x = *seed += 0x9e3779b97f4a7c15U;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
        return x ^ (x >> 31);
}

static struct sim_action choose(const struct sim *sim, uint64_t *seed)
{
        struct sim_action actions[SIM_ACTIONS_MAX];
        unsigned weights[SIM_ACTIONS_MAX], total = 0;
        unsigned count = sim_actions(sim, actions);
        for (unsigned i = 0; i < count; i++)
                total += weights[i] = weight_of(sim, &actions[i]);
        unsigned left = (unsigned)(walk_draw(seed) % total);
        for (unsigned i = 0; i < count; i++) {
                if (left < weights[i])
                        return actions[i];
                left -= weights[i];
        }
        return actions[0];
}

static bool coin(uint64_t *bits)
{
        const bool is_head = *bits & 1;
        *bits >>= 1;
        return is_head;
}

/* Any of what may be had together: what no configuration of the table has beside each other. */
static struct sim_config draw_config(uint64_t *seed)
{
        uint64_t bits = walk_draw(seed);
        struct sim_config config = {.plane_count = 2 + coin(&bits),
                                    .uses_lock = coin(&bits),
                                    .failback = coin(&bits) && coin(&bits) ? FAILBACK_AUTOMATIC : FAILBACK_MANUAL,
                                    .cooldown_ms = coin(&bits) && coin(&bits) ? COOLDOWN_MS : 0,
                                    .max_switches = coin(&bits) && coin(&bits) ? 2 : MANY,
                                    .blind_planes = coin(&bits) ? (unsigned)(bits & 7) : 0};
        bits = walk_draw(seed);
        config.has_people = coin(&bits);
        config.has_amnesia = coin(&bits) && coin(&bits);
        config.has_weak_redis = config.uses_lock && coin(&bits);
        config.has_other_redis = config.uses_lock && coin(&bits) && coin(&bits);
        config.has_old_zones = coin(&bits) && coin(&bits);
        config.has_late_records = coin(&bits);
        config.has_odd_clocks = coin(&bits) && coin(&bits);
        config.has_odd_probes = coin(&bits);
        config.has_names = coin(&bits);
        config.has_blinks = coin(&bits);
        config.has_empty_names = coin(&bits);
        config.looks_always = coin(&bits) && coin(&bits);
        /* What comes back with a backup of the zone, or of the record, are the two halves of one text then. */
        config.is_recorded_in_dns = !config.has_amnesia && !config.has_old_zones && coin(&bits);
        return config;
}

void walk_history(struct sim *sim, uint64_t seed, unsigned steps, struct walk_counts *counts)
{
        uint64_t beside = ~seed;
        const bool is_drawn = walk_draw(&seed) & 1, has_third = !is_drawn && walk_draw(&beside) % ONE_IN == 0;
        struct sim_config config = is_drawn ? draw_config(&seed) : configs[walk_draw(&seed) % CONFIGS];
        if (has_third)
                config = with_a_third[walk_draw(&beside) % THIRDS];
        config.has_prepares = is_drawn && walk_draw(&beside) % ONE_IN == 0;
        config.operator_count = SIM_OPERATORS_MAX;
        config.packet_max = SIM_PACKETS_MAX;
        sim_init(sim, &config);
        for (unsigned i = 0; i < steps && !sim->violation[0]; i++) {
                const struct sim_action action = choose(sim, &seed);
                const uint64_t deeds = sim->deeds;
                sim_apply(sim, action);
                counts->verbs[action.verb]++;
                counts->endings[action.ending] += sim->deeds != deeds;
        }
        const struct calm calm = {.packets_are_lost = walk_draw(&seed) & 1, .first = (unsigned)(walk_draw(&seed) & 1)};
        if (!sim->violation[0])
                calm_converge(sim, &calm);
        calm_take_over(sim);
        counts->decisions += sim->decision_count;
}
