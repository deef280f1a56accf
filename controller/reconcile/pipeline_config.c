/* pipeline_config.c -- the settings and Secrets for the drivers of pipelines. */
#include "reconcile/pipeline_config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile/plane.h"
#include "targets/kube/facts.h"
#include "util/text.h"

static const char *cluster_of(const struct policy_pipeline *pipeline, struct arena *arena)
{
        const struct secret_key_ref *hub = &pipeline->kube_config;
        return hub->name[0] ? arena_printf(arena, "the cluster of Secret %s/%s", hub->name, hub->key) : "this cluster";
}

/* The server of a driver that has another one than the cluster is a setting. */
static const char *pipeline_endpoint(const struct policy_pipeline *pipeline, struct arena *arena)
{
        const struct target_driver *driver = target_driver_find(pipeline->driver);
        for (size_t i = 0; driver && driver->where && i < pipeline->setting_count; i++)
                if (text_equal(pipeline->settings[i].key, driver->where))
                        return arena_strdup(arena, pipeline->settings[i].value);
        return cluster_of(pipeline, arena);
}

static struct target_setting secret_setting(const struct failover_policy *spec, const char *of,
                                            const struct secret_key_ref *secret, struct arena *arena)
{
        return (struct target_setting){
            arena_printf(arena, "secret of %s", of),
            arena_printf(arena, "%s %s %s", spec->namespace_name, secret->name, secret->key)};
}

/* Which Secrets there are is a setting for the commands that people are told. */
struct target_config pipeline_config_of(const struct failover_policy *spec, const struct policy_pipeline *pipeline,
                                        struct arena *arena)
{
        struct target_setting *settings =
            arena_alloc(arena, (PIPELINE_SETTINGS_MAX + 1 + PLANES_MAX + PIPELINE_SECRETS_MAX) * sizeof(*settings));
        size_t count = 0;
        for (; count < pipeline->setting_count; count++)
                settings[count] = (struct target_setting){arena_strdup(arena, pipeline->settings[count].key),
                                                          arena_strdup(arena, pipeline->settings[count].value)};
        if (pipeline->kube_config.name[0])
                settings[count++] = (struct target_setting){"kubeConfig", cluster_of(pipeline, arena)};
        for (size_t i = 0; i < pipeline->plane_count; i++) {
                const struct pipeline_plane *plane = &pipeline->planes[i];
                if (plane->secret.name[0])
                        settings[count++] = secret_setting(spec, plane->plane, &plane->secret, arena);
        }
        for (size_t i = 0; i < pipeline->secret_count; i++)
                settings[count++] =
                    secret_setting(spec, pipeline->secrets[i].as, &pipeline->secrets[i].ref, arena);
        return (struct target_config){.settings = settings, .setting_count = count};
}

static struct target_ref pipeline_ref(const struct failover_policy *spec, const struct policy_pipeline *pipeline,
                                      struct arena *arena)
{
        const struct target_driver *driver = target_driver_find(pipeline->driver);
        const struct target_config config = pipeline_config_of(spec, pipeline, arena);
        char *name = driver && driver->name_of ? driver->name_of(&config) : NULL;
        const char *kept = arena_strdup(arena, name ? name : pipeline->name);
        free(name);
        return (struct target_ref){TARGET_PIPELINE, pipeline->driver, pipeline_endpoint(pipeline, arena), kept, 0};
}

/* NULL: the spec names it no more. */
static const struct policy_pipeline *pipeline_of(const struct failover_policy *spec, const struct target_ref *ref,
                                                 struct arena *arena)
{
        for (size_t i = 0; i < spec->pipeline_count; i++) {
                const struct target_ref own = pipeline_ref(spec, &spec->pipelines[i], arena);
                if (target_ref_equal(&own, ref))
                        return &spec->pipelines[i];
        }
        return NULL;
}

static struct target_secret plane_secret(const char *field, const struct pipeline_plane *plane,
                                         const char *const *keys, struct arena *arena)
{
        struct target_secret secret = {.field = field, .secret = plane->secret.name, .wanted = ""};
        for (; keys[secret.key_count] && secret.key_count < TARGET_SECRET_KEYS_MAX; secret.key_count++) {
                const char *key = keys[1] || !plane->secret.key[0] ? keys[secret.key_count] : plane->secret.key;
                secret.keys[secret.key_count].key = key;
                secret.keys[secret.key_count].as =
                    arena_printf(arena, "%s/%s", plane->plane, keys[secret.key_count]);
                secret.wanted = arena_printf(arena, "%s%s%s", secret.wanted, secret.wanted[0] ? " and " : "", key);
        }
        return secret;
}

