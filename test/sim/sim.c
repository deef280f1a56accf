/* sim.c -- the simulated world: how it begins, what is possible in it, and who does it. */
#include "sim.h"

#include <string.h>

#include "core/roles.h"
#include "sim_parts.h"
#include "util/mem.h"

#define FIRST_WALL ((unix_ms)1795402751000)

void (*sim_on_apply)(const struct sim *sim, struct sim_action action);

static struct sim_policy ordinary_policy(const struct sim_config *config)
{
        const char *nothing = sim_intern("");
        return (struct sim_policy){.mode = MODE_AUTOMATIC,
                                   .uses_lock = config->uses_lock,
                                   .ttl_s = 30,
                                   .switch_to = nothing,
                                   .adopt = nothing,
                                   .ack = nothing};
}

void sim_init(struct sim *sim, const struct sim_config *config)
{
        memset(sim, 0, sizeof(*sim)); /* the gaps too: states are compared by their bytes */
        sim->config = *config;
        sim->config.lock_template = sim_intern(config->lock_template ? config->lock_template : "{clusterName}");
        sim->config.first_lock = sim_intern(config->first_lock ? config->first_lock : "a");
        sim->now = SIM_FIRST_NOW;
        sim->policy = ordinary_policy(config);
        sim->dns = sim->lock = sim_register_empty();
        sim->dns.present = true;
        sim->dns.value = sim_rrset(0);
        if (config->uses_lock) {
                sim->lock.present = true;
                sim->lock.value = sim->config.first_lock;
        }
        sim->third = sim->third_pending = sim_register_empty();
        if (config->third) {
                sim->third.present = true;
                sim->third.value = config->third == SIM_THIRD_FENCE ? sim_intern(SIM_OPEN) : sim_name(0);
        }
        sim->lock_before = sim->lock_other = sim->lock;
        sim->dns_before = sim->dns;
        sim->dns_changed_at = sim->lock_changed_at = sim->now;
        for (unsigned i = 0; i < config->plane_count; i++)
                sim->is_up[i] = true;
        sim->serving = config->has_roles ? 1 : 0;
        for (unsigned i = 0; i < config->operator_count; i++)
                sim_operator_forget(sim, &sim->operators[i]);
}

unix_ms sim_wall(const struct sim *sim)
{
        return FIRST_WALL + (sim->now - SIM_FIRST_NOW) + sim->wall_skew_ms;
}

/* ---- passes ---- */

void sim_turn_begin(const struct sim *sim, unsigned who, unsigned down, struct sim_turn *ret)
{
        ret->arena = (struct arena){0};
        sim_view(sim, who, down, &ret->view);
        ret->record = sim->operators[who].record; /* the operator's own may change while it acts */
        ret->view.record = ret->view.record ? &ret->record : NULL;
        roles_begin(&ret->view, &ret->arena);
        failover_decide(&ret->view, &ret->arena, &ret->decision);
}

static bool is_quiet(const struct sim_turn *turn)
{
        enum action action = turn->decision.rule->then;
        return (action == DO_WAIT || action == DO_REPORT) && !turn->decision.beside_count;
}

void sim_turn_finish(struct sim *sim, unsigned who, const struct sim_turn *turn, enum sim_ending ending)
{
        struct sim_operator *self = &sim->operators[who];
        if (sim->config.judgement == SIM_BY_SAMPLES) {
                memcpy(self->was, turn->decision.verdicts, sizeof(self->was));
                memcpy(self->was_since, turn->decision.verdicts_since, sizeof(self->was_since));
                for (unsigned i = 0; i < sim->config.plane_count; i++)
                        self->marks[i] = turn->view.planes[i].mark;
        }
        if (sim->config.has_empty_names && failover_names_are_met(&turn->view, &turn->decision))
                self->dns_met_epoch = turn->view.record->epoch;
        sim->deeds += !is_quiet(turn);
        sim_check_decision(sim, who, turn);
        sim_operator_act(sim, who, turn, ending == SIM_CRASHED ? SIM_UNANSWERED : ending);
        sim_third_note(sim);
        if (ending == SIM_CRASHED)
                sim_operator_forget(sim, self);
}

