/* by_hand.c -- the kubectl commands by which a person writes an object's field. */
#include "targets/kube/by_hand.h"

#include <stdlib.h>
#include <string.h>

#include "targets/by_hand.h"
#include "util/mem.h"

/* kubectl's way to a field: dots in a name are escaped. */
static const char *json_path(const char *pointer, struct arena *arena)
{
        const char *steps[FIELD_STEPS_MAX], *path = "";
        unsigned count;
        char *block = field_steps(pointer, steps, &count);
        for (unsigned i = 0; i < count; i++) {
                path = arena_printf(arena, "%s.", path);
                for (const char *at = steps[i]; *at;) {
                        const size_t run = strcspn(at, ".");
                        path = arena_printf(arena, "%s%.*s%s", path, (int)run, at, at[run] ? "\\." : "");
                        at += run + (at[run] != '\0');
                }
        }
        free(block);
        return path;
}

/* The patch that a person would send, quoted for a shell; NULL: *reterr says why there is none. */
static const char *patch_text(const struct object_session *self, const char *value, struct arena *arena,
                              struct errmsg *reterr)
{
        const struct target_want want = {.value = value};
        json_t *patch = json_object();
        const char *quoted = NULL;
        if (self->profile->set(self, &want, patch, reterr) == ERR_OK) {
                char *text = json_dumps(patch, JSON_COMPACT);
                quoted = by_hand_quote(text, arena);
                free(text);
        }
        json_decref(patch);
        return quoted;
}

/* Where a person has it; those of several planes are told apart. */
static const char *kubeconfig_file(const struct target_config *config)
{
        const char *file = target_setting_find(config, "kubeConfigFile");
        return file ? file : "hub.yaml";
}

const char *object_by_hand_command(const struct object_session *session, const struct target_config *config,
                                   const char *verb, struct arena *arena)
{
        const bool has_namespace = session->namespace_name[0];
        const bool has_hub = target_setting_find(config, "kubeConfig") != NULL;
        const char *hub = has_hub ? arena_printf(arena, "--kubeconfig %s ", kubeconfig_file(config)) : "";
        return arena_printf(arena, "kubectl %s%s%s%s%s %s%s%s %s", hub, has_namespace ? "-n " : "",
                            session->namespace_name, has_namespace ? " " : "", verb, session->resource,
                            session->group[0] ? "." : "", session->group, session->name);
}

struct by_hand object_by_hand_needs(const struct target_config *config, const struct by_hand_write *write,
                                    struct arena *arena)
{
        if (!target_setting_find(config, "kubeConfig"))
                return (struct by_hand){0};
        const char *endpoint = write->target->ref.endpoint;
        return (struct by_hand){.needs = arena_printf(arena, "%s is the kubeconfig of %s", kubeconfig_file(config),
                                                       endpoint)};
}

struct by_hand object_by_hand(const struct object_profile *profile, const struct target_config *config,
                              const struct by_hand_write *write, struct arena *arena)
{
        struct by_hand hand = object_by_hand_needs(config, write, arena);
        struct object_session self;
        struct errmsg why;
        const char *patch =
            object_fill(&self, profile, config, &why) == ERR_OK ? patch_text(&self, write->value, arena, &why) : NULL;
        if (patch) {
                const char *path = arena_printf(arena, "jsonpath={%s}", json_path(self.pointer, arena));
                hand.move = arena_printf(arena, "%s --type merge -p %s",
                                         object_by_hand_command(&self, config, "patch", arena), patch);
                hand.look =
                    arena_printf(arena, "%s -o %s # wants %s", object_by_hand_command(&self, config, "get", arena),
                                 by_hand_quote(path, arena), write->value);
        } else {
                hand.move = arena_printf(arena, "# %s: %s", write->target->ref.name, why.text);
        }
        object_clear(&self);
        return hand;
}
