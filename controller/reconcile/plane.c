/* plane.c -- a ManagementPlane at work: its entry, its users, and when its probes are built anew. */
#include "reconcile/plane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/maintenance.h"
#include "reconcile/plane_parts.h"
#include "reconcile/policy.h"
#include "reconcile/secret_cache.h"
#include "runtime/log.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

/* A wake-up costs as much as a probe: those that fall due within TOGETHER_MS start in one turn of the loop. */
enum { DEFAULT_INTERVAL_MS = 5000, DEFAULT_TIMEOUT_MS = 3000, TOGETHER_MS = 5 };

/* The shortest interval of the policies that name it; replicas probe half an interval apart. */
static struct probe_cadence wanted_cadence(const struct plane *plane)
{
        struct probe_cadence cadence = {.interval_ms = DEFAULT_INTERVAL_MS, .timeout_ms = DEFAULT_TIMEOUT_MS};
        bool is_first = true;
        for (size_t i = 0; i < plane->user_count; i++) {
                const struct detection *detection = policy_detection(plane->users[i]);
                if (detection && (is_first || detection->interval_ms < cadence.interval_ms)) {
                        cadence.interval_ms = detection->interval_ms;
                        cadence.timeout_ms = detection->timeout_ms;
                        is_first = false;
                }
        }
        /* The grid is in wall time, because the monotonic clocks of replicas on other machines have other origins. */
        mono_ms spread = (mono_ms)(text_hash(plane->key) % (uint64_t)cadence.interval_ms);
        mono_ms half = plane->manager->is_leader ? 0 : cadence.interval_ms / 2;
        mono_ms base = plane->manager->pace.wall_base % cadence.interval_ms;
        cadence.offset_ms = (spread + half + cadence.interval_ms - base) % cadence.interval_ms;
        cadence.offset_ms -= cadence.offset_ms % TOGETHER_MS;
        return cadence;
}

static bool may_probe(const struct plane *plane)
{
        return plane->spec && (plane->manager->is_leader || plane->manager->options.standby_probes);
}

static void run(struct work *work)
{
        struct plane *plane = CONTAINER_OF(work, struct plane, work);
        if (plane->needs_setup) {
                plane->needs_setup = false;
                plane_checks_clear(plane);
                if (plane->spec) {
                        if (plane->spec->access == PLANE_ACCESS_KUBECONFIG)
                                plane_kube_take(plane);
                        plane_address_start(plane);
                        plane->cadence = wanted_cadence(plane);
                        if (may_probe(plane))
                                plane_checks_build(plane);
                        else
                                plane_name_stop(plane);
                }
                plane_wake_users(plane);
        } else if (plane->needs_retime) {
                plane_retime(plane);
        }
        plane->needs_retime = false;
        if (plane->spec || plane->spec_error)
                status_request(&plane->status);
}

struct plane *plane_obtain(struct manager *manager, const char *namespace_name, const char *name)
{
        char key[512];
        (void)snprintf(key, sizeof(key), "%s/%s", namespace_name, name);
        struct plane *plane = map_find(&manager->planes, key);
        if (plane)
                return plane;
        plane = mem_new(plane);
        plane->manager = manager;
        plane->key = mem_strdup(key);
        plane->namespace_name = mem_strdup(namespace_name);
        plane->name = mem_strdup(name);
        plane->work.run = run;
        status_init(&plane->status, manager->status, &kube_planes);
        plane->status.namespace_name = plane->namespace_name;
        plane->status.name = plane->name;
        plane->status.build = plane_status_build;
        plane->status.list = &manager->plane_list;
        map_put(&manager->planes, plane->key, plane);
        return plane;
}

static void free_if_unwanted(struct plane *plane)
{
        if (plane->spec || plane->spec_error || plane->user_count)
                return;
        (void)map_remove(&plane->manager->planes, plane->key);
        plane_free(plane);
}

/* A policy that promotes claims the Redis of each of its planes. */
static void renew_claims(struct plane *plane)
{
        for (size_t i = 0; i < plane->user_count; i++)
                if (plane->users[i]->spec && failover_policy_promotes(plane->users[i]->spec))
                        claims_renew(plane->users[i]);
}

static void forget_object(struct plane *plane)
{
        plane_checks_clear(plane);
        plane_checks_forget(plane);
        plane_cluster_forget(plane);
        plane_address_forget(plane);
        management_plane_free(plane->spec);
        plane->spec = NULL;
        renew_claims(plane);
        free(plane->spec_error);
        plane->spec_error = NULL;
        free(plane->uid);
        plane->uid = NULL;
        free(plane->maintenance);
        plane->maintenance = NULL;
        plane->was_in_maintenance = false;
        plane->was = VERDICT_UNKNOWN;
        plane->needs_setup = false;
        status_forget(&plane->status);
        workqueue_remove(&plane->work);
        plane_wake_users(plane);
}

/* Whether both specs look for the server at the same place. */
static bool is_same_server(const struct management_plane *a, const struct management_plane *b)
{
        return a->access == b->access && a->port == b->port && strcmp(a->address, b->address) == 0 &&
               text_equal(a->kube_config.name, b->kube_config.name) &&
               text_equal(a->kube_config.key, b->kube_config.key) &&
               strcmp(a->service_namespace, b->service_namespace) == 0 &&
               strcmp(a->service_name, b->service_name) == 0 && strcmp(a->service_port, b->service_port) == 0;
}

