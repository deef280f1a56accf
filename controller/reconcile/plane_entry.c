/* plane_entry.c -- the queries of other files to a plane's entry, and how they wake it and its policies. */
#include "reconcile/plane_parts.h"
#include "reconcile/policy.h"
#include "reconcile/secret_cache.h"
#include "util/text.h"

const struct kube_resource kube_planes = {
    .group = "planekeeper.io", .version = "v1alpha1", .plural = "managementplanes", .kind = "ManagementPlane"};

void plane_wake_users(struct plane *plane)
{
        for (size_t i = 0; i < plane->user_count; i++)
                policy_wake(plane->users[i]);
}

void plane_rebuild(struct plane *plane)
{
        plane->needs_setup = true;
        workqueue_add(plane->manager->planes_queue, &plane->work);
}

bool plane_uses_secret(const struct plane *plane, const char *key)
{
        if (!plane->spec)
                return false;
        if (plane->spec->access == PLANE_ACCESS_KUBECONFIG &&
            secret_key_is(key, plane->namespace_name, plane->spec->kube_config.name))
                return true;
        for (size_t i = 0; i < plane->spec->check_count; i++) {
                const struct tls_refs *tls = &plane->spec->checks[i].tls;
                if (secret_key_is(key, plane->namespace_name, tls->ca.name) ||
                    secret_key_is(key, plane->namespace_name, tls->client_certificate))
                        return true;
        }
        return false;
}

bool plane_holds_operator(const struct plane *plane)
{
        if (!plane->spec)
                return false;
        return plane->spec->access == PLANE_ACCESS_OWN ||
               (plane->cluster_uid && text_equal(plane->cluster_uid, plane->manager->identity.uid));
}

bool plane_is_located(const struct plane *plane)
{
        return !plane->spec || plane->spec->access != PLANE_ACCESS_KUBECONFIG || plane->is_located;
}
