/* secret_object.c -- the data of a Kubernetes Secret. */
#include "api/secret_object.h"

#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

static enum err decode_entry(const char *key, const json_t *value, struct secret_entry *entry, struct errmsg *reterr)
{
        struct errmsg why;
        if (!json_is_string(value))
                return err_set(reterr, ERR_INVALID, "key %.100s is not a text", key);
        if (text_from_base64(json_string_value(value), json_string_length(value), &entry->value, &why) != ERR_OK)
                return err_set(reterr, ERR_INVALID, "key %.100s is not base64", key);
        entry->key = mem_strdup(key);
        return ERR_OK;
}

static enum err decode_data(const json_t *data, struct secret_object *object, struct errmsg *reterr)
{
        const char *key;
        json_t *value;
        size_t bytes = 0;
        if (data && !json_is_object(data))
                return err_set(reterr, ERR_INVALID, "data is not an object");
        if (json_object_size(data) > SECRET_ENTRIES_MAX)
                return err_set(reterr, ERR_INVALID, "has %zu keys, at most %d are read", json_object_size(data),
                               (int)SECRET_ENTRIES_MAX);
        object->entries = mem_calloc(json_object_size(data) + 1, sizeof(object->entries[0]));
        json_object_foreach((json_t *)data, key, value)
        {
                bytes += json_string_length(value) / 4 * 3;
                if (bytes > SECRET_BYTES_MAX)
                        return err_set(reterr, ERR_INVALID, "is larger than %d bytes", (int)SECRET_BYTES_MAX);
                enum err err = decode_entry(key, value, &object->entries[object->count], reterr);
                if (err != ERR_OK)
                        return err;
                object->count++;
        }
        return ERR_OK;
}

enum err secret_object_decode(const json_t *json, struct secret_object **ret, struct errmsg *reterr)
{
        struct secret_object *object = mem_new(object);
        object->namespace_name = mem_strdup(object_meta(json, "namespace"));
        object->name = mem_strdup(object_meta(json, "name"));
        object->resource_version = mem_strdup(object_meta(json, "resourceVersion"));
        struct errmsg why;
        enum err err = decode_data(json_object_get(json, "data"), object, &why);
        if (err != ERR_OK) {
                (void)err_set(reterr, err, "Secret %.80s/%.80s: %.90s", object->namespace_name, object->name, why.text);
                secret_object_free(object);
                return err;
        }
        *ret = object;
        return ERR_OK;
}

const struct secret *secret_object_find(const struct secret_object *object, const char *key)
{
        for (size_t i = 0; i < object->count; i++)
                if (strcmp(object->entries[i].key, key) == 0)
                        return &object->entries[i].value;
        return NULL;
}

enum err secret_object_require(const struct secret_object *object, const char *key, const struct secret **ret,
                               struct errmsg *reterr)
{
        const struct secret *value = secret_object_find(object, key);
        if (value && !secret_is_empty(value)) {
                *ret = value;
                return ERR_OK;
        }
        char keys[100] = "";
        struct strbuf list = STRBUF_INIT(sizeof(keys) - 1);
        for (size_t i = 0; i < object->count; i++)
                (void)strbuf_printf(&list, "%s%.40s", i ? ", " : "", object->entries[i].key);
        (void)TEXT_COPY(keys, object->count ? strbuf_text(&list) : "none");
        strbuf_deinit(&list);
        return err_set(reterr, ERR_NOT_FOUND, "Secret %.60s/%.60s: key %.40s is %s; its keys: %s",
                       object->namespace_name, object->name, key, value ? "empty" : "missing", keys);
}

void secret_object_free(struct secret_object *object)
{
        if (!object)
                return;
        for (size_t i = 0; i < object->count; i++) {
                free(object->entries[i].key);
                secret_clear(&object->entries[i].value);
        }
        free(object->entries);
        free(object->namespace_name);
        free(object->name);
        free(object->resource_version);
        free(object);
}
