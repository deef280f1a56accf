/* plane_address.c -- where agents would be sent: a fixed address, or the ingress of the plane's Service, looked at
 * every 10 s. */
#include <stdlib.h>
#include <string.h>

#include "api/rrset.h"
#include "kube/denied.h"
#include "reconcile/plane_parts.h"
#include "runtime/log.h"
#include "util/mem.h"
#include "util/text.h"

enum { DISCOVERY_MS = 10000, DISCOVERY_RETRY_MS = 3000, TIMEOUT_MS = 5000, ADDRESS_BYTES_MAX = 253 };

static const struct kube_resource services = {.group = "", .version = "v1", .plural = "services", .kind = "Service"};
static const struct kube_resource namespaces = {
    .group = "", .version = "v1", .plural = "namespaces", .kind = "Namespace"};

struct kube *plane_kube(const struct plane *plane)
{
        if (!plane->spec || plane->spec->access == PLANE_ACCESS_NONE)
                return NULL;
        return plane->spec->access == PLANE_ACCESS_OWN ? plane->manager->kube : plane->kube;
}

static bool same_addresses(const struct plane *plane, const char *const *addresses, size_t count, uint16_t port)
{
        if (count != plane->address_count || port != plane->port)
                return false;
        for (size_t i = 0; i < count; i++)
                if (strcmp(plane->addresses[i], addresses[i]) != 0)
                        return false;
        return true;
}

void plane_address_forget(struct plane *plane)
{
        plane_name_stop(plane);
        for (size_t i = 0; i < plane->address_count; i++)
                free(plane->addresses[i]);
        free(plane->addresses);
        plane->addresses = NULL;
        plane->address_count = 0;
        plane->port = 0;
        free(plane->rrset);
        plane->rrset = NULL;
        free(plane->address_error);
        plane->address_error = NULL;
        free(plane->other_names);
        plane->other_names = NULL;
        plane->address_is_wrong = false;
}

/* New addresses mean new probes and, where the plane is active, a new plan. */
static void set_addresses(struct plane *plane, const char *const *addresses, size_t count, uint16_t port)
{
        bool had_error = plane->address_error != NULL;
        free(plane->address_error);
        plane->address_error = NULL;
        if (same_addresses(plane, addresses, count, port)) {
                if (had_error)
                        plane_wake_users(plane);
                return;
        }
        plane_address_forget(plane);
        plane->addresses = mem_calloc(count, sizeof(*plane->addresses));
        for (size_t i = 0; i < count; i++)
                plane->addresses[i] = mem_strdup(addresses[i]);
        plane->address_count = count;
        plane->port = port;
        struct errmsg why;
        plane->address_is_wrong = rrset_from_addresses(RRSET_AUTO, addresses, count, &plane->rrset, &why) != ERR_OK;
        if (plane->address_is_wrong)
                plane->address_error = mem_strdup(why.text);
        if (!plane->needs_setup)
                plane_rebuild(plane);
}

void plane_address_restore(struct plane *plane, const json_t *status, int64_t generation)
{
        const json_t *addresses = json_object_get(status, "addresses");
        json_int_t port = json_integer_value(json_object_get(status, "port"));
        size_t count = json_array_size(addresses);
        const char *texts[SERVICE_ADDRESSES_MAX];
        bool is_of_this_spec = json_integer_value(json_object_get(status, "observedGeneration")) == generation;
        if (!is_of_this_spec || plane->spec->address[0] || !count || count > SERVICE_ADDRESSES_MAX || port < 1 ||
            port > UINT16_MAX)
                return;
        for (size_t i = 0; i < count; i++) {
                texts[i] = json_string_value(json_array_get(addresses, i));
                if (!texts[i] || !texts[i][0] || strlen(texts[i]) > ADDRESS_BYTES_MAX)
                        return;
        }
        char *rrset;
        if (rrset_from_addresses(RRSET_AUTO, texts, count, &rrset, NULL) != ERR_OK)
                return;
        free(rrset);
        set_addresses(plane, texts, count, (uint16_t)port);
}

static void set_other_names(struct plane *plane, const char *names)
{
        if (text_equal(plane->other_names, names))
                return;
        free(plane->other_names);
        plane->other_names = names ? mem_strdup(names) : NULL;
        plane_wake_users(plane);
}

static void set_error(struct plane *plane, bool is_wrong, const char *why)
{
        plane->address_is_wrong = is_wrong;
        if (plane->address_error && strcmp(plane->address_error, why) == 0)
                return;
        free(plane->address_error);
        plane->address_error = mem_strdup(why);
        workqueue_add(plane->manager->planes_queue, &plane->work);
        plane_wake_users(plane);
}

static void next_discovery(struct plane *plane, mono_ms delay_ms)
{
        loop_timer_set(plane->manager->loop, &plane->discovery, loop_now(plane->manager->loop) + delay_ms);
}

