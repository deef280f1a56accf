/* target_secrets.c -- whether the Secrets of a policy can be used at all. */
#include "reconcile/target_secrets.h"

#include <stdlib.h>
#include <string.h>

#include "reconcile/secret_cache.h"
#include "reconcile/target_config.h"
#include "util/mem.h"
#include "util/strbuf.h"

enum { KEYS_MAX = 200 };

static const char *say(const struct policy *policy, const struct target_secret *from, const char *what,
                       struct arena *arena)
{
        return arena_printf(arena, "Secret %s/%s, which %s names, %s", policy->namespace_name, from->secret,
                            from->field, what);
}

static const char *say_keys(const struct policy *policy, const struct target_secret *from,
                            const struct secret_object *object, const char *what, struct arena *arena)
{
        struct strbuf keys = STRBUF_INIT(KEYS_MAX);
        for (size_t i = 0; i < object->count; i++)
                (void)strbuf_printf(&keys, "%s%.60s", i ? ", " : "", object->entries[i].key);
        const char *found = object->count ? arena_strdup(arena, strbuf_text(&keys)) : "none";
        strbuf_deinit(&keys);
        return say(policy, from,
                   arena_printf(arena, "cannot be used: %s; its keys: %s; expected: %s", what, found, from->wanted),
                   arena);
}

static enum err find(const struct policy *policy, const struct target_secret *from, const struct secret_object **ret,
                     struct errmsg *reterr)
{
        return secret_cache_get(policy->manager->secrets, policy->namespace_name, from->secret, ret, reterr);
}

/* The entries of @object for the driver, under its own names; secrets are borrowed. */
static size_t entries(const struct target_secret *from, const struct secret_object *object, struct arena *arena,
                      struct target_credential *ret)
{
        size_t count = 0;
        for (size_t i = 0; from->key_count == 0 && i < object->count; i++)
                ret[count++] = (struct target_credential){
                    arena_printf(arena, "%s%s", from->prefix ? from->prefix : "", object->entries[i].key),
                    object->entries[i].value};
        for (unsigned i = 0; i < from->key_count; i++) {
                const struct secret *value = secret_object_find(object, from->keys[i].key);
                if (value && !secret_is_empty(value))
                        ret[count++] = (struct target_credential){from->keys[i].as, *value};
        }
        return count;
}

static size_t entries_max(const struct secret_object *object)
{
        return object->count + TARGET_SECRET_KEYS_MAX;
}

/* A key that must be there and is not; NULL: all are. */
static const char *missing(const struct target_secret *from, const struct secret_object *object, struct arena *arena)
{
        for (unsigned i = 0; i < from->key_count; i++) {
                const struct secret *value = secret_object_find(object, from->keys[i].key);
                if (!from->keys[i].is_optional && (!value || secret_is_empty(value)))
                        return arena_printf(arena, "key %s is %s", from->keys[i].key, value ? "empty" : "missing");
        }
        return NULL;
}

static const char *content_error(const struct policy *policy, const struct target_driver *driver,
                                 const struct target_ref *ref, const struct target_secret *from,
                                 const struct secret_object *object, struct arena *arena)
{
        const char *lacks = missing(from, object, arena);
        if (lacks)
                return say_keys(policy, from, object, lacks, arena);
        struct target_credential *credentials = arena_alloc(arena, entries_max(object) * sizeof(*credentials));
        struct target_config config;
        target_config_settings(policy, ref, arena, &config);
        config.credential_count = entries(from, object, arena, credentials);
        config.credentials = credentials;
        struct errmsg why;
        return driver->check_credentials(&config, &why) == ERR_OK ? ""
                                                                  : say_keys(policy, from, object, why.text, arena);
}

/* A Secret that is still being read has no error. */
static const char *secret_error(const struct policy *policy, const struct target_driver *driver,
                                const struct target_ref *ref, const struct target_secret *from, struct arena *arena)
{
        const struct secret_object *object;
        struct errmsg why;
        enum err err = find(policy, from, &object, &why);
        if (err == ERR_OK)
                return content_error(policy, driver, ref, from, object, arena);
        if (err == ERR_NOT_FOUND)
                return say(policy, from, "is not found: create it", arena);
        return err == ERR_TRANSIENT || err == ERR_UNKNOWN
                   ? ""
                   : arena_printf(arena, "%s (%s names it)", why.text, from->field);
}

const char *target_secrets_error_of(const struct policy *policy, const struct target_ref *ref, struct arena *arena)
{
        struct target_secret secrets[TARGET_SECRETS_MAX];
        const struct target_driver *driver = target_driver_find(ref->driver);
        const unsigned count =
            driver && driver->check_credentials ? target_config_secrets(policy, ref, arena, secrets) : 0;
        for (unsigned i = 0; i < count; i++) {
                const char *error = secret_error(policy, driver, ref, &secrets[i], arena);
                if (error[0])
                        return error;
        }
        return "";
}