unsigned pipeline_config_hub(const struct policy_pipeline *pipeline, const char *field, struct arena *arena,
                             struct target_secret *ret)
{
        const struct secret_key_ref *hub = &pipeline->kube_config;
        if (!hub->name[0])
                return 0;
        *ret = (struct target_secret){.field = field,
                                      .secret = hub->name,
                                      .wanted = arena_printf(arena, "%s, a kubeconfig", hub->key),
                                      .keys = {{hub->key, "kubeconfig", false}},
                                      .key_count = 1};
        return 1;
}

unsigned pipeline_config_secrets(const struct failover_policy *spec, const struct target_ref *ref, struct arena *arena,
                                 struct target_secret *ret)
{
        const struct policy_pipeline *pipeline = pipeline_of(spec, ref, arena);
        const struct target_driver *driver = target_driver_find(ref->driver);
        unsigned count = 0;
        if (!pipeline || !driver)
                return 0;
        const char *field = arena_printf(arena, "spec.pipeline %s", pipeline->name);
        count += pipeline_config_hub(pipeline, arena_printf(arena, "%s kubeConfig.secretRef", field), arena, ret);
        for (size_t i = 0; i < pipeline->secret_count; i++) {
                const struct pipeline_secret *own = &pipeline->secrets[i];
                ret[count++] = (struct target_secret){.field = arena_printf(arena, "%s %s", field, own->field),
                                                      .secret = own->ref.name,
                                                      .wanted = own->ref.key,
                                                      .keys = {{own->ref.key, own->as, false}},
                                                      .key_count = 1};
        }
        for (size_t i = 0; i < pipeline->plane_count && driver->plane_keys; i++)
                ret[count++] = plane_secret(arena_printf(arena, "%s plane %s", field, pipeline->planes[i].plane),
                                            &pipeline->planes[i], driver->plane_keys, arena);
        return count;
}

/* ---- facts of the decision ---- */

/* "A 198.51.100.7" without its type. */
static const char *address_of(const struct plane *plane)
{
        const char *space = plane->rrset ? strchr(plane->rrset, ' ') : NULL;
        return space ? space + 1 : "";
}

static void add_fact(struct target_config *config, struct target_setting *settings, const char *key, const char *value)
{
        settings[config->setting_count++] = (struct target_setting){key, value};
}

void pipeline_config_facts(const struct policy *policy, const char *name, struct arena *arena,
                           struct target_config *ret)
{
        const struct record *record = policy->keeper.record;
        const size_t room = ret->setting_count + FACTS + 2 * policy->plane_count;
        struct target_setting *settings = arena_alloc(arena, room * sizeof(*settings));
        for (size_t i = 0; i < ret->setting_count; i++)
                settings[i] = ret->settings[i];
        ret->settings = settings;
        add_fact(ret, settings, FACT_POLICY, arena_printf(arena, "%s/%s", policy->namespace_name, policy->name));
        add_fact(ret, settings, FACT_PIPELINE, arena_strdup(arena, name));
        add_fact(ret, settings, FACT_NAME, arena_strdup(arena, policy->spec->dns.name));
        add_fact(ret, settings, FACT_FROM, arena_strdup(arena, record ? record->from : ""));
        add_fact(ret, settings, FACT_TO, arena_strdup(arena, record ? record->to : ""));
        add_fact(ret, settings, FACT_DECISION,
                 record ? arena_printf(arena, "%" PRIu64 "-%016" PRIx64, record->epoch, record->id) : "");
        for (size_t i = 0; i < policy->plane_count; i++) {
                const struct plane *plane = policy->planes[i].plane;
                add_fact(ret, settings, arena_printf(arena, FACT_CLUSTER "%s", plane->name),
                         arena_strdup(arena, plane->spec ? plane->spec->cluster_name : ""));
                add_fact(ret, settings, arena_printf(arena, FACT_ADDRESS "%s", plane->name),
                         arena_strdup(arena, address_of(plane)));
        }
}

void pipeline_config_settings(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                              struct target_config *ret)
{
        const struct policy_pipeline *pipeline = pipeline_of(policy->spec, ref, arena);
        const struct target_driver *driver = target_driver_find(ref->driver);
        const struct target_config config =
            pipeline ? pipeline_config_of(policy->spec, pipeline, arena) : (struct target_config){0};
        ret->settings = config.settings;
        ret->setting_count = config.setting_count;
        if (pipeline && driver && driver->wants_facts)
                pipeline_config_facts(policy, pipeline->name, arena, ret);
}

struct wanted_target pipeline_config_wanted(const struct failover_policy *spec,
                                            const struct policy_pipeline *pipeline, struct arena *arena)
{
        struct wanted_target wanted = {
            .ref = pipeline_ref(spec, pipeline, arena), .value = pipeline->value, .plane = ""};
        for (size_t i = 0; i < pipeline->plane_count; i++)
                wanted.values[wanted.value_count++] =
                    (struct wanted_value){pipeline->planes[i].plane, pipeline->planes[i].value};
        return wanted;
}
