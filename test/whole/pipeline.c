/* pipeline.c -- a ConfigMap that a delivery tool would read. */
#include "pipeline.h"

#include <stdio.h>
#include <string.h>

void pipeline_begin(void)
{
        api_put(0, API_CONFIG_MAPS,
                json_pack("{s:{s:s, s:s}, s:{s:s}}", "metadata", "name", PIPELINE_OBJECT, "namespace", NAMESPACE, "data",
                          "active", world_plane(0)));
}

json_t *pipeline_of_spec(void)
{
        return json_pack("[{s:s, s:{s:s, s:s, s:s, s:s, s:s, s:s}}]", "name", PIPELINE_OBJECT, "object", "apiVersion", "v1",
                         "resource", "configmaps", "namespace", NAMESPACE, "name", PIPELINE_OBJECT, "path", "/data/active",
                         "value", "{name}");
}

static const json_t *object(void)
{
        return api_find(0, API_CONFIG_MAPS, NAMESPACE, PIPELINE_OBJECT);
}

const char *pipeline_shows(void)
{
        const char *plane = json_string_value(json_object_get(json_object_get(object(), "data"), "active"));
        return plane ? plane : "";
}

bool pipeline_is_at(uint64_t epoch, const char *plane)
{
        const json_t *annotations = json_object_get(json_object_get(object(), "metadata"), "annotations");
        const char *text = json_string_value(json_object_get(annotations, "planekeeper.io/stamp"));
        unsigned long long shown = 0;
        return text && sscanf(text, "v=pk1 e=%llu", &shown) == 1 && shown == epoch && strcmp(pipeline_shows(), plane) == 0;
}
