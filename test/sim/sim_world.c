/* sim_world.c -- the simulated registers, the network between, and the servers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/targets.h"
#include "sim_parts.h"
#include "util/mem.h"

static const char *const names[SIM_PLANES_MAX] = {"a", "b", "c"};
static const char *const rrsets[SIM_PLANES_MAX] = {"A 192.0.2.1", "CNAME lb-b.example.com", "A 192.0.2.3"};

/* Texts that live as long as the process, each once: a sim can be copied and compared by value. One thread. */
const char *sim_intern(const char *text)
{
        enum { SLOTS = 65536 };
        static char *slots[SLOTS];
        uint32_t hash = 2166136261U;
        for (const char *at = text; *at; at++)
                hash = (hash ^ (unsigned char)*at) * 16777619U;
        for (unsigned i = 0; i < SLOTS; i++) {
                char **slot = &slots[(hash + i) % SLOTS];
                if (!*slot)
                        *slot = mem_strdup(text);
                if (strcmp(*slot, text) == 0)
                        return *slot;
        }
        abort();
}

const char *sim_name(unsigned plane)
{
        return sim_intern(names[plane]);
}

const char *sim_rrset(unsigned plane)
{
        return sim_intern(rrsets[plane]);
}

bool sim_is_named(unsigned plane)
{
        return strncmp(rrsets[plane], "CNAME ", strlen("CNAME ")) == 0;
}

const char *sim_lock_value(const struct sim *sim, const char *plane, epoch_t epoch)
{
        char text[64];
        if (!strstr(sim->config.lock_template, "{epoch}"))
                return plane;
        (void)snprintf(text, sizeof(text), "%s-%llu", plane, (unsigned long long)epoch);
        return sim_intern(text);
}

struct sim_register sim_register_empty(void)
{
        const char *nothing = sim_intern("");
        return (struct sim_register){.value = nothing, .stamp = {.plane = nothing, .store = nothing, .raw = nothing}};
}

struct record sim_keep_record(const struct record *record)
{
        struct record kept = record_copied(record);
        const char **const texts[] = {&kept.from,
                                      &kept.to,
                                      &kept.reason,
                                      &kept.holder};
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                *texts[i] = sim_intern(*texts[i]);
        if (kept.prepared.epoch)
                kept.prepared.to = sim_intern(kept.prepared.to);
        for (unsigned i = 0; i < kept.plan.target_count; i++) {
                if (kept.prepared.epoch)
                        kept.prepared.values[i] = sim_intern(kept.prepared.values[i]);
                struct plan_target *planned = &kept.plan.targets[i];
                planned->ref.driver = sim_intern(planned->ref.driver);
                planned->ref.endpoint = sim_intern(planned->ref.endpoint);
                planned->ref.name = sim_intern(planned->ref.name);
                planned->to = sim_intern(planned->to);
                for (unsigned j = 0; j < planned->old_count; j++)
                        planned->old[j] = sim_intern(planned->old[j]);
        }
        return kept;
}

const struct plan_target *sim_plan(const struct record *record, enum target_kind kind)
{
        return plan_find(&record->plan, kind);
}

bool sim_uses_lock(const struct record *record)
{
        return sim_plan(record, TARGET_LOCK);
}

/* ---- registers ---- */

static bool same_stamp(const struct stamp *a, const struct stamp *b)
{
        return a->presence == b->presence && (a->presence != STAMP_OURS || (a->epoch == b->epoch && a->id == b->id));
}

static bool same_value(const struct sim_register *a, const struct sim_register *b)
{
        return a->present == b->present && (!a->present || strcmp(a->value, b->value) == 0);
}

/* The lock's script goes on where the value is already right; DNS prerequisites name both exactly. */
static bool is_expected(const struct sim_packet *packet, const struct sim_register *stored)
{
        if (!same_stamp(&stored->stamp, &packet->expected.stamp))
                return false;
        return same_value(stored, &packet->expected) || (packet->is_lock && same_value(stored, &packet->want));
}

/* What its own epoch left empty is finished under it. */
static bool is_half_done(const struct sim_packet *packet, const struct sim_register *stored)
{
        return !packet->is_lock && !stored->value[0] && stored->stamp.epoch == packet->want.stamp.epoch;
}

/* As a server does that signs its zone: a record that takes the place of another is gone with it. */
static bool is_halved(const struct sim *sim, const struct sim_packet *packet, const struct sim_register *before)
{
        return sim->halves_writes && before->value[0] && strcmp(before->value, packet->want.value) != 0;
}

void sim_note_emptied(struct sim *sim, unsigned by)
{
        for (unsigned i = 0; i < sim->config.operator_count; i++)
                sim->operators[i].has_emptied = by == i + 1;
}

bool sim_arrive(struct sim *sim, const struct sim_packet *packet)
{
        if (packet->is_third)
                return sim_third_arrive(sim, packet);
        struct sim_register *stored = packet->is_lock ? &sim->lock : &sim->dns;
        if (same_value(stored, &packet->want) && same_stamp(&stored->stamp, &packet->want.stamp))
                return true;
        if (stored->stamp.presence == STAMP_OURS && stored->stamp.epoch >= packet->want.stamp.epoch &&
            !is_half_done(packet, stored))
                return false;
        if (!is_expected(packet, stored))
                return false;
        const bool has_text = !packet->is_lock && sim->config.is_recorded_in_dns;
        if (has_text && packet->version != sim->record_version)
                return false;
        sim->record_version += has_text;
        const struct sim_register before = *stored;
        *(packet->is_lock ? &sim->lock_before : &sim->dns_before) = before;
        *(packet->is_lock ? &sim->lock_changed_at : &sim->dns_changed_at) = sim->now;
        *stored = packet->want;
        if (!packet->is_lock && is_halved(sim, packet, &before)) {
                stored->value = sim_intern("");
                sim_note_emptied(sim, packet->by);
                return false;
        }
        if (!packet->is_lock)
                sim_note_emptied(sim, 0);
        sim_check_arrival(sim, packet, &before);
        return true;
}

