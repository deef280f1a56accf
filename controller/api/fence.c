/* fence.c -- spec.fence from JSON. */
#include "api/fence.h"

#include <inttypes.h>
#include <stdio.h>

#include "util/text.h"

enum { PATH_BYTES = 512, NAME_BYTES = 253, NAMESPACE_BYTES = 63, NUMBER_BYTES = 24 };

static const struct {
        const char *key, *fallback; /* NULL: it is required */
        size_t max;
} keys[] = {
    {"apiVersion", NULL, NAME_BYTES},    {"resource", NULL, NAME_BYTES}, {"namespace", "", NAMESPACE_BYTES},
    {"name", NULL, NAME_BYTES},          {"path", NULL, PATH_BYTES},
};
enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

/* The word of the driver for the type of @value; NULL: a field of it is not set. */
static const char *type_of(const json_t *value)
{
        return json_is_boolean(value) ? "Boolean"
               : json_is_integer(value) ? "Integer"
               : json_is_string(value)  ? "String"
                                        : NULL;
}

static const char *value_of(const struct scope *object, const char *key)
{
        const json_t *value = json_object_get(object->json, key);
        char number[NUMBER_BYTES];
        if (json_is_string(value))
                return decode_text(object, key, NULL, PIPELINE_VALUE_BYTES);
        if (json_is_boolean(value))
                return json_is_true(value) ? "true" : "false";
        if (json_is_integer(value)) {
                (void)snprintf(number, sizeof(number), "%" PRId64, (int64_t)json_integer_value(value));
                return decode_keep(object->decoder, number);
        }
        decode_fail(object, key, "is required: a text, true or false, or a whole number");
        return "";
}

static void decode_values(const struct scope *object, struct policy_fence *fence)
{
        const char *type = type_of(json_object_get(object->json, "active"));
        const char *other = type_of(json_object_get(object->json, "standby"));
        fence->active = value_of(object, "active");
        fence->standby = value_of(object, "standby");
        if (!type || !other)
                return;
        if (!text_equal(type, other))
                decode_fail(object, "standby", "is of another type than active: the field has one");
        if (text_equal(fence->active, fence->standby))
                decode_fail(object, "standby", "is the same as active: it would fence nothing");
        fence->settings[fence->setting_count++] = (struct policy_setting){"type", type};
}

static void decode_fence(const struct scope *item, struct policy_fence *fence)
{
        const struct scope object = decode_object(item, "object");
        *fence = (struct policy_fence){.active = "", .standby = ""};
        fence->name = decode_text(item, "name", NULL, DECODE_NAME_MAX);
        if (!object.json) {
                decode_fail(item, "object", "is required: the field that fences a plane");
                return;
        }
        for (size_t i = 0; i < KEYS; i++)
                fence->settings[fence->setting_count++] = (struct policy_setting){
                    keys[i].key, decode_text(&object, keys[i].key, keys[i].fallback, keys[i].max)};
        decode_values(&object, fence);
}

/* Two that write one object would take turns in its stamp. */
static bool is_same_object(const struct policy_fence *a, const struct policy_fence *b)
{
        bool is_same = a->setting_count && b->setting_count;
        for (size_t i = 0; i < KEYS && is_same; i++)
                is_same = text_equal(keys[i].key, "path") || text_equal(a->settings[i].value, b->settings[i].value);
        return is_same;
}

const struct policy_fence *fences_decode(const struct scope *spec, size_t *ret_count)
{
        struct scope array = decode_array(spec, "fence", FENCES_MAX);
        const size_t count = decode_count(&array);
        struct policy_fence *fences = decode_alloc(spec->decoder, count * sizeof(*fences));
        for (size_t i = 0; i < count; i++) {
                struct scope item = decode_item(&array, i);
                decode_fence(&item, &fences[i]);
                for (size_t before = 0; before < i; before++) {
                        if (text_equal(fences[before].name, fences[i].name))
                                decode_fail(&item, "name", "%.63s is given twice", fences[i].name);
                        if (is_same_object(&fences[before], &fences[i]))
                                decode_fail(&item, "object", "is the same as that of %.63s: name each object once",
                                            fences[before].name);
                }
        }
        *ret_count = count;
        return fences;
}
