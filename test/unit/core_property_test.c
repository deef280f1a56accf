/*
 * core_property_test.c -- the invariants of DESIGN section 1 on random histories of the simulated world (sim.h):
 * two operators that both believe they lead, late, lost and doubled writes, crashes between any two steps, stale views,
 * people, and a Redis that forgets.
 *
 * PK_SEED starts elsewhere, PK_RUNS runs longer (quick by default). A failure names its seed; PK_SEED=<that> PK_RUNS=1
 * shows it again, and PK_TRACE=1 its history.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core_mutators.h"
#include "sim.h"

enum { DEFAULT_SEED = 20261123, DEFAULT_RUNS = 250, ACTIONS = 600, ROUNDS = 40, PASSES_PER_ROUND = 6, REMEDIES = 4 };

static const struct sim_config configs[] = {
    {.plane_count = 2, .cooldown_ms = 0, .max_switches = 100},
    {.plane_count = 2, .uses_lock = true, .cooldown_ms = 0, .max_switches = 100},
    {.plane_count = 3, .uses_lock = true, .cooldown_ms = 0, .max_switches = 100, .has_people = true},
    {.plane_count = 3, .cooldown_ms = SIM_COOLDOWN_MS, .max_switches = 100, .has_people = true},
    {.plane_count = 3,
     .uses_lock = true,
     .cooldown_ms = SIM_COOLDOWN_MS,
     .max_switches = 2,
     .failback = FAILBACK_AUTOMATIC,
     .has_people = true},
    {.plane_count = 3, .uses_lock = true, .cooldown_ms = 0, .max_switches = 100, .has_weak_redis = true},
    {.plane_count = 3, .uses_lock = true, .cooldown_ms = 0, .max_switches = 100, .has_amnesia = true},
    {.plane_count = 2,
     .uses_lock = true,
     .cooldown_ms = 0,
     .max_switches = 100,
     .failback = FAILBACK_AUTOMATIC,
     .has_people = true,
     .has_amnesia = true,
     .has_weak_redis = true},
    {.plane_count = 3,
     .uses_lock = true,
     .lock_template = "{name}-{epoch}",
     .first_lock = "a-1",
     .cooldown_ms = 0,
     .max_switches = 100,
     .has_people = true,
     .has_weak_redis = true},
};
enum { CONFIGS = sizeof(configs) / sizeof(configs[0]) };

static const unsigned weights[SIM_VERB_COUNT] = {
    [SIM_TICK] = 40,     [SIM_PASS] = 5,       [SIM_SEE_RECORD] = 12,    [SIM_SEE_POLICY] = 6,
    [SIM_READ_DNS] = 12, [SIM_READ_LOCK] = 12, [SIM_READ_NOTHING] = 2,   [SIM_ISOLATE] = 1,
    [SIM_CRASH] = 1,     [SIM_DELIVER] = 4,    [SIM_DUPLICATE] = 2,      [SIM_DROP] = 1,
    [SIM_FLIP] = 3,      [SIM_SUSPEND] = 2,    [SIM_ADVISE] = 1,         [SIM_EDIT_TTL] = 1,
    [SIM_EDIT_LOCK] = 1, [SIM_ACK] = 1,        [SIM_REQUEST_SWITCH] = 1, [SIM_REQUEST_ADOPT] = 1,
    [SIM_HAND_DNS] = 1,  [SIM_HAND_LOCK] = 1,  [SIM_PUT_BACK] = 6,       [SIM_HAND_STAMP] = 1,
    [SIM_FLUSH] = 1,     [SIM_REVERT] = 2,     [SIM_FORGET] = 1,         [SIM_RESTORE] = 2,
};

/* Faults heal sooner than they come, or little would happen between them. */
static bool heals(const struct sim *sim, const struct sim_action *action)
{
        switch (action->verb) {
        case SIM_ISOLATE:
                return sim->operators[action->who].is_isolated;
        case SIM_FLIP:
                return !sim->is_up[action->who];
        case SIM_SUSPEND:
                return sim->policy.suspended;
        case SIM_ADVISE:
                return sim->policy.mode == MODE_ADVISE;
        default:
                return false;
        }
}

