/* target_config.c -- the settings and credentials for a driver's session, from the spec of a policy. */
#include "reconcile/target_config.h"

#include <stdlib.h>
#include <string.h>

#include "core/targets.h"
#include "reconcile/fence_config.h"
#include "reconcile/pipeline_config.h"
#include "util/mem.h"
#include "util/text.h"

enum {
        REDIS_SETTINGS_MAX = 5,
        PROMOTION_SETTINGS_MAX = 7,
        LOCK_JOB_SETTINGS_MAX = 2 + PIPELINE_SETTINGS_MAX + 1, /* the last one is kubeConfig */
};

static unsigned name_secrets(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                             struct target_secret *ret)
{
        (void)ref;
        const struct policy_dns *dns = &policy->spec->dns;
        const struct target_driver *driver = target_driver_find(dns->provider);
        if (!driver || !dns->credentials_secret[0])
                return 0;
        ret[0] = (struct target_secret){
            .field = arena_printf(arena, "spec.dns.%s.%s", dns->provider, dns->credentials_field),
            .secret = dns->credentials_secret,
            .wanted = driver->credentials_wanted};
        return 1;
}

static void dns_settings(const struct policy_dns *dns, const struct target_ref *ref, struct arena *arena,
                         struct target_config *ret)
{
        const struct target_driver *driver = target_driver_find(ref->driver);
        struct target_setting *settings = arena_alloc(arena, (dns->setting_count + 1) * sizeof(*settings));
        size_t count = 0;
        for (; count < dns->setting_count; count++) {
                bool is_where = driver && !driver->identify && text_equal(dns->settings[count].key, driver->where);
                settings[count].key = arena_strdup(arena, dns->settings[count].key);
                settings[count].value = arena_strdup(arena, is_where ? ref->endpoint : dns->settings[count].value);
        }
        if (driver && driver->identify)
                settings[count++] = (struct target_setting){TARGET_IDENTITY, arena_strdup(arena, ref->endpoint)};
        ret->settings = settings;
        ret->setting_count = count;
}

static void name_settings(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                          struct target_config *ret)
{
        dns_settings(&policy->spec->dns, ref, arena, ret);
}

/* The names of the Secrets and settings of one server, or group of servers. */
struct redis_access {
        const char *path; /* of the fields, for people */
        const char *auth_secret;
        bool uses_tls;
        const struct tls_refs *tls;
        const char *prefix; /* before the names that the driver knows the entries by, "sentinel." */
};

static struct redis_access access_of(const struct policy_redis *redis)
{
        return (struct redis_access){"spec.redis", redis->auth_secret, redis->uses_tls, &redis->tls, ""};
}

static struct redis_access promoter_of(const struct policy_redis *redis, struct arena *arena)
{
        const struct policy_promotion *promotion = &redis->promotion;
        return (struct redis_access){arena_printf(arena, "spec.redis.promotion.%s", promotion->driver),
                                     promotion->auth_secret, promotion->uses_tls, &promotion->tls,
                                     arena_printf(arena, "%s.", promotion->driver)};
}

static unsigned access_secrets(const struct redis_access *access, struct arena *arena, struct target_secret *ret)
{
        const char *path = access->path, *prefix = access->prefix;
        const struct tls_refs *tls = access->tls;
        unsigned count = 0;
        if (access->auth_secret[0])
                ret[count++] =
                    (struct target_secret){.field = arena_printf(arena, "%s.authSecretRef", path),
                                           .secret = access->auth_secret,
                                           .wanted = "password, and username where the server has users",
                                           .keys = {{"password", arena_printf(arena, "%spassword", prefix), false},
                                                    {"username", arena_printf(arena, "%susername", prefix), true}},
                                           .key_count = 2};
        if (access->uses_tls && tls->ca.name[0])
                ret[count++] =
                    (struct target_secret){.field = arena_printf(arena, "%s.tls.caSecretRef", path),
                                           .secret = tls->ca.name,
                                           .wanted = arena_printf(arena, "%s, with certificates in PEM", tls->ca.key),
                                           .keys = {{tls->ca.key, arena_printf(arena, "%sca.crt", prefix), false}},
                                           .key_count = 1};
        if (access->uses_tls && tls->client_certificate[0])
                ret[count++] =
                    (struct target_secret){.field = arena_printf(arena, "%s.tls.clientCertificateSecretRef", path),
                                           .secret = tls->client_certificate,
                                           .wanted = "tls.crt and tls.key, in PEM without a passphrase",
                                           .keys = {{"tls.crt", arena_printf(arena, "%stls.crt", prefix), false},
                                                    {"tls.key", arena_printf(arena, "%stls.key", prefix), false}},
                                           .key_count = 2};
        return count;
}

