/* policy.c -- a FailoverPolicy at work: its entry, its planes, its record as the Lease shows it. */
#include "reconcile/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile/act.h"
#include "reconcile/mechanism.h"
#include "reconcile/policy_status.h"
#include "reconcile/record_io.h"
#include "reconcile/tell.h"
#include "runtime/log.h"
#include "util/mem.h"
#include "util/text.h"

const struct kube_resource kube_policies = {
        .group = "planekeeper.io", .version = "v1alpha1", .plural = "failoverpolicies", .kind = "FailoverPolicy"};

const struct detection *policy_detection(const struct policy *policy)
{
        return policy->spec ? &policy->spec->detection : NULL;
}

const char *policy_active_plane(const struct policy *policy)
{
        return policy->active;
}

void policy_wake(struct policy *policy)
{
        if (policy->spec || policy->spec_error)
                workqueue_add(policy->manager->policies_queue, &policy->work);
}

static void run(struct work *work)
{
        struct policy *policy = CONTAINER_OF(work, struct policy, work);
        if (policy->manager->is_leader)
                act_pass(policy);
}

/* Reads are spread over the interval by the key, so that a thousand policies do not ask at once. */
static void reads_due(struct loop_timer *timer)
{
        struct policy *policy = CONTAINER_OF(timer, struct policy, reads);
        loop_timer_set(policy->manager->loop, timer, loop_now(policy->manager->loop) + MECHANISM_EVERY_MS);
        if (policy->manager->is_leader && policy->spec) {
                act_read_due_targets(policy);
                policy_wake(policy);
        }
}

static mono_ms read_offset(const struct policy *policy)
{
        uint32_t spread = 2166136261U;
        for (const char *at = policy->key; *at; at++)
                spread = (spread ^ (unsigned char)*at) * 16777619U;
        return spread % MECHANISM_EVERY_MS;
}

struct policy *policy_obtain(struct manager *manager, const char *namespace_name, const char *name)
{
        char key[512];
        (void)snprintf(key, sizeof(key), "%s/%s", namespace_name, name);
        struct policy *policy = map_find(&manager->policies, key);
        if (policy)
                return policy;
        policy = mem_new(policy);
        policy->manager = manager;
        policy->key = mem_strdup(key);
        policy->namespace_name = mem_strdup(namespace_name);
        policy->name = mem_strdup(name);
        policy->work.run = run;
        policy->reads.due = reads_due;
        policy->last_finding = FINDING_COUNT;
        status_init(&policy->status, manager->status, &kube_policies);
        policy->status.namespace_name = policy->namespace_name;
        policy->status.name = policy->name;
        policy->status.build = policy_status_build;
        map_put(&manager->policies, policy->key, policy);
        return policy;
}

static void unlink_planes(struct policy *policy)
{
        struct plane *planes[PLANES_MAX];
        size_t count = policy->plane_count;
        memcpy(planes, policy->planes, sizeof(planes));
        policy->plane_count = 0;
        for (size_t i = 0; i < count; i++)
                plane_unuse(planes[i], policy);
        memset(policy->was, 0, sizeof(policy->was));
}

static void link_planes(struct policy *policy)
{
        for (size_t i = 0; i < policy->spec->plane_count; i++)
                policy->planes[policy->plane_count++] = plane_obtain(policy->manager, policy->namespace_name, policy->spec->planes[i]);
        for (size_t i = 0; i < policy->plane_count; i++)
                plane_use(policy->planes[i], policy);
}

static void free_if_unwanted(struct policy *policy)
{
        if (policy->spec || policy->spec_error || policy->record_version)
                return;
        (void)map_remove(&policy->manager->policies, policy->key);
        policy_free(policy);
}

static void forget_jobs(struct policy *policy)
{
        effect_abandon(policy->dns_slot.effect);
        effect_abandon(policy->lock_slot.effect);
        effect_abandon(policy->verify_effect);
        policy->dns_slot.effect = policy->lock_slot.effect = policy->verify_effect = NULL;
        manager_leave_line(policy->manager, policy);
        record_io_cancel(policy);
}

/* Fail static: what the targets show stays as it is; only we stop looking. */
static void forget_object(struct policy *policy)
{
        forget_jobs(policy);
        loop_timer_stop(policy->manager->loop, &policy->reads);
        workqueue_remove(&policy->work);
        status_forget(&policy->status);
        tell_forget(policy);
        unlink_planes(policy);
        failover_policy_free(policy->spec);
        policy->spec = NULL;
        free(policy->spec_error);
        policy->spec_error = NULL;
        policy->confirmed_epoch = 0;
        policy->has_seen_status = false;
        free_if_unwanted(policy);
}