static void set_service_error(struct plane *plane, const struct kube_reply *reply, enum err err, const char *why)
{
        char text[DENIED_TEXT_BYTES];
        struct errmsg refused;
        const struct denied_object object = {&services, plane->spec->service_namespace, plane->spec->service_name,
                                             "server.service"};
        denied_print(&object, why, text);
        (void)err_set(&refused, err, "the API server refuses the kubeconfig's credentials: %s", why);
        set_error(plane, err == ERR_INVALID || err == ERR_DENIED,
                  reply->status == 401 ? refused.text
                  : err == ERR_DENIED  ? text
                                       : why);
}

/* On a failed read the last known addresses stay: a region that is down cannot answer for its Service. An error is
 * shown only where there is no address, or where the Service itself is wrong. */
static void service_answered(void *ctx, const struct kube_reply *reply)
{
        struct plane *plane = ctx;
        plane->service_call = NULL;
        struct service_ingress ingress = {0};
        struct errmsg why = reply->why;
        enum err err = reply->err;
        if (err == ERR_OK)
                err = service_ingress_decode(reply->body, plane->spec->service_port, &ingress, &why);
        if (err == ERR_OK) {
                set_addresses(plane, (const char *const *)ingress.addresses, ingress.count, ingress.port);
                set_other_names(plane, ingress.other_names);
        } else if (!plane->address_count || err == ERR_INVALID) {
                set_service_error(plane, reply, err, why.text);
        }
        service_ingress_clear(&ingress);
        next_discovery(plane, err == ERR_OK ? DISCOVERY_MS : DISCOVERY_RETRY_MS);
}

/* Another cluster answers behind the same kubeconfig: it was built anew, or its address given to another. */
static void take_cluster(struct plane *plane, const char *uid)
{
        bool is_another = plane->cluster_uid && !text_equal(plane->cluster_uid, uid);
        if (is_another)
                log_line(LOG_WARN, "plane", "another cluster answers behind the same kubeconfig",
                         LOG_TEXT_FIELD("plane", plane->key), LOG_TEXT_FIELD("was", plane->cluster_uid),
                         LOG_TEXT_FIELD("is", uid));
        if (is_another || !plane->cluster_uid) {
                free(plane->cluster_uid);
                plane->cluster_uid = mem_strdup(uid);
        }
}

static void uid_answered(void *ctx, const struct kube_reply *reply)
{
        struct plane *plane = ctx;
        plane->uid_call = NULL;
        bool was_inside = plane_holds_operator(plane), is_news = !plane->is_located;
        plane->is_located = true;
        if (reply->err == ERR_OK) /* forbidden or no answer: the last known UID stays */
                take_cluster(plane, object_meta(reply->body, "uid"));
        if (is_news || plane_holds_operator(plane) != was_inside)
                plane_wake_users(plane);
}

static void ask_cluster(struct plane *plane)
{
        if (plane->spec->access != PLANE_ACCESS_KUBECONFIG || plane->uid_call || !plane->kube)
                return;
        char *path = kube_path(&namespaces, NULL, "kube-system", NULL);
        plane->uid_call = kube_get(plane->kube, path, TIMEOUT_MS, uid_answered, plane);
        free(path);
}

void plane_identity_changed(struct plane *plane)
{
        const struct identity *identity = &plane->manager->identity;
        if (!plane->cluster_uid || !text_equal(plane->cluster_uid, identity->former))
                return;
        free(plane->cluster_uid);
        plane->cluster_uid = mem_strdup(identity->uid);
        ask_cluster(plane);
}

static void discover(struct loop_timer *timer)
{
        struct plane *plane = CONTAINER_OF(timer, struct plane, discovery);
        struct kube *kube = plane_kube(plane);
        if (!kube)
                return;
        if (!plane->spec->address[0] && !plane->service_call) {
                char *path = kube_path(&services, plane->spec->service_namespace, plane->spec->service_name, NULL);
                plane->service_call = kube_get(kube, path, TIMEOUT_MS, service_answered, plane);
                free(path);
        }
        ask_cluster(plane);
        next_discovery(plane, DISCOVERY_MS);
}

void plane_address_start(struct plane *plane)
{
        plane->discovery.due = discover;
        if (plane->spec->address[0]) {
                const char *const address[] = {plane->spec->address};
                bool was_setting_up = plane->needs_setup;
                plane->needs_setup = true; /* the probes are built right after this, with the address in place */
                set_addresses(plane, address, 1, plane->spec->port);
                plane->needs_setup = was_setting_up;
        }
        if (plane_kube(plane) && !plane->discovery.heap_index)
                next_discovery(plane, 0);
}

void plane_address_stop(struct plane *plane)
{
        loop_timer_stop(plane->manager->loop, &plane->discovery);
        kube_cancel(plane->service_call);
        kube_cancel(plane->uid_call);
        plane->service_call = plane->uid_call = NULL;
}