static unsigned lock_secrets(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                             struct target_secret *ret)
{
        (void)ref;
        const struct redis_access redis = access_of(&policy->spec->redis);
        if (!policy->spec->redis.lock_key[0])
                return 0;
        const unsigned count = access_secrets(&redis, arena, ret);
        if (!policy->spec->redis.lock_job)
                return count;
        return count + pipeline_config_hub(policy->spec->redis.lock_job,
                                           "spec.redis.lock.job.kubeConfig.secretRef", arena, ret + count);
}

/* The keys for who moves the primary, where that is a provider's service. */
static unsigned provider_secrets(const struct redis_access *promoter, const struct policy_promotion *promotion,
                                 struct arena *arena, struct target_secret *ret)
{
        const struct target_driver *driver = target_driver_find(promotion->driver);
        if (!driver || !promotion->credentials_secret || !promotion->credentials_secret[0])
                return 0;
        *ret = (struct target_secret){.field = arena_printf(arena, "%s.credentialsSecretRef", promoter->path),
                                      .secret = promotion->credentials_secret,
                                      .wanted = driver->credentials_wanted ? driver->credentials_wanted : "none",
                                      .prefix = promoter->prefix};
        return 1;
}

static unsigned promotion_secrets(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                                  struct target_secret *ret)
{
        const struct failover_policy *spec = policy->spec;
        const bool is_watched = strcmp(ref->driver, TARGET_STANDBY_DRIVER) == 0;
        if (!failover_policy_promotes(spec) && !is_watched)
                return 0;
        const struct redis_access redis = access_of(&spec->redis), promoter = promoter_of(&spec->redis, arena);
        unsigned count = access_secrets(&redis, arena, ret);
        if (is_watched)
                return count;
        count += access_secrets(&promoter, arena, ret + count);
        return count + provider_secrets(&promoter, &spec->redis.promotion, arena, ret + count);
}

/* ---- the Redis that is promoted ---- */

static const char *first_line(const char *lines, struct arena *arena)
{
        return arena_printf(arena, "%.*s", (int)strcspn(lines, "\n"), lines);
}

static const struct plan_target *promotion_planned(const struct policy *policy)
{
        const struct record *record = policy->keeper.record;
        return record ? plan_find(&record->plan, TARGET_PROMOTION) : NULL;
}

/*
 * The Redis that the record has made the primary, or is making it: nothing that is written to another one counts. At
 * rest a primary that is moved by itself as well is where it shows, which is where clients look for it. ""
 * where neither the record nor a look says which.
 */
static const char *promoted(const struct policy *policy, struct arena *arena)
{
        const char *shown = "", *driver = "";
        for (unsigned i = 0; i < policy->target_count; i++) {
                const struct target_slot *slot = policy->targets[i];
                if (slot->ref.kind != TARGET_PROMOTION || !slot->read_at || !slot->state.present)
                        continue;
                /* Where several say that they are the primary all are shown, and none of them is it. */
                shown = strchr(slot->state.value, ' ') ? "" : slot->state.value;
                driver = slot->ref.driver;
        }
        const struct plan_target *planned = promotion_planned(policy);
        const char *to = planned ? planned->to : "";
        const bool is_elsewhere =
            shown[0] && policy->keeper.record && policy->keeper.record->phase == PHASE_STEADY &&
            target_limits_of(driver)->moves_itself;
        if (!to[0] || is_elsewhere || target_is_wanted(TARGET_PROMOTION, to, shown))
                return arena_strdup(arena, shown);
        return first_line(to, arena);
}

/* Whether a lock at @endpoint is in the Redis that is promoted: both are called alike. */
static bool follows_promotion(const struct policy *policy, const char *endpoint)
{
        const struct plan_target *planned = promotion_planned(policy);
        bool is_of_spec = failover_policy_promotes(policy->spec) && text_equal(policy->promotion_server, endpoint);
        return is_of_spec || (planned && text_equal(planned->ref.endpoint, endpoint));
}

static void add_setting(struct target_config *config, struct target_setting *settings, const char *key,
                        const char *value)
{
        settings[config->setting_count++] = (struct target_setting){key, value};
}

static void add_tls(struct target_config *config, struct target_setting *settings, const struct tls_refs *tls,
                    const char *key, const char *name_key)
{
        add_setting(config, settings, key, "true");
        if (tls->server_name[0])
                add_setting(config, settings, name_key, tls->server_name);
}

/* The Job whose command sets the lock, and what it is told. */
static void lock_job_settings(const struct policy *policy, struct target_setting *settings, struct arena *arena,
                              struct target_config *ret)
{
        const struct target_config job =
            pipeline_config_of(policy->spec, policy->spec->redis.lock_job, arena);
        add_setting(ret, settings, "byCommand", "true");
        add_setting(ret, settings, "isReadBack", "true");
        for (size_t i = 0; i < job.setting_count; i++)
                add_setting(ret, settings, job.settings[i].key, job.settings[i].value);
        ret->settings = settings;
        pipeline_config_facts(policy, "redis.lock", arena, ret);
}

