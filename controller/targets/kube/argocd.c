/*
 * argocd.c -- drivers argoCD.clusterSecret, the cluster Secret that Applications name as their destination, and
 * argoCD.applicationField, the destination of one Application.
 *
 * With the cluster Secret one write moves every Application of that destination. Argo CD looks at its clusters every
 * few minutes only, so each of these Applications is asked for a refresh: 0.8 s instead of 80 s.
 *
 * Source: argo-cd.readthedocs.io/en/stable: operator-manual/declarative-setup (clusters),
 *         user-guide/annotations-and-labels
 */
#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "targets/kube/by_hand.h"
#include "targets/kube/copied.h"
#include "targets/kube/drivers.h"
#include "targets/kube/following.h"
#include "util/mem.h"
#include "util/text.h"

#define REFRESH "argocd.argoproj.io/refresh"

static const char *text_at(const json_t *object, const char *a, const char *b, const char *c)
{
        const char *text = json_string_value(json_object_get(json_object_get(json_object_get(object, a), b), c));
        return text ? text : "";
}

/* ---- the cluster Secret ---- */

static bool goes_there(const json_t *secret, const json_t *application)
{
        struct secret name;
        copied_entry(secret, "name", &name);
        const bool is_there =
            !secret_is_empty(&name) && text_equal(name.bytes, text_at(application, "spec", "destination", "name"));
        secret_clear(&name);
        return is_there;
}

static bool is_synced(const json_t *application)
{
        return text_equal(text_at(application, "status", "sync", "status"), "Synced");
}

/* Git or the cluster could not be asked: Argo CD compares again when its resync comes, minutes later. */
static bool has_failed(const json_t *application)
{
        return text_equal(text_at(application, "status", "sync", "status"), "Unknown");
}

/* The controller takes the annotation away together with the result of the refresh. */
static enum follow_state application_state(const struct object_session *session, const json_t *object,
                                           const struct stamp *stamp, const json_t *item)
{
        (void)session;
        if (!goes_there(object, item))
                return FOLLOW_OTHER;
        if (!following_is_asked(item, stamp))
                return FOLLOW_UNASKED;
        if (object_annotation(item, REFRESH))
                return FOLLOW_WAITS;
        return is_synced(item) ? FOLLOW_DONE : has_failed(item) ? FOLLOW_FAILED : FOLLOW_WAITS;
}

static json_t *refresh(const struct stamp *stamp)
{
        json_t *annotations = following_mark(stamp);
        INVARIANT(json_object_set_new(annotations, REFRESH, json_string("hard")) == 0);
        return annotations;
}

static const struct object_following applications = {
    .resource = {"argoproj.io", "v1alpha1", "applications", "Application"},
    .state = application_state,
    .request = refresh};
static const char *const cluster_keys[] = {"server", "config", NULL};
static const struct object_profile cluster_secret = {.api_version = "v1",
                                                     .resource = "secrets",
                                                     .plane_keys = cluster_keys,
                                                     .pointer = "/data/server",
                                                     .show = copied_show,
                                                     .set = copied_set,
                                                     .following = &applications};

static enum err cluster_open(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        return object_open(&argocd_cluster_secret_driver, &cluster_secret, config, ret, reterr);
}

static char *cluster_name_of(const struct target_config *config)
{
        return object_name_of(&cluster_secret, config);
}

static char *cluster_value_of(const struct target_config *config, const char *plane)
{
        return copied_value_of(&cluster_secret, config, plane);
}

static struct by_hand cluster_by_hand(const struct target_config *config, const struct by_hand_write *write,
                                      struct arena *arena)
{
        const char *namespace_name = target_setting_find(config, "namespace");
        const char *hub = target_setting_find(config, "kubeConfig") ? "--kubeconfig hub.yaml " : "";
        const char *then = arena_printf(arena,
                                        " && kubectl %s-n %s annotate applications.argoproj.io --all --overwrite "
                                        REFRESH "=hard",
                                        hub, namespace_name ? namespace_name : "argocd");
        return copied_by_hand(&cluster_secret, config, write, then, arena);
}

const struct target_driver argocd_cluster_secret_driver = {.name = "argoCD.clusterSecret",
                                                           .kind = TARGET_PIPELINE,
                                                           .limits = OBJECT_LIMITS,
                                                           .where = "kubeConfig",
                                                           .where_default = "this cluster",
                                                           .name_of = cluster_name_of,
                                                           .value_of = cluster_value_of,
                                                           .plane_keys = cluster_keys,
                                                           .check_credentials = hub_check,
                                                           .open = cluster_open,
                                                           .start = object_start,
                                                           .by_hand = cluster_by_hand,
                                                           .close = object_close};

/* ---- the destination of an Application ---- */

static enum err resolve_destination(struct object_session *session, const struct target_config *config,
                                    struct errmsg *reterr)
{
        const char *field = target_setting_find(config, "field");
        (void)reterr;
        free(session->pointer);
        session->pointer =
            mem_strdup(text_equal(field, "server") ? "/spec/destination/server" : "/spec/destination/name");
        return ERR_OK;
}

/* The destination that was compared last is the one that was delivered to. */
static bool is_delivering(const struct object_session *session, const json_t *object)
{
        const json_t *sync = json_object_get(json_object_get(object, "status"), "sync");
        const json_t *compared = json_object_get(sync, "comparedTo");
        const char *key = strrchr(session->pointer, '/') + 1;
        const char *then = json_string_value(json_object_get(json_object_get(compared, "destination"), key));
        return !is_synced(object) || !text_equal(then, text_at(object, "spec", "destination", key));
}

static const struct object_profile application_field = {.api_version = "argoproj.io/v1alpha1",
                                                        .resource = "applications",
                                                        .resolve = resolve_destination,
                                                        .show = object_show_field,
                                                        .set = object_set_field,
                                                        .is_settling = is_delivering};

static enum err application_open(const struct target_config *config, struct target_session **ret, struct errmsg *reterr)
{
        return object_open(&argocd_application_field_driver, &application_field, config, ret, reterr);
}

static char *application_name_of(const struct target_config *config)
{
        return object_name_of(&application_field, config);
}

static struct by_hand application_by_hand(const struct target_config *config, const struct by_hand_write *write,
                                          struct arena *arena)
{
        return object_by_hand(&application_field, config, write, arena);
}

const struct target_driver argocd_application_field_driver = {.name = "argoCD.applicationField",
                                                              .kind = TARGET_PIPELINE,
                                                              .limits = OBJECT_LIMITS,
                                                              .where = "kubeConfig",
                                                              .where_default = "this cluster",
                                                              .name_of = application_name_of,
                                                              .check_credentials = hub_check,
                                                              .open = application_open,
                                                              .start = object_start,
                                                              .by_hand = application_by_hand,
                                                              .close = object_close};
