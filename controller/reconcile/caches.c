/* caches.c -- the watches that fill the typed caches, and the operations on all entries. */
#include "reconcile/caches.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "api/record.h"
#include "reconcile/plane.h"
#include "reconcile/policy.h"
#include "reconcile/tell.h"
#include "reconcile/record_keeper.h"
#include "runtime/log.h"
#include "util/mem.h"
#include "util/text.h"

static void list_begin(void *ctx)
{
        struct manager *manager = ctx;
        manager->list_generation++;
}

static void watch_state(struct manager *manager, enum trouble_what what, enum err err, const char *why)
{
        if (err != ERR_OK) {
                trouble_note(manager, what, NULL, why);
                return;
        }
        log_line(LOG_INFO, "watch", "watching", LOG_TEXT_FIELD("resource", trouble_name(what)));
        trouble_over(manager, what, NULL);
}

static void planes_state(void *ctx, enum err err, const char *why)
{
        watch_state(ctx, TROUBLE_PLANES, err, why);
}

static void policies_state(void *ctx, enum err err, const char *why)
{
        watch_state(ctx, TROUBLE_POLICIES, err, why);
}

static void leases_state(void *ctx, enum err err, const char *why)
{
        watch_state(ctx, TROUBLE_LEASES, err, why);
}

/* The same object is logged once, however often lists and events name it. */
static void tell_passed_over(struct manager *manager, const char *name, size_t bytes, const char *why)
{
        char text[sizeof(manager->passed_over)];
        (void)snprintf(text, sizeof(text), "%s %s", name, why);
        if (text_equal(text, manager->passed_over))
                return;
        (void)TEXT_COPY(manager->passed_over, text);
        log_line(LOG_WARN, "watch", "an object was passed over, and what was known of it stands",
                 LOG_TEXT_FIELD("name", name[0] ? name : "(unknown)"), LOG_TEXT_FIELD("why", why),
                 LOG_NUMBER_FIELD("bytes", (int64_t)bytes));
}

struct passed_over {
        struct manager *manager;
        const char *name;
};

/* The object exists, though it could not be read. Its namespace is unknown, so all entries of the name stay. */
static void keep_plane(void *value, void *ctx)
{
        struct plane *plane = value;
        const struct passed_over *passed = ctx;
        if (text_equal(plane->name, passed->name))
                plane->list_generation = passed->manager->list_generation;
}

static void keep_policy(void *value, void *ctx)
{
        struct policy *policy = value;
        const struct passed_over *passed = ctx;
        if (text_equal(policy->name, passed->name))
                policy->list_generation = passed->manager->list_generation;
}

static void keep_record(void *value, void *ctx)
{
        struct policy *policy = value;
        const struct passed_over *passed = ctx;
        if (text_has_prefix(passed->name, RECORD_LEASE_PREFIX) &&
            text_equal(policy->name, passed->name + strlen(RECORD_LEASE_PREFIX)))
                policy->keeper.lease.list_generation = passed->manager->list_generation;
}

static void pass_over(struct manager *manager, struct passed_over *passed, struct map *map,
                      void (*keep)(void *value, void *ctx), bool is_told)
{
        map_each(map, keep, passed);
        manager->has_lost_event |= is_told;
}

static void plane_passed_over(void *ctx, const char *name, size_t bytes, const char *why, bool is_told)
{
        struct manager *manager = ctx;
        tell_passed_over(manager, name, bytes, why);
        pass_over(manager, &(struct passed_over){manager, name}, &manager->planes, keep_plane, is_told);
}

static void policy_passed_over(void *ctx, const char *name, size_t bytes, const char *why, bool is_told)
{
        struct manager *manager = ctx;
        tell_passed_over(manager, name, bytes, why);
        pass_over(manager, &(struct passed_over){manager, name}, &manager->policies, keep_policy, is_told);
}

static void lease_passed_over(void *ctx, const char *name, size_t bytes, const char *why, bool is_told)
{
        struct manager *manager = ctx;
        tell_passed_over(manager, name, bytes, why);
        pass_over(manager, &(struct passed_over){manager, name}, &manager->policies, keep_record, is_told);
}

/* An entry that the finished list did not name is gone. They are collected first: a map must not change in a walk. */
struct sweep {
        uint64_t generation;
        void *gone[64];
        size_t count;
};

static void sweep_plane(void *value, void *ctx)
{
        struct plane *plane = value;
        struct sweep *sweep = ctx;
        if ((plane->spec || plane->spec_error) && plane->list_generation < sweep->generation &&
            sweep->count < sizeof(sweep->gone) / sizeof(sweep->gone[0]))
                sweep->gone[sweep->count++] = plane;
}