static void lock_settings(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                          struct target_config *ret)
{
        const struct policy_redis *redis = &policy->spec->redis;
        const size_t room = REDIS_SETTINGS_MAX + LOCK_JOB_SETTINGS_MAX;
        struct target_setting *settings = arena_alloc(arena, room * sizeof(*settings));
        const char *address =
            follows_promotion(policy, ref->endpoint) ? promoted(policy, arena) : arena_strdup(arena, ref->endpoint);
        add_setting(ret, settings, "address", address);
        add_setting(ret, settings, "db", arena_printf(arena, "%u", (unsigned)ref->db));
        add_setting(ret, settings, "waitReplicas", arena_printf(arena, "%u", (unsigned)redis->wait_replicas));
        if (redis->uses_tls)
                add_tls(ret, settings, &redis->tls, "tls", "serverName");
        ret->settings = settings;
        /* A running epoch keeps its own driver, whatever the spec says by now. */
        if (text_equal(ref->driver, TARGET_LOCK_JOB_DRIVER) && redis->lock_job)
                lock_job_settings(policy, settings, arena, ret);
}

/*
 * Its own settings; and "server" for each plane's Redis, "member" for where that is in ElastiCache, "planned" for what
 * the record wants, "isSettled" where the record is at rest.
 */
static void promotion_settings(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                               struct target_config *ret)
{
        const struct policy_redis *redis = &policy->spec->redis;
        const struct policy_promotion *promotion = &redis->promotion;
        const struct plan_target *planned = promotion_planned(policy);
        const size_t room = promotion->setting_count + 2 * PLANES_MAX + PROMOTION_SETTINGS_MAX;
        struct target_setting *settings = arena_alloc(arena, room * sizeof(*settings));
        for (size_t i = 0; i < promotion->setting_count; i++)
                add_setting(ret, settings, promotion->settings[i].key, promotion->settings[i].value);
        for (size_t i = 0; i < policy->plane_count; i++) {
                const struct management_plane *plane = policy->planes[i].plane->spec;
                if (plane && plane->redis_address[0])
                        add_setting(ret, settings, "server", plane->redis_address);
                if (plane && plane->redis_address[0] && plane->redis_elasticache.region[0])
                        add_setting(ret, settings, "member",
                                    arena_printf(arena, "%s %s %s %s", plane->redis_address,
                                                 plane->redis_elasticache.region, plane->redis_elasticache.group_id,
                                                 plane->redis_elasticache.endpoint));
        }
        if (planned && planned->to[0] && target_ref_equal(&planned->ref, ref)) {
                add_setting(ret, settings, "planned", arena_strdup(arena, planned->to));
                add_setting(ret, settings, "isSettled",
                            policy->keeper.record->phase == PHASE_STEADY ? "true" : "false");
                add_setting(ret, settings, "isConfirmed",
                            record_is_confirmed(policy->keeper.record) ? "true" : "false");
        }
        if (redis->uses_tls)
                add_tls(ret, settings, &redis->tls, "tls", "serverName");
        if (promotion->auth_secret[0])
                add_setting(ret, settings, arena_printf(arena, "%sAuth", promotion->driver), "true");
        if (promotion->uses_tls)
                add_tls(ret, settings, &promotion->tls, arena_printf(arena, "%sTLS", promotion->driver),
                        arena_printf(arena, "%sServerName", promotion->driver));
        for (size_t i = 0; i < ret->setting_count; i++) {
                settings[i].key = arena_strdup(arena, settings[i].key);
                settings[i].value = arena_strdup(arena, settings[i].value);
        }
        ret->settings = settings;
}

static unsigned pipeline_secrets(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                                 struct target_secret *ret)
{
        return pipeline_config_secrets(policy->spec, ref, arena, ret);
}

static const struct {
        unsigned (*secrets)(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                            struct target_secret *ret);
        void (*settings)(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                         struct target_config *ret);
} rows[TARGET_KIND_COUNT] = {
    [TARGET_FENCE] = {fence_config_secrets, fence_config_settings},
    [TARGET_PROMOTION] = {promotion_secrets, promotion_settings},
    [TARGET_LOCK] = {lock_secrets, lock_settings},
    [TARGET_NAME] = {name_secrets, name_settings},
    [TARGET_PIPELINE] = {pipeline_secrets, pipeline_config_settings},
};

unsigned target_config_secrets(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                               struct target_secret ret[static TARGET_SECRETS_MAX])
{
        return rows[ref->kind].secrets ? rows[ref->kind].secrets(policy, ref, arena, ret) : 0;
}

