/* api_serve.c -- requests and answers of the API servers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_object.h"
#include "api_parts.h"
#include "pipeline.h"
#include "util/mem.h"

/* ---- answers ---- */

static void refuse(struct exchange *exchange, long status, const char *reason, const char *message, long retry_after_s)
{
        char text[300];
        (void)snprintf(text, sizeof(text),
                       "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"%s\","
                       "\"reason\":\"%s\",\"code\":%ld}",
                       message, reason, status);
        net_reply(exchange, status, text, retry_after_s);
}

static void answer(struct exchange *exchange, long status, const json_t *object)
{
        if (world.places[exchange->place].broken_replies > 0) {
                refuse(exchange, 500, "InternalError", "etcdserver: request timed out", -1);
                return;
        }
        json_t *body = json_incref((json_t *)object);
        if (exchange->wants_metadata) {
                json_decref(body);
                body = json_pack("{s:s, s:s, s:O}", "kind", "PartialObjectMetadata", "apiVersion", "meta.k8s.io/v1",
                                 "metadata", json_object_get(object, "metadata"));
        }
        char *text = json_dumps(body, JSON_COMPACT);
        net_reply(exchange, status, text, -1);
        free(text);
        json_decref(body);
}

static void serve_list(struct api *api, struct exchange *exchange, enum api_kind kind)
{
        bool wants_label = strstr(exchange->target, "labelSelector=") != NULL;
        json_t *items = json_array();
        for (struct object *object = api->objects; object; object = object->next)
                if (object->kind == kind && (!wants_label || api_is_labelled(object->json)))
                        json_array_append(items, object->json);
        json_t *list = api_object_list(items, api_resources[kind].api_version, api->version);
        exchange->wants_metadata = false;
        answer(exchange, 200, list);
        json_decref(list);
}

/* ---- requests ---- */

struct route {
        enum api_kind kind;
        char namespace_name[64], name[128];
        bool is_status;
};

static void copy_word(const char *from, char *ret, size_t size)
{
        size_t count = strcspn(from, "/?");
        INVARIANT(count < size);
        memcpy(ret, from, count);
        ret[count] = '\0';
}

/* /api/v1/... and /apis/<group>/<version>/..., with or without namespaces/<namespace>. */
static struct route parse_target(const char *target)
{
        struct route route = {.kind = API_KIND_COUNT};
        char word[64];
        const char *at = target;
        for (unsigned skip = strncmp(at, "/apis/", 6) == 0 ? 3 : 2; skip; skip--)
                at = strchr(at + 1, '/');
        copy_word(at + 1, word, sizeof(word));
        const char *after = strchr(at + 1, '/');
        bool is_namespaced = strcmp(word, "namespaces") == 0 && after && strchr(after + 1, '/');
        if (is_namespaced) {
                copy_word(after + 1, route.namespace_name, sizeof(route.namespace_name));
                at = strchr(after + 1, '/');
                copy_word(at + 1, word, sizeof(word));
        }
        for (unsigned i = 0; i < API_KIND_COUNT; i++)
                if (strcmp(word, api_resources[i].plural) == 0)
                        route.kind = (enum api_kind)i;
        at = strchr(at + 1, '/');
        if (at)
                copy_word(at + 1, route.name, sizeof(route.name));
        route.is_status = at && (at = strchr(at + 1, '/')) && strncmp(at, "/status", 7) == 0;
        return route;
}

static void serve_create(struct api *api, struct exchange *exchange, const struct route *route)
{
        json_t *object = json_loads(exchange->body, 0, NULL);
        INVARIANT(json_is_object(object));
        if (route->namespace_name[0]) /* which the path says, where the object does not */
                json_object_set_new(json_object_get(object, "metadata"), "namespace", json_string(route->namespace_name));
        if (route->kind == API_EVENTS) { /* nobody reads them here, and there are many */
                api_object_set_version(object, 1);
                answer(exchange, 201, object);
                json_decref(object);
                return;
        }
        struct object **at = api_slot(api, route->kind, route->namespace_name, api_object_meta(object, "name"));
        if (*at) {
                json_decref(object);
                refuse(exchange, 409, "AlreadyExists", "it already exists", -1);
                return;
        }
        api_complete(api, route->kind, object);
        if (strstr(exchange->target, "dryRun=All")) {
                answer(exchange, 201, object);
                json_decref(object);
                return;
        }
        api_replace(api, at, route->kind, object, exchange->host);
        answer(exchange, 201, object);
}

