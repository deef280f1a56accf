/* verify.c -- looks at the other authoritative servers of a policy's name. */
#include "reconcile/verify.h"

#include <string.h>

#include "reconcile/effect.h"
#include "reconcile/manager.h"
#include "reconcile/policy.h"
#include "reconcile/policy_targets.h"

enum { VERIFY_EVERY_MS = 1000, VERIFY_STEADY_MS = 30000 };

void verify_turn(struct policy *policy)
{
        mono_ms now = loop_now(policy->manager->loop);
        if (!policy->keeper.record || !policy->spec->dns.verify_count || policy->verify.effect)
                return;
        mono_ms every = policy->keeper.record->phase == PHASE_SWITCHING ? VERIFY_EVERY_MS : VERIFY_STEADY_MS;
        if (policy->keeper.record->phase == PHASE_SWITCHING && !policy_name(policy)->met_at)
                return; /* nothing new to be seen there yet */
        if (policy->verify.asked_at && now - policy->verify.asked_at < every) {
                workqueue_add_after(policy->manager->policies_queue, &policy->work,
                                    every - (now - policy->verify.asked_at));
                return;
        }
        policy->verify.asked_at = now;
        effect_verify(policy);
}

void verify_restart(struct policy *policy)
{
        policy->verify.asked_at = 0;
        memset(policy->verify.slots, 0, sizeof(policy->verify.slots));
}

void verify_forget(struct policy *policy)
{
        effect_abandon(policy->verify.effect);
        policy->verify.effect = NULL;
        verify_restart(policy);
}

void verify_take(struct policy *policy, const struct effect *effect)
{
        if (!policy->keeper.record || effect->epoch != policy->keeper.record->epoch) {
                policy->verify.asked_at = 0; /* the answer is about an older epoch */
                return;
        }
        for (unsigned i = 0; i < effect->server_count; i++) {
                struct verify_slot *slot = &policy->verify.slots[i];
                if (slot->epoch != effect->epoch)
                        *slot = (struct verify_slot){.epoch = effect->epoch};
                if (!effect->verify[i].has_answered) {
                        slot->misses++;
                        continue;
                }
                *slot = effect->verify[i];
                slot->epoch = effect->epoch;
                slot->seen_at = loop_now(policy->manager->loop);
        }
}

void verify_gather(const struct policy *policy, struct view *ret)
{
        ret->verify_count = (unsigned)policy->spec->dns.verify_count;
        for (unsigned i = 0; i < ret->verify_count; i++) {
                static const struct verify_slot unasked = {.shown = ""};
                bool is_its = policy->keeper.record && policy->verify.slots[i].epoch == policy->keeper.record->epoch;
                const struct verify_slot *slot = is_its ? &policy->verify.slots[i] : &unasked;
                ret->verify[i] = (struct verify_view){.server = policy->spec->dns.verify_servers[i],
                                                      .shows_record = slot->shows_record,
                                                      .shown = slot->shown,
                                                      .seen_at = slot->seen_at,
                                                      .misses = slot->misses};
        }
}