void target_config_settings(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                            struct target_config *ret)
{
        *ret = (struct target_config){.aws = policy->manager->options.aws, .kube = &policy->manager->targets_kube};
        if (rows[ref->kind].settings)
                rows[ref->kind].settings(policy, ref, arena, ret);
}

enum err target_config_check(const struct failover_policy *spec, struct errmsg *reterr)
{
        const struct target_driver *driver = target_driver_find(spec->dns.provider);
        if (driver && spec->dns.record_type == RRSET_ALIAS && !driver->limits.has_aliases)
                return err_set(reterr, ERR_INVALID,
                               "failoverpolicy %s/%s: spec.dns.recordType: dns.%s has no aliases; choose CNAME, or "
                               "leave recordType out",
                               spec->namespace_name, spec->name, driver->name);
        if (spec->store != STORE_DNS || !driver || driver->limits.can_arbitrate)
                return ERR_OK;
        return err_set(
            reterr, ERR_INVALID,
            "failoverpolicy %s/%s: spec.decisionStore: dns.%s cannot keep decisions; "
            "set decisionStore: Kubernetes, or have the name served by a provider that can",
            spec->namespace_name, spec->name, driver->name);
}

const char *target_config_text(const struct target_config *config, struct arena *arena)
{
        const char *text = "";
        for (size_t i = 0; i < config->setting_count; i++)
                text = arena_printf(arena, "%s%s=%s\n", text, config->settings[i].key, config->settings[i].value);
        return text;
}

static const char *dns_server(const struct policy_dns *dns)
{
        const struct target_driver *driver = target_driver_find(dns->provider);
        for (size_t i = 0; driver && i < dns->setting_count; i++)
                if (text_equal(dns->settings[i].key, driver->where))
                        return dns->settings[i].value;
        return driver && driver->where_default ? driver->where_default : "";
}

char *target_config_identity(const struct failover_policy *spec)
{
        const struct policy_dns *dns = &spec->dns;
        const struct target_driver *driver = target_driver_find(dns->provider);
        const struct target_ref ref = {.driver = dns->provider, .endpoint = ""};
        struct target_config config = {0};
        struct arena arena = {0};
        dns_settings(dns, &ref, &arena, &config);
        char *identity = driver && driver->identify ? driver->identify(&config) : NULL;
        arena_deinit(&arena);
        return identity ? identity : mem_strdup(dns_server(dns));
}

/* Not the addresses of who moves it: one more of them would make it another register. */
char *target_config_promotion(const struct failover_policy *spec)
{
        struct arena arena = {0};
        char *text = mem_strdup(arena_printf(&arena, "planes of %s/%s", spec->namespace_name, spec->name));
        arena_deinit(&arena);
        return text;
}

static struct wanted_target wanted_promotion(const struct policy *policy)
{
        const struct policy_promotion *promotion = &policy->spec->redis.promotion;
        const struct target_driver *driver = target_driver_find(promotion->driver);
        const char *which = driver ? policy_promotion_setting(promotion, driver->which) : NULL;
        struct wanted_target wanted = {
            .ref = {TARGET_PROMOTION, promotion->driver, policy->promotion_server, which ? which : "Redis", 0},
            .plane = ""};
        for (size_t i = 0; i < policy->plane_count; i++) {
                const struct plane *plane = policy->planes[i].plane;
                wanted.values[wanted.value_count++] =
                    (struct wanted_value){plane->name, plane->spec ? plane->spec->redis_address : ""};
        }
        return wanted;
}

unsigned target_config_wanted(const struct policy *policy, struct arena *arena,
                              struct wanted_target ret[static TARGETS_MAX])
{
        const struct policy_dns *dns = &policy->spec->dns;
        const struct policy_redis *redis = &policy->spec->redis;
        const bool is_moved = failover_policy_promotes(policy->spec);
        unsigned count = fence_config_wanted(policy, arena, ret);
        if (is_moved)
                ret[count++] = wanted_promotion(policy);
        if (redis->lock_key[0])
                ret[count++] = (struct wanted_target){.ref = {TARGET_LOCK,
                                                              redis->lock_job ? TARGET_LOCK_JOB_DRIVER
                                                                              : TARGET_LOCK_DRIVER,
                                                              is_moved ? policy->promotion_server : redis->address,
                                                              redis->lock_key, redis->db},
                                                      .value = redis->lock_value,
                                                      .plane = redis->plane,
                                                      .is_moved = is_moved};
        ret[count++] =
            (struct wanted_target){.ref = {TARGET_NAME, dns->provider, policy->dns_server, dns->name, 0},
                                   .ttl_s = dns->ttl_s,
                                   .plane = dns->plane};
        for (size_t i = 0; i < policy->spec->pipeline_count; i++)
                ret[count++] = pipeline_config_wanted(policy->spec, &policy->spec->pipelines[i], arena);
        return count;
}
