/* effect.c -- one blocking visit to a target as an executor job: what it is given, and what becomes of it. */
#include "reconcile/effect.h"

#include <stdlib.h>
#include <string.h>

#include "core/targets.h"
#include "reconcile/act.h"
#include "reconcile/target_secrets.h"
#include "reconcile/record_store.h"
#include "reconcile/secret_cache.h"
#include "runtime/clock.h"
#include "util/mem.h"
#include "util/text.h"

/* A dead server holds a worker until the deadline, so no endpoint may have them all; other servers are only looked at
 * one by one. */
enum { FULL_RETRY_MS = 100, VISITS_AT_ONCE = 3, VERIFICATIONS = 1, VERIFICATIONS_AT_ONCE = 1 };

static bool is_switching(const struct policy *policy)
{
        return policy->record && policy->record->phase == PHASE_SWITCHING;
}

const char *effect_dns_server(const struct policy *policy)
{
        const struct policy_dns *dns = &policy->spec->dns;
        const struct dns_driver *driver = dns_driver_find(dns->provider);
        for (size_t i = 0; driver && i < dns->setting_count; i++)
                if (strcmp(dns->settings[i].key, driver->where) == 0)
                        return dns->settings[i].value;
        return "";
}

char *effect_dns_source(const struct policy *policy)
{
        struct strbuf text = STRBUF_INIT(2048);
        if (is_switching(policy))
                (void)strbuf_printf(&text, "%s %s %s", policy->record->plan.dns_provider,
                                    policy->record->plan.dns_server, policy->record->plan.dns_name);
        else
                (void)strbuf_printf(&text, "%s %s %s", policy->spec->dns.provider, effect_dns_server(policy),
                                    policy->spec->dns.name);
        return strbuf_take(&text);
}

char *effect_lock_source(const struct policy *policy)
{
        struct strbuf text = STRBUF_INIT(2048);
        if (is_switching(policy)) {
                const struct plan *plan = &policy->record->plan;
                if (plan->lock_server[0])
                        (void)strbuf_printf(&text, "%s/%u %s", plan->lock_server, plan->lock_db, plan->lock_key);
        } else if (policy->spec->redis.lock_key[0]) {
                (void)strbuf_printf(&text, "%s/%u %s", policy->spec->redis.address, policy->spec->redis.db,
                                    policy->spec->redis.lock_key);
        }
        return strbuf_take(&text);
}

char *effect_mechanism_key(const struct policy *policy, const char *source, const char *secret)
{
        const char *name = strrchr(source, ' ');
        struct strbuf text = STRBUF_INIT(2048);
        (void)strbuf_printf(&text, "%.*s %s/%s", name ? (int)(name - source) : 0, source, policy->namespace_name,
                            secret);
        return strbuf_take(&text);
}

static enum err find_secret(const struct policy *policy, const char *name, const struct secret_object **ret,
                            struct errmsg *reterr)
{
        return secret_cache_get(policy->manager->secrets, policy->namespace_name, name, ret, reterr);
}

static enum err copy_key(const struct policy *policy, const char *name, const char *key, struct secret *to,
                         struct errmsg *reterr)
{
        const struct secret_object *object;
        const struct secret *value;
        enum err err = find_secret(policy, name, &object, reterr);
        if (err == ERR_OK)
                err = secret_object_require(object, key, &value, reterr);
        if (err == ERR_OK)
                secret_copy(to, value);
        return err;
}

/* The spec's settings with the plan's server and name in their place while a switch is under way: the running epoch
 * keeps its plan. */
