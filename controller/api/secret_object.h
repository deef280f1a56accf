/*
 * secret_object.h -- the data of a Kubernetes Secret, decoded from base64.
 *
 * Ownership: secret_object_free() wipes and frees.
 * Bounds:    64 entries, 1 MiB in all (the API server's own limit).
 * Errors:    ERR_INVALID names the Secret and the key, never a value.
 * Threads:   no shared state.
 */
#ifndef PK_API_SECRET_OBJECT_H
#define PK_API_SECRET_OBJECT_H

#include <jansson.h>
#include <stddef.h>

#include "util/err.h"
#include "util/secret.h"

enum { SECRET_ENTRIES_MAX = 64, SECRET_BYTES_MAX = 1 << 20 };

struct secret_entry {
        char *key;
        struct secret value;
};

struct secret_object {
        char *namespace_name;
        char *name;
        char *resource_version;
        struct secret_entry *entries;
        size_t count;
};

MUST_CHECK enum err secret_object_decode(const json_t *object, struct secret_object **ret, struct errmsg *reterr);
const struct secret *secret_object_find(const struct secret_object *object, const char *key); /* NULL where absent */
/* As find, but absent or empty is ERR_NOT_FOUND with a text that names the Secret and the keys it does have. */
MUST_CHECK enum err secret_object_require(const struct secret_object *object, const char *key,
                                          const struct secret **ret, struct errmsg *reterr);
void secret_object_free(struct secret_object *object); /* NULL is a no-op */

#endif
