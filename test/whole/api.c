/* api.c -- API servers in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_object.h"
#include "api_parts.h"
#include "judge.h"
#include "lock_jobs.h"
#include "util/mem.h"

enum { VERSION_FIRST = 100 };

const struct api_resource api_resources[API_KIND_COUNT] = {
    [API_PLANES] = {"managementplanes", "ManagementPlane", "planekeeper.io/v1alpha1", true},
    [API_POLICIES] = {"failoverpolicies", "FailoverPolicy", "planekeeper.io/v1alpha1", true},
    [API_LEASES] = {"leases", "Lease", "coordination.k8s.io/v1", false},
    [API_EVENTS] = {"events", "Event", "events.k8s.io/v1", false},
    [API_CONFIG_MAPS] = {"configmaps", "ConfigMap", "v1", false},
    [API_SECRETS] = {"secrets", "Secret", "v1", false},
    [API_NAMESPACES] = {"namespaces", "Namespace", "v1", false},
    [API_JOBS] = {"jobs", "Job", "batch/v1", false},
};

struct api apis[APIS];

/* ---- objects ---- */

struct object **api_slot(struct api *api, enum api_kind kind, const char *namespace_name, const char *name)
{
        struct object **at = &api->objects;
        while (*at && ((*at)->kind != kind || strcmp(api_object_meta((*at)->json, "name"), name) != 0 ||
                       strcmp(api_object_meta((*at)->json, "namespace"), namespace_name) != 0))
                at = &(*at)->next;
        return at;
}

const json_t *api_find(unsigned cluster, enum api_kind kind, const char *namespace_name, const char *name)
{
        struct object *found = *api_slot(&apis[cluster], kind, namespace_name, name);
        return found ? found->json : NULL;
}

bool api_is_labelled(const json_t *object)
{
        const json_t *labels = json_object_get(json_object_get(object, "metadata"), "labels");
        return json_object_get(labels, "planekeeper.io/lease") || json_object_get(labels, "planekeeper.io/job");
}

static void set_text(json_t *object, const char *key, const char *text)
{
        INVARIANT(json_object_set_new(object, key, json_string(text)) == 0);
}

void api_count(struct api *api, json_t *object)
{
        json_object_set_new(json_object_get(object, "metadata"), "serial", json_integer((json_int_t)++api->serial));
}

static void set_version(struct api *api, json_t *object)
{
        api_object_set_version(object, ++api->version);
        api_count(api, object);
}

/* ---- watches ---- */

static void send_change(const struct api_watch *watch, const char *type, const json_t *object)
{
        char *line = api_object_event(type, object);
        (void)net_piece(watch->exchange, line);
        free(line);
}

static void tell_watch(struct api_watch *watch, const struct change *change)
{
        if (change->kind != watch->kind || change->version <= watch->version)
                return;
        watch->version = change->version;
        if (!watch->is_labelled || api_is_labelled(change->json))
                send_change(watch, change->type, change->json);
}

static void drop_dead_watches(struct api *api)
{
        for (struct api_watch **at = &api->watches; *at;) {
                struct api_watch *watch = *at;
                if (watch->exchange->call) {
                        at = &watch->next;
                        continue;
                }
                *at = watch->next;
                exchange_unref(watch->exchange);
                free(watch);
        }
}

static void log_change(struct api *api, enum api_kind kind, const char *type, json_t *object)
{
        if (api->log_count == LOG_MAX) {
                struct change *oldest = &api->log[api->log_first];
                api->compacted = oldest->version;
                json_decref(oldest->json);
                api->log_first = (api->log_first + 1) % LOG_MAX;
                api->log_count--;
        }
        struct change *change = &api->log[(api->log_first + api->log_count++) % LOG_MAX];
        *change = (struct change){.version = api->version, .kind = kind, .type = type, .json = json_incref(object)};
        drop_dead_watches(api);
        for (struct api_watch *watch = api->watches; watch; watch = watch->next)
                tell_watch(watch, change);
}

static void end_watch(void *ctx)
{
        struct exchange *exchange = ctx;
        if (!vtime_is_over())
                net_hang_up(exchange, false);
        exchange_unref(exchange);
}

static unsigned long query_number(const char *target, const char *key)
{
        const char *found = strstr(target, key);
        return found ? strtoul(found + strlen(key), NULL, 10) : 0;
}

void api_watch(struct api *api, struct exchange *exchange, enum api_kind kind)
{
        uint64_t from = query_number(exchange->target, "resourceVersion=");
        if (from > api->version && api->refuses_future) {
                net_reply(exchange, 504,
                          "{\"kind\":\"Status\",\"status\":\"Failure\",\"reason\":\"Timeout\",\"code\":504,"
                          "\"message\":\"Timeout: Too large resource version\",\"details\":{\"causes\":[{\"reason\":"
                          "\"ResourceVersionTooLarge\",\"message\":\"Too large resource version\"}],"
                          "\"retryAfterSeconds\":1}}",
                          1);
                return;
        }
        if (from < api->compacted) {
                net_reply(exchange, 200,
                          "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"status\":\"Failure\",\"reason\":"
                          "\"Expired\",\"code\":410,\"message\":\"too old resource version\"}}\n",
                          -1);
                return;
        }
        struct api_watch *watch = mem_new(watch);
        *watch = (struct api_watch){.exchange = exchange_ref(exchange),
                                    .kind = kind,
                                    .is_labelled = strstr(exchange->target, "labelSelector=") != NULL,
                                    .version = from,
                                    .next = api->watches};
        api->watches = watch;
        net_head(exchange, 200);
        for (unsigned i = 0; i < api->log_count; i++)
                tell_watch(watch, &api->log[(api->log_first + i) % LOG_MAX]);
        vtime_us seconds = (vtime_us)query_number(exchange->target, "timeoutSeconds=");
        vtime_at(vtime_now() + seconds * VTIME_S, end_watch, exchange_ref(exchange));
}