void sim_turn_end(struct sim_turn *turn)
{
        arena_deinit(&turn->arena);
}

bool sim_turn_writes(const struct sim_turn *turn)
{
        const enum action then = turn->decision.rule->then;
        return turn->decision.beside_count || (!is_quiet(turn) && then != DO_CONFIRM && then != DO_READ);
}

static void pass(struct sim *sim, struct sim_action action)
{
        struct sim_turn turn;
        sim_turn_begin(sim, action.who, action.down, &turn);
        sim_turn_finish(sim, action.who, &turn, action.ending);
        sim_turn_end(&turn);
}

static bool is_in_touch(const struct sim_operator *self)
{
        return !self->is_stalled && !self->is_isolated;
}

static void speak_and_hear(struct sim *sim)
{
        for (unsigned who = 0; who < sim->config.operator_count; who++) {
                struct sim_turn turn;
                sim_turn_begin(sim, who, 0, &turn);
                if (turn.decision.vouches && is_in_touch(&sim->operators[who])) {
                        if (sim->spoken_by != who || sim->now - sim->spoken_at > SIM_TICK_MS)
                                sim->spoken_since = sim->now;
                        sim->spoken_version++;
                        sim->spoken_by = who;
                        sim->spoken_at = sim->now;
                }
                sim_turn_end(&turn);
        }
        for (unsigned who = 0; who < sim->config.operator_count; who++) {
                struct sim_operator *self = &sim->operators[who];
                if (!is_in_touch(self))
                        continue;
                if (self->heard_version != sim->spoken_version)
                        self->heard_at = sim->now;
                self->heard_version = sim->spoken_version;
                self->listened_at = sim->now;
        }
}

void sim_apply(struct sim *sim, struct sim_action action)
{
        if (action.verb == SIM_TICK || action.verb == SIM_DAY) {
                sim->now += action.verb == SIM_TICK ? SIM_TICK_MS : SIM_DAY_MS;
                if (sim->config.judgement == SIM_BY_SAMPLES)
                        sim_operator_sample(sim);
                if (sim->config.has_roles)
                        sim_planes_turn(sim);
                if (sim->config.is_inside)
                        speak_and_hear(sim);
        } else if (action.verb == SIM_PASS) {
                pass(sim, action);
        } else if (action.verb <= SIM_BLINK) {
                sim_operator_apply(sim, action);
        } else if (action.verb >= SIM_SUSPEND && action.verb <= SIM_HAND_EMPTY) {
                sim_people_apply(sim, action);
        } else {
                sim_world_apply(sim, action);
        }
        sim_third_note(sim);
        if (sim_on_apply)
                sim_on_apply(sim, action);
}

/* ---- what is possible ---- */

struct list {
        struct sim_action *actions;
        unsigned count;
};

static struct sim_action *add(struct list *list, enum sim_verb verb, unsigned who)
{
        INVARIANT(list->count < SIM_ACTIONS_MAX);
        struct sim_action *action = &list->actions[list->count++];
        *action = (struct sim_action){.verb = verb, .who = who, .ending = SIM_ANSWERED};
        return action;
}

static void add_each(struct list *list, enum sim_verb first, enum sim_verb last, unsigned who)
{
        for (unsigned verb = first; verb <= last; verb++)
                (void)add(list, (enum sim_verb)verb, who);
}

/* AT_WILL any planes are believed down but all of them: then nobody is fit, and nothing is decided. */
static void add_passes(const struct sim *sim, struct list *list, unsigned who)
{
        const unsigned all = (1U << sim->config.plane_count) - 1;
        const unsigned beliefs = sim->config.judgement == SIM_AT_WILL ? all : 1;
        const unsigned nearly = sim->config.has_prepares && beliefs > 1 ? sim->config.plane_count : 0;
        for (unsigned i = 0; i < beliefs + nearly; i++)
                for (unsigned ending = 0; ending < SIM_ENDING_COUNT; ending++) {
                        struct sim_action *action = add(list, SIM_PASS, who);
                        action->ending = (enum sim_ending)ending;
                        action->down = i < beliefs ? i : 1U << (SIM_PLANES_MAX + i - beliefs);
                }
}

