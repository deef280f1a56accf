/*
 * sim.c -- the simulated world and what its operators do in it. The registers and people are in sim_world.c.
 */
#include "sim.h"

#include <string.h>

#include "sim_parts.h"
#include "util/mem.h"

enum { FIRST_NOW = 100000000 };
#define FIRST_WALL ((unix_ms)1795402751000)

static struct sim_policy ordinary_policy(const struct sim_config *config)
{
        return (struct sim_policy){.mode = MODE_AUTOMATIC,
                                   .uses_lock = config->uses_lock,
                                   .ttl_s = 30,
                                   .switch_to = "",
                                   .adopt = "",
                                   .ack = ""};
}

static void forget(struct sim *sim, struct sim_operator *self)
{
        *self = (struct sim_operator){.policy = sim->policy, .is_isolated = self->is_isolated};
        self->dns_health.error = self->lock_health.error = "";
        self->dns = self->lock = sim_register_empty();
        for (unsigned i = 0; i < sim->config.plane_count; i++)
                self->checks[i] = (struct check_view){.label = "TCP",
                                                      .is_path = true,
                                                      .text = "",
                                                      .replicas_available = -1,
                                                      .replicas_wanted = -1,
                                                      .replicas_updated = -1};
}

void sim_init(struct sim *sim, const struct sim_config *config)
{
        *sim = (struct sim){
            .config = *config, .now = FIRST_NOW, .policy = ordinary_policy(config), .dns = sim_register_empty()};
        sim->lock = sim->lock_before = sim_register_empty();
        sim->dns.present = true;
        sim->dns.value = sim_rrset(0);
        if (config->uses_lock)
                sim->lock =
                    (struct sim_register){.present = true, .value = config->first_lock, .stamp = sim->lock.stamp};
        for (unsigned i = 0; i < config->plane_count; i++)
                sim->is_up[i] = true;
        for (unsigned i = 0; i < SIM_OPERATORS; i++)
                forget(sim, &sim->operators[i]);
}

static void fill_policy(const struct sim *sim, const struct sim_policy *policy, struct policy_view *ret)
{
        *ret = (struct policy_view){
            .namespace_name = "default",
            .name = "gloo",
            .uid = "uid",
            .mode = policy->mode,
            .suspended = policy->suspended,
            .single_writer = policy->uses_lock,
            .detection = {SIM_TICK_MS, SIM_TICK_MS / 2, 2, 2, SIM_DELAY_MS},
            .cooldown_ms = sim->config.cooldown_ms,
            .max_switches = sim->config.max_switches,
            .failback = sim->config.failback,
            .failback_stable_ms = SIM_TICK_MS,
            .dns_provider = "rfc2136",
            .dns_server = "192.0.2.53",
            .dns_name = "gloo.example.com",
            .dns_ttl_s = policy->ttl_s,
            .dns_plane = "",
            .lock_plane = "",
            .lock_server = policy->uses_lock ? "redis:6379" : "",
            .lock_key = policy->uses_lock ? "mgmt-active" : "",
            .lock_template = policy->uses_lock ? sim->config.lock_template : "",
            .switch_to = policy->switch_to,
            .adopt = policy->adopt,
            .ack = policy->ack,
            .credentials_error = "",
            .rival = "",
        };
}

void sim_view(const struct sim *sim, unsigned who, struct view *ret)
{
        const struct sim_operator *self = &sim->operators[who];
        *ret = (struct view){
            .plane_count = sim->config.plane_count,
            .record_read = self->has_seen_record,
            .record = self->has_record ? &self->record : NULL,
            .record_error = "",
            .dns_health = self->dns_health,
            .dns = {self->dns.value, 30, self->dns.stamp},
            .lock_health = self->lock_health,
            .lock = {self->lock.present, self->lock.value, self->lock.stamp},
            .now = sim->now,
            .wall = sim_wall(sim),
            .identity = who ? "operator-1" : "operator-0",
            .store = SIM_STORE,
            .region = "",
            .arbiter_answered_at = sim->now,
            .arbiter_period_ms = 1000,
            .confirmed_epoch = self->confirmed_epoch,
            .fresh_id = sim->next_id + 1,
        };
        fill_policy(sim, &self->policy, &ret->policy);
        for (unsigned i = 0; i < sim->config.plane_count; i++) {
                ret->planes[i] = (struct plane_view){.name = sim_name(i),
                                                     .region = "",
                                                     .cluster_name = sim_name(i),
                                                     .uid = "",
                                                     .known = true,
                                                     .eligible = true,
                                                     .port = 9900,
                                                     .rrset = sim_rrset(i),
                                                     .address_error = "",
                                                     .check_count = 1,
                                                     .was = self->was[i]};
                ret->planes[i].checks[0] = self->checks[i];
        }
}

unix_ms sim_wall(const struct sim *sim)
{
        return FIRST_WALL + (sim->now - FIRST_NOW);
}

/* ---- observing ---- */

