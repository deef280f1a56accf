/* fence_config.c -- the settings and Secrets for the drivers of fences. */
#include "reconcile/fence_config.h"

#include <stdlib.h>
#include <string.h>

#include "reconcile/plane.h"
#include "targets/target.h"
#include "util/text.h"

#define DRIVER "fence.object"

enum { MORE_SETTINGS = 4 }; /* beside those of the spec */

/* One object in one plane. */
struct fence_place {
        const struct policy_fence *fence;
        const struct plane *plane;
};

/* Why its cluster cannot be reached whatever happens; NULL: it can. */
static const char *what_lacks(const struct plane *plane, struct arena *arena)
{
        if (plane->spec && plane->spec->access != PLANE_ACCESS_NONE)
                return NULL;
        if (!plane->spec)
                return arena_printf(arena, "ManagementPlane %s is not there, or cannot be understood", plane->name);
        return arena_printf(arena,
                            "ManagementPlane %s has no spec.kubeConfig, so that its cluster is not known; spec.fence "
                            "of this policy needs it",
                            plane->name);
}

static bool has_kubeconfig(const struct plane *plane)
{
        return plane->spec && plane->spec->access == PLANE_ACCESS_KUBECONFIG;
}

static struct target_config config_of(const struct fence_place *place, struct arena *arena)
{
        const struct policy_fence *fence = place->fence;
        struct target_setting *settings =
            arena_alloc(arena, (FENCE_SETTINGS_MAX + MORE_SETTINGS) * sizeof(*settings));
        const char *lacks = what_lacks(place->plane, arena), *plane = place->plane->name;
        size_t count = 0;
        for (; count < fence->setting_count; count++)
                settings[count] = (struct target_setting){arena_strdup(arena, fence->settings[count].key),
                                                          arena_strdup(arena, fence->settings[count].value)};
        settings[count++] = (struct target_setting){"active", arena_strdup(arena, fence->active)};
        settings[count++] = (struct target_setting){"plane", arena_strdup(arena, plane)};
        if (lacks)
                settings[count++] = (struct target_setting){"lacks", lacks};
        if (has_kubeconfig(place->plane)) {
                settings[count++] = (struct target_setting){"kubeConfig", "of the plane"};
                settings[count++] = (struct target_setting){"kubeConfigFile", arena_printf(arena, "%s.yaml", plane)};
        }
        return (struct target_config){.settings = settings, .setting_count = count};
}

static struct target_ref ref_of(const struct fence_place *place, struct arena *arena)
{
        const struct target_driver *driver = target_driver_find(DRIVER);
        const struct target_config config = config_of(place, arena);
        char *name = driver->name_of(&config);
        const struct target_ref ref = {TARGET_FENCE, DRIVER, arena_printf(arena, "plane %s", place->plane->name),
                                       arena_strdup(arena, name), 0};
        free(name);
        return ref;
}

/* False: the spec names it no more. */
static bool find(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                 struct fence_place *ret)
{
        for (size_t i = 0; i < policy->spec->fence_count * policy->plane_count; i++) {
                *ret = (struct fence_place){&policy->spec->fences[i / policy->plane_count],
                                            policy->planes[i % policy->plane_count].plane};
                const struct target_ref own = ref_of(ret, arena);
                if (target_ref_equal(&own, ref))
                        return true;
        }
        return false;
}

unsigned fence_config_secrets(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                              struct target_secret *ret)
{
        struct fence_place place;
        if (!find(policy, ref, arena, &place) || !has_kubeconfig(place.plane))
                return 0;
        const struct secret_key_ref *kubeconfig = &place.plane->spec->kube_config;
        const char *key = arena_strdup(arena, kubeconfig->key);
        ret[0] = (struct target_secret){
            .field = arena_printf(arena, "ManagementPlane %s kubeConfig.secretRef", place.plane->name),
            .secret = arena_strdup(arena, kubeconfig->name),
            .wanted = arena_printf(arena, "%s, a kubeconfig", key),
            .keys = {{key, "kubeconfig", false}},
            .key_count = 1};
        return 1;
}

void fence_config_settings(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                           struct target_config *ret)
{
        struct fence_place place;
        if (!find(policy, ref, arena, &place))
                return;
        const struct target_config config = config_of(&place, arena);
        ret->settings = config.settings;
        ret->setting_count = config.setting_count;
}

/* Open in its plane while that is active, and closed while any other is. */
static struct wanted_target wanted_of(const struct policy *policy, const struct fence_place *place,
                                      struct arena *arena)
{
        struct wanted_target wanted = {.ref = ref_of(place, arena), .plane = place->plane->name};
        for (size_t i = 0; i < policy->plane_count; i++) {
                const char *active = policy->planes[i].plane->name;
                const bool is_own = text_equal(active, place->plane->name);
                wanted.values[wanted.value_count++] =
                    (struct wanted_value){active, is_own ? place->fence->active : place->fence->standby};
        }
        return wanted;
}

unsigned fence_config_wanted(const struct policy *policy, struct arena *arena, struct wanted_target *ret)
{
        unsigned count = 0;
        for (size_t i = 0; i < policy->spec->fence_count; i++)
                for (size_t at = 0; at < policy->plane_count && count < TARGETS_MAX - 1; at++)
                        ret[count++] = wanted_of(
                            policy, &(struct fence_place){&policy->spec->fences[i], policy->planes[at].plane}, arena);
        return count;
}