static enum err fill_dns(struct effect *effect, struct errmsg *reterr)
{
        const struct policy *policy = effect->policy;
        const struct policy_dns *dns = &policy->spec->dns;
        const struct plan *plan = is_switching(policy) ? &policy->record->plan : NULL;
        effect->driver = dns_driver_find(plan ? plan->dns_provider : dns->provider);
        if (!effect->driver)
                return err_set(reterr, ERR_INVALID, "no DNS provider \"%s\" is built in",
                               plan ? plan->dns_provider : dns->provider);
        struct target_setting *settings = arena_alloc(&effect->arena, (dns->setting_count + 1) * sizeof(*settings));
        for (size_t i = 0; i < dns->setting_count; i++) {
                bool is_where = plan && strcmp(dns->settings[i].key, effect->driver->where) == 0;
                settings[i].key = arena_strdup(&effect->arena, dns->settings[i].key);
                settings[i].value = arena_strdup(&effect->arena, is_where ? plan->dns_server : dns->settings[i].value);
        }
        effect->config = (struct target_config){.name = arena_strdup(&effect->arena, plan ? plan->dns_name : dns->name),
                                                .ttl_s = plan ? plan->dns_ttl_s : dns->ttl_s,
                                                .settings = settings,
                                                .setting_count = dns->setting_count};
        if (!dns->credentials_secret[0])
                return ERR_OK;
        const struct secret_object *object;
        enum err err = find_secret(policy, dns->credentials_secret, &object, reterr);
        if (err != ERR_OK)
                return err;
        effect->credentials = mem_calloc(object->count, sizeof(*effect->credentials));
        effect->credential_count = object->count;
        for (size_t i = 0; i < object->count; i++) {
                effect->credentials[i].key = arena_strdup(&effect->arena, object->entries[i].key);
                secret_copy(&effect->credentials[i].value, &object->entries[i].value);
        }
        effect->config.credentials = effect->credentials;
        effect->config.credential_count = effect->credential_count;
        return ERR_OK;
}

static enum err fill_redis_tls(struct effect *effect, const struct policy_redis *redis, struct errmsg *reterr)
{
        const struct policy *policy = effect->policy;
        enum err err = ERR_OK;
        effect->lock_tls.enabled = true;
        if (redis->tls.server_name[0])
                effect->lock_tls.server_name = arena_strdup(&effect->arena, redis->tls.server_name);
        if (redis->tls.ca.name[0])
                err = copy_key(policy, redis->tls.ca.name, redis->tls.ca.key, &effect->lock_tls.ca, reterr);
        if (err == ERR_OK && redis->tls.client_certificate[0])
                err = copy_key(policy, redis->tls.client_certificate, "tls.crt", &effect->lock_tls.certificate, reterr);
        if (err == ERR_OK && redis->tls.client_certificate[0])
                err = copy_key(policy, redis->tls.client_certificate, "tls.key", &effect->lock_tls.key, reterr);
        effect->lock.tls = &effect->lock_tls;
        return err;
}

static enum err fill_lock(struct effect *effect, struct errmsg *reterr)
{
        const struct policy *policy = effect->policy;
        const struct policy_redis *redis = &policy->spec->redis;
        const struct plan *plan = is_switching(policy) ? &policy->record->plan : NULL;
        effect->lock.address = arena_strdup(&effect->arena, plan ? plan->lock_server : redis->address);
        effect->lock.key = arena_strdup(&effect->arena, plan ? plan->lock_key : redis->lock_key);
        effect->lock.db = plan ? plan->lock_db : redis->db;
        effect->lock.wait_replicas = redis->wait_replicas;
        if (redis->auth_secret[0]) {
                const struct secret_object *object;
                enum err err = find_secret(policy, redis->auth_secret, &object, reterr);
                if (err == ERR_OK)
                        err = copy_key(policy, redis->auth_secret, "password", &effect->password, reterr);
                if (err != ERR_OK)
                        return err;
                const struct secret *username = secret_object_find(object, "username");
                if (username && !secret_is_empty(username)) {
                        secret_copy(&effect->username, username);
                        effect->lock.username = &effect->username;
                }
                effect->lock.password = &effect->password;
        }
        return redis->uses_tls ? fill_redis_tls(effect, redis, reterr) : ERR_OK;
}

static void copy_stamp(struct stamp *to, const struct stamp *from)
{
        *to = *from;
        to->plane = from->plane ? mem_strdup(from->plane) : NULL;
        to->store = from->store ? mem_strdup(from->store) : NULL;
        to->raw = from->raw ? mem_strdup(from->raw) : NULL;
        to->claim = from->claim ? mem_strdup(from->claim) : NULL;
}

bool effect_is_dns(enum effect_kind kind)
{
        return kind == EFFECT_READ_DNS || kind == EFFECT_SET_DNS || kind == EFFECT_SET_RECORD;
}

static void fill_expected(struct effect *effect)
{
        const struct policy *policy = effect->policy;
        effect->dns_expected = policy->dns;
        effect->dns_expected.rrset = mem_strdup(policy->dns.rrset ? policy->dns.rrset : "");
        effect->dns_expected.zone = policy->dns.zone ? mem_strdup(policy->dns.zone) : NULL;
        effect->dns_expected.doubt = NULL; /* told already, and nothing to expect */
        copy_stamp(&effect->dns_expected.stamp, &policy->dns.stamp);
        effect->lock_expected = policy->lock;
        effect->lock_expected.value = mem_strdup(policy->lock.value ? policy->lock.value : "");
        copy_stamp(&effect->lock_expected.stamp, &policy->lock.stamp);
}

