/* effect.c -- one blocking visit to a target as an executor job: what it is given, and what becomes of it. */
#include "reconcile/effect.h"

#include <stdlib.h>
#include <string.h>

#include "core/targets.h"
#include "reconcile/policy_targets.h"
#include "reconcile/record_store.h"
#include "reconcile/target_config.h"
#include "runtime/clock.h"
#include "runtime/metrics.h"
#include "util/mem.h"
#include "util/text.h"

/* Other servers are only looked at one by one. */
enum { FULL_RETRY_MS = 100, VERIFICATIONS = 1, VERIFICATIONS_AT_ONCE = 1, TURN_HELD_MS = 5000 };

static enum err fill_config(struct effect *effect, struct errmsg *reterr)
{
        const struct policy *policy = effect->policy;
        effect->driver = target_driver_find(effect->ref.driver);
        if (!effect->driver || effect->driver->kind != effect->ref.kind)
                return err_set(reterr, ERR_INVALID, "no provider \"%s\" is built in", effect->ref.driver);
        struct arena *arena = &effect->arena;
        target_config_settings(policy, &effect->ref, arena, &effect->config);
        effect->settings = target_config_text(&effect->config, arena);
        enum err err = target_secrets_versions(policy, effect->ref.kind, arena, &effect->versions, reterr);
        if (err != ERR_OK)
                return err;
        effect->session = mechanism_take(effect->mechanism, effect->settings, effect->versions,
                                         loop_now(policy->manager->loop));
        if (!effect->session)
                err = target_credentials_copy(policy, effect->ref.kind, arena, &effect->credentials, reterr);
        effect->config.credentials = effect->credentials.list;
        effect->config.credential_count = effect->credentials.count;
        return err;
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
        effect->expected.doubt = NULL; /* told already, and nothing to expect */
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

static void fill_verify(struct effect *effect)
{
        const struct policy *policy = effect->policy;
        const struct policy_dns *dns = &policy->spec->dns;
        const struct plan_target *name = plan_find(&policy->keeper.record->plan, TARGET_NAME);
        struct arena *arena = &effect->arena;
        effect->ref.name = arena_strdup(arena, name->ref.name);
        for (size_t i = 0; i < dns->verify_count && i < VERIFY_SERVERS_MAX; i++)
                effect->servers[effect->server_count++] = arena_strdup(arena, dns->verify_servers[i]);
        effect->epoch = policy->keeper.record->epoch;
        effect->want = (struct target_want){.value = arena_strdup(arena, name->to), .epoch = effect->epoch};
}

/* Whether the next visit may go on with the session: the server answered, and nothing that a new one would do better. */
static bool is_in_order(const struct effect *effect)
{
        return effect->err == ERR_OK || effect->err == ERR_PENDING || effect->err == ERR_CONFLICT ||
               effect->retry_after_ms > 0;
}

static void give_back(struct effect *effect)
{
        if (!effect->mechanism)
                return;
        struct target_session *session = effect->session;
        effect->session = NULL;
        if (session && is_in_order(effect))
                mechanism_keep(effect->mechanism, session, effect->settings, effect->versions, loop_now(effect->loop));
        else
                target_close(session);
        if (effect->requests > 1)
                mechanism_charge(effect->mechanism, effect->driver->limits.per_minute, effect->requests - 1,
                                 loop_now(effect->loop));
        mechanism_end(effect->mechanism);
}

static void effect_free(struct effect *effect)
{
        give_back(effect);
        target_credentials_clear(&effect->credentials);
        target_state_clear(&effect->expected);
        target_state_clear(&effect->found);
        arena_deinit(&effect->arena);
        free(effect->heard);
        free(effect);
}

static void done(struct job *job)
{
        struct effect *effect = CONTAINER_OF(job, struct effect, job);
        if (effect->policy)
                effect->policy->visited(effect->policy, effect);
        effect_free(effect);
}

static struct effect **place_of(struct policy *policy, const struct effect *effect)
{
        return effect->slot                     ? &effect->slot->effect
               : effect->kind == EFFECT_VERIFY ? &policy->verify.effect
               : effect->kind == EFFECT_PREFLIGHT ? &policy->preflight.effect
                                               : &policy->alive.effect;
}

/* A dead server is dead for every name, database and credential. */
static uint64_t endpoint_of(const struct target_ref *ref)
{
        struct strbuf text = STRBUF_INIT(2048);
        (void)strbuf_printf(&text, "%s %s", ref->driver, ref->endpoint);
        uint64_t hash = text_hash(strbuf_text(&text));
        strbuf_deinit(&text);
        return hash;
}

/* It ends on the loop later, whatever becomes of it: also what could not be built goes through a worker. */
static void submit(struct effect *effect)
{
        struct policy *policy = effect->policy;
        bool is_read_still = effect->err == ERR_TRANSIENT; /* a Secret, which wakes the policy when it is there */
        if (effect->err == ERR_NOT_FOUND) /* a Secret that lacks a key is no outage: a person has to complete it */
                effect->err = ERR_INVALID;
        effect->submitted_us = clock_mono_us();
        if (!is_read_still && executor_submit(policy->manager->executor, &effect->job)) {
                *place_of(policy, effect) = effect;
                return;
        }
        if (!is_read_still)
                workqueue_add_after(policy->manager->policies_queue, &policy->work, FULL_RETRY_MS);
        effect_free(effect);
}

static struct effect *effect_new(struct policy *policy, enum effect_kind kind)
{
        struct effect *effect = mem_new(effect);
        *effect = (struct effect){.kind = kind,
                                  .policy = policy,
                                  .loop = policy->manager->loop,
                                  .job = {.run = effect_run, .done = done, .group = VERIFICATIONS,
                                          .group_max = VERIFICATIONS_AT_ONCE}};
        return effect;
}

static struct effect *effect_to(struct policy *policy, enum effect_kind kind, const struct target_slot *slot)
{
        const struct target_ref *ref = &slot->ref;
        struct effect *effect = effect_new(policy, kind);
        struct arena *arena = &effect->arena;
        effect->ref = (struct target_ref){ref->kind, arena_strdup(arena, ref->driver),
                                          arena_strdup(arena, ref->endpoint), arena_strdup(arena, ref->name), ref->db};
        effect->job.group = endpoint_of(&effect->ref);
        effect->mechanism = slot->mechanism;
        mechanism_begin(effect->mechanism);
        effect->err = fill_config(effect, &effect->why);
        effect->job.group_max = effect->driver ? effect->driver->limits.at_once : VERIFICATIONS_AT_ONCE;
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

/* What cannot be used is said of the Secret: no server is asked with it, and none is blamed. */
static bool has_credentials(const struct policy *policy, const struct target_ref *ref)
{
        struct arena arena = {0};
        const char *error = target_secrets_error_of(policy, ref, &arena);
        bool is_usable = !error[0];
        arena_deinit(&arena);
        return is_usable;
}

static void tell_wait(const char *driver, mono_ms waited)
{
        static const double bounds[] = {0.001, 0.1, 0.5, 1, 2, 5, 10, 30, 60};
        static struct metric_family waits = {.name = "planekeeper_target_throttle_wait_seconds",
                                             .help = "Time that a visit waited so that its provider's rate limit is kept",
                                             .type = METRIC_HISTOGRAM,
                                             .labels = {"driver"},
                                             .buckets = bounds,
                                             .bucket_count = sizeof(bounds) / sizeof(bounds[0])};
        metrics_register(&waits);
        metric_observe(METRIC(&waits, driver), (double)waited / 1000.0);
}

/*
 * Whether the bucket lets it go now; else the policy comes again when it does. A turn is the slot's, whatever is done
 * with it: what was decided meanwhile goes in the place of what was to be looked at.
 */
static bool has_turn(struct policy *policy, struct target_slot *slot)
{
        const struct target_limits *limits = target_limits_of(slot->ref.driver);
        const mono_ms now = loop_now(policy->manager->loop);
        const bool is_spent = slot->turn_at && now - slot->turn_at > TURN_HELD_MS;
        if (!slot->turn_at || is_spent || slot->turn_at < slot->mechanism->hushed_until) {
                slot->waits_since = slot->turn_at && !is_spent ? slot->waits_since : now;
                slot->turn_at = mechanism_turn(slot->mechanism, limits->per_minute, now);
        }
        if (now < slot->turn_at) {
                workqueue_add_after(policy->manager->policies_queue, &policy->work, slot->turn_at - now);
                return false;
        }
        if (limits->per_minute)
                tell_wait(slot->ref.driver, now - slot->waits_since);
        slot->turn_at = 0;
        return true;
}

static bool may_visit(struct policy *policy, struct target_slot *slot)
{
        return !slot->effect && has_credentials(policy, &slot->ref) && has_turn(policy, slot);
}

void effect_read(struct policy *policy, struct target_slot *slot)
{
        if (!may_visit(policy, slot))
                return;
        struct effect *effect = effect_to(policy, EFFECT_READ, slot);
        effect->slot = slot;
        effect->asks_claims = wants_claims(slot, loop_now(policy->manager->loop));
        submit(effect);
}

void effect_write(struct policy *policy, struct target_slot *slot, const struct target_write *write)
{
        if (!may_visit(policy, slot))
                return;
        struct effect *effect = effect_to(policy, EFFECT_WRITE, slot);
        effect->slot = slot;
        effect->rests_on_looks = slot != policy->targets[0];
        if (effect->err == ERR_OK)
                fill_write(effect, write);
        submit(effect);
}

void effect_record(struct policy *policy, struct target_slot *slot)
{
        if (!may_visit(policy, slot))
                return;
        struct effect *effect = effect_to(policy, EFFECT_RECORD, slot);
        effect->slot = slot;
        effect->rests_on_looks = true;
        if (effect->err == ERR_OK)
                fill_record(effect);
        submit(effect);
}

void effect_verify(struct policy *policy)
{
        if (policy->verify.effect)
                return;
        struct effect *effect = effect_new(policy, EFFECT_VERIFY);
        fill_verify(effect);
        submit(effect);
}

void effect_start_alive(struct policy *policy, const char *say)
{
        const struct target_slot *slot = policy_name(policy);
        const unsigned per_minute = target_limits_of(slot->ref.driver)->per_minute;
        const mono_ms now = loop_now(policy->manager->loop);
        if (!slot->mechanism || !has_credentials(policy, &slot->ref) || !mechanism_has_room(slot->mechanism, per_minute, now))
                return; /* it is heard of again a little later */
        mechanism_charge(slot->mechanism, per_minute, 1, now);
        struct effect *effect = effect_to(policy, EFFECT_ALIVE, slot);
        effect->say = say ? arena_strdup(&effect->arena, say) : NULL;
        effect->want.ttl_s = policy->spec->dns.ttl_s;
        submit(effect);
}

void effect_start_preflight(struct policy *policy, struct target_slot *slot, const char *const *values, size_t count)
{
        const unsigned per_minute = target_limits_of(slot->ref.driver)->per_minute;
        const mono_ms now = loop_now(policy->manager->loop);
        if (!has_credentials(policy, &slot->ref) || !mechanism_has_room(slot->mechanism, per_minute, now))
                return; /* it is asked a little later */
        mechanism_charge(slot->mechanism, per_minute, 1, now);
        struct effect *effect = effect_to(policy, EFFECT_PREFLIGHT, slot);
        const char **copies = arena_alloc(&effect->arena, (count + 1) * sizeof(*copies));
        for (size_t i = 0; i < count; i++)
                copies[i] = arena_strdup(&effect->arena, values[i]);
        effect->values = copies;
        effect->value_count = count;
        submit(effect);
}

void effect_abandon(struct effect *effect)
{
        if (effect)
                effect->policy = NULL;
}