static unsigned weight_of(const struct sim *sim, const struct sim_action *action)
{
        bool is_ordinary = action->verb == SIM_PASS && action->ending == SIM_ANSWERED;
        return is_ordinary          ? 6 * weights[SIM_PASS]
               : heals(sim, action) ? 4 * weights[action->verb]
                                    : weights[action->verb];
}

static struct sim_action choose(const struct sim *sim, uint64_t *seed)
{
        struct sim_action actions[SIM_ACTIONS_MAX];
        unsigned count = sim_actions(sim, actions), total = 0;
        for (unsigned i = 0; i < count; i++)
                total += weight_of(sim, &actions[i]);
        unsigned left = core_pick(seed, total);
        for (unsigned i = 0; i < count; i++) {
                if (left < weight_of(sim, &actions[i]))
                        return actions[i];
                left -= weight_of(sim, &actions[i]);
        }
        return actions[0];
}

static struct decision look(const struct sim *sim, struct arena *arena)
{
        struct view view;
        struct decision decision;
        sim_view(sim, 0, &view);
        failover_decide(&view, arena, &decision);
        return decision;
}

static bool is_traced(void)
{
        return getenv("PK_TRACE") != NULL;
}

static void trace(const struct sim *sim, struct sim_action action)
{
        if (is_traced())
                print_message("verb %d who %u ending %d: record %llu %s->%s %s, dns %s@%llu, lock %s@%llu\n",
                              (int)action.verb, action.who, (int)action.ending,
                              (unsigned long long)(sim->has_record ? sim->record.epoch : 0),
                              sim->has_record ? sim->record.from : "", sim->has_record ? sim->record.to : "",
                              sim->has_record ? phase_name(sim->record.phase) : "none", sim->dns.value,
                              (unsigned long long)sim->dns.stamp.epoch, sim->lock.value,
                              (unsigned long long)sim->lock.stamp.epoch);
}

static void apply(struct sim *sim, enum sim_verb verb, unsigned who)
{
        const struct sim_action action = {verb, who, SIM_ANSWERED};
        sim_apply(sim, action);
        trace(sim, action);
}

/* The faults are over: everybody sees everything again, and what was on its way arrives. */
static void calm_down(struct sim *sim)
{
        sim->policy.suspended = false;
        sim->policy.mode = MODE_AUTOMATIC;
        while (sim->packet_count)
                apply(sim, SIM_DELIVER, sim->packet_count - 1);
        for (unsigned i = 0; i < sim->config.plane_count; i++)
                sim->is_up[i] = true;
        for (unsigned i = 0; i < SIM_OPERATORS; i++)
                sim->operators[i].is_isolated = false;
}

/* Until every target has shown the record for some rounds, so that what is settled is seen to stay so. */
static void go_on(struct sim *sim, unsigned rounds)
{
        enum { CALM_ROUNDS = 6 };
        for (unsigned round = 0, calm = 0; round < rounds && calm < CALM_ROUNDS; round++) {
                calm = sim_is_settled(sim) ? calm + 1 : 0;
                apply(sim, SIM_TICK, 0);
                for (unsigned i = 0; i < PASSES_PER_ROUND * SIM_OPERATORS; i++) {
                        for (unsigned verb = SIM_SEE_RECORD; verb <= SIM_READ_LOCK; verb++)
                                apply(sim, (enum sim_verb)verb, i % SIM_OPERATORS);
                        apply(sim, SIM_PASS, i % SIM_OPERATORS);
                }
        }
}

