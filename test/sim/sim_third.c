/* sim_third.c -- one more target of the simulated world: of another kind, weak, late, lying, or one that never comes. */
#include <string.h>

#include "core/targets.h"
#include "sim_parts.h"

enum target_kind sim_third_kind(const struct sim *sim)
{
        static const enum target_kind kinds[] = {[SIM_THIRD_NONE] = TARGET_KIND_COUNT,
                                                 [SIM_THIRD_FENCE] = TARGET_FENCE,
                                                 [SIM_THIRD_PROMOTION] = TARGET_PROMOTION,
                                                 [SIM_THIRD_PIPELINE] = TARGET_PIPELINE};
        return kinds[sim->config.third];
}

void sim_third_want(const struct sim *sim, struct policy_view *policy)
{
        const enum target_kind kind = sim_third_kind(sim);
        unsigned place = policy->target_count;
        if (kind == TARGET_KIND_COUNT)
                return;
        for (; place > 0 && policy->targets[place - 1].ref.kind > kind; place--)
                policy->targets[place] = policy->targets[place - 1];
        struct wanted_target *wanted = &policy->targets[place];
        *wanted = (struct wanted_target){.ref = {kind, "third", "hub", "thing", 0}, .value = "{name}", .plane = ""};
        if (kind == TARGET_FENCE) {
                wanted->value = sim_intern(SIM_SHUT);
                wanted->values[wanted->value_count++] = (struct wanted_value){sim_name(0), sim_intern(SIM_OPEN)};
                wanted->plane = sim_name(0);
        }
        policy->target_count++;
}

/* Where it cannot refuse what is older, the last packet wins. */
static bool is_fenced(const struct sim *sim)
{
        return target_traits(sim_third_kind(sim))->is_stamped && !sim->config.third_is_weak;
}

/* A fence lives in plane a, and is gone with it. */
bool sim_third_answers(const struct sim *sim)
{
        return sim->config.third != SIM_THIRD_FENCE || sim->is_up[0];
}

/* What is told of it, true or not. */
static struct sim_register shown(const struct sim *sim)
{
        struct sim_register told = sim->third;
        if (sim->third_lies)
                told.value = sim_name(strcmp(told.value, sim_name(0)) == 0);
        return told;
}

void sim_third_read(struct sim *sim, struct sim_operator *self)
{
        if (sim->config.third == SIM_THIRD_NONE)
                return;
        if (self->is_isolated || !sim_third_answers(sim)) {
                sim_not_answered(sim, &self->third_health, ERR_TRANSIENT);
                return;
        }
        self->third = shown(sim);
        self->third_settles = sim->third_pending.present;
        self->third_health = sim_answered(sim);
}

/* A decision whose value it has shown, whoever made it so. */
void sim_third_note(struct sim *sim)
{
        const struct sim_register told = shown(sim);
        for (unsigned i = 0; i < sim->decision_count && sim->config.third; i++) {
                struct sim_decision *decision = &sim->decisions[i];
                if (decision->to_third && strcmp(told.value, decision->to_third) == 0)
                        decision->was_third = true;
        }
}

static bool is_taken(const struct sim *sim, const struct sim_packet *packet)
{
        const struct stamp *stored = &sim->third.stamp, *expected = &packet->expected.stamp;
        if (!is_fenced(sim))
                return true;
        bool is_older = stored->presence != STAMP_OURS || stored->epoch < packet->want.stamp.epoch;
        return is_older && stored->presence == expected->presence && stored->epoch == expected->epoch &&
               stored->id == expected->id && strcmp(sim->third.value, packet->expected.value) == 0;
}

/* Lying, it answers that it did what it is asked, and does nothing. */
bool sim_third_arrive(struct sim *sim, const struct sim_packet *packet)
{
        if (!is_taken(sim, packet))
                return false;
        if (sim->third_lies)
                return true;
        const bool is_stamped = target_traits(sim_third_kind(sim))->is_stamped; /* then it shows what it has accepted */
        if (sim->config.third_is_pending)
                sim->third_pending = packet->want;
        if (!sim->config.third_is_pending || is_stamped)
                sim->third = packet->want;
        return true;
}

void sim_third_write(struct sim *sim, unsigned who, const struct target_write *write, enum sim_ending ending)
{
        struct sim_operator *self = &sim->operators[who];
        struct sim_packet packet = {.is_third = true, .expected = self->third, .want = sim_wanted(sim, write)};
        if (!target_traits(sim_third_kind(sim))->is_stamped)
                packet.want.stamp = packet.expected.stamp = sim_register_empty().stamp;
        sim_check_third(sim, who, write, &packet);
        if (ending == SIM_LOST || self->is_isolated || !sim_third_answers(sim)) {
                sim_not_answered(sim, &self->third_health, ERR_TRANSIENT);
                return;
        }
        bool was_taken = false;
        if (ending == SIM_DELAYED)
                sim_send(sim, &packet);
        else
                was_taken = sim_third_arrive(sim, &packet);
        if (was_taken && ending == SIM_ANSWERED) {
                sim_third_read(sim, self);
                return;
        }
        sim_not_answered(sim, &self->third_health, ending == SIM_ANSWERED ? ERR_CONFLICT : ERR_UNKNOWN);
        self->third_health.read_at = 0;
}

void sim_third_comes(struct sim *sim)
{
        if (!sim->third_pending.present)
                return;
        sim->third = sim->third_pending;
        sim->third_pending = sim_register_empty();
}

bool sim_third_is_settled(const struct sim *sim)
{
        const enum target_kind kind = sim_third_kind(sim);
        const struct plan_target *planned = kind == TARGET_KIND_COUNT ? NULL : sim_plan(&sim->record, kind);
        if (!planned || sim->config.third_never_comes || !sim_third_answers(sim))
                return true;
        bool is_stamp_right = !is_fenced(sim) || (sim->third.stamp.epoch == sim->record.epoch && sim->third.stamp.id == sim->record.id);
        return strcmp(sim->third.value, planned->to) == 0 && is_stamp_right;
}