/* Whose stamp counts as ours at this target: from before another store was chosen, or because a person said so. */
static const char *former_of(const struct effect *effect, struct arena *arena)
{
        const struct policy *policy = effect->policy;
        const char *former = policy->store->former(policy, arena), *owner = policy->store->owner(policy, arena);
        const struct stamp *stamp = effect_is_dns(effect->kind) ? &policy->dns.stamp : &policy->lock.stamp;
        bool is_taken_over = !former[0] && stamp->store && !policy->requests.handled[REQUEST_KEY_TAKEOVER] &&
                             targets_are_kin(stamp->store, owner) &&
                             targets_takeover_names(policy->spec->takeover, stamp->id);
        return is_taken_over ? arena_strdup(arena, stamp->store) : former;
}

/* A decision, bound to the addresses as they were read. */
static void fill_record(struct effect *effect)
{
        const struct policy *policy = effect->policy;
        const struct record *record = policy->record_write.record;
        struct arena *arena = &effect->arena;
        effect->epoch = record->epoch;
        effect->want = (struct dns_want){
            .rrset = arena_strdup(arena, policy->dns.rrset ? policy->dns.rrset : ""),
            .ttl_s = policy->spec->dns.ttl_s,
            .epoch = record->epoch,
            .id = record->id,
            .plane = arena_strdup(arena, record->to),
            .store = policy->store->owner(policy, arena),
            .former = former_of(effect, arena),
            .record = arena_strdup(arena, policy->record_write.text),
            .keeps_value = true,
        };
        fill_expected(effect);
}

static void fill_want(struct effect *effect)
{
        const struct policy *policy = effect->policy;
        const struct record *record = policy->record;
        struct arena *arena = &effect->arena;
        effect->epoch = record->epoch;
        effect->want = (struct dns_want){
            .rrset = arena_strdup(arena, record->plan.to_rrset),
            .ttl_s = record->plan.dns_ttl_s,
            .epoch = record->epoch,
            .id = record->id,
            .plane = arena_strdup(arena, record->to),
            .store = policy->store->owner(policy, arena),
            .former = former_of(effect, arena),
            .record = policy->store->text_beside(policy, arena),
        };
        effect->lock_value = arena_strdup(arena, record->plan.to_lock);
        fill_expected(effect);
}

static enum err fill_verify(struct effect *effect)
{
        const struct policy_dns *dns = &effect->policy->spec->dns;
        effect->config.name = arena_strdup(&effect->arena, effect->policy->record->plan.dns_name);
        for (size_t i = 0; i < dns->verify_count && i < VERIFY_SERVERS_MAX; i++)
                effect->servers[effect->server_count++] = arena_strdup(&effect->arena, dns->verify_servers[i]);
        fill_want(effect);
        return ERR_OK;
}

static void effect_free(struct effect *effect)
{
        for (size_t i = 0; i < effect->credential_count; i++)
                secret_clear(&effect->credentials[i].value);
        free(effect->credentials);
        secret_clear(&effect->username);
        secret_clear(&effect->password);
        secret_clear(&effect->lock_tls.ca);
        secret_clear(&effect->lock_tls.certificate);
        secret_clear(&effect->lock_tls.key);
        dns_state_clear(&effect->dns_expected);
        lock_state_clear(&effect->lock_expected);
        dns_state_clear(&effect->dns);
        lock_state_clear(&effect->lock_state);
        arena_deinit(&effect->arena);
        free(effect->source);
        free(effect->heard);
        free(effect);
}

static void done(struct job *job)
{
        struct effect *effect = CONTAINER_OF(job, struct effect, job);
        if (effect->policy)
                act_effect_done(effect->policy, effect);
        effect_free(effect);
}

static struct effect **slot_of(struct policy *policy, enum effect_kind kind)
{
        if (kind == EFFECT_VERIFY || kind == EFFECT_ALIVE)
                return kind == EFFECT_VERIFY ? &policy->verify_effect : &policy->alive.effect;
        return effect_is_dns(kind) ? &policy->dns_slot.effect : &policy->lock_slot.effect;
}

