/* effect.c -- one visit to a target on behalf of one policy: what it is given. */
#include "reconcile/effect.h"

#include <stdlib.h>
#include <string.h>

#include "core/targets.h"
#include "reconcile/batch.h"
#include "reconcile/policy_targets.h"
#include "reconcile/record_store.h"
#include "reconcile/target_config.h"
#include "reconcile/target_secrets.h"
#include "runtime/clock.h"
#include "util/mem.h"
#include "util/text.h"

enum { FULL_RETRY_MS = 100 };

/* An unusable Secret holds up what is waited for, as a finding; the failure of a visit tells of all others. */
static bool told_by_visit(const struct target_ref *ref)
{
        return target_traits(ref->kind)->blocks != BLOCKS_ALWAYS;
}

/* A lock in the Redis that is promoted has no server until a look has told which that is. */
static bool has_server(const struct effect *effect)
{
        const char *where = target_setting_find(&effect->config, effect->driver->where ? effect->driver->where : "");
        return !where || where[0];
}

static enum err fill_config(struct effect *effect, struct errmsg *reterr)
{
        const struct policy *policy = effect->policy;
        effect->driver = target_driver_find(effect->ref.driver);
        if (!effect->driver || effect->driver->kind != effect->ref.kind)
                return err_set(reterr, ERR_INVALID, "no provider \"%s\" is built in", effect->ref.driver);
        struct arena *arena = &effect->arena;
        target_config_settings(policy, &effect->ref, arena, &effect->config);
        effect->settings = target_config_text(&effect->config, arena);
        const char *unusable = told_by_visit(&effect->ref) ? target_secrets_error_of(policy, &effect->ref, arena) : "";
        if (unusable[0])
                return err_set(reterr, ERR_INVALID, "%s", unusable);
        if (!has_server(effect))
                return err_set(reterr, ERR_TRANSIENT, "which server has it is not known yet");
        return target_secrets_versions(policy, &effect->ref, arena, &effect->versions, reterr);
}

static void copy_stamp(struct stamp *to, const struct stamp *from)
{
        *to = *from;
        to->plane = from->plane ? mem_strdup(from->plane) : NULL;
        to->store = from->store ? mem_strdup(from->store) : NULL;
        to->raw = from->raw ? mem_strdup(from->raw) : NULL;
        to->claim = from->claim ? mem_strdup(from->claim) : NULL;
}

static void fill_expected(struct effect *effect, const struct target_state *state)
{
        effect->expected = *state;
        effect->expected.value = mem_strdup(state->value ? state->value : "");
        effect->expected.version = state->version ? mem_strdup(state->version) : NULL;
        effect->expected.doubt = effect->expected.obstacle = NULL; /* told already, and nothing to expect */
        effect->expected.unready = NULL;
        effect->expected.unready_count = 0;
        copy_stamp(&effect->expected.stamp, &state->stamp);
}

/* A decision, bound to the addresses as they were read. */
static void fill_record(struct effect *effect)
{
        const struct policy *policy = effect->policy;
        const struct record_write *write = &policy->keeper.write;
        const struct target_state *state = &effect->slot->state;
        struct arena *arena = &effect->arena;
        effect->epoch = write->record->epoch;
        effect->want = (struct target_want){
            .value = arena_strdup(arena, state->value ? state->value : ""),
            .ttl_s = policy->spec->dns.ttl_s,
            .epoch = write->record->epoch,
            .id = write->record->id,
            .plane = arena_strdup(arena, write->record->to),
            .store = policy->keeper.store->owner(policy, arena),
            .former = arena_strdup(arena, write->former),
            .record = arena_strdup(arena, write->text),
            .keeps_value = true,
        };
        fill_expected(effect, state);
}

/* Exactly what was decided, in place of exactly what was seen. */
static void fill_write(struct effect *effect, const struct target_write *write)
{
        const struct policy *policy = effect->policy;
        struct arena *arena = &effect->arena;
        effect->epoch = write->stamp.epoch;
        effect->want = (struct target_want){
            .value = arena_strdup(arena, write->value),
            .ttl_s = write->ttl_s,
            .epoch = write->stamp.epoch,
            .id = write->stamp.id,
            .plane = arena_strdup(arena, write->stamp.plane),
            .store = arena_strdup(arena, write->stamp.store),
            .former = arena_strdup(arena, write->former),
            .record = effect->slot == policy_name(policy) ? policy->keeper.store->text_beside(policy, arena) : NULL,
        };
        fill_expected(effect, &effect->slot->state);
}

