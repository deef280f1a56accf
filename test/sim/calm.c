/* calm.c -- what becomes of the simulated world once the faults are over. */
#include "calm.h"

#include <stdio.h>
#include <string.h>

#include "sim_parts.h"

enum { ROUNDS = 40, CALM_ROUNDS = 3, PASSES_PER_ROUND = 6, REMEDIES = 4 };

static void apply(struct sim *sim, enum sim_verb verb, unsigned who)
{
        sim_apply(sim, (struct sim_action){.verb = verb, .who = who});
}

static void heal_operator(struct sim *sim, unsigned who)
{
        struct sim_operator *self = &sim->operators[who];
        self->is_isolated = self->is_without_arbiter = false;
        self->unreached = self->own_outages = 0;
        self->arbiter_answered_at = 0;
        if (self->is_stalled)
                apply(sim, SIM_STALL, who);
}

void calm_begin(struct sim *sim, const struct calm *calm)
{
        sim->policy.suspended = sim->kill_switch = sim->refuses_us = sim->is_rate_limited = false;
        sim->policy.mode = MODE_AUTOMATIC;
        sim->halves_writes = sim->third_lies = false;
        while (sim->packet_count)
                apply(sim, calm->packets_are_lost ? SIM_DROP : SIM_DELIVER, sim->packet_count - 1);
        if (sim->late.present && !calm->packets_are_lost)
                apply(sim, SIM_DELIVER_RECORD, 0);
        sim->late = (struct sim_late_record){0};
        sim->names_lost = sim->jammed = 0;
        for (unsigned i = 0; i < sim->config.plane_count; i++) {
                sim->is_up[i] = !((calm->dead >> i) & 1);
                sim->is_set_aside[i] = false;
                sim->deployments[i] = SIM_UNSEEN;
        }
        for (unsigned i = 0; i < sim->config.operator_count; i++)
                heal_operator(sim, i);
}

static void look(struct sim *sim, unsigned who)
{
        if (sim->config.lock_waits)
                apply(sim, SIM_REPLICATE, 0);
        if (!sim->config.third_never_comes)
                sim_third_comes(sim);
        for (unsigned verb = SIM_SEE_RECORD; verb <= SIM_READ_LOCK; verb++)
                apply(sim, (enum sim_verb)verb, who);
}

static unsigned nth(const struct sim *sim, const struct calm *calm, unsigned index)
{
        return (calm->first + index) % sim->config.operator_count;
}

void calm_look(struct sim *sim, const struct calm *calm)
{
        for (unsigned i = 0; i < sim->config.operator_count; i++)
                look(sim, nth(sim, calm, i));
}

static void pass_each(struct sim *sim, const struct calm *calm)
{
        for (unsigned i = 0; i < sim->config.operator_count; i++) {
                unsigned who = nth(sim, calm, i);
                look(sim, who);
                sim_apply(sim, (struct sim_action){.verb = SIM_PASS, .who = who, .down = calm->dead});
        }
}

void calm_round(struct sim *sim, const struct calm *calm)
{
        if (sim->config.judgement == SIM_AT_WILL) {
                pass_each(sim, calm);
                return;
        }
        apply(sim, SIM_TICK, 0);
        uint64_t deeds = UINT64_MAX;
        for (unsigned i = 0; i < PASSES_PER_ROUND && sim->deeds != deeds; i++) {
                deeds = sim->deeds;
                pass_each(sim, calm);
        }
}

void calm_describe(const struct sim *sim, const struct calm *calm, char *ret_text, size_t size)
{
        struct sim_turn turn;
        sim_turn_begin(sim, 0, calm->dead, &turn);
        (void)snprintf(ret_text, size, "%s: %.90s%s%.90s", finding_name(turn.decision.finding), turn.decision.why,
                       turn.decision.answer[0] ? "; asked: " : "", turn.decision.answer);
        sim_turn_end(&turn);
}

static unsigned first_alive(const struct calm *calm)
{
        unsigned plane = 0;
        while ((calm->dead >> plane) & 1)
                plane++;
        return plane;
}