static void take_packet(struct sim *sim, unsigned index)
{
        memmove(&sim->packets[index], &sim->packets[index + 1],
                (sim->packet_count - index - 1) * sizeof(sim->packets[0]));
        sim->packets[--sim->packet_count] = (struct sim_packet){0};
}

/* Of what comes late nobody says who made it. */
void sim_send(struct sim *sim, const struct sim_packet *packet)
{
        if (sim->packet_count == sim->config.packet_max)
                take_packet(sim, 0);
        sim->packets[sim->packet_count] = *packet;
        sim->packets[sim->packet_count++].by = 0;
}

/* ---- planes ---- */

void sim_planes_turn(struct sim *sim)
{
        sim->serving = 0;
        for (unsigned i = 0; i < sim->config.plane_count; i++)
                if (sim->is_up[i] && !((sim->jammed >> i) & 1) && strcmp(sim->dns.value, sim_rrset(i)) == 0)
                        sim->serving |= 1U << i;
}

/* ---- servers ---- */

static void lose_record(struct sim *sim, bool is_restored)
{
        if (is_restored && !sim->has_older_record)
                return;
        sim->was_touched = true;
        sim->has_record = is_restored;
        sim->record = is_restored ? sim->older_record : (struct record){0};
        sim->has_older_record = false;
        sim->record_version++;
}

/* What is behind one address is another server than before: a replica that never had the write, one of long ago. */
static void swap_redis(struct sim *sim)
{
        const struct sim_register other = sim->lock_other;
        sim->was_touched = true;
        sim->lock_other = sim->lock;
        sim->lock = sim->lock_before = other;
        sim->lock_changed_at = sim->now;
}

static void jump(struct sim *sim)
{
        const int64_t year = 365 * SIM_DAY_MS;
        sim->wall_skew_ms = sim->wall_skew_ms ? -sim->wall_skew_ms : year;
}

void sim_world_apply(struct sim *sim, struct sim_action action)
{
        const struct sim_packet packet = sim->packets[action.who < SIM_PACKETS_MAX ? action.who : 0];
        switch (action.verb) {
        case SIM_DELIVER:
                take_packet(sim, action.who);
                (void)sim_arrive(sim, &packet);
                break;
        case SIM_DUPLICATE:
                (void)sim_arrive(sim, &packet);
                break;
        case SIM_DROP:
                take_packet(sim, action.who);
                break;
        case SIM_DELIVER_RECORD:
                sim_deliver_record(sim);
                break;
        case SIM_FLIP:
                sim->is_up[action.who] = !sim->is_up[action.who];
                break;
        case SIM_DEPLOYMENT:
                sim->deployments[action.who] =
                    (enum sim_deployment)((sim->deployments[action.who] + 1) % SIM_DEPLOYMENT_COUNT);
                break;
        case SIM_SET_ASIDE:
                sim->is_set_aside[action.who] = !sim->is_set_aside[action.who];
                break;
        case SIM_JAM:
                sim->jammed ^= 1U << action.who;
                break;
        case SIM_LOSE_NAME:
                sim->names_lost ^= 1U << action.who;
                break;
        case SIM_REPLICATE:
                sim->lock_before = sim->lock;
                break;
        case SIM_REVERT:
                sim->lock = sim->lock_before;
                sim->lock_changed_at = sim->now;
                break;
        case SIM_SWAP_REDIS:
                swap_redis(sim);
                break;
        case SIM_OLD_ZONE:
                sim->was_touched = true;
                sim_note_emptied(sim, 0);
                sim->dns = sim->dns_before;
                sim->dns_changed_at = sim->now;
                break;
        case SIM_FLUSH:
                sim->was_touched = true;
                sim->lock = sim->lock_before = sim_register_empty();
                sim->lock_changed_at = sim->now;
                break;
        case SIM_HALVE:
                sim->halves_writes = !sim->halves_writes;
                break;
        case SIM_REFUSE:
                sim->refuses_us = !sim->refuses_us;
                break;
        case SIM_THIRD_COMES:
                sim_third_comes(sim);
                break;
        case SIM_THIRD_LIES:
                sim->third_lies = !sim->third_lies;
                break;
        case SIM_RATE_LIMIT:
                sim->is_rate_limited = !sim->is_rate_limited;
                break;
        case SIM_JUMP:
                jump(sim);
                break;
        default:
                lose_record(sim, action.verb == SIM_RESTORE);
                break;
        }
}

static bool shows(const struct sim_register *stored, const struct record *record, const char *value)
{
        return stored->present && strcmp(stored->value, value) == 0 && stored->stamp.presence == STAMP_OURS &&
               stored->stamp.epoch == record->epoch && stored->stamp.id == record->id;
}

bool sim_is_settled(const struct sim *sim)
{
        const struct record *record = &sim->record;
        bool uses_lock = sim->has_record && sim_uses_lock(record);
        if (!sim->has_record || record->phase != PHASE_STEADY || uses_lock != sim->policy.uses_lock)
                return false;
        return sim_third_is_settled(sim) && shows(&sim->dns, record, sim_plan(record, TARGET_NAME)->to) &&
               (!uses_lock || shows(&sim->lock, record, sim_plan(record, TARGET_LOCK)->to));
}