/* The Secrets of the name come first, because agents follow it. */
const char *target_secrets_error(const struct policy *policy, struct arena *arena)
{
        struct wanted_target wanted[TARGETS_MAX];
        for (unsigned i = target_config_wanted(policy, arena, wanted); i > 0; i--) {
                const struct target_ref *ref = &wanted[i - 1].ref;
                const bool is_waited_for = target_traits(ref->kind)->blocks == BLOCKS_ALWAYS;
                const char *error = is_waited_for ? target_secrets_error_of(policy, ref, arena) : "";
                if (error[0])
                        return error;
        }
        return "";
}

static void fill_values(const struct policy *policy, const struct target_driver *driver, struct arena *arena,
                        struct wanted_target *wanted)
{
        struct target_config config;
        struct target_credentials credentials = {0};
        struct errmsg ignored; /* a visit tells it */
        target_config_settings(policy, &wanted->ref, arena, &config);
        const bool is_read =
            target_credentials_copy(policy, &wanted->ref, arena, &credentials, &ignored) == ERR_OK;
        config.credentials = credentials.list;
        config.credential_count = credentials.count;
        for (unsigned i = 0; i < wanted->value_count && is_read; i++) {
                char *value = driver->value_of(&config, wanted->values[i].plane);
                wanted->values[i].value = arena_strdup(arena, value ? value : "");
                free(value);
        }
        target_credentials_clear(&credentials);
}

void target_secrets_values(const struct policy *policy, struct arena *arena, struct wanted_target *wanted,
                           unsigned count)
{
        for (unsigned i = 0; i < count; i++) {
                const struct target_driver *driver = target_driver_find(wanted[i].ref.driver);
                if (driver && driver->value_of)
                        fill_values(policy, driver, arena, &wanted[i]);
        }
}

void target_secrets_refresh(const struct policy *policy, const struct target_ref *ref)
{
        struct target_secret secrets[TARGET_SECRETS_MAX];
        struct arena arena = {0};
        const unsigned count = target_config_secrets(policy, ref, &arena, secrets);
        for (unsigned i = 0; i < count; i++)
                secret_cache_refresh(policy->manager->secrets, policy->namespace_name, secrets[i].secret);
        arena_deinit(&arena);
}

bool target_secrets_name(const struct policy *policy, const char *key)
{
        struct wanted_target wanted[TARGETS_MAX];
        struct target_secret secrets[TARGET_SECRETS_MAX];
        struct arena arena = {0};
        bool is_named = false;
        const unsigned targets = target_config_wanted(policy, &arena, wanted);
        for (unsigned i = 0; i < targets && !is_named; i++) {
                const unsigned count = target_config_secrets(policy, &wanted[i].ref, &arena, secrets);
                for (unsigned j = 0; j < count; j++)
                        is_named |= secret_key_is(key, policy->namespace_name, secrets[j].secret);
        }
        arena_deinit(&arena);
        return is_named;
}

enum err target_secrets_versions(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                                 const char **ret, struct errmsg *reterr)
{
        struct target_secret secrets[TARGET_SECRETS_MAX];
        const unsigned count = target_config_secrets(policy, ref, arena, secrets);
        const char *text = "";
        for (unsigned i = 0; i < count; i++) {
                const struct secret_object *object;
                enum err err = find(policy, &secrets[i], &object, reterr);
                if (err != ERR_OK)
                        return err;
                text = arena_printf(arena, "%s%s@%s\n", text, object->name, object->resource_version);
        }
        *ret = text;
        return ERR_OK;
}

enum err target_credentials_copy(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                                 struct target_credentials *ret, struct errmsg *reterr)
{
        struct target_secret secrets[TARGET_SECRETS_MAX];
        const unsigned count = target_config_secrets(policy, ref, arena, secrets);
        for (unsigned i = 0; i < count; i++) {
                const struct secret_object *object;
                enum err err = find(policy, &secrets[i], &object, reterr);
                if (err != ERR_OK)
                        return err;
                ret->list = mem_realloc(ret->list, ret->count + entries_max(object), sizeof(*ret->list));
                struct target_credential *added = ret->list + ret->count;
                const size_t more = entries(&secrets[i], object, arena, added);
                for (size_t at = 0; at < more; at++) {
                        const struct secret borrowed = added[at].value;
                        added[at] = (struct target_credential){.key = arena_strdup(arena, added[at].key)};
                        secret_copy(&added[at].value, &borrowed);
                }
                ret->count += more;
        }
        return ERR_OK;
}

void target_credentials_clear(struct target_credentials *credentials)
{
        for (size_t i = 0; i < credentials->count; i++)
                secret_clear(&credentials->list[i].value);
        free(credentials->list);
        *credentials = (struct target_credentials){0};
}
