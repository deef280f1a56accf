/*
 * flux.c -- drivers flux.kubeconfigSecret, the Secret with the kubeconfig that Kustomizations name, and
 * flux.kustomizationField, the name of that Secret in one Kustomization.
 *
 * With the Secret the Kustomizations stay as Git has them, so that nothing puts anything back. Each that names it is
 * asked to reconcile, which it answers by its status.
 *
 * Source: fluxcd.io/flux/components/kustomize/kustomizations (kubeConfig, triggering a reconcile, status)
 */
#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "targets/kube/by_hand.h"
#include "targets/kube/copied.h"
#include "targets/kube/drivers.h"
#include "targets/kube/following.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

#define REQUESTED "reconcile.fluxcd.io/requestedAt"

/* ---- the Secret ---- */

/* "~" and "/" of a key are escaped; a key of a Secret has neither. */
static enum err resolve_key(struct object_session *session, const struct target_config *config, struct errmsg *reterr)
{
        const char *key = target_setting_find(config, "key");
        struct strbuf pointer = STRBUF_INIT(512);
        (void)reterr;
        free(session->pointer);
        session->key = mem_strdup(key && key[0] ? key : "value");
        (void)strbuf_printf(&pointer, "/data/%.253s", session->key);
        session->pointer = strbuf_take(&pointer);
        return ERR_OK;
}

static bool is_ready(const json_t *item)
{
        const json_t *status = json_object_get(item, "status");
        size_t i;
        json_t *condition;
        json_array_foreach(json_object_get(status, "conditions"), i, condition)
        {
                if (!text_equal(json_string_value(json_object_get(condition, "type")), "Ready"))
                        continue;
                return text_equal(json_string_value(json_object_get(condition, "status")), "True") &&
                       !object_is_unobserved(NULL, item);
        }
        return false;
}

static enum follow_state kustomization_state(const struct object_session *session, const json_t *object,
                                             const struct stamp *stamp, const json_t *item)
{
        const json_t *config = json_object_get(json_object_get(item, "spec"), "kubeConfig");
        const char *name = json_string_value(json_object_get(json_object_get(config, "secretRef"), "name"));
        (void)object;
        if (!text_equal(name, session->name))
                return FOLLOW_OTHER;
        if (!following_is_asked(item, stamp))
                return FOLLOW_UNASKED;
        const char *handled =
            json_string_value(json_object_get(json_object_get(item, "status"), "lastHandledReconcileAt"));
        return text_equal(handled, object_annotation(item, REQUESTED)) && is_ready(item) ? FOLLOW_DONE : FOLLOW_WAITS;
}

static json_t *request(const struct stamp *stamp)
{
        char token[FOLLOWING_TOKEN_BYTES];
        json_t *annotations = following_mark(stamp);
        following_token(stamp, token);
        INVARIANT(json_object_set_new(annotations, REQUESTED, json_sprintf("planekeeper-%s", token)) == 0);
        return annotations;
}

static const struct object_following kustomizations = {
    .resource = {"kustomize.toolkit.fluxcd.io", "v1", "kustomizations", "Kustomization"},
    .state = kustomization_state,
    .request = request};
static const char *const kubeconfig_keys[] = {"value", NULL};
static const struct object_profile kubeconfig_secret = {.api_version = "v1",
                                                        .resource = "secrets",
                                                        .plane_keys = kubeconfig_keys,
                                                        .resolve = resolve_key,
                                                        .show = copied_show,
                                                        .set = copied_set,
                                                        .following = &kustomizations};

static enum err kubeconfig_open(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        return object_open(&flux_kubeconfig_secret_driver, &kubeconfig_secret, config, ret, reterr);
}

static char *kubeconfig_name_of(const struct target_config *config)
{
        return object_name_of(&kubeconfig_secret, config);
}

static char *kubeconfig_value_of(const struct target_config *config, const char *plane)
{
        return copied_value_of(&kubeconfig_secret, config, plane);
}

/* Flux refuses what it cannot verify, and by default exec plugins: told before a failover needs it. */
static enum err kubeconfig_check(const struct target_config *config, struct errmsg *reterr)
{
        enum err err = hub_check(config, reterr);
        for (size_t i = 0; i < config->credential_count && err == ERR_OK; i++) {
                const struct target_credential *credential = &config->credentials[i];
                const struct kube_config_policy strict = {.allow_exec = true};
                struct kube_config parsed;
                if (!strchr(credential->key, '/'))
                        continue;
                err = kube_config_parse(credential->value.bytes, credential->value.count, NULL, &strict, &parsed,
                                        reterr);
                if (err == ERR_OK)
                        kube_config_clear(&parsed);
                else
                        err = err_wrap(reterr, ERR_INVALID, "kubeconfig");
        }
        return err;
}

static struct by_hand kubeconfig_by_hand(const struct target_config *config, const struct by_hand_write *write,
                                         struct arena *arena)
{
        const char *namespace_name = target_setting_find(config, "namespace");
        const char *hub = target_setting_find(config, "kubeConfig") ? "--kubeconfig hub.yaml " : "";
        const char *then = arena_printf(arena,
                                        " && kubectl %s-n %s annotate kustomizations.kustomize.toolkit.fluxcd.io --all "
                                        "--overwrite " REQUESTED "=\"$(date +%%s)\"",
                                        hub, namespace_name ? namespace_name : "flux-system");
        return copied_by_hand(&kubeconfig_secret, config, write, then, arena);
}

const struct target_driver flux_kubeconfig_secret_driver = {.name = "flux.kubeconfigSecret",
                                                            .kind = TARGET_PIPELINE,
                                                            .limits = OBJECT_LIMITS,
                                                            .where = "kubeConfig",
                                                            .where_default = "this cluster",
                                                            .name_of = kubeconfig_name_of,
                                                            .value_of = kubeconfig_value_of,
                                                            .plane_keys = kubeconfig_keys,
                                                            .check_credentials = kubeconfig_check,
                                                            .open = kubeconfig_open,
                                                            .start = object_start,
                                                            .by_hand = kubeconfig_by_hand,
                                                            .close = object_close};

/* ---- the name of the Secret in a Kustomization ---- */

static bool is_delivering(const struct object_session *session, const json_t *object)
{
        (void)session;
        return !is_ready(object);
}

static const struct object_profile kustomization_field = {.api_version = "kustomize.toolkit.fluxcd.io/v1",
                                                          .resource = "kustomizations",
                                                          .pointer = "/spec/kubeConfig/secretRef/name",
                                                          .show = object_show_field,
                                                          .set = object_set_field,
                                                          .is_settling = is_delivering};

static enum err kustomization_open(const struct target_config *config, struct target_session **ret,
                                   struct errmsg *reterr)
{
        return object_open(&flux_kustomization_field_driver, &kustomization_field, config, ret, reterr);
}

static char *kustomization_name_of(const struct target_config *config)
{
        return object_name_of(&kustomization_field, config);
}

static struct by_hand kustomization_by_hand(const struct target_config *config, const struct by_hand_write *write,
                                            struct arena *arena)
{
        return object_by_hand(&kustomization_field, config, write, arena);
}

const struct target_driver flux_kustomization_field_driver = {.name = "flux.kustomizationField",
                                                              .kind = TARGET_PIPELINE,
                                                              .limits = OBJECT_LIMITS,
                                                              .where = "kubeConfig",
                                                              .where_default = "this cluster",
                                                              .name_of = kustomization_name_of,
                                                              .check_credentials = hub_check,
                                                              .open = kustomization_open,
                                                              .start = object_start,
                                                              .by_hand = kustomization_by_hand,
                                                              .close = object_close};