bool calm_remedy(struct sim *sim, const struct calm *calm)
{
        struct sim_turn turn;
        sim_turn_begin(sim, 0, calm->dead, &turn);
        const struct decision *decision = &turn.decision;
        bool has_drift = failover_stands(&turn.view, decision, SYNC_DRIFT);
        bool is_empty = decision->finding == FINDING_NAME_EMPTY && !has_drift; /* else that is put back first */
        bool is_asked = decision->finding == FINDING_UNKNOWN_TARGET || is_empty;
        sim_turn_end(&turn);
        if (!sim->was_touched || (!has_drift && !is_asked))
                return false;
        apply(sim, is_asked ? SIM_REQUEST_SWITCH : SIM_PUT_BACK, first_alive(calm));
        return true;
}

/*
 * Until every target has shown the record for some rounds, the last one included: a request that waited for a plane to
 * be healthy, or a failback, may begin in any of them.
 */
static void go_on(struct sim *sim, const struct calm *calm, unsigned rounds)
{
        for (unsigned round = 0, settled = 0; round < rounds && settled < CALM_ROUNDS; round++) {
                calm_round(sim, calm);
                settled = sim_is_settled(sim) ? settled + 1 : 0;
        }
}

void calm_converge(struct sim *sim, const struct calm *calm)
{
        calm_begin(sim, calm);
        go_on(sim, calm, ROUNDS);
        for (unsigned i = 0; i < REMEDIES && !sim->violation[0] && !sim_is_settled(sim) && calm_remedy(sim, calm); i++)
                go_on(sim, calm, ROUNDS);
        if (sim_is_settled(sim) || sim->violation[0])
                return;
        char text[230];
        calm_describe(sim, calm, text, sizeof(text));
        (void)snprintf(sim->violation, sizeof(sim->violation), "L4: it stays at %s", text);
}

static bool is_left(const struct sim *sim, const char *dead)
{
        return strcmp(sim->record.to, dead) != 0 && sim_is_settled(sim);
}

enum { BOUND_TICKS = 2 + SIM_DELAY_MS / SIM_TICK_MS + 2, GRACE_TICKS = 4 };

/* Within @ticks another is active than @bad; else a violation. */
static void expect_left(struct sim *sim, const char *bad, unsigned ticks)
{
        const struct calm calm = {0};
        for (unsigned i = 0; i < ticks && !is_left(sim, bad); i++)
                calm_round(sim, &calm);
        if (sim->violation[0] || is_left(sim, bad))
                return;
        char text[230];
        calm_describe(sim, &calm, text, sizeof(text));
        (void)snprintf(sim->violation, sizeof(sim->violation), "L1: %s does not serve, but: %s", bad, text);
}

/* The active plane answers 503 though it is there; so does the next one for ever, which therefore is left, too. */
static void take_over_twice(struct sim *sim)
{
        const char *bad = sim->record.to;
        sim->jammed = (1U << sim->config.plane_count) - 1;
        expect_left(sim, bad, BOUND_TICKS);
        if (sim->violation[0])
                return;
        bad = sim->record.to;
        for (unsigned i = 0; i < sim->config.plane_count; i++)
                if (strcmp(bad, sim_name(i)) != 0)
                        sim->jammed &= ~(1U << i);
        expect_left(sim, bad, BOUND_TICKS + GRACE_TICKS);
}

void calm_take_over(struct sim *sim)
{
        if (sim->config.cooldown_ms || sim->config.max_switches <= SIM_SWITCHES_MAX || sim->violation[0])
                return;
        if (sim->config.has_roles) {
                take_over_twice(sim);
                return;
        }
        const char *dead = sim->record.to;
        for (unsigned i = 0; i < sim->config.plane_count; i++)
                if (strcmp(dead, sim_name(i)) == 0)
                        apply(sim, SIM_FLIP, i);
        expect_left(sim, dead, BOUND_TICKS);
}