static void add_operator(const struct sim *sim, struct list *list, unsigned who)
{
        add_passes(sim, list, who);
        add_each(list, SIM_SEE_RECORD, SIM_CRASH, who);
        if (sim->config.judgement == SIM_BY_SAMPLES)
                (void)add(list, SIM_ISOLATE, who);
        for (unsigned i = 0; i < sim->config.plane_count && sim->config.has_blinks; i++)
                add(list, SIM_BLINK, who)->plane = i;
        if (!sim->config.has_odd_probes)
                return;
        add_each(list, SIM_STALL, SIM_LOSE_ARBITER, who);
        for (unsigned i = 0; i < sim->config.plane_count; i++)
                add(list, SIM_UNREACH, who)->plane = i;
}

static void add_people(const struct sim *sim, struct list *list)
{
        add_each(list, SIM_SUSPEND, SIM_ACK, 0);
        for (unsigned i = 0; i < sim->config.plane_count; i++)
                for (unsigned verb = SIM_REQUEST_SWITCH; verb <= SIM_HAND_LOCK; verb++)
                        if (verb != SIM_CONFIRM_SWITCH || sim->config.judgement == SIM_BY_SAMPLES)
                                (void)add(list, (enum sim_verb)verb, i);
        add_each(list, SIM_PUT_BACK, SIM_HAND_STAMP, 0);
}

static void add_servers(const struct sim *sim, struct list *list)
{
        if (sim->config.lock_waits)
                (void)add(list, SIM_REPLICATE, 0);
        if (sim->config.has_weak_redis || sim->config.lock_waits)
                (void)add(list, SIM_REVERT, 0);
        if (sim->config.has_weak_redis)
                (void)add(list, SIM_FLUSH, 0);
        if (sim->config.has_other_redis)
                (void)add(list, SIM_SWAP_REDIS, 0);
        if (sim->config.has_old_zones)
                (void)add(list, SIM_OLD_ZONE, 0);
        if (sim->config.has_empty_names)
                (void)add(list, SIM_HALVE, 0);
        if (sim->config.has_odd_probes)
                add_each(list, SIM_REFUSE, SIM_RATE_LIMIT, 0);
        if (sim->config.has_amnesia)
                add_each(list, SIM_FORGET, SIM_RESTORE, 0);
        if (sim->config.has_odd_clocks)
                add_each(list, SIM_JUMP, SIM_DAY, 0);
        if (sim->third_pending.present && !sim->config.third_never_comes)
                (void)add(list, SIM_THIRD_COMES, 0);
        if (sim->config.third_may_lie)
                (void)add(list, SIM_THIRD_LIES, 0);
}

unsigned sim_actions(const struct sim *sim, struct sim_action *ret)
{
        struct list list = {.actions = ret};
        if (sim->config.judgement == SIM_BY_SAMPLES || sim->config.time_passes)
                (void)add(&list, SIM_TICK, 0);
        for (unsigned who = 0; who < sim->config.operator_count; who++)
                add_operator(sim, &list, who);
        for (unsigned i = 0; i < sim->packet_count; i++)
                add_each(&list, SIM_DELIVER, SIM_DROP, i);
        if (sim->late.present)
                (void)add(&list, SIM_DELIVER_RECORD, 0);
        for (unsigned i = 0; i < sim->config.plane_count; i++) {
                bool holds_fence = sim->config.third == SIM_THIRD_FENCE && i == 0;
                if (sim->config.judgement == SIM_BY_SAMPLES || holds_fence)
                        (void)add(&list, SIM_FLIP, i);
                if (sim->config.has_roles)
                        (void)add(&list, SIM_JAM, i);
                if (sim->config.has_odd_probes)
                        add_each(&list, SIM_DEPLOYMENT, SIM_SET_ASIDE, i);
                if (sim->config.has_names && sim_is_named(i))
                        (void)add(&list, SIM_LOSE_NAME, i);
        }
        if (sim->config.has_people)
                add_people(sim, &list);
        if (sim->config.has_empty_names)
                (void)add(&list, SIM_HAND_EMPTY, 0);
        add_servers(sim, &list);
        return list.count;
}