static void sweep_policy(void *value, void *ctx)
{
        struct policy *policy = value;
        struct sweep *sweep = ctx;
        if ((policy->spec || policy->spec_error) && policy->list_generation < sweep->generation &&
            sweep->count < sizeof(sweep->gone) / sizeof(sweep->gone[0]))
                sweep->gone[sweep->count++] = policy;
}

static void sweep_record(void *value, void *ctx)
{
        struct policy *policy = value;
        struct sweep *sweep = ctx;
        if (policy_has_lease(policy) && policy->keeper.lease.list_generation < sweep->generation &&
            sweep->count < sizeof(sweep->gone) / sizeof(sweep->gone[0]))
                sweep->gone[sweep->count++] = policy;
}

static void plane_object(void *ctx, enum watch_change change, const json_t *object)
{
        struct manager *manager = ctx;
        struct plane *plane = plane_obtain(manager, object_meta(object, "namespace"), object_meta(object, "name"));
        if (change == WATCH_SET)
                plane_set(plane, object);
        else
                plane_deleted(plane, object);
}

static void planes_listed(void *ctx)
{
        struct manager *manager = ctx;
        struct sweep sweep = {.generation = manager->plane_list};
        do {
                sweep.count = 0;
                map_each(&manager->planes, sweep_plane, &sweep);
                for (size_t i = 0; i < sweep.count; i++)
                        plane_set(sweep.gone[i], NULL);
        } while (sweep.count);
        caches_wake_policies(manager);
}

static void policy_object(void *ctx, enum watch_change change, const json_t *object)
{
        struct manager *manager = ctx;
        struct policy *policy = policy_obtain(manager, object_meta(object, "namespace"), object_meta(object, "name"));
        if (change == WATCH_SET)
                policy_set(policy, object);
        else
                policy_deleted(policy, object);
}

static void policies_listed(void *ctx)
{
        struct manager *manager = ctx;
        struct sweep sweep = {.generation = manager->policy_list};
        do {
                sweep.count = 0;
                map_each(&manager->policies, sweep_policy, &sweep);
                for (size_t i = 0; i < sweep.count; i++)
                        policy_set(sweep.gone[i], NULL);
        } while (sweep.count);
}

static bool is_election_lease(const struct manager *manager, const json_t *lease)
{
        return strcmp(object_meta(lease, "name"), manager->options.election_id) == 0 &&
               strcmp(object_meta(lease, "namespace"), manager->options.own_namespace) == 0;
}

static void lease_object(void *ctx, enum watch_change change, const json_t *lease)
{
        struct manager *manager = ctx;
        if (is_election_lease(manager, lease)) {
                if (manager->election)
                        election_observe(manager->election, change == WATCH_SET ? lease : NULL);
                return;
        }
        const char *name = record_lease_policy(lease);
        if (!name)
                return; /* it has the label, and is no record Lease */
        struct policy *policy = policy_obtain(manager, object_meta(lease, "namespace"), name);
        if (change == WATCH_SET)
                record_keeper_watched(policy, lease);
        else
                record_keeper_deleted(policy, lease);
        policy_free_if_unwanted(policy);
}

static void leases_listed(void *ctx)
{
        struct manager *manager = ctx;
        struct sweep sweep = {.generation = manager->lease_list};
        do {
                sweep.count = 0;
                map_each(&manager->policies, sweep_record, &sweep);
                for (size_t i = 0; i < sweep.count; i++) {
                        record_keeper_unlisted(sweep.gone[i]);
                        policy_free_if_unwanted(sweep.gone[i]);
                }
        } while (sweep.count);
        caches_wake_policies(manager);
}

static void plane_list_begin(void *ctx)
{
        list_begin(ctx);
        ((struct manager *)ctx)->plane_list = ((struct manager *)ctx)->list_generation;
}

static void policy_list_begin(void *ctx)
{
        list_begin(ctx);
        ((struct manager *)ctx)->policy_list = ((struct manager *)ctx)->list_generation;
}

static void lease_list_begin(void *ctx)
{
        list_begin(ctx);
        ((struct manager *)ctx)->lease_list = ((struct manager *)ctx)->list_generation;
}

