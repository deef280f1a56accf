/* api_object.c -- what an API server does with an object. */
#include "api_object.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

const char *api_object_meta(const json_t *object, const char *field)
{
        const char *text = json_string_value(json_object_get(json_object_get(object, "metadata"), field));
        return text ? text : "";
}

static json_t *text_of(uint64_t version)
{
        json_t *text = json_sprintf("%" PRIu64, version);
        INVARIANT(text);
        return text;
}

void api_object_set_version(json_t *object, uint64_t version)
{
        INVARIANT(json_object_set_new(json_object_get(object, "metadata"), "resourceVersion", text_of(version)) == 0);
}

bool api_object_admits(const json_t *stored, const json_t *patch)
{
        const char *expected = api_object_meta(patch, "resourceVersion");
        return !expected[0] || strcmp(expected, api_object_meta(stored, "resourceVersion")) == 0;
}

void api_object_merge(json_t *into, const json_t *patch)
{
        const char *key;
        json_t *value;
        json_object_foreach((json_t *)(uintptr_t)patch, key, value)
        {
                json_t *old = json_object_get(into, key);
                if (json_is_null(value)) {
                        json_object_del(into, key);
                } else if (json_is_object(value)) {
                        if (!json_is_object(old)) {
                                json_object_set_new(into, key, json_object());
                                old = json_object_get(into, key);
                        }
                        api_object_merge(old, value);
                } else {
                        json_object_set_new(into, key, json_deep_copy(value));
                }
        }
}

char *api_object_event(const char *type, const json_t *object)
{
        json_t *line = json_pack("{s:s, s:O}", "type", type, "object", object);
        char *text = json_dumps(line, JSON_COMPACT);
        INVARIANT(text);
        const size_t count = strlen(text);
        char *whole = mem_calloc(count + 2, 1);
        (void)snprintf(whole, count + 2, "%s\n", text);
        free(text);
        json_decref(line);
        return whole;
}

json_t *api_object_list(json_t *items, const char *api_version, uint64_t version)
{
        json_t *list = json_pack("{s:s, s:s, s:{s:o}, s:o}", "kind", "List", "apiVersion", api_version, "metadata",
                                 "resourceVersion", text_of(version), "items", items);
        INVARIANT(list);
        return list;
}
