/* target_config.c -- the settings and credentials for a driver's session, from the spec of a policy. */
#include "reconcile/target_config.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "util/text.h"

enum { REDIS_SETTINGS_MAX = 5 };

static unsigned name_secrets(const struct failover_policy *spec, const struct target_ref *ref, struct arena *arena,
                             struct target_secret *ret)
{
        (void)ref;
        const struct policy_dns *dns = &spec->dns;
        const struct target_driver *driver = target_driver_find(dns->provider);
        if (!driver || !dns->credentials_secret[0])
                return 0;
        ret[0] = (struct target_secret){
            .field = arena_printf(arena, "spec.dns.%s.%s", dns->provider, dns->credentials_field),
            .secret = dns->credentials_secret,
            .wanted = driver->credentials_wanted};
        return 1;
}

static void name_settings(const struct failover_policy *spec, const struct target_ref *ref, struct arena *arena,
                          struct target_config *ret)
{
        const struct policy_dns *dns = &spec->dns;
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

static unsigned lock_secrets(const struct failover_policy *spec, const struct target_ref *ref, struct arena *arena,
                             struct target_secret *ret)
{
        (void)ref;
        const struct policy_redis *redis = &spec->redis;
        unsigned count = 0;
        if (!redis->lock_key[0])
                return 0;
        if (redis->auth_secret[0])
                ret[count++] = (struct target_secret){
                    .field = "spec.redis.authSecretRef",
                    .secret = redis->auth_secret,
                    .wanted = "password, and username where the server has users",
                    .keys = {{"password", "password", false}, {"username", "username", true}},
                    .key_count = 2};
        if (redis->uses_tls && redis->tls.ca.name[0])
                ret[count++] = (struct target_secret){
                    .field = "spec.redis.tls.caSecretRef",
                    .secret = redis->tls.ca.name,
                    .wanted = arena_printf(arena, "%s, with certificates in PEM", redis->tls.ca.key),
                    .keys = {{redis->tls.ca.key, "ca.crt", false}},
                    .key_count = 1};
        if (redis->uses_tls && redis->tls.client_certificate[0])
                ret[count++] = (struct target_secret){
                    .field = "spec.redis.tls.clientCertificateSecretRef",
                    .secret = redis->tls.client_certificate,
                    .wanted = "tls.crt and tls.key, in PEM without a passphrase",
                    .keys = {{"tls.crt", "tls.crt", false}, {"tls.key", "tls.key", false}},
                    .key_count = 2};
        return count;
}

static void lock_settings(const struct failover_policy *spec, const struct target_ref *ref, struct arena *arena,
                          struct target_config *ret)
{
        const struct policy_redis *redis = &spec->redis;
        struct target_setting *settings = arena_alloc(arena, REDIS_SETTINGS_MAX * sizeof(*settings));
        size_t count = 0;
        settings[count++] = (struct target_setting){"address", arena_strdup(arena, ref->endpoint)};
        settings[count++] = (struct target_setting){"db", arena_printf(arena, "%u", (unsigned)ref->db)};
        settings[count++] =
            (struct target_setting){"waitReplicas", arena_printf(arena, "%u", (unsigned)redis->wait_replicas)};
        if (redis->uses_tls)
                settings[count++] = (struct target_setting){"tls", "true"};
        if (redis->uses_tls && redis->tls.server_name[0])
                settings[count++] = (struct target_setting){"serverName", arena_strdup(arena, redis->tls.server_name)};
        ret->settings = settings;
        ret->setting_count = count;
}

/* ---- pipelines ---- */

static const char *pipeline_endpoint(const struct policy_pipeline *pipeline, struct arena *arena)
{
        const struct secret_key_ref *hub = &pipeline->kube_config;
        return hub->name[0] ? arena_printf(arena, "the cluster of Secret %s/%s", hub->name, hub->key) : "this cluster";
}

static struct target_config config_of(const struct policy_pipeline *pipeline, struct arena *arena)
{
        struct target_setting *settings = arena_alloc(arena, (PIPELINE_SETTINGS_MAX + 1) * sizeof(*settings));
        size_t count = 0;
        for (; count < pipeline->setting_count; count++)
                settings[count] = (struct target_setting){arena_strdup(arena, pipeline->settings[count].key),
                                                          arena_strdup(arena, pipeline->settings[count].value)};
        if (pipeline->kube_config.name[0])
                settings[count++] = (struct target_setting){"kubeConfig", pipeline_endpoint(pipeline, arena)};
        return (struct target_config){.settings = settings, .setting_count = count};
}

static struct target_ref pipeline_ref(const struct policy_pipeline *pipeline, struct arena *arena)
{
        const struct target_driver *driver = target_driver_find(pipeline->driver);
        const struct target_config config = config_of(pipeline, arena);
        char *name = driver && driver->name_of ? driver->name_of(&config) : NULL;
        const char *kept = arena_strdup(arena, name ? name : pipeline->name);
        free(name);
        return (struct target_ref){TARGET_PIPELINE, pipeline->driver, pipeline_endpoint(pipeline, arena), kept, 0};
}

/* NULL: the spec names it no more. */
static const struct policy_pipeline *pipeline_of(const struct failover_policy *spec, const struct target_ref *ref,
                                                 struct arena *arena)
{
        for (size_t i = 0; i < spec->pipeline_count; i++) {
                const struct target_ref own = pipeline_ref(&spec->pipelines[i], arena);
                if (target_ref_equal(&own, ref))
                        return &spec->pipelines[i];
        }
        return NULL;
}

static struct target_secret plane_secret(const char *field, const struct pipeline_plane *plane,
                                         const char *const *keys, struct arena *arena)
{
        struct target_secret secret = {.field = field, .secret = plane->secret.name, .wanted = ""};
        for (; keys[secret.key_count] && secret.key_count < TARGET_SECRET_KEYS_MAX; secret.key_count++) {
                const char *key = keys[1] || !plane->secret.key[0] ? keys[secret.key_count] : plane->secret.key;
                secret.keys[secret.key_count].key = key;
                secret.keys[secret.key_count].as =
                    arena_printf(arena, "%s/%s", plane->plane, keys[secret.key_count]);
                secret.wanted = arena_printf(arena, "%s%s%s", secret.wanted, secret.wanted[0] ? " and " : "", key);
        }
        return secret;
}

static unsigned pipeline_secrets(const struct failover_policy *spec, const struct target_ref *ref, struct arena *arena,
                                 struct target_secret *ret)
{
        const struct policy_pipeline *pipeline = pipeline_of(spec, ref, arena);
        const struct target_driver *driver = target_driver_find(ref->driver);
        unsigned count = 0;
        if (!pipeline || !driver)
                return 0;
        const struct secret_key_ref *hub = &pipeline->kube_config;
        const char *field = arena_printf(arena, "spec.pipeline %s", pipeline->name);
        if (hub->name[0])
                ret[count++] = (struct target_secret){.field = arena_printf(arena, "%s kubeConfig.secretRef", field),
                                                      .secret = hub->name,
                                                      .wanted = arena_printf(arena, "%s, a kubeconfig", hub->key),
                                                      .keys = {{hub->key, "kubeconfig", false}},
                                                      .key_count = 1};
        for (size_t i = 0; i < pipeline->plane_count && driver->plane_keys; i++)
                ret[count++] = plane_secret(arena_printf(arena, "%s plane %s", field, pipeline->planes[i].plane),
                                            &pipeline->planes[i], driver->plane_keys, arena);
        return count;
}

static void pipeline_settings(const struct failover_policy *spec, const struct target_ref *ref, struct arena *arena,
                              struct target_config *ret)
{
        const struct policy_pipeline *pipeline = pipeline_of(spec, ref, arena);
        const struct target_config config = pipeline ? config_of(pipeline, arena) : (struct target_config){0};
        ret->settings = config.settings;
        ret->setting_count = config.setting_count;
}

static struct wanted_target pipeline_wanted(const struct policy_pipeline *pipeline, struct arena *arena)
{
        struct wanted_target wanted = {.ref = pipeline_ref(pipeline, arena), .value = pipeline->value, .plane = ""};
        for (size_t i = 0; i < pipeline->plane_count; i++)
                wanted.values[wanted.value_count++] =
                    (struct wanted_value){pipeline->planes[i].plane, pipeline->planes[i].value};
        return wanted;
}

static const struct {
        unsigned (*secrets)(const struct failover_policy *spec, const struct target_ref *ref, struct arena *arena,
                            struct target_secret *ret);
        void (*settings)(const struct failover_policy *spec, const struct target_ref *ref, struct arena *arena,
                         struct target_config *ret);
} rows[TARGET_KIND_COUNT] = {
    [TARGET_LOCK] = {lock_secrets, lock_settings},
    [TARGET_NAME] = {name_secrets, name_settings},
    [TARGET_PIPELINE] = {pipeline_secrets, pipeline_settings},
};

unsigned target_config_secrets(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                               struct target_secret ret[static TARGET_SECRETS_MAX])
{
        return rows[ref->kind].secrets ? rows[ref->kind].secrets(policy->spec, ref, arena, ret) : 0;
}

void target_config_settings(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                            struct target_config *ret)
{
        *ret = (struct target_config){.aws = policy->manager->options.aws, .kube = &policy->manager->targets_kube};
        if (rows[ref->kind].settings)
                rows[ref->kind].settings(policy->spec, ref, arena, ret);
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
        name_settings(spec, &ref, &arena, &config);
        char *identity = driver && driver->identify ? driver->identify(&config) : NULL;
        arena_deinit(&arena);
        return identity ? identity : mem_strdup(dns_server(dns));
}

unsigned target_config_wanted(const struct policy *policy, struct arena *arena,
                              struct wanted_target ret[static TARGETS_MAX])
{
        const struct policy_dns *dns = &policy->spec->dns;
        const struct policy_redis *redis = &policy->spec->redis;
        unsigned count = 0;
        if (redis->lock_key[0])
                ret[count++] = (struct wanted_target){
                    .ref = {TARGET_LOCK, TARGET_LOCK_DRIVER, redis->address, redis->lock_key, redis->db},
                    .value = redis->lock_value,
                    .plane = redis->plane};
        ret[count++] =
            (struct wanted_target){.ref = {TARGET_NAME, dns->provider, policy->dns_server, dns->name, 0},
                                   .ttl_s = dns->ttl_s,
                                   .plane = dns->plane};
        for (size_t i = 0; i < policy->spec->pipeline_count; i++)
                ret[count++] = pipeline_wanted(&policy->spec->pipelines[i], arena);
        return count;
}