static void fill_verify(struct effect *effect, const char *const *servers, size_t count)
{
        const struct policy *policy = effect->policy;
        const struct plan_target *name = plan_find(&policy->keeper.record->plan, TARGET_NAME);
        struct arena *arena = &effect->arena;
        effect->ref.name = arena_strdup(arena, name->ref.name);
        for (size_t i = 0; i < count && i < VERIFY_SERVERS_MAX; i++)
                effect->servers[effect->server_count++] = arena_strdup(arena, servers[i]);
        effect->looks = arena_alloc(arena, effect->server_count * sizeof(*effect->looks));
        effect->epoch = policy->keeper.record->epoch;
        effect->want = (struct target_want){.value = arena_strdup(arena, name->to), .epoch = effect->epoch};
}

static struct effect **place_of(struct policy *policy, const struct effect *effect)
{
        return effect->slot                     ? &effect->slot->effect
               : effect->kind == EFFECT_VERIFY ? &policy->verify.effect
               : effect->kind == EFFECT_PREFLIGHT ? &policy->preflight.effect
                                               : &policy->alive.effect;
}

/* It ends on the loop later, whatever becomes of it: also what could not be built goes through a worker. */
static void start(struct effect *effect)
{
        struct policy *policy = effect->policy;
        struct effect **place = place_of(policy, effect), *waiting = *place;
        /* A Secret, or a look at the target that tells where this one is: both wake the policy when they are there. */
        bool is_read_still = effect->err == ERR_TRANSIENT;
        if (effect->err == ERR_NOT_FOUND) /* a Secret that lacks a key is no outage: a person has to complete it */
                effect->err = ERR_INVALID;
        *place = effect;
        if (effect->err == ERR_OK && effect->mechanism) {
                batch_add(effect, waiting);
                return;
        }
        if (waiting)
                batch_remove(waiting);
        if (!is_read_still && batch_submit_alone(effect))
                return;
        if (!is_read_still)
                workqueue_add_after(policy->manager->policies_queue, &policy->work, FULL_RETRY_MS);
        *place = NULL;
        effect_free(effect);
}

static struct effect *effect_new(struct policy *policy, enum effect_kind kind)
{
        struct effect *effect = mem_new(effect);
        *effect = (struct effect){.kind = kind, .policy = policy, .decided_us = clock_mono_us()};
        return effect;
}

static struct effect *effect_to(struct policy *policy, enum effect_kind kind, const struct target_slot *slot)
{
        const struct target_ref *ref = &slot->ref;
        struct effect *effect = effect_new(policy, kind);
        struct arena *arena = &effect->arena;
        effect->ref = (struct target_ref){ref->kind, arena_strdup(arena, ref->driver),
                                          arena_strdup(arena, ref->endpoint), arena_strdup(arena, ref->name), ref->db};
        effect->mechanism = slot->mechanism;
        mechanism_begin(effect->mechanism);
        effect->err = fill_config(effect, &effect->why);
        return effect;
}

/* Before a name is taken over each time it is read, and from time to time ever after. */
static bool wants_claims(const struct target_slot *slot, mono_ms now)
{
        const struct stamp *stamp = &slot->state.stamp;
        const struct target_driver *driver = target_driver_find(slot->ref.driver);
        return driver && driver->claims &&
               (stamp->presence != STAMP_OURS || stamp->claim || now - slot->claims_at >= CLAIMS_EVERY_MS);
}

/* An unusable Secret is reported as such: no server is asked with it, and none is blamed. */
static bool has_credentials(const struct policy *policy, const struct target_ref *ref)
{
        struct arena arena = {0};
        const char *error = told_by_visit(ref) ? "" : target_secrets_error_of(policy, ref, &arena);
        bool is_usable = !error[0];
        arena_deinit(&arena);
        return is_usable;
}

/* A write that waits is decided again in each pass, and a look that waits gives way to it. */
static bool may_visit(const struct policy *policy, const struct target_slot *slot, enum effect_kind kind)
{
        const struct effect *waiting = effect_is_sent(slot->effect) ? NULL : slot->effect;
        const bool is_free = !slot->effect || (waiting && (waiting->is_recalled || kind != EFFECT_READ));
        return is_free && has_credentials(policy, &slot->ref);
}

