/* secret_cache.c -- Secrets by name, read on demand and again while they are in use. */
#include "reconcile/secret_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kube/denied.h"
#include "util/map.h"
#include "util/mem.h"
#include "util/text.h"

/* Secrets are polled by name, which needs no right but get. FORCED_MS bounds the reads that a refused credential
 * causes, however many policies use it. */
enum { REFRESH_MS = 30000, RETRY_MS = 2000, FORCED_MS = 1000, TIMEOUT_MS = 5000 };

static const struct kube_resource secrets = {.group = "", .version = "v1", .plural = "secrets", .kind = "Secret"};

struct secret_cache {
        struct loop *loop;
        struct kube *kube;
        struct map entries;
        void (*changed)(void *ctx, const char *key);
        bool (*is_used)(void *ctx, const char *key);
        secret_troubled_fn *troubled; /* may be NULL */
        void *ctx;
};

struct cached_secret {
        struct secret_cache *cache;
        char *key;
        char *namespace_name;
        char *name;
        struct secret_object *object; /* NULL: see err */
        enum err err;
        struct errmsg why;
        mono_ms asked_at;
        struct kube_call *call;
        struct loop_timer timer;
};

static void ask(struct cached_secret *entry);

static void tell_trouble(const struct cached_secret *entry, const char *why)
{
        if (entry->cache->troubled)
                entry->cache->troubled(entry->cache->ctx, entry, why);
}

static void entry_free(struct cached_secret *entry)
{
        loop_timer_stop(entry->cache->loop, &entry->timer);
        tell_trouble(entry, NULL);
        kube_cancel(entry->call);
        secret_object_free(entry->object);
        free(entry->key);
        free(entry->namespace_name);
        free(entry->name);
        free(entry);
}

/* A Secret that nothing names any more is wiped when its next read is due. */
static void entry_due(struct loop_timer *timer)
{
        struct cached_secret *entry = CONTAINER_OF(timer, struct cached_secret, timer);
        if (!entry->cache->is_used(entry->cache->ctx, entry->key)) {
                (void)map_remove(&entry->cache->entries, entry->key);
                entry_free(entry);
        } else {
                ask(entry);
        }
}

static enum err explain_denied(const struct cached_secret *entry, struct errmsg *why)
{
        char text[DENIED_TEXT_BYTES];
        const struct denied_object object = {&secrets, entry->namespace_name, entry->name, "its name"};
        denied_print(&object, why->text, text);
        return err_set(why, ERR_DENIED, "%.255s", text);
}

static enum err explain(struct cached_secret *entry, enum err err, struct errmsg *why)
{
        if (err == ERR_NOT_FOUND)
                return err_set(why, err, "Secret %s not found: create it", entry->key);
        if (err == ERR_DENIED)
                return explain_denied(entry, why);
        return err_wrap(why, err, "Secret %s", entry->key);
}

static void answered(void *ctx, const struct kube_reply *reply)
{
        struct cached_secret *entry = ctx;
        entry->call = NULL;
        struct secret_object *object = NULL;
        struct errmsg why = reply->why;
        enum err err = reply->err;
        if (err == ERR_OK)
                err = secret_object_decode(reply->body, &object, &why);
        else
                err = explain(entry, err, &why);
        bool is_silent = err == ERR_TRANSIENT || err == ERR_UNKNOWN;
        loop_timer_set(entry->cache->loop, &entry->timer,
                       loop_now(entry->cache->loop) + (err == ERR_OK ? REFRESH_MS : RETRY_MS));
        tell_trouble(entry, err == ERR_OK ? NULL : why.text);
        if (is_silent && entry->object)
                return; /* without an answer the Secret stays as it was last read */
        bool is_same = object && entry->object
                           ? text_equal(object->resource_version, entry->object->resource_version)
                           : !object && !entry->object && err == entry->err && text_equal(why.text, entry->why.text);
        secret_object_free(entry->object);
        entry->object = object;
        entry->err = err;
        entry->why = why;
        if (!is_same)
                entry->cache->changed(entry->cache->ctx, entry->key);
}

static void ask(struct cached_secret *entry)
{
        if (entry->call)
                return;
        char *path = kube_path(&secrets, entry->namespace_name, entry->name, NULL);
        entry->asked_at = loop_now(entry->cache->loop);
        entry->call = kube_get(entry->cache->kube, path, TIMEOUT_MS, answered, entry);
        free(path);
}

struct secret_cache *secret_cache_open(struct loop *loop, struct kube *kube,
                                       void (*changed)(void *ctx, const char *key),
                                       bool (*is_used)(void *ctx, const char *key), void *ctx)
{
        struct secret_cache *cache = mem_new(cache);
        *cache = (struct secret_cache){.loop = loop, .kube = kube, .changed = changed, .is_used = is_used, .ctx = ctx};
        return cache;
}

void secret_cache_on_trouble(struct secret_cache *cache, secret_troubled_fn *troubled)
{
        cache->troubled = troubled;
}

void secret_cache_close(struct secret_cache *cache)
{
        for (struct cached_secret *entry = map_take_any(&cache->entries); entry; entry = map_take_any(&cache->entries))
                entry_free(entry);
        free(cache);
}

enum err secret_cache_get(struct secret_cache *cache, const char *namespace_name, const char *name,
                          const struct secret_object **ret, struct errmsg *reterr)
{
        char key[512];
        (void)snprintf(key, sizeof(key), "%s/%s", namespace_name, name);
        struct cached_secret *entry = map_find(&cache->entries, key);
        if (!entry) {
                entry = mem_new(entry);
                *entry = (struct cached_secret){.cache = cache, .err = ERR_TRANSIENT};
                entry->key = mem_strdup(key);
                entry->namespace_name = mem_strdup(namespace_name);
                entry->name = mem_strdup(name);
                entry->timer.due = entry_due;
                (void)err_set(&entry->why, ERR_TRANSIENT, "Secret %s is being read", key);
                map_put(&cache->entries, entry->key, entry);
                ask(entry);
        }
        if (!entry->object) {
                if (reterr)
                        *reterr = entry->why;
                return entry->err;
        }
        *ret = entry->object;
        return ERR_OK;
}

void secret_cache_refresh(struct secret_cache *cache, const char *namespace_name, const char *name)
{
        char key[512];
        (void)snprintf(key, sizeof(key), "%s/%s", namespace_name, name);
        struct cached_secret *entry = map_find(&cache->entries, key);
        if (entry && loop_now(cache->loop) - entry->asked_at >= FORCED_MS)
                ask(entry);
}

bool secret_key_is(const char *key, const char *namespace_name, const char *name)
{
        size_t prefix = strlen(namespace_name);
        return name[0] && strncmp(key, namespace_name, prefix) == 0 && key[prefix] == '/' &&
               strcmp(key + prefix + 1, name) == 0;
}