static void serve_patch(struct api *api, struct exchange *exchange, const struct route *route)
{
        json_t *patch = json_loads(exchange->body, 0, NULL);
        INVARIANT(json_is_object(patch));
        struct object **at = api_slot(api, route->kind, route->namespace_name, route->name);
        if (route->kind == API_EVENTS)
                answer(exchange, 200, patch);
        else if (!*at)
                refuse(exchange, 404, "NotFound", "not found", -1);
        else if (!api_object_admits((*at)->json, patch))
                refuse(exchange, 409, "Conflict", "the object has been modified", -1);
        else
                answer(exchange, 200, api_patch(api, at, patch, route->is_status, exchange->host));
        json_decref(patch);
}

static void serve_get(struct api *api, struct exchange *exchange, const struct route *route)
{
        if (!route->name[0] && strstr(exchange->target, "watch=true"))
                api_watch(api, exchange, route->kind);
        else if (!route->name[0])
                serve_list(api, exchange, route->kind);
        else if (*api_slot(api, route->kind, route->namespace_name, route->name))
                answer(exchange, 200, (*api_slot(api, route->kind, route->namespace_name, route->name))->json);
        else
                refuse(exchange, 404, "NotFound", "not found", -1);
}

static bool is_lease_refused(const struct trouble *trouble, const struct exchange *exchange, const struct route *route)
{
        bool is_write = route->kind == API_LEASES && strcmp(exchange->method, "GET") != 0;
        bool is_election = strcmp(route->namespace_name, OWN_NAMESPACE) == 0;
        return is_write && (is_election ? trouble->election_refused : trouble->records_refused) > 0;
}

void api_serve(unsigned cluster, struct exchange *exchange)
{
        struct api *api = &apis[cluster];
        const bool is_of_plane = cluster >= CLUSTERS_MAX;
        const struct trouble *trouble =
            &world.places[is_of_plane ? AT_PLANE_API + cluster - CLUSTERS_MAX : AT_API + cluster];
        const struct route route = parse_target(exchange->target);
        if (strstr(exchange->target, "/selfsubjectaccessreviews")) {
                net_reply(exchange, 201, "{\"status\":{\"allowed\":true}}", -1);
                return;
        }
        INVARIANT(route.kind < API_KIND_COUNT);
        if (is_lease_refused(trouble, exchange, &route))
                refuse(exchange, world.lease_status, "Refused", "that Lease is not written here", -1);
        else if (trouble->throttled > 0)
                refuse(exchange, 429, "TooManyRequests", "please try again later", 1);
        else if (trouble->denied > 0)
                refuse(exchange, 403, "Forbidden", "not allowed", -1);
        else if (world.kill_switch_denied > 0 && !is_of_plane && route.kind == API_CONFIG_MAPS)
                refuse(exchange, 403, "Forbidden", "configmaps may not be read", -1);
        else if (world.pipeline_refused > 0 && route.kind == API_CONFIG_MAPS && strcmp(route.name, PIPELINE_OBJECT) == 0)
                refuse(exchange, 403, "Forbidden", "that configmap is not touched", -1);
        else if (trouble->broken > 0)
                refuse(exchange, 503, "ServiceUnavailable", "etcdserver: no leader", -1);
        else if (strcmp(exchange->method, "GET") == 0)
                serve_get(api, exchange, &route);
        else if (strcmp(exchange->method, "POST") == 0)
                serve_create(api, exchange, &route);
        else if (strcmp(exchange->method, "PATCH") == 0)
                serve_patch(api, exchange, &route);
        else
                refuse(exchange, 405, "MethodNotAllowed", "not here", -1);
}
