/* fences.c -- a ConfigMap in each plane by which something there is stopped. */
#include "fences.h"

#include <stdio.h>
#include <string.h>

#define OBJECT "writer"
#define SHUT   "shut"

void fences_begin(void)
{
        for (unsigned i = 0; i < world.plane_count; i++)
                api_put(api_of_plane(i), API_CONFIG_MAPS,
                        json_pack("{s:{s:s, s:s}, s:{s:s*}}", "metadata", "name", OBJECT, "namespace", NAMESPACE, "data",
                                  "state", i ? SHUT : NULL)); /* absent, as before anybody shut it */
}

json_t *fences_of_spec(void)
{
        return json_pack("[{s:s, s:{s:s, s:s, s:s, s:s, s:s, s:s, s:s}}]", "name", OBJECT, "object", "apiVersion", "v1",
                         "resource", "configmaps", "namespace", NAMESPACE, "name", OBJECT, "path", "/data/state", "active",
                         FENCE_OPEN, "standby", SHUT);
}

static const json_t *object(unsigned plane)
{
        return api_find(api_of_plane(plane), API_CONFIG_MAPS, NAMESPACE, OBJECT);
}

const char *fences_show(unsigned plane)
{
        const char *state = json_string_value(json_object_get(json_object_get(object(plane), "data"), "state"));
        return state ? state : FENCE_OPEN;
}

bool fences_are_at(uint64_t epoch, const char *plane)
{
        for (unsigned i = 0; i < world.plane_count; i++) {
                const json_t *annotations = json_object_get(json_object_get(object(i), "metadata"), "annotations");
                const char *text = json_string_value(json_object_get(annotations, "planekeeper.io/stamp"));
                const bool is_active = strcmp(world_plane(i), plane) == 0;
                unsigned long long shown = 0;
                if (world.places[AT_PLANE_API + i].silent > 0)
                        continue;
                if (!text || sscanf(text, "v=pk1 e=%llu", &shown) != 1 || shown != epoch ||
                    strcmp(fences_show(i), is_active ? FENCE_OPEN : SHUT) != 0)
                        return false;
        }
        return true;
}