void api_cut_watches(unsigned cluster, bool is_silent)
{
        for (struct api_watch *watch = apis[cluster].watches; watch; watch = watch->next) {
                if (is_silent)
                        net_mute(watch->exchange);
                else
                        net_hang_up(watch->exchange, true);
        }
}

bool api_flows(unsigned cluster)
{
        drop_dead_watches(&apis[cluster]);
        for (const struct api_watch *watch = apis[cluster].watches; watch; watch = watch->next)
                if (watch->exchange->is_muted)
                        return false;
        return true;
}

void api_compact(unsigned cluster)
{
        struct api *api = &apis[cluster];
        api->compacted = api->version;
        api_cut_watches(cluster, false);
}

/* ---- changes ---- */

void api_replace(struct api *api, struct object **at, enum api_kind kind, json_t *json, struct host *by)
{
        const char *type = *at ? "MODIFIED" : "ADDED";
        set_version(api, json);
        if (!*at) {
                *at = mem_new(*at);
                (*at)->kind = kind;
        } else {
                json_decref((*at)->json);
        }
        (*at)->json = json;
        log_change(api, kind, type, json);
        judge_object(api->cluster, kind, json, by);
        if (kind == API_JOBS)
                lock_jobs_changed();
}

static void remove_object(struct api *api, struct object **at)
{
        struct object *object = *at;
        if (!object)
                return;
        *at = object->next;
        json_t *last = json_deep_copy(object->json);
        set_version(api, last);
        log_change(api, object->kind, "DELETED", last);
        judge_deleted(api->cluster, object->kind, last);
        json_decref(last);
        json_decref(object->json);
        free(object);
}

void api_complete(struct api *api, enum api_kind kind, json_t *object)
{
        json_t *metadata = json_object_get(object, "metadata");
        char uid[40];
        (void)snprintf(uid, sizeof(uid), "%08x-0000-4000-8000-%012llx", (unsigned)kind + 16 * api->cluster,
                       (unsigned long long)api->version);
        set_text(object, "apiVersion", api_resources[kind].api_version);
        set_text(object, "kind", api_resources[kind].kind);
        if (!json_object_get(metadata, "uid"))
                set_text(metadata, "uid", uid);
        if (api_resources[kind].has_status && !json_object_get(metadata, "generation"))
                json_object_set_new(metadata, "generation", json_integer(1));
}

void api_put(unsigned cluster, enum api_kind kind, json_t *object)
{
        struct api *api = &apis[cluster];
        api_complete(api, kind, object);
        api_replace(api, api_slot(api, kind, api_object_meta(object, "namespace"), api_object_meta(object, "name")), kind, object,
                    NULL);
}

/* A subresource changes only itself, the object all but it. */
static json_t *merged(const json_t *old, enum api_kind kind, const json_t *patch, bool is_status)
{
        json_t *next = json_deep_copy(old);
        const json_t *status = json_object_get(patch, "status");
        if (is_status) {
                json_t *only = json_pack("{s:O}", "status", status ? status : json_null());
                api_object_merge(next, only);
                json_decref(only);
                return next;
        }
        api_object_merge(next, patch);
        if (api_resources[kind].has_status && json_object_get(old, "status"))
                json_object_set_new(next, "status", json_deep_copy(json_object_get(old, "status")));
        else if (api_resources[kind].has_status)
                json_object_del(next, "status");
        json_object_set(json_object_get(next, "metadata"), "resourceVersion",
                        json_object_get(json_object_get(old, "metadata"), "resourceVersion"));
        if (api_resources[kind].has_status &&
            !json_equal(json_object_get(next, "spec"), json_object_get(old, "spec"))) {
                json_t *metadata = json_object_get(next, "metadata");
                json_int_t generation = json_integer_value(json_object_get(metadata, "generation"));
                json_object_set_new(metadata, "generation", json_integer(generation + 1));
        }
        return next;
}

/* What changes nothing makes no new version. */
const json_t *api_patch(struct api *api, struct object **at, const json_t *patch, bool is_status, struct host *by)
{
        json_t *next = merged((*at)->json, (*at)->kind, patch, is_status);
        if (json_equal(next, (*at)->json))
                json_decref(next);
        else
                api_replace(api, at, (*at)->kind, next, by);
        return (*at)->json;
}

void api_merge(unsigned cluster, enum api_kind kind, const char *namespace_name, const char *name, json_t *patch,
               bool is_status)
{
        struct object **at = api_slot(&apis[cluster], kind, namespace_name, name);
        if (*at)
                (void)api_patch(&apis[cluster], at, patch, is_status, NULL);
        json_decref(patch);
}

void api_delete(unsigned cluster, enum api_kind kind, const char *namespace_name, const char *name)
{
        remove_object(&apis[cluster], api_slot(&apis[cluster], kind, namespace_name, name));
}

void api_begin(void)
{
        for (unsigned i = 0; i < APIS; i++)
                apis[i] = (struct api){.cluster = i, .version = VERSION_FIRST};
}

static void end_one(struct api *api)
{
        api_forget_objects(&api->backup);
        while (api->watches) {
                struct api_watch *watch = api->watches;
                api->watches = watch->next;
                exchange_unref(watch->exchange);
                free(watch);
        }
        api_forget_objects(&api->objects);
        api_forget_changes(api);
}

void api_end(void)
{
        for (unsigned i = 0; i < APIS; i++)
                end_one(&apis[i]);
}
