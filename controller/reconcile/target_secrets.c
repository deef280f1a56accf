/* target_secrets.c -- whether the Secrets of a policy can be used at all. */
#include "reconcile/target_secrets.h"

#include <string.h>

#include "reconcile/secret_cache.h"
#include "target/target.h"
#include "util/strbuf.h"

enum { KEYS_MAX = 200 };

/* One field of the spec that names a Secret. */
struct reference {
        const char *field;
        const char *secret;
        const char *wanted; /* the keys that are expected, for people */
};

static const char *say(const struct policy *policy, const struct reference *reference, const char *what,
                       struct arena *arena)
{
        return arena_printf(arena, "Secret %s/%s, which %s names, %s", policy->namespace_name, reference->secret,
                            reference->field, what);
}

static const char *say_keys(const struct policy *policy, const struct reference *reference,
                            const struct secret_object *object, const char *what, struct arena *arena)
{
        struct strbuf keys = STRBUF_INIT(KEYS_MAX);
        for (size_t i = 0; i < object->count; i++)
                (void)strbuf_printf(&keys, "%s%.60s", i ? ", " : "", object->entries[i].key);
        const char *found = object->count ? arena_strdup(arena, strbuf_text(&keys)) : "none";
        strbuf_deinit(&keys);
        return say(policy, reference,
                   arena_printf(arena, "cannot be used: %s; its keys: %s; expected: %s", what, found,
                                reference->wanted),
                   arena);
}

/* The Secret; NULL, and *ret_error is set, where it cannot be had. What is still being read is no error of it. */
static const struct secret_object *find(const struct policy *policy, const struct reference *reference,
                                        struct arena *arena, const char **ret_error)
{
        const struct secret_object *object;
        struct errmsg why;
        enum err err =
            secret_cache_get(policy->manager->secrets, policy->namespace_name, reference->secret, &object, &why);
        if (err == ERR_OK)
                return object;
        if (err == ERR_NOT_FOUND)
                *ret_error = say(policy, reference, "is not found: create it", arena);
        else if (err != ERR_TRANSIENT && err != ERR_UNKNOWN)
                *ret_error = arena_printf(arena, "%s (%s names it)", why.text, reference->field);
        return NULL;
}

static struct secret borrow(const struct secret_object *object, const char *key)
{
        const struct secret *value = secret_object_find(object, key);
        return value ? *value : (struct secret){0};
}

const char *target_secrets_dns_error(const struct policy *policy, struct arena *arena)
{
        const struct policy_dns *dns = &policy->spec->dns;
        const struct dns_driver *driver = dns_driver_find(dns->provider);
        if (!driver || !driver->check_credentials || !dns->credentials_secret[0])
                return "";
        const struct reference reference = {
            arena_printf(arena, "spec.dns.%s.%s", dns->provider, dns->credentials_field), dns->credentials_secret,
            driver->credentials_wanted};
        const char *error = "";
        const struct secret_object *object = find(policy, &reference, arena, &error);
        if (!object)
                return error;
        struct target_credential *credentials = arena_alloc(arena, (object->count + 1) * sizeof(*credentials));
        for (size_t i = 0; i < object->count; i++)
                credentials[i] = (struct target_credential){object->entries[i].key, object->entries[i].value};
        struct target_setting *settings = arena_alloc(arena, (dns->setting_count + 1) * sizeof(*settings));
        for (size_t i = 0; i < dns->setting_count; i++)
                settings[i] = (struct target_setting){dns->settings[i].key, dns->settings[i].value};
        const struct target_config config = {.name = dns->name,
                                             .settings = settings,
                                             .setting_count = dns->setting_count,
                                             .credentials = credentials,
                                             .credential_count = object->count};
        struct errmsg why;
        return driver->check_credentials(&config, &why) == ERR_OK ? ""
                                                                  : say_keys(policy, &reference, object, why.text, arena);
}

static const char *password_error(const struct policy *policy, struct arena *arena)
{
        const struct reference reference = {"spec.redis.authSecretRef", policy->spec->redis.auth_secret,
                                            "password, and username where the server has users"};
        const char *error = "";
        const struct secret_object *object =
            reference.secret[0] ? find(policy, &reference, arena, &error) : NULL;
        if (!object)
                return error;
        const struct secret password = borrow(object, "password"), username = borrow(object, "username");
        if (!password.count)
                return say_keys(policy, &reference, object,
                                secret_object_find(object, "password") ? "key password is empty"
                                                                       : "key password is missing",
                                arena);
        if (memchr(password.bytes, '\0', password.count))
                return say_keys(policy, &reference, object, "key password holds a zero byte", arena);
        return username.count && memchr(username.bytes, '\0', username.count)
                   ? say_keys(policy, &reference, object, "key username holds a zero byte", arena)
                   : "";
}

/* PEM material in @object; which of it is meant is set in @tls. */
static const char *material_error(const struct policy *policy, const struct reference *reference,
                                  const struct secret_object *object, const struct lock_tls *tls, struct arena *arena)
{
        struct errmsg why;
        return lock_tls_check(tls, &why) == ERR_OK ? "" : say_keys(policy, reference, object, why.text, arena);
}

static const char *authority_error(const struct policy *policy, struct arena *arena)
{
        const struct tls_refs *refs = &policy->spec->redis.tls;
        const struct reference reference = {"spec.redis.tls.caSecretRef", refs->ca.name,
                                            arena_printf(arena, "%s, with certificates in PEM", refs->ca.key)};
        const char *error = "";
        const struct secret_object *object = refs->ca.name[0] ? find(policy, &reference, arena, &error) : NULL;
        if (!object)
                return error;
        const struct lock_tls tls = {.enabled = true, .ca = borrow(object, refs->ca.key)};
        if (!tls.ca.count)
                return say_keys(policy, &reference, object,
                                arena_printf(arena, "key %s is missing or empty", refs->ca.key), arena);
        return material_error(policy, &reference, object, &tls, arena);
}

static const char *certificate_error(const struct policy *policy, struct arena *arena)
{
        const struct reference reference = {"spec.redis.tls.clientCertificateSecretRef",
                                            policy->spec->redis.tls.client_certificate,
                                            "tls.crt and tls.key, in PEM without a passphrase"};
        const char *error = "";
        const struct secret_object *object = reference.secret[0] ? find(policy, &reference, arena, &error) : NULL;
        if (!object)
                return error;
        const struct lock_tls tls = {
            .enabled = true, .certificate = borrow(object, "tls.crt"), .key = borrow(object, "tls.key")};
        if (!tls.certificate.count || !tls.key.count)
                return say_keys(policy, &reference, object,
                                arena_printf(arena, "key %s is missing or empty",
                                             tls.certificate.count ? "tls.key" : "tls.crt"),
                                arena);
        return material_error(policy, &reference, object, &tls, arena);
}

const char *target_secrets_lock_error(const struct policy *policy, struct arena *arena)
{
        const struct policy_redis *redis = &policy->spec->redis;
        if (!redis->lock_key[0])
                return "";
        const char *error = password_error(policy, arena);
        if (!error[0] && redis->uses_tls)
                error = authority_error(policy, arena);
        return !error[0] && redis->uses_tls ? certificate_error(policy, arena) : error;
}

const char *target_secrets_error(const struct policy *policy, struct arena *arena)
{
        const char *error = target_secrets_dns_error(policy, arena);
        return error[0] ? error : target_secrets_lock_error(policy, arena);
}