static void take_spec(struct plane *plane, const json_t *object)
{
        struct management_plane *spec = NULL;
        struct errmsg why;
        plane_checks_clear(plane); /* probes point into the old spec */
        plane_address_stop(plane);
        free(plane->spec_error);
        plane->spec_error = NULL;
        if (management_plane_decode(object, &spec, &why) != ERR_OK) {
                plane->spec_error = mem_strdup(why.text);
                log_line(LOG_WARN, "plane", "ManagementPlane cannot be used", LOG_TEXT_FIELD("plane", plane->key),
                         LOG_TEXT_FIELD("error", why.text));
        }
        if (!plane->spec || !spec || !is_same_server(plane->spec, spec)) {
                plane_cluster_forget(plane);
                plane_address_forget(plane);
        }
        management_plane_free(plane->spec);
        plane->spec = spec;
        renew_claims(plane);
}

/* An annotation changes no generation, so it is read each time; decode bounds it to one line. */
static void take_maintenance(struct plane *plane, const json_t *object)
{
        const char *text = object_annotation(object, ANNOTATION_MAINTENANCE);
        char kept[MAINTENANCE_TEXT_MAX + 1];
        (void)TEXT_COPY(kept, text ? text : "");
        for (char *at = kept; *at; at++)
                if ((unsigned char)*at < 0x20 || *at == 0x7F)
                        *at = '?';
        if (text_equal(text ? kept : NULL, plane->maintenance))
                return;
        free(plane->maintenance);
        plane->maintenance = text ? mem_strdup(kept) : NULL;
        plane_wake_users(plane);
}

static void take_object(struct plane *plane, const json_t *object)
{
        int64_t generation =
            (int64_t)json_integer_value(json_object_get(json_object_get(object, "metadata"), "generation"));
        uint64_t content = status_content_of(json_object_get(object, "spec")).whole;
        bool is_deleting = object_meta(object, "deletionTimestamp")[0] != '\0';
        const char *uid = object_meta(object, "uid");
        if (plane->uid && !text_equal(plane->uid, uid))
                forget_object(plane); /* deleted and created again */
        status_seen(&plane->status, object);
        take_maintenance(plane, object);
        bool is_known = plane->spec_error || (plane->spec && plane->spec->deleting == is_deleting);
        if (is_known && generation == plane->generation && content == plane->spec_content) {
                status_request(&plane->status);
                return;
        }
        bool is_first = !plane->spec;
        take_spec(plane, object);
        plane->generation = generation;
        plane->spec_content = content;
        if (is_first && plane->spec)
                plane_address_restore(plane, json_object_get(object, "status"), generation);
        free(plane->uid);
        plane->uid = mem_strdup(uid);
        plane_rebuild(plane);
}

static void lose_object(struct plane *plane)
{
        forget_object(plane);
        free_if_unwanted(plane);
}

void plane_set(struct plane *plane, const json_t *object)
{
        const char *version = object ? object_meta(object, "resourceVersion") : "";
        if (!object) {
                lose_object(plane);
                return;
        }
        /* Also where that state is older than the one known: a list that names it shows that it is there. */
        plane->list_generation = plane->manager->list_generation;
        if (known_admits(&plane->status.known, version, plane->manager->plane_list)) {
                take_object(plane, object);
                known_by_watch(&plane->status.known, version);
        }
}

void plane_deleted(struct plane *plane, const json_t *last)
{
        if (known_admits(&plane->status.known, object_meta(last, "resourceVersion"), plane->manager->plane_list))
                lose_object(plane);
}

/* Only the cadence is new: the probes keep their history. */
void plane_retime(struct plane *plane)
{
        plane->cadence = wanted_cadence(plane);
        if (plane->check_count && plane->families != plane_families(plane))
                plane_rebuild(plane); /* its record carries other addresses now */
        for (size_t i = 0; i < plane->check_count; i++)
                for (size_t j = 0; j < plane->checks[i].target_count; j++)
                        if (plane->checks[i].targets[j].probe)
                                probe_set_cadence(plane->checks[i].targets[j].probe, &plane->cadence);
}

/* All users of the plane have a say in it, and thousands may come in one turn. */
static void retime_soon(struct plane *plane)
{
        plane->needs_retime = true;
        workqueue_add(plane->manager->planes_queue, &plane->work);
}

void plane_unuse(struct plane *plane, struct policy *policy)
{
        for (size_t i = 0; i < plane->user_count; i++) {
                if (plane->users[i] != policy)
                        continue;
                plane->users[i] = plane->users[--plane->user_count];
                break;
        }
        retime_soon(plane);
        free_if_unwanted(plane);
}

void plane_use(struct plane *plane, struct policy *policy)
{
        plane->users = mem_realloc(plane->users, plane->user_count + 1, sizeof(struct policy *));
        plane->users[plane->user_count++] = policy;
        retime_soon(plane);
}

void plane_leadership_changed(struct plane *plane)
{
        if (plane->needs_setup || may_probe(plane) != (plane->check_count > 0))
                plane_rebuild(plane);
        else
                plane_retime(plane);
        status_rewrite(&plane->status);
        if (plane->spec || plane->spec_error)
                status_request(&plane->status);
}

void plane_free(struct plane *plane)
{
        forget_object(plane);
        free(plane->users);
        free(plane->key);
        free(plane->namespace_name);
        free(plane->name);
        free(plane);
}