void effect_read(struct policy *policy, struct target_slot *slot)
{
        if (slot->effect && !effect_is_sent(slot->effect))
                slot->effect->can_wait = false;
        if (!may_visit(policy, slot, EFFECT_READ))
                return;
        struct effect *effect = effect_to(policy, EFFECT_READ, slot);
        effect->slot = slot;
        effect->kept = slot->state.version ? arena_strdup(&effect->arena, slot->state.version) : NULL;
        effect->asks_claims = wants_claims(slot, loop_now(policy->manager->loop));
        start(effect);
}

void effect_look(struct policy *policy, struct target_slot *slot)
{
        if (slot->effect)
                return;
        effect_read(policy, slot);
        if (slot->effect && !effect_is_sent(slot->effect))
                slot->effect->can_wait = true;
}

void effect_write(struct policy *policy, struct target_slot *slot, const struct target_write *write)
{
        if (!may_visit(policy, slot, EFFECT_WRITE))
                return;
        struct effect *effect = effect_to(policy, EFFECT_WRITE, slot);
        effect->slot = slot;
        effect->rests_on_looks = slot != policy->targets[0];
        if (effect->err == ERR_OK)
                fill_write(effect, write);
        start(effect);
}

void effect_record(struct policy *policy, struct target_slot *slot)
{
        if (!may_visit(policy, slot, EFFECT_RECORD))
                return;
        struct effect *effect = effect_to(policy, EFFECT_RECORD, slot);
        effect->slot = slot;
        effect->rests_on_looks = true;
        if (effect->err == ERR_OK)
                fill_record(effect);
        start(effect);
}

void effect_verify(struct policy *policy, const char *const *servers, size_t count)
{
        if (policy->verify.effect)
                return;
        struct effect *effect = effect_new(policy, EFFECT_VERIFY);
        fill_verify(effect, servers, count);
        start(effect);
}

/* It queues like all others: it makes a failover wait, so no due read may delay it. */
void effect_start_alive(struct policy *policy, const char *say)
{
        const struct target_slot *slot = policy_name(policy);
        if (!slot->mechanism || effect_is_sent(policy->alive.effect) || !has_credentials(policy, &slot->ref))
                return; /* the next one comes a little later */
        struct effect *effect = effect_to(policy, EFFECT_ALIVE, slot);
        effect->rests_on_looks = say; /* at a plane that may be down by the time that it is sent */
        effect->say = say ? arena_strdup(&effect->arena, say) : NULL;
        effect->want.ttl_s = policy->spec->dns.ttl_s;
        start(effect);
}

bool effect_is_sent(const struct effect *effect)
{
        return effect && !effect->lane;
}

static const char *first_word(const char *text, struct arena *arena)
{
        return text ? arena_printf(arena, "%.*s", (int)strcspn(text, " "), text) : "";
}

void effect_start_preflight(struct policy *policy, struct target_slot *slot, const char *const *values, size_t count)
{
        if (effect_is_sent(policy->preflight.effect) || !has_credentials(policy, &slot->ref))
                return; /* it is asked a little later */
        struct effect *effect = effect_to(policy, EFFECT_PREFLIGHT, slot);
        const char **copies = arena_alloc(&effect->arena, (count + 1) * sizeof(*copies));
        for (size_t i = 0; i < count; i++)
                copies[i] = arena_strdup(&effect->arena, values[i]);
        effect->values = copies;
        effect->value_count = count;
        effect->can_wait = true;
        effect->zone = first_word(slot->state.version, &effect->arena);
        effect->asks_servers = slot == policy_name(policy) && !policy->spec->dns.verify_count;
        start(effect);
}

void effect_abandon(struct effect *effect)
{
        if (!effect)
                return;
        if (effect_is_sent(effect))
                effect->policy = NULL;
        else
                batch_remove(effect);
}

bool effect_recall(const struct target_slot *slot)
{
        struct effect *effect = slot->effect;
        if (!effect || effect_is_sent(effect) || effect->kind == EFFECT_READ)
                return false;
        effect->is_recalled = true;
        return effect->kind == EFFECT_RECORD;
}

void effect_drop_recalled(struct target_slot *slot)
{
        if (!slot->effect || !slot->effect->is_recalled)
                return;
        effect_abandon(slot->effect);
        slot->effect = NULL;
}
