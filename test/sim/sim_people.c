/* sim_people.c -- what people do in the simulated world: edit the policy, annotate it, and touch the targets by hand.
 */
#include <stdio.h>

#include "sim_parts.h"

/* What kubectl shows as the epoch is the highest of the record and the targets in force. */
static epoch_t status_epoch(const struct sim *sim)
{
        epoch_t epoch = sim->has_record ? sim->record.epoch : 0;
        bool is_switching = sim->has_record && sim->record.phase == PHASE_SWITCHING;
        bool uses_lock = is_switching ? sim_uses_lock(&sim->record) : sim->policy.uses_lock;
        epoch = sim->dns.stamp.epoch > epoch ? sim->dns.stamp.epoch : epoch;
        return uses_lock && sim->lock.stamp.epoch > epoch ? sim->lock.stamp.epoch : epoch;
}

static const char *request_text(const struct sim *sim, unsigned plane)
{
        char text[64];
        (void)snprintf(text, sizeof(text), "%s/%llu", sim_name(plane), (unsigned long long)status_epoch(sim) + 1);
        return sim_intern(text);
}

static const char *confirmed_text(const struct sim *sim, unsigned plane)
{
        char text[80];
        (void)snprintf(text, sizeof(text), "%s/Unhealthy", request_text(sim, plane));
        return sim_intern(text);
}

static const char *ack_text(const struct sim *sim)
{
        char text[32];
        (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)status_epoch(sim));
        return sim_intern(text);
}

static void put_back(struct sim *sim)
{
        if (!sim->has_record)
                return;
        sim->dns.value = sim_plan(&sim->record, TARGET_NAME)->to;
        if (sim_uses_lock(&sim->record)) {
                sim->lock.present = true;
                sim->lock.value = sim_plan(&sim->record, TARGET_LOCK)->to;
                sim->lock_changed_at = sim->now;
        }
}

static void touch_targets(struct sim *sim, struct sim_action action)
{
        sim->was_touched = true;
        sim_note_emptied(sim, 0);
        *(action.verb == SIM_HAND_LOCK ? &sim->lock_changed_at : &sim->dns_changed_at) = sim->now;
        switch (action.verb) {
        case SIM_HAND_DNS:
                sim->dns.value = sim_rrset(action.who);
                break;
        case SIM_HAND_LOCK:
                sim->lock.present = true;
                sim->lock.value = sim_name(action.who);
                break;
        case SIM_PUT_BACK:
                put_back(sim);
                break;
        case SIM_HAND_EMPTY:
                sim->dns.value = sim_intern("");
                break;
        default:
                sim->dns.stamp = sim_register_empty().stamp;
                break;
        }
}

void sim_people_apply(struct sim *sim, struct sim_action action)
{
        struct sim_policy *policy = &sim->policy;
        switch (action.verb) {
        case SIM_SUSPEND:
                policy->suspended = !policy->suspended;
                break;
        case SIM_ADVISE:
                policy->mode = policy->mode == MODE_ADVISE ? MODE_AUTOMATIC : MODE_ADVISE;
                break;
        case SIM_KILL_SWITCH:
                sim->kill_switch = !sim->kill_switch;
                break;
        case SIM_EDIT_TTL:
                policy->ttl_s = 90 - policy->ttl_s;
                break;
        case SIM_EDIT_LOCK:
                sim->was_touched = true; /* the lock that is named now may show anything */
                policy->uses_lock = !policy->uses_lock && sim->config.uses_lock;
                break;
        case SIM_ACK:
                policy->ack = ack_text(sim);
                break;
        case SIM_REQUEST_SWITCH:
                policy->switch_to = request_text(sim, action.who);
                break;
        case SIM_CONFIRM_SWITCH:
                policy->switch_to = confirmed_text(sim, action.who);
                break;
        case SIM_REQUEST_ADOPT:
                policy->adopt = request_text(sim, action.who);
                break;
        default:
                touch_targets(sim, action);
                break;
        }
}