void caches_open(struct manager *manager)
{
        const struct watch_config planes = {.resource = &kube_planes,
                                            .namespace_name = manager->options.namespace_name,
                                            .list_begin = plane_list_begin,
                                            .object = plane_object,
                                            .list_end = planes_listed,
                                            .state = planes_state,
                                            .passed_over = plane_passed_over,
                                            .ctx = manager};
        const struct watch_config policies = {.resource = &kube_policies,
                                              .namespace_name = manager->options.namespace_name,
                                              .list_begin = policy_list_begin,
                                              .object = policy_object,
                                              .list_end = policies_listed,
                                              .state = policies_state,
                                              .passed_over = policy_passed_over,
                                              .ctx = manager};
        const struct watch_config leases = {.resource = &kube_leases,
                                            .namespace_name = manager->options.namespace_name,
                                            .label_selector = RECORD_LABEL_KEY,
                                            .list_begin = lease_list_begin,
                                            .object = lease_object,
                                            .list_end = leases_listed,
                                            .state = leases_state,
                                            .passed_over = lease_passed_over,
                                            .ctx = manager};
        manager->plane_watch = watch_open(manager->loop, manager->kube, &planes);
        manager->policy_watch = watch_open(manager->loop, manager->kube, &policies);
        manager->lease_watch = watch_open(manager->loop, manager->kube, &leases);
}

void caches_close(struct manager *manager)
{
        watch_close(manager->plane_watch);
        watch_close(manager->policy_watch);
        watch_close(manager->lease_watch);
        for (struct policy *policy = map_take_any(&manager->policies); policy;
             policy = map_take_any(&manager->policies))
                policy_free(policy);
        for (struct plane *plane = map_take_any(&manager->planes); plane; plane = map_take_any(&manager->planes))
                plane_free(plane);
}

static void wake_policy(void *value, void *ctx)
{
        (void)ctx;
        policy_wake(value);
}

void caches_wake_policies(struct manager *manager)
{
        map_each(&manager->policies, wake_policy, NULL);
}

static void policy_leads(void *value, void *ctx)
{
        (void)ctx;
        policy_leadership_changed(value);
}

static void plane_leads(void *value, void *ctx)
{
        (void)ctx;
        plane_leadership_changed(value);
}

void caches_leadership_changed(struct manager *manager)
{
        map_each(&manager->planes, plane_leads, NULL);
        map_each(&manager->policies, policy_leads, NULL);
        if (!manager->is_leader)
                tell_not_leading();
}

static void tell_plane(void *value, void *ctx)
{
        (void)ctx;
        plane_identity_changed(value);
}

void caches_identity_changed(struct manager *manager)
{
        map_each(&manager->planes, tell_plane, NULL);
}

static void discard(void *value, void *ctx)
{
        (void)ctx;
        plane_discard_samples(value);
}

void caches_discard_samples(struct manager *manager)
{
        map_each(&manager->planes, discard, NULL);
        caches_wake_policies(manager);
}

static void retime(void *value, void *ctx)
{
        (void)ctx;
        plane_retime(value);
}

void caches_retime_probes(struct manager *manager)
{
        map_each(&manager->planes, retime, NULL);
}

static void refresh(void *value, void *ctx)
{
        (void)ctx;
        status_request(&((struct plane *)value)->status);
}

void caches_refresh_planes(struct manager *manager)
{
        map_each(&manager->planes, refresh, NULL);
}

struct secret_user {
        const char *key;
        bool is_used;
};

static void look_in_plane(void *value, void *ctx)
{
        struct secret_user *user = ctx;
        user->is_used = user->is_used || plane_uses_secret(value, user->key);
}

static void look_in_policy(void *value, void *ctx)
{
        struct secret_user *user = ctx;
        user->is_used = user->is_used || policy_uses_secret(value, user->key);
}

bool caches_secret_is_used(struct manager *manager, const char *key)
{
        struct secret_user user = {.key = key};
        map_each(&manager->planes, look_in_plane, &user);
        map_each(&manager->policies, look_in_policy, &user);
        return user.is_used;
}

static void plane_uses(void *value, void *ctx)
{
        struct plane *plane = value;
        const struct secret_user *user = ctx;
        if (plane_uses_secret(plane, user->key))
                plane_rebuild(plane);
}

static void policy_uses(void *value, void *ctx)
{
        struct policy *policy = value;
        const struct secret_user *user = ctx;
        if (!policy_uses_secret(policy, user->key))
                return;
        for (unsigned i = 0; i < policy->target_count; i++)
                policy->targets[i]->retry_at = 0; /* the new Secret is tried at once */
        policy->reads_wanted = true;
        policy_wake(policy);
}

void caches_secret_changed(struct manager *manager, const char *key)
{
        struct secret_user user = {.key = key};
        map_each(&manager->planes, plane_uses, &user);
        map_each(&manager->policies, policy_uses, &user);
}