/* What the texts tell a person to do: put back what was recorded, or say which plane it shall be. */
static bool remedy(struct sim *sim, enum finding finding)
{
        if (!sim->was_touched)
                return false;
        if (finding == FINDING_UNKNOWN_TARGET) {
                apply(sim, SIM_REQUEST_SWITCH, 0);
                return true;
        }
        if (finding != FINDING_DRIFT)
                return false;
        apply(sim, SIM_PUT_BACK, 0);
        return true;
}

/* L2 and L4: a switch that was begun ends, and all targets come to show the record. */
static void check_convergence(struct sim *sim)
{
        struct arena arena = {0};
        calm_down(sim);
        go_on(sim, ROUNDS);
        struct decision decision = look(sim, &arena);
        for (unsigned i = 0;
             i < REMEDIES && !sim->violation[0] && !sim_is_settled(sim) && remedy(sim, decision.finding); i++) {
                go_on(sim, ROUNDS);
                decision = look(sim, &arena);
        }
        if (!sim_is_settled(sim) && !sim->violation[0])
                (void)snprintf(sim->violation, sizeof(sim->violation), "L4: it stays at %s: %.150s",
                               finding_name(decision.finding), decision.why);
        arena_deinit(&arena);
}

/* L1: with nothing to hold it back, a dead active is left within the detection bound and a few passes. */
static void check_liveness(struct sim *sim)
{
        enum { BOUND_TICKS = 2 + SIM_DELAY_MS / SIM_TICK_MS + 2 };
        if (sim->config.cooldown_ms || sim->config.max_switches < 100 || sim->violation[0])
                return;
        const char *dead = sim->record.to;
        for (unsigned i = 0; i < sim->config.plane_count; i++)
                if (strcmp(dead, (const char *[]){"a", "b", "c"}[i]) == 0)
                        apply(sim, SIM_FLIP, i);
        for (unsigned i = 0; i < BOUND_TICKS; i++)
                go_on(sim, 1);
        if (sim->violation[0] || (strcmp(sim->record.to, dead) != 0 && sim_is_settled(sim)))
                return;
        struct arena arena = {0};
        struct decision decision = look(sim, &arena);
        (void)snprintf(sim->violation, sizeof(sim->violation), "L1: %s is dead, epoch %llu leads to %s, %s: %.120s",
                       dead, (unsigned long long)sim->record.epoch, sim->record.to, finding_name(decision.finding),
                       decision.why);
        arena_deinit(&arena);
}

static void run_history(struct sim *sim, uint64_t seed)
{
        struct sim_config config = configs[core_pick(&seed, CONFIGS)];
        config.lock_template = config.lock_template ? config.lock_template : "{clusterName}";
        config.first_lock = config.first_lock ? config.first_lock : "a";
        sim_init(sim, &config);
        for (unsigned i = 0; i < ACTIONS && !sim->violation[0]; i++) {
                const struct sim_action action = choose(sim, &seed);
                sim_apply(sim, action);
                trace(sim, action);
        }
        if (!sim->violation[0])
                check_convergence(sim);
        check_liveness(sim);
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
        const char *text = getenv(name);
        return text ? strtoull(text, NULL, 10) : otherwise;
}

static void invariants_hold_on_every_history(void **state)
{
        (void)state;
        static struct sim sim;
        uint64_t seed = number_from("PK_SEED", DEFAULT_SEED), runs = number_from("PK_RUNS", DEFAULT_RUNS);
        uint64_t switches = 0;
        print_message("PK_SEED=%llu, %llu histories\n", (unsigned long long)seed, (unsigned long long)runs);
        for (uint64_t i = 0; i < runs; i++) {
                run_history(&sim, seed + i);
                if (sim.violation[0])
                        fail_msg("PK_SEED=%llu PK_RUNS=1: %s", (unsigned long long)(seed + i), sim.violation);
                switches += sim.decision_count;
        }
        print_message("%llu decisions\n", (unsigned long long)switches);
        assert_true(switches > runs); /* a world in which nothing happens proves nothing */
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(invariants_hold_on_every_history)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