/*
 * A dead server is dead for every name, database and credential: what comes first in the source says which one it is.
 */
static uint64_t endpoint_of(const struct effect *effect, bool is_dns)
{
        const char *end = is_dns ? strrchr(effect->source, ' ') : strchr(effect->source, '/');
        struct strbuf text = STRBUF_INIT(2048);
        (void)strbuf_printf(&text, "%.*s", end ? (int)(end - effect->source) : 0, effect->source);
        uint64_t hash = text_hash(strbuf_text(&text));
        strbuf_deinit(&text);
        return hash;
}

static bool submit(struct effect *effect)
{
        struct policy *policy = effect->policy;
        effect->submitted_us = clock_mono_us();
        if (effect->err == ERR_OK && executor_submit(policy->manager->executor, &effect->job)) {
                *slot_of(policy, effect->kind) = effect;
                return true;
        }
        if (effect->err == ERR_NOT_FOUND) /* a Secret that lacks a key is no outage: a person has to complete it */
                effect->err = ERR_INVALID;
        bool is_full = effect->err == ERR_OK;
        if (is_full)
                workqueue_add_after(policy->manager->policies_queue, &policy->work, FULL_RETRY_MS);
        else if (effect->err != ERR_TRANSIENT) /* a Secret that is still being read wakes the policy when it is there */
                act_effect_done(policy, effect);
        effect_free(effect);
        return !is_full;
}

static bool is_of_dns_server(enum effect_kind kind)
{
        return effect_is_dns(kind) || kind == EFFECT_ALIVE;
}

static struct effect *effect_new(struct policy *policy, enum effect_kind kind)
{
        struct effect *effect = mem_new(effect);
        *effect = (struct effect){.kind = kind, .policy = policy, .job = {.run = effect_run, .done = done}};
        bool is_dns = is_of_dns_server(kind), is_verification = kind == EFFECT_VERIFY;
        effect->source = is_dns ? effect_dns_source(policy) : effect_lock_source(policy);
        effect->job.group = is_verification ? VERIFICATIONS : endpoint_of(effect, is_dns);
        effect->job.group_max = is_verification ? VERIFICATIONS_AT_ONCE : VISITS_AT_ONCE;
        return effect;
}

/* Before a name is taken over each time it is read, and from time to time ever after. */
static bool wants_claims(const struct policy *policy)
{
        return policy->dns.stamp.presence != STAMP_OURS || policy->dns.stamp.claim ||
               loop_now(policy->manager->loop) - policy->dns_claims_at >= CLAIMS_EVERY_MS;
}

/* What cannot be used is said of the Secret: no server is asked with it, and none is blamed. */
static bool has_credentials(const struct policy *policy, enum effect_kind kind)
{
        struct arena arena = {0};
        const char *error = kind == EFFECT_VERIFY          ? ""
                            : is_of_dns_server(kind) ? target_secrets_dns_error(policy, &arena)
                                                     : target_secrets_lock_error(policy, &arena);
        bool is_usable = !error[0];
        arena_deinit(&arena);
        return is_usable;
}

bool effect_start(struct policy *policy, enum effect_kind kind)
{
        if (*slot_of(policy, kind))
                return true;
        if (!has_credentials(policy, kind))
                return false;
        struct effect *effect = effect_new(policy, kind);
        if (kind == EFFECT_VERIFY)
                effect->err = fill_verify(effect);
        else
                effect->err = effect_is_dns(kind) ? fill_dns(effect, &effect->why) : fill_lock(effect, &effect->why);
        effect->asks_claims = kind == EFFECT_READ_DNS && wants_claims(policy);
        if (effect->err == ERR_OK && (kind == EFFECT_SET_DNS || kind == EFFECT_SET_LOCK))
                fill_want(effect);
        if (effect->err == ERR_OK && kind == EFFECT_SET_RECORD)
                fill_record(effect);
        return submit(effect);
}

bool effect_start_alive(struct policy *policy, const char *say)
{
        if (!has_credentials(policy, EFFECT_ALIVE))
                return false;
        struct effect *effect = effect_new(policy, EFFECT_ALIVE);
        effect->say = say ? arena_strdup(&effect->arena, say) : NULL;
        effect->err = fill_dns(effect, &effect->why);
        return submit(effect);
}

void effect_abandon(struct effect *effect)
{
        if (effect)
                effect->policy = NULL;
}