static void sample(struct sim *sim, struct sim_operator *self, unsigned plane)
{
        struct check_view *check = &self->checks[plane];
        bool passes = sim->is_up[plane] && !self->is_isolated;
        uint32_t *run = passes ? &check->passes : &check->fails;
        if (!*run)
                check->run_since = sim->now;
        ++*run;
        *(passes ? &check->fails : &check->passes) = 0;
        check->counted_at = check->sampled_at = sim->now;
}

static void tick(struct sim *sim)
{
        sim->now += SIM_TICK_MS;
        for (unsigned i = 0; i < SIM_OPERATORS; i++) {
                struct sim_operator *self = &sim->operators[i];
                self->has_sampled_isolated = self->is_isolated;
                for (unsigned j = 0; j < sim->config.plane_count; j++)
                        sample(sim, self, j);
        }
}

static void see_record(struct sim *sim, struct sim_operator *self)
{
        self->has_seen_record = true;
        self->has_record = sim->has_record;
        self->record = sim->record;
        self->record_version = sim->record_version;
}

static void not_answered(struct sim *sim, struct target_health *health, enum err class)
{
        if (!health->failed_since)
                health->failed_since = sim->now;
        health->reach = REACH_FAILED;
        health->error_class = class;
        health->error = "no answer";
}

static void read_register(struct sim *sim, const struct sim_operator *self, const struct sim_register *from,
                          struct sim_register *to, struct target_health *health)
{
        if (self->is_isolated) {
                not_answered(sim, health, ERR_TRANSIENT);
                return;
        }
        *to = *from;
        *health = (struct target_health){.reach = REACH_OK, .error = "", .read_at = sim->now};
}

/* ---- acting ---- */

static void keep_decision(struct sim *sim, const struct record *next)
{
        if (sim->decision_count == SIM_DECISIONS_MAX) {
                memmove(sim->decisions, sim->decisions + 1, sizeof(sim->decisions) - sizeof(sim->decisions[0]));
                sim->decision_count--;
        }
        sim->decisions[sim->decision_count++] = (struct sim_decision){.epoch = next->epoch,
                                                                      .id = next->id,
                                                                      .to_rrset = next->plan.to_rrset,
                                                                      .to_lock = next->plan.to_lock,
                                                                      .uses_lock = next->plan.lock_server[0] != '\0'};
        sim->next_id++;
}

/* The arbiter: a write on what is not the newest version is refused, and tells nothing. */
static void write_record(struct sim *sim, unsigned who, const struct view *view, const struct decision *decision,
                         enum sim_ending ending)
{
        struct sim_operator *self = &sim->operators[who];
        if (ending == SIM_LOST || self->record_version != sim->record_version)
                return;
        struct record next = sim_keep_record(decision->next);
        sim_check_record(sim, who, view, decision, &next);
        if (decision->rule->then == DO_COMMIT) {
                if (next.automatic)
                        sim->last_automatic_commit = next.completed_at;
        } else {
                keep_decision(sim, &next);
        }
        sim->older_record = sim->record;
        sim->has_older_record = sim->has_record;
        sim->record = next;
        sim->has_record = true;
        sim->record_version++;
        if (ending == SIM_ANSWERED)
                see_record(sim, self);
}

static struct sim_register wanted(const struct record *record, bool is_lock)
{
        return (struct sim_register){
            .present = true,
            .value = is_lock ? record->plan.to_lock : record->plan.to_rrset,
            .stamp = {STAMP_OURS, record->epoch, record->id, sim_intern(record->to), SIM_STORE, "v=pk1"},
        };
}

static void write_target(struct sim *sim, unsigned who, bool is_lock, enum sim_ending ending)
{
        struct sim_operator *self = &sim->operators[who];
        struct sim_register *known = is_lock ? &self->lock : &self->dns;
        struct target_health *health = is_lock ? &self->lock_health : &self->dns_health;
        const struct sim_packet packet = {is_lock, *known, wanted(&self->record, is_lock)};
        sim_check_effect(sim, who, &packet);
        if (ending == SIM_LOST || self->is_isolated) {
                not_answered(sim, health, ERR_TRANSIENT);
                return;
        }
        if (ending == SIM_DELAYED) {
                sim_send(sim, &packet);
                not_answered(sim, health, ERR_UNKNOWN);
                health->read_at = 0;
                return;
        }
        bool was_applied = sim_arrive(sim, &packet);
        if (ending == SIM_ANSWERED && was_applied) {
                *known = packet.want;
                *health = (struct target_health){.reach = REACH_OK, .error = "", .read_at = sim->now};
        } else {
                not_answered(sim, health, was_applied ? ERR_UNKNOWN : ERR_CONFLICT);
                health->read_at = 0;
        }
}

static void confirm(struct sim *sim, unsigned who)
{
        struct sim_operator *self = &sim->operators[who];
        self->policy = sim->policy;
        self->confirmed_epoch = self->record.epoch;
}

