/* sim_view.c -- what an operator of the simulated world knows, as the core is asked. */
#include "core/targets.h"
#include "sim_parts.h"

enum { LONG_RUN = 100, LONG_MS = 3600000 };

static void fill_policy(const struct sim *sim, const struct sim_policy *policy, struct policy_view *ret)
{
        *ret = (struct policy_view){
            .namespace_name = "default",
            .name = "gloo",
            .uid = "uid",
            .mode = policy->mode,
            .suspended = policy->suspended,
            .single_writer = policy->uses_lock,
            .detection = {SIM_TICK_MS, SIM_TIMEOUT_MS, 2, 2, SIM_DELAY_MS},
            .cooldown_ms = sim->config.cooldown_ms,
            .max_switches = sim->config.max_switches,
            .failback = sim->config.failback,
            .failback_stable_ms = SIM_TICK_MS,
            .switch_to = policy->switch_to,
            .adopt = policy->adopt,
            .ack = policy->ack,
            .credentials_error = "",
            .rival = "",
        };
        if (policy->uses_lock)
                ret->targets[ret->target_count++] =
                    (struct wanted_target){.ref = {TARGET_LOCK, TARGET_LOCK_DRIVER, "redis:6379", "mgmt-active", 0},
                                           .value = sim->config.lock_template,
                                           .plane = ""};
        ret->targets[ret->target_count++] =
            (struct wanted_target){.ref = {TARGET_NAME, "rfc2136", "192.0.2.53", "gloo.example.com", 0},
                                   .ttl_s = policy->ttl_s,
                                   .plane = ""};
        sim_third_want(sim, ret);
}

static void fill_third(const struct sim *sim, const struct sim_operator *self, struct target_view *ret)
{
        ret->is_weak = sim->config.third_is_weak;
        ret->health = self->third_health;
        ret->shows = (struct target_state){.present = self->third.present,
                                           .value = self->third.value,
                                           .stamp = self->third.stamp,
                                           .settling = self->third_settles};
}

static void fill_targets(const struct sim *sim, const struct sim_operator *self, struct view *ret)
{
        targets_place(ret);
        for (unsigned i = 0; i < ret->target_count; i++) {
                if (ret->targets[i].ref.kind == sim_third_kind(sim)) {
                        fill_third(sim, self, &ret->targets[i]);
                        continue;
                }
                bool is_lock = ret->targets[i].ref.kind == TARGET_LOCK;
                const struct sim_register *seen = is_lock ? &self->lock : &self->dns;
                ret->targets[i].met_epoch = is_lock ? 0 : self->dns_met_epoch;
                ret->targets[i].health = is_lock ? self->lock_health : self->dns_health;
                ret->targets[i].shows = (struct target_state){
                    .present = is_lock ? seen->present : seen->value[0], .value = seen->value, .ttl_s = 30, .stamp = seen->stamp};
        }
}

static struct check_view believed(const struct sim *sim, bool is_down, bool is_nearly)
{
        return (struct check_view){.label = "TCP",
                                   .role = CHECK_ROLE_PATH,
                                   .fails = is_down ? LONG_RUN : is_nearly ? 1 : 0,
                                   .passes = is_down || is_nearly ? 0 : LONG_RUN,
                                   .run_since = sim->now - (is_nearly ? SIM_TICK_MS : LONG_MS),
                                   .counted_at = sim->now,
                                   .sampled_at = sim->now,
                                   .text = "",
                                   .replicas_available = -1,
                                   .replicas_wanted = -1,
                                   .replicas_updated = -1};
}

static struct check_view of_deployment(const struct sim_operator *self, unsigned plane)
{
        const enum sim_deployment deployment = self->deployments[plane];
        bool is_there = deployment != SIM_UNAVAILABLE;
        return (struct check_view){.label = "Deployment",
                                   .fails = is_there ? 0 : 1,
                                   .passes = is_there ? 1 : 0,
                                   .run_since = self->deployments_at[plane],
                                   .counted_at = self->deployments_at[plane],
                                   .sampled_at = self->checks[plane].sampled_at,
                                   .last_unknown = self->unanswered[plane] > 0,
                                   .unknowns = self->unanswered[plane],
                                   .text = "",
                                   .replicas_available = is_there ? 1 : 0,
                                   .replicas_wanted = 1,
                                   .replicas_updated = deployment == SIM_ROLLING ? 0 : 1};
}

static void fill_plane(const struct sim *sim, const struct sim_operator *self, unsigned plane, struct plane_view *ret)
{
        *ret = (struct plane_view){.name = sim_name(plane),
                                   .region = "",
                                   .cluster_name = sim_name(plane),
                                   .uid = "",
                                   .known = true,
                                   .eligible = !sim->is_set_aside[plane],
                                   .port = 9900,
                                   .rrset = sim_rrset(plane),
                                   .address_error = "",
                                   .name_confirmed_at = sim->now,
                                   .name_absent = (sim->names_lost >> plane) & 1,
                                   .check_count = 1,
                                   .holds_operator = sim->config.is_inside && self == &sim->operators[plane],
                                   .mark = self->marks[plane],
                                   .was = self->was[plane],
                                   .was_since = self->was_since[plane]};
        ret->checks[0] = self->checks[plane];
        if (sim->config.has_roles)
                ret->checks[ret->check_count++] = self->standing[plane];
        if (self->deployments[plane] != SIM_UNSEEN)
                ret->checks[ret->check_count++] = of_deployment(self, plane);
}

void sim_view(const struct sim *sim, unsigned who, unsigned down, struct view *ret)
{
        const struct sim_operator *self = &sim->operators[who];
        *ret = (struct view){
            .plane_count = sim->config.plane_count,
            .record_read = self->has_seen_record,
            .record = self->has_record ? &self->record : NULL,
            .record_error = "",
            .now = sim->now,
            .wall = sim_wall(sim),
            .identity = "operator", /* the record names it for people; the operators are alike */
            .store = SIM_STORE,
            .region = "",
            .arbiter_answered_at = sim->config.is_recorded_in_dns ? self->dns_health.read_at
                                   : self->is_without_arbiter     ? self->arbiter_answered_at
                                                                  : sim->now,
            .arbiter_period_ms = sim->config.is_recorded_in_dns ? SIM_TICK_MS : 1000,
            .record_seen_at = self->record_seen_at,
            .late_until = self->late_until,
            .kill_switch = sim->kill_switch,
            .blast_limit_reached = sim->is_rate_limited,
            .confirmed_epoch = self->confirmed_epoch,
            .may_prepare = sim->config.has_prepares && !sim->config.is_recorded_in_dns,
            .owns_prepared = sim_owns_prepared(self),
            .is_record_assumed = self->is_assumed,
            .fresh_id = sim->next_id + 1,
        };
        fill_policy(sim, &self->policy, &ret->policy);
        fill_targets(sim, self, ret);
        if (sim->config.is_inside)
                ret->alive = (struct alive_view){.is_used = true,
                                                 .seen_at = self->heard_at,
                                                 .read_at = self->listened_at,
                                                 .every_ms = SIM_TICK_MS,
                                                 .plane = sim_name(sim->spoken_by)};
        for (unsigned i = 0; i < sim->config.plane_count; i++) {
                fill_plane(sim, self, i, &ret->planes[i]);
                if (sim->config.judgement != SIM_AT_WILL)
                        continue;
                const bool is_nearly = (down >> (SIM_PLANES_MAX + i)) & 1;
                ret->planes[i].checks[0] = believed(sim, (down >> i) & 1, is_nearly);
                ret->planes[i].was = is_nearly ? VERDICT_UP : ret->planes[i].was;
        }
}
