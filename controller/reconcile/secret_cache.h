/*
 * secret_cache.h -- Secrets by name, read on demand and again while they are in use, so that a rotated one is picked up
 * without a restart and without the right to list or watch Secrets.
 *
 * Units:     a Secret in use is read again every 30 s, and at once by secret_cache_refresh(); one that nothing names
 *            any more is wiped then.
 * Ownership: objects are the cache's, valid until the next turn of the loop.
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_SECRET_CACHE_H
#define PK_RECONCILE_SECRET_CACHE_H

#include "api/secret_object.h"
#include "kube/client.h"

struct secret_cache;

/* @changed is told the key "<namespace>/<name>" when a Secret's content, absence or error is new; @is_used says whether
 * anything still names it. */
struct secret_cache *secret_cache_open(struct loop *loop, struct kube *kube,
                                       void (*changed)(void *ctx, const char *key),
                                       bool (*is_used)(void *ctx, const char *key), void *ctx);
/* A read of @entry failed; @why NULL: it succeeded, or nothing names the Secret any more. Called each time. */
typedef void secret_troubled_fn(void *ctx, const void *entry, const char *why);
void secret_cache_on_trouble(struct secret_cache *cache, secret_troubled_fn *troubled);
void secret_cache_close(struct secret_cache *cache);

/* ERR_OK: *ret is the Secret. ERR_TRANSIENT: not read yet (a read is under way) or the API server failed. ERR_NOT_FOUND
 * and ERR_DENIED: absent or forbidden; the text says how to mend it. */
MUST_CHECK enum err secret_cache_get(struct secret_cache *cache, const char *namespace_name, const char *name,
                                     const struct secret_object **ret, struct errmsg *reterr);
/* Reads it again now, because a server refused its content. At most once a second per Secret. */
void secret_cache_refresh(struct secret_cache *cache, const char *namespace_name, const char *name);

/* Whether @key is "<namespace>/<name>"; never where @name is "". */
bool secret_key_is(const char *key, const char *namespace_name, const char *name);

#endif
