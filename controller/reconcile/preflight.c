/* preflight.c -- whether the credentials may write the targets. */
#include "reconcile/preflight.h"

#include <stdlib.h>
#include <string.h>

#include "reconcile/effect.h"
#include "reconcile/policy.h"
#include "reconcile/target_config.h"
#include "reconcile/target_secrets.h"
#include "runtime/log.h"
#include "util/arena.h"
#include "util/mem.h"
#include "util/text.h"

enum { FIRST_AFTER_MS = 5000, SPREAD_MS = 10000, LOOK_EVERY_MS = 2000, AGAIN_MS = 60000, UNKNOWN_AGAIN = 10 };

static size_t primaries_of(const struct policy *policy, struct arena *arena, const char **ret)
{
        size_t count = 0;
        for (size_t i = 0; i < policy->plane_count; i++) {
                const struct management_plane *plane = policy->planes[i].plane->spec;
                if (plane && plane->redis_address[0])
                        ret[count++] = arena_strdup(arena, plane->redis_address);
        }
        return count;
}

/* The values whose form tells which rights are needed; their texts live in @arena. */
static const char *const *values_of(const struct policy *policy, const struct target_slot *slot, struct arena *arena,
                                    size_t *ret_count)
{
        const char **values = arena_alloc(arena, PLANES_MAX * sizeof(*values));
        const enum rrset_type type = policy->spec->dns.record_type;
        size_t count = 0;
        *ret_count = 0;
        if (slot->ref.kind == TARGET_PROMOTION)
                count = primaries_of(policy, arena, values);
        *ret_count = count;
        if (slot->ref.kind != TARGET_NAME)
                return values;
        if (type != RRSET_AUTO)
                values[count++] = arena_printf(arena, "%s -", rrset_type_name(type));
        for (size_t i = 0; type == RRSET_AUTO && i < policy->plane_count; i++)
                if (policy->planes[i].plane->rrset)
                        values[count++] = arena_strdup(arena, policy->planes[i].plane->rrset);
        *ret_count = count;
        return values;
}

/* An answer is about these settings, credentials and record types. */
static bool identify(const struct policy *policy, const struct target_slot *slot, uint64_t *ret)
{
        struct arena arena = {0};
        struct target_config config;
        struct errmsg ignored;
        const char *versions, *text;
        size_t count;
        target_config_settings(policy, &slot->ref, &arena, &config);
        bool is_known = target_secrets_versions(policy, &slot->ref, &arena, &versions, &ignored) == ERR_OK;
        if (is_known) {
                const char *const *values = values_of(policy, slot, &arena, &count);
                text = arena_printf(&arena, "%s\n%s", target_config_text(&config, &arena), versions);
                for (size_t i = 0; i < count; i++)
                        text = arena_printf(&arena, "%s %.*s", text, (int)strcspn(values[i], " "), values[i]);
                *ret = text_hash(text);
        }
        arena_deinit(&arena);
        return is_known;
}

static mono_ms again_after(const struct target_slot *slot)
{
        const struct target_rights *rights = &slot->rights;
        const mono_ms every = target_limits_of(slot->ref.driver)->preflight_every_ms;
        return rights->refusal ? AGAIN_MS : rights->is_known ? every : every / UNKNOWN_AGAIN;
}

/* The settings, credentials and types are compared with those asked about from time to time. */
static bool is_due(const struct policy *policy, const struct target_slot *slot, bool looks, mono_ms now)
{
        const struct target_rights *rights = &slot->rights;
        uint64_t of;
        if (!target_limits_of(slot->ref.driver)->preflight_every_ms || slot->reach != REACH_OK || slot->effect ||
            now < slot->retry_at)
                return false;
        if (!rights->asked_at || now - rights->asked_at >= again_after(slot))
                return true;
        return looks && identify(policy, slot, &of) && rights->of != of;
}

static void ask(struct policy *policy, struct target_slot *slot)
{
        struct arena arena = {0};
        size_t count;
        const char *const *values = values_of(policy, slot, &arena, &count);
        effect_start_preflight(policy, slot, values, count);
        arena_deinit(&arena);
}

/* Spread by the key, so that policies that begin together do not all ask at once. */
static mono_ms first_after(const struct policy *policy)
{
        return FIRST_AFTER_MS + (mono_ms)(text_hash(policy->key) % SPREAD_MS);
}

