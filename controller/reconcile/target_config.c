/* target_config.c -- the settings and credentials for a driver's session, from the spec of a policy. */
#include "reconcile/target_config.h"

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

static const struct {
        unsigned (*secrets)(const struct failover_policy *spec, const struct target_ref *ref, struct arena *arena,
                            struct target_secret *ret);
        void (*settings)(const struct failover_policy *spec, const struct target_ref *ref, struct arena *arena,
                         struct target_config *ret);
} rows[TARGET_KIND_COUNT] = {
    [TARGET_LOCK] = {lock_secrets, lock_settings},
    [TARGET_NAME] = {name_secrets, name_settings},
};

unsigned target_config_secrets(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                               struct target_secret ret[static TARGET_SECRETS_MAX])
{
        return rows[ref->kind].secrets ? rows[ref->kind].secrets(policy->spec, ref, arena, ret) : 0;
}

void target_config_settings(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                            struct target_config *ret)
{
        *ret = (struct target_config){.aws = policy->manager->options.aws};
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
        (void)arena;
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
        return count;
}
