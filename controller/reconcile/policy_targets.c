/* policy_targets.c -- the targets in force of one policy, and what is known of each. */
#include "reconcile/policy_targets.h"

#include <stdlib.h>
#include <string.h>

#include "core/targets.h"
#include "reconcile/alive.h"
#include "reconcile/effect.h"
#include "reconcile/record_store.h"
#include "reconcile/target_config.h"
#include "util/mem.h"

static struct target_slot *take(struct target_slot **slots, unsigned count, const struct target_ref *ref)
{
        for (unsigned i = 0; i < count; i++) {
                struct target_slot *slot = slots[i];
                if (!slot || !target_ref_equal(&slot->ref, ref))
                        continue;
                slots[i] = NULL;
                return slot;
        }
        return slot_new(ref);
}

/* The mechanism of the visits: the endpoint, with the credential. */
void policy_hold_mechanism(struct policy *policy, struct target_slot *slot)
{
        const struct target_ref *ref = &slot->ref;
        struct target_secret secrets[TARGET_SECRETS_MAX];
        struct arena arena = {0};
        const unsigned count = target_config_secrets(policy, ref, &arena, secrets);
        struct strbuf text = STRBUF_INIT(4096);
        (void)strbuf_printf(&text, "%s %s/%u", ref->driver, ref->endpoint, (unsigned)ref->db);
        /* Without a Secret the credentials are the operator's own, or none: the same for every namespace. */
        for (unsigned i = 0; i < count; i++)
                (void)strbuf_printf(&text, " %s/%s", policy->namespace_name, secrets[i].secret);
        const struct mechanism *before = slot->mechanism;
        mechanism_hold(policy->manager->loop, &policy->manager->mechanisms, &slot->mechanism, strbuf_text(&text));
        const bool waits = slot->effect && !effect_is_sent(slot->effect);
        if (before != slot->mechanism && waits && slot->effect->kind == EFFECT_READ) {
                effect_abandon(slot->effect); /* it would go with another credential than is meant now */
                slot->effect = NULL;
        }
        strbuf_deinit(&text);
        arena_deinit(&arena);
}

/* True: the name is another one than before, so that the record beside it does not count. */
static bool place(struct policy *policy)
{
        struct policy_view wanted = {0};
        struct target_ref refs[TARGETS_MAX];
        struct target_slot *before[TARGETS_MAX];
        const unsigned count_before = policy->target_count;
        struct arena arena = {0};
        wanted.target_count = target_config_wanted(policy, &arena, wanted.targets);
        memcpy(before, policy->targets, sizeof(before));
        policy->target_count = targets_in_force(policy->keeper.record, &wanted, refs);
        for (unsigned i = 0; i < policy->target_count; i++) {
                policy->targets[i] = take(before, count_before, &refs[i]);
                policy_hold_mechanism(policy, policy->targets[i]);
        }
        arena_deinit(&arena);
        bool has_moved = false;
        for (unsigned i = 0; i < count_before; i++) {
                if (!before[i])
                        continue;
                has_moved |= before[i]->ref.kind == TARGET_NAME;
                slot_free(before[i]);
        }
        return has_moved;
}

void policy_place_targets(struct policy *policy)
{
        if (!place(policy))
                return;
        policy->keeper.store->dns_seen(policy);
        alive_forget(policy);
        verify_forget(policy);
        (void)place(policy); /* the record went with the name */
}

void policy_forget_targets(struct policy *policy)
{
        for (unsigned i = 0; i < policy->target_count; i++)
                slot_free(policy->targets[i]);
        policy->target_count = 0;
        if (policy->standbys)
                slot_free(policy->standbys);
        policy->standbys = NULL;
        policy->keeper.store->dns_seen(policy);
}

void policy_void_targets(struct policy *policy)
{
        for (unsigned i = 0; i < policy->target_count; i++) {
                slot_void(policy->targets[i]);
                policy->targets[i]->met_at = 0;
        }
        if (policy->standbys)
                slot_void(policy->standbys);
}

void policy_forget_writes(struct policy *policy)
{
        for (unsigned i = 0; i < policy->target_count; i++)
                slot_forget_write(policy->targets[i]);
}