static bool is_busy(const struct policy *policy)
{
        for (unsigned i = 0; i < policy->target_count; i++)
                if (policy->targets[i]->effect)
                        return true;
        return false;
}

void preflight_turn(struct policy *policy, const struct decision *decision)
{
        struct preflight *preflight = &policy->preflight;
        const mono_ms now = loop_now(policy->manager->loop);
        if (!decision->rests || policy->manager->stopping)
                return;
        if (!preflight->rested_at) {
                preflight->rested_at = now;
                workqueue_add_after(policy->manager->policies_queue, &policy->work, first_after(policy));
        }
        if (preflight->effect || now - preflight->rested_at < first_after(policy))
                return;
        const bool looks = now - preflight->looked_at >= LOOK_EVERY_MS;
        /* Passes come when a target is due to be read: it is compared in the one that its visit ends with. */
        if (looks && !is_busy(policy))
                preflight->looked_at = now;
        for (unsigned i = 0; i < policy->target_count && !preflight->effect; i++)
                if (is_due(policy, policy->targets[i], looks, now))
                        ask(policy, policy->targets[i]);
}

static struct target_slot *slot_of(const struct policy *policy, const struct target_ref *ref)
{
        for (unsigned i = 0; i < policy->target_count; i++)
                if (target_ref_equal(&policy->targets[i]->ref, ref))
                        return policy->targets[i];
        return NULL;
}

static const char *last_field(const struct target_secret *secret)
{
        const char *dot = strrchr(secret->field, '.');
        return dot ? dot : secret->field;
}

/* People know credentials by their Secret. Several servers have one each, under the same field. */
static char *refusal_text(const struct policy *policy, const struct effect *effect)
{
        struct target_secret secrets[TARGET_SECRETS_MAX];
        struct arena arena = {0};
        const unsigned count = policy->spec ? target_config_secrets(policy, &effect->ref, &arena, secrets) : 0;
        const char *text = effect->why.text;
        for (unsigned i = 0; i < count && effect->err == ERR_DENIED; i++)
                if (i == 0 || text_equal(last_field(&secrets[i]), last_field(&secrets[0])))
                        text = arena_printf(&arena, "%s%s Secret %s/%s (%s)", text,
                                            i ? "," : "; the credentials are those of", policy->namespace_name,
                                            secrets[i].secret, secrets[i].field);
        char *copy = mem_strdup(text);
        arena_deinit(&arena);
        return copy;
}

void preflight_done(struct policy *policy, struct effect *effect)
{
        struct target_slot *slot = slot_of(policy, &effect->ref);
        uint64_t of;
        policy->preflight.effect = NULL;
        policy->preflight.looked_at = 0; /* another target may be due */
        if (!slot || !policy->spec || !identify(policy, slot, &of))
                return;
        if (effect->has_found_servers)
                verify_found(policy, &effect->found_servers);
        if (effect->retry_after_ms > 0)
                mechanism_pause(effect->mechanism, loop_now(policy->manager->loop) + effect->retry_after_ms);
        struct target_rights *rights = &slot->rights;
        const bool is_refused = effect->err == ERR_DENIED || effect->err == ERR_INVALID;
        char *refusal = is_refused ? refusal_text(policy, effect) : NULL;
        if (is_refused && !text_equal(refusal, rights->refusal))
                log_line(LOG_WARN, "preflight", refusal, LOG_TEXT_FIELD("policy", policy->key),
                         LOG_TEXT_FIELD("target", slot->ref.name),
                         LOG_TEXT_FIELD("class", err_name(effect->err)));
        /* Without an answer, the last one about the same credentials stays. */
        const bool stays = !is_refused && effect->err != ERR_OK && rights->of == of;
        if (!stays) {
                free(rights->refusal);
                rights->refusal = refusal;
                rights->is_known = is_refused || effect->err == ERR_OK;
        }
        if (is_refused)
                target_secrets_refresh(policy, &slot->ref);
        rights->asked_at = loop_now(policy->manager->loop);
        rights->of = of;
        workqueue_add_after(policy->manager->policies_queue, &policy->work, again_after(slot));
}

void preflight_forget(struct policy *policy)
{
        effect_abandon(policy->preflight.effect);
        policy->preflight = (struct preflight){0};
}

void target_rights_clear(struct target_rights *rights)
{
        free(rights->refusal);
        *rights = (struct target_rights){0};
}
