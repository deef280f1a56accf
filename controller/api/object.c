/* object.c -- the identity of an object. */
#include "api/object.h"

static const char *meta_entry(const json_t *object, const char *map, const char *key)
{
        return json_string_value(json_object_get(json_object_get(json_object_get(object, "metadata"), map), key));
}

const char *object_meta(const json_t *object, const char *field)
{
        const char *text = json_string_value(json_object_get(json_object_get(object, "metadata"), field));
        return text ? text : "";
}

const char *object_annotation(const json_t *object, const char *key)
{
        return meta_entry(object, "annotations", key);
}

const char *object_label(const json_t *object, const char *key)
{
        return meta_entry(object, "labels", key);
}