static void act(struct sim *sim, unsigned who, const struct view *view, const struct decision *decision,
                enum sim_ending ending)
{
        switch (decision->rule->then) {
        case DO_ADOPT:
        case DO_DECIDE:
        case DO_ABORT:
        case DO_COMMIT:
                write_record(sim, who, view, decision, ending);
                break;
        case DO_CONFIRM:
                confirm(sim, who);
                break;
        case DO_REASSERT:
                write_target(sim, who, decision->step == STEP_LOCK, ending);
                break;
        case DO_LOCK:
                write_target(sim, who, true, ending);
                break;
        case DO_ROUTE:
                write_target(sim, who, false, ending);
                break;
        default:
                break;
        }
}

static void pass(struct sim *sim, unsigned who, enum sim_ending ending)
{
        struct sim_operator *self = &sim->operators[who];
        struct arena arena = {0};
        struct view view;
        struct decision decision;
        sim_view(sim, who, &view);
        failover_decide(&view, &arena, &decision);
        memcpy(self->was, decision.verdicts, sizeof(self->was));
        sim_check_decision(sim, who, &view, &decision);
        act(sim, who, &view, &decision, ending == SIM_CRASHED ? SIM_UNANSWERED : ending);
        if (ending == SIM_CRASHED)
                forget(sim, self);
        arena_deinit(&arena);
}

static void apply_to_operator(struct sim *sim, struct sim_action action)
{
        struct sim_operator *self = &sim->operators[action.who];
        switch (action.verb) {
        case SIM_PASS:
                pass(sim, action.who, action.ending);
                break;
        case SIM_SEE_RECORD:
                see_record(sim, self);
                break;
        case SIM_SEE_POLICY:
                self->policy = sim->policy;
                break;
        case SIM_READ_DNS:
                read_register(sim, self, &sim->dns, &self->dns, &self->dns_health);
                break;
        case SIM_READ_LOCK:
                read_register(sim, self, &sim->lock, &self->lock, &self->lock_health);
                break;
        case SIM_READ_NOTHING:
                not_answered(sim, &self->dns_health, ERR_TRANSIENT);
                not_answered(sim, &self->lock_health, ERR_TRANSIENT);
                break;
        case SIM_ISOLATE:
                self->is_isolated = !self->is_isolated;
                self->has_sampled_isolated = false;
                break;
        default:
                forget(sim, self);
                break;
        }
}

void sim_apply(struct sim *sim, struct sim_action action)
{
        if (action.verb == SIM_TICK)
                tick(sim);
        else if (action.verb <= SIM_CRASH)
                apply_to_operator(sim, action);
        else
                sim_apply_to_world(sim, action);
}

static unsigned add(struct sim_action *ret, unsigned count, enum sim_verb verb, unsigned who)
{
        INVARIANT(count < SIM_ACTIONS_MAX);
        ret[count] = (struct sim_action){verb, who, SIM_ANSWERED};
        return count + 1;
}

unsigned sim_actions(const struct sim *sim, struct sim_action *ret)
{
        unsigned count = add(ret, 0, SIM_TICK, 0);
        for (unsigned who = 0; who < SIM_OPERATORS; who++) {
                for (unsigned ending = 0; ending < SIM_ENDING_COUNT; ending++) {
                        count = add(ret, count, SIM_PASS, who);
                        ret[count - 1].ending = (enum sim_ending)ending;
                }
                for (unsigned verb = SIM_SEE_RECORD; verb <= SIM_CRASH; verb++)
                        count = add(ret, count, (enum sim_verb)verb, who);
        }
        for (unsigned i = 0; i < sim->packet_count; i++)
                for (unsigned verb = SIM_DELIVER; verb <= SIM_DROP; verb++)
                        count = add(ret, count, (enum sim_verb)verb, i);
        for (unsigned i = 0; i < sim->config.plane_count; i++)
                count = add(ret, count, SIM_FLIP, i);
        if (sim->config.has_people) {
                for (unsigned verb = SIM_SUSPEND; verb <= SIM_ACK; verb++)
                        count = add(ret, count, (enum sim_verb)verb, 0);
                for (unsigned i = 0; i < sim->config.plane_count; i++)
                        for (unsigned verb = SIM_REQUEST_SWITCH; verb <= SIM_HAND_LOCK; verb++)
                                count = add(ret, count, (enum sim_verb)verb, i);
                for (unsigned verb = SIM_PUT_BACK; verb <= SIM_HAND_STAMP; verb++)
                        count = add(ret, count, (enum sim_verb)verb, 0);
        }
        if (sim->config.has_weak_redis)
                for (unsigned verb = SIM_FLUSH; verb <= SIM_REVERT; verb++)
                        count = add(ret, count, (enum sim_verb)verb, 0);
        if (sim->config.has_amnesia)
                for (unsigned verb = SIM_FORGET; verb <= SIM_RESTORE; verb++)
                        count = add(ret, count, (enum sim_verb)verb, 0);
        return count;
}