void policy_set(struct policy *policy, const json_t *object)
{
        if (!object) {
                forget_object(policy);
                return;
        }
        policy->list_generation = policy->manager->list_generation;
        const char *version = object_meta(object, "resourceVersion");
        if (policy->resource_version && text_equal(policy->uid, object_meta(object, "uid")) &&
            status_version_newer(policy->resource_version, version))
                return; /* a watch event that is older than what an uncached read showed */
        if (policy->uid && !text_equal(policy->uid, object_meta(object, "uid"))) {
                status_forget(&policy->status); /* deleted and created again by the same name */
                policy->has_seen_status = false;
                policy->confirmed_epoch = 0;
        }
        status_seen(&policy->status, object);
        policy_status_restore(policy, object);
        struct failover_policy *spec = NULL;
        struct errmsg why;
        free(policy->spec_error);
        policy->spec_error = NULL;
        enum err err = failover_policy_decode(object, &spec, &why);
        if (err != ERR_OK)
                policy->spec_error = mem_strdup(why.text);
        free(policy->uid);
        policy->uid = mem_strdup(object_meta(object, "uid"));
        free(policy->resource_version);
        policy->resource_version = mem_strdup(version);
        if (text_to_time(object_meta(object, "creationTimestamp"), &policy->created_at) != ERR_OK)
                policy->created_at = 0;
        bool is_new_spec = !policy->spec || !spec || policy->spec->generation != spec->generation;
        policy->generation = (int64_t)json_integer_value(json_object_get(json_object_get(object, "metadata"), "generation"));
        if (is_new_spec) {
                unlink_planes(policy);
                failover_policy_free(policy->spec);
                policy->spec = spec;
                if (spec)
                        link_planes(policy);
        } else {
                failover_policy_free(policy->spec);
                policy->spec = spec; /* annotations may be new */
        }
        if (!policy->reads.heap_index)
                loop_timer_set(policy->manager->loop, &policy->reads, loop_now(policy->manager->loop) + read_offset(policy));
        policy_wake(policy);
}

void policy_set_record(struct policy *policy, const json_t *lease)
{
        struct record_lease seen = {0};
        struct errmsg why;
        if (lease) {
                policy->record_generation = policy->manager->list_generation;
                if (policy->record_version && status_version_newer(policy->record_version, object_meta(lease, "resourceVersion")))
                        return; /* older than what our own write was answered with */
                if (record_lease_decode(lease, &seen, &why) != ERR_OK)
                        return;
        }
        record_free(policy->record);
        free(policy->record_version);
        free(policy->record_error);
        policy->record = seen.record;
        policy->record_version = seen.resource_version;
        policy->record_error = seen.why;
        seen.record = NULL;
        seen.resource_version = seen.why = NULL;
        record_lease_clear(&seen);
        policy_wake(policy);
        if (!lease)
                free_if_unwanted(policy);
}

void policy_leadership_changed(struct policy *policy)
{
        policy->confirmed_epoch = 0;
        policy->dns_met_at = 0;
        policy->last_finding = FINDING_COUNT;
        if (!policy->manager->is_leader) {
                forget_jobs(policy);
        } else if (policy->spec) {
                /* What was read long ago is no ground to act on. */
                policy->dns_slot.read_at = policy->lock_slot.read_at = 0;
                policy->dns_slot.reach = policy->lock_slot.reach = REACH_NEVER;
                policy->dns_slot.retry_at = policy->lock_slot.retry_at = 0;
                policy->status.written_hash = 0;
        }
        policy_wake(policy);
}

bool policy_uses_secret(const struct policy *policy, const char *key)
{
        if (!policy->spec)
                return false;
        size_t prefix = strlen(policy->namespace_name);
        if (strncmp(key, policy->namespace_name, prefix) != 0 || key[prefix] != '/')
                return false;
        const char *name = key + prefix + 1;
        const struct policy_redis *redis = &policy->spec->redis;
        return strcmp(name, policy->spec->dns.credentials_secret) == 0 || strcmp(name, redis->auth_secret) == 0 ||
               (redis->uses_tls && (strcmp(name, redis->tls.ca.name) == 0 || strcmp(name, redis->tls.client_certificate) == 0));
}

static void slot_clear(struct target_slot *slot)
{
        free(slot->error);
        free(slot->source);
        mechanism_drop(&slot->mechanism);
}

void policy_free(struct policy *policy)
{
        forget_jobs(policy);
        loop_timer_stop(policy->manager->loop, &policy->reads);
        workqueue_remove(&policy->work);
        status_forget(&policy->status);
        tell_forget(policy);
        unlink_planes(policy);
        failover_policy_free(policy->spec);
        record_free(policy->record);
        dns_state_clear(&policy->dns);
        lock_state_clear(&policy->lock);
        slot_clear(&policy->dns_slot);
        slot_clear(&policy->lock_slot);
        free(policy->last_switch);
        free(policy->history);
        free(policy->last_decision);
        free(policy->spec_error);
        free(policy->uid);
        free(policy->resource_version);
        free(policy->record_version);
        free(policy->record_error);
        free(policy->last_reason);
        free(policy->last_why);
        free(policy->active);
        free(policy->last_request);
        free(policy->last_answer);
        free(policy->key);
        free(policy->namespace_name);
        free(policy->name);
        free(policy);
}
