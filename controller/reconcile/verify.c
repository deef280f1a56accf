/* verify.c -- looks at the other authoritative servers of a policy's name. */
#include "reconcile/verify.h"

#include <string.h>

#include "reconcile/effect.h"
#include "reconcile/manager.h"
#include "reconcile/policy.h"
#include "reconcile/policy_targets.h"
#include "runtime/clock.h"
#include "util/text.h"

enum { VERIFY_EVERY_MS = 1000, VERIFY_STEADY_MS = 30000 };

void verify_turn(struct policy *policy)
{
        mono_ms now = loop_now(policy->manager->loop);
        if (!policy->record || !policy->spec->dns.verify_count || policy->verify_effect)
                return;
        mono_ms every = policy->record->phase == PHASE_SWITCHING ? VERIFY_EVERY_MS : VERIFY_STEADY_MS;
        if (policy->record->phase == PHASE_SWITCHING && !policy_name(policy)->met_at)
                return; /* nothing new to be seen there yet */
        if (policy->verified_at && now - policy->verified_at < every) {
                workqueue_add_after(policy->manager->policies_queue, &policy->work,
                                    every - (now - policy->verified_at));
                return;
        }
        policy->verified_at = now;
        effect_verify(policy);
}

void verify_restart(struct policy *policy)
{
        policy->verified_at = 0;
        memset(policy->verify, 0, sizeof(policy->verify));
}

void verify_forget(struct policy *policy)
{
        effect_abandon(policy->verify_effect);
        policy->verify_effect = NULL;
        verify_restart(policy);
}

void verify_take(struct policy *policy, const struct effect *effect)
{
        if (!policy->record || effect->epoch != policy->record->epoch) {
                policy->verified_at = 0; /* it looked for an epoch that has been passed by */
                return;
        }
        for (unsigned i = 0; i < effect->server_count; i++) {
                struct verify_slot *slot = &policy->verify[i];
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
                bool is_its = policy->record && policy->verify[i].epoch == policy->record->epoch;
                const struct verify_slot *slot = is_its ? &policy->verify[i] : &unasked;
                ret->verify[i] = (struct verify_view){.server = policy->spec->dns.verify_servers[i],
                                                      .shows_record = slot->shows_record,
                                                      .shown = slot->shown,
                                                      .seen_at = slot->seen_at,
                                                      .misses = slot->misses};
        }
}

/* Servers that do not answer cost a second each, in a job of their own: they delay nothing else. */
void verify_run(struct effect *effect)
{
        for (unsigned i = 0; i < effect->server_count; i++) {
                struct verify_slot *look = &effect->verify[i];
                struct target_state state = {0};
                struct errmsg ignored;
                enum err err = dns_observe(effect->servers[i], effect->ref.name, clock_mono() + VERIFY_DEADLINE_MS,
                                           &state, &ignored);
                if (err != ERR_OK)
                        continue;
                look->has_answered = true;
                look->shows_record = strcmp(state.value, effect->want.value) == 0 &&
                                     state.stamp.presence == STAMP_OURS && state.stamp.epoch == effect->want.epoch;
                (void)TEXT_COPY(look->shown, state.value);
                target_state_clear(&state);
        }
        effect->err = ERR_OK;
}
