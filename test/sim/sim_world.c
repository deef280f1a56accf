/* sim_world.c -- the simulated registers, the network between, and the people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/targets.h"
#include "sim_parts.h"
#include "util/mem.h"

static const char *const names[SIM_PLANES_MAX] = {"a", "b", "c"};
static const char *const rrsets[SIM_PLANES_MAX] = {"A 192.0.2.1", "A 192.0.2.2", "A 192.0.2.3"};

/* Texts that live as long as the process, each once: a sim can be copied and compared by value. */
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
        return names[plane];
}

const char *sim_rrset(unsigned plane)
{
        return rrsets[plane];
}

struct sim_register sim_register_empty(void)
{
        return (struct sim_register){.value = "", .stamp = {.plane = "", .store = "", .raw = ""}};
}

struct record sim_keep_record(const struct record *record)
{
        struct record kept = *record;
        const char **const texts[] = {&kept.from,
                                      &kept.to,
                                      &kept.reason,
                                      &kept.holder,
                                      &kept.plan.dns_provider,
                                      &kept.plan.dns_server,
                                      &kept.plan.dns_name,
                                      &kept.plan.to_rrset,
                                      &kept.plan.lock_server,
                                      &kept.plan.lock_key,
                                      &kept.plan.to_lock};
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                *texts[i] = sim_intern(*texts[i]);
        for (unsigned i = 0; i < kept.plan.old_rrset_count; i++)
                kept.plan.old_rrsets[i] = sim_intern(kept.plan.old_rrsets[i]);
        for (unsigned i = 0; i < kept.plan.old_lock_count; i++)
                kept.plan.old_locks[i] = sim_intern(kept.plan.old_locks[i]);
        return kept;
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

bool sim_arrive(struct sim *sim, const struct sim_packet *packet)
{
        struct sim_register *stored = packet->is_lock ? &sim->lock : &sim->dns;
        if (same_value(stored, &packet->want) && same_stamp(&stored->stamp, &packet->want.stamp))
                return true;
        if (stored->stamp.presence == STAMP_OURS && stored->stamp.epoch >= packet->want.stamp.epoch)
                return false;
        if (!is_expected(packet, stored))
                return false;
        const struct sim_register before = *stored;
        if (packet->is_lock)
                sim->lock_before = before;
        *stored = packet->want;
        sim_check_arrival(sim, packet, &before);
        return true;
}

static void take_packet(struct sim *sim, unsigned index)
{
        memmove(&sim->packets[index], &sim->packets[index + 1],
                (sim->packet_count - index - 1) * sizeof(sim->packets[0]));
        sim->packet_count--;
}

void sim_send(struct sim *sim, const struct sim_packet *packet)
{
        if (sim->packet_count == SIM_PACKETS_MAX)
                take_packet(sim, 0);
        sim->packets[sim->packet_count++] = *packet;
}

/* ---- people ---- */

/* What kubectl shows as the epoch is the highest of the record and the targets in force. */
static epoch_t status_epoch(const struct sim *sim)
{
        epoch_t epoch = sim->has_record ? sim->record.epoch : 0;
        bool is_switching = sim->has_record && sim->record.phase == PHASE_SWITCHING;
        bool uses_lock = is_switching ? sim->record.plan.lock_server[0] != '\0' : sim->policy.uses_lock;
        epoch = sim->dns.stamp.epoch > epoch ? sim->dns.stamp.epoch : epoch;
        return uses_lock && sim->lock.stamp.epoch > epoch ? sim->lock.stamp.epoch : epoch;
}

static const char *request_text(const struct sim *sim, unsigned plane)
{
        char text[64];
        (void)snprintf(text, sizeof(text), "%s/%llu", names[plane], (unsigned long long)status_epoch(sim) + 1);
        return sim_intern(text);
}

static void edit_policy(struct sim *sim, struct sim_action action)
{
        struct sim_policy *policy = &sim->policy;
        char text[32];
        switch (action.verb) {
        case SIM_SUSPEND:
                policy->suspended = !policy->suspended;
                break;
        case SIM_ADVISE:
                policy->mode = policy->mode == MODE_ADVISE ? MODE_AUTOMATIC : MODE_ADVISE;
                break;
        case SIM_EDIT_TTL:
                policy->ttl_s = 90 - policy->ttl_s;
                break;
        case SIM_EDIT_LOCK:
                policy->uses_lock = !policy->uses_lock && sim->config.uses_lock;
                break;
        case SIM_ACK:
                (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)status_epoch(sim));
                policy->ack = sim_intern(text);
                break;
        case SIM_REQUEST_SWITCH:
                policy->switch_to = request_text(sim, action.who);
                break;
        default:
                policy->adopt = request_text(sim, action.who);
                break;
        }
}

static void put_back(struct sim *sim)
{
        if (!sim->has_record)
                return;
        sim->dns.value = sim->record.plan.to_rrset;
        if (sim->record.plan.lock_server[0]) {
                sim->lock.present = true;
                sim->lock.value = sim->record.plan.to_lock;
        }
}

static void change_by_hand(struct sim *sim, struct sim_action action)
{
        sim->was_touched = true;
        switch (action.verb) {
        case SIM_HAND_DNS:
                sim->dns.value = rrsets[action.who];
                break;
        case SIM_HAND_LOCK:
                sim->lock.present = true;
                sim->lock.value = names[action.who];
                break;
        case SIM_PUT_BACK:
                put_back(sim);
                break;
        case SIM_HAND_STAMP:
                sim->dns.stamp = sim_register_empty().stamp;
                break;
        case SIM_FLUSH:
                sim->lock = sim->lock_before = sim_register_empty();
                break;
        case SIM_REVERT:
                sim->lock = sim->lock_before;
                break;
        case SIM_FORGET:
                sim->has_record = sim->has_older_record = false;
                sim->record_version++;
                break;
        default:
                if (sim->has_older_record) {
                        sim->record = sim->older_record;
                        sim->has_older_record = false;
                        sim->record_version++;
                }
                break;
        }
}

void sim_apply_to_world(struct sim *sim, struct sim_action action)
{
        if (action.verb == SIM_FLIP) {
                sim->is_up[action.who] = !sim->is_up[action.who];
        } else if (action.verb <= SIM_DROP) {
                const struct sim_packet packet = sim->packets[action.who];
                if (action.verb != SIM_DROP)
                        (void)sim_arrive(sim, &packet);
                if (action.verb != SIM_DUPLICATE)
                        take_packet(sim, action.who);
        } else if (action.verb <= SIM_REQUEST_ADOPT) {
                edit_policy(sim, action);
        } else {
                change_by_hand(sim, action);
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
        bool uses_lock = sim->has_record && record->plan.lock_server[0];
        if (!sim->has_record || record->phase != PHASE_STEADY || uses_lock != sim->policy.uses_lock)
                return false;
        return shows(&sim->dns, record, record->plan.to_rrset) &&
               (!uses_lock || shows(&sim->lock, record, record->plan.to_lock));
}
