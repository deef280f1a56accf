/* policy.c -- a FailoverPolicy at work: its entry, its planes, its record as the Lease shows it. */
#include "reconcile/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "reconcile/act.h"
#include "reconcile/claims.h"
#include "reconcile/effect.h"
#include "reconcile/mechanism.h"
#include "reconcile/policy_status.h"
#include "reconcile/policy_targets.h"
#include "reconcile/record_io.h"
#include "reconcile/record_store.h"
#include "reconcile/secret_cache.h"
#include "reconcile/tell.h"
#include "runtime/log.h"
#include "util/mem.h"
#include "util/text.h"

const struct kube_resource kube_policies = {
    .group = "planekeeper.io", .version = "v1alpha1", .plural = "failoverpolicies", .kind = "FailoverPolicy"};

enum rrset_type policy_record_type(const struct policy *policy)
{
        return policy->spec ? policy->spec->dns.record_type : RRSET_AUTO;
}

const struct detection *policy_detection(const struct policy *policy)
{
        return policy->spec ? &policy->spec->detection : NULL;
}

const char *policy_active_plane(const struct policy *policy)
{
        return policy->active;
}

const struct role_mark *policy_plane_mark(const struct policy *policy, const struct plane *plane)
{
        static const struct role_mark none = {0};
        for (size_t i = 0; i < policy->plane_count; i++)
                if (policy->planes[i] == plane)
                        return &policy->was[i].mark;
        return &none;
}

void policy_wake(struct policy *policy)
{
        if (policy->spec || policy->spec_error)
                workqueue_add(policy->manager->policies_queue, &policy->work);
}

static void run(struct work *work)
{
        struct policy *policy = CONTAINER_OF(work, struct policy, work);
        if (policy->manager->is_leader && policy->manager->kill_switch.is_settled)
                act_pass(policy);
        turn_unused(policy);
}

/* Reads are spread over the interval by the key, so that a thousand policies do not ask at once. */
static mono_ms looks_every(const struct policy *policy)
{
        mono_ms every = policy->store->reads_every(policy);
        return every < MECHANISM_EVERY_MS ? every : MECHANISM_EVERY_MS;
}

/* Spread over the period, whatever the first one or the one before it was: a policy that has to look every second is
 * not to wait ten for its first look. */
static void spread_looks(struct policy *policy)
{
        mono_ms now = loop_now(policy->manager->loop), every = looks_every(policy);
        if (!policy->reads.heap_index || policy->reads.at - now > every)
                loop_timer_set(policy->manager->loop, &policy->reads,
                               now + (mono_ms)(text_hash(policy->key) % (uint64_t)every));
}

static void reads_due(struct loop_timer *timer)
{
        struct policy *policy = CONTAINER_OF(timer, struct policy, reads);
        loop_timer_set(policy->manager->loop, timer, loop_now(policy->manager->loop) + looks_every(policy));
        if (policy->manager->is_leader && policy->spec) {
                act_read_due_targets(policy);
                policy_wake(policy);
        }
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
        policy->store = &store_lease;
        policy->work.run = run;
        policy->reads.due = reads_due;
        policy->told.finding = FINDING_COUNT;
        status_init(&policy->status, manager->status, &kube_policies);
        policy->status.namespace_name = policy->namespace_name;
        policy->status.name = policy->name;
        policy->status.build = policy_status_build;
        policy->status.list = &manager->policy_list;
        map_put(&manager->policies, policy->key, policy);
        return policy;
}

/* Planes that stay keep their cadence and their verdict; only then are those let go that are named no more. */
static void relink_planes(struct policy *policy)
{
        struct plane *before[PLANES_MAX];
        struct last_verdict was[PLANES_MAX];
        size_t count = policy->plane_count;
        memcpy(before, policy->planes, sizeof(before));
        memcpy(was, policy->was, sizeof(was));
        memset(policy->was, 0, sizeof(policy->was));
        policy->plane_count = 0;
        for (size_t i = 0; policy->spec && i < policy->spec->plane_count; i++) {
                struct plane *plane = plane_obtain(policy->manager, policy->namespace_name, policy->spec->planes[i]);
                plane_use(plane, policy);
                bool is_new = true;
                for (size_t j = 0; j < count; j++) {
                        if (before[j] != plane)
                                continue;
                        policy->was[i] = was[j];
                        is_new = false;
                }
                if (is_new)
                        tell_shared(policy, plane);
                policy->planes[policy->plane_count++] = plane;
        }
        for (size_t i = 0; i < count; i++)
                plane_unuse(before[i], policy);
}

static void set_text(char **text, const char *value)
{
        free(*text);
        *text = value ? mem_strdup(value) : NULL;
}

bool policy_has_lease(const struct policy *policy)
{
        return policy->lease.text && policy->lease.text[0];
}

static void free_if_unwanted(struct policy *policy)
{
        if (policy->spec || policy->spec_error || policy_has_lease(policy))
                return;
        (void)map_remove(&policy->manager->policies, policy->key);
        policy_free(policy);
}

static void forget_jobs(struct policy *policy)
{
        policy_void_targets(policy);
        verify_forget(policy);
        alive_forget(policy);
        turn_leave(policy);
        record_io_cancel(policy);
}

/* Everything that was known of the object and its targets; what stays is the record, which outlives it. */
static void forget_object(struct policy *policy)
{
        char **const texts[] = {&policy->spec_error, &policy->uid, &policy->active, &policy->record_refusal};
        claims_changed(policy);
        forget_jobs(policy);
        loop_timer_stop(policy->manager->loop, &policy->reads);
        workqueue_remove(&policy->work);
        status_forget(&policy->status);
        tell_forget(policy);
        failover_policy_free(policy->spec);
        policy->spec = NULL;
        relink_planes(policy);
        policy_forget_targets(policy);
        policy->reads_wanted = false;
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                set_text(texts[i], NULL);
        told_forget(&policy->told);
        account_forget(&policy->account);
        policy->confirmed_epoch = 0;
        policy->created_at = 0;
        requests_clear(&policy->requests);
        policy->record_retry_at = 0;
        policy->record_failures = 0;
        policy->has_seen_status = false;
}

void policy_take_record(struct policy *policy, struct record *record, char *error)
{
        const struct record *old = policy->record;
        bool is_same = old && record && old->epoch == record->epoch && old->id == record->id;
        if (!is_same) {
                policy->confirmed_epoch = 0;
                set_text(&policy->record_refusal, NULL);
                policy_forget_writes(policy);
        }
        if (!is_same || old->phase != record->phase)
                policy->record_seen_at = loop_now(policy->manager->loop);
        record_free(policy->record);
        free(policy->record_error);
        policy->record = record;
        policy->record_error = error;
}

/* A Lease that outlives its use as a register is only kept track of. */
static void take_lease(struct policy *policy, struct record_lease *seen)
{
        if (policy->store == &store_lease) {
                policy_take_record(policy, seen->record, seen->why);
                seen->record = NULL;
                seen->why = NULL;
        }
        record_lease_clear(seen);
}

/* What another store showed says nothing; the new one is read before anything is decided. */
static void use_store(struct policy *policy, const struct record_store *store)
{
        if (policy->store == store)
                return;
        record_io_cancel(policy);
        policy_take_record(policy, NULL, NULL);
        if (store == &store_lease)
                known_forget(&policy->lease);
        policy->record_is_doubtful = store == &store_lease;
        policy->store = store;
        store->dns_seen(policy);
}

static void take_spec(struct policy *policy, const json_t *object)
{
        struct failover_policy *spec = NULL;
        struct errmsg why;
        bool is_readable = failover_policy_decode(object, &spec, &why) == ERR_OK;
        set_text(&policy->spec_error, is_readable ? NULL : why.text);
        uint64_t content = status_content_of(json_object_get(object, "spec")).whole;
        bool is_new = !policy->spec || !spec || policy->spec->generation != spec->generation ||
                      policy->spec_content != content;
        policy->spec_content = content;
        if (spec)
                requests_follow(&policy->requests, spec, loop_now(policy->manager->loop));
        claims_changed(policy);
        failover_policy_free(policy->spec);
        policy->spec = spec;
        if (spec)
                use_store(policy, record_store_find(spec->store));
        policy->generation =
            (int64_t)json_integer_value(json_object_get(json_object_get(object, "metadata"), "generation"));
        if (!is_new)
                return;             /* annotations may be */
        tell_forget_planes(policy); /* it may name some no more */
        verify_forget(policy);
        relink_planes(policy);
}

static void take_object(struct policy *policy, const json_t *object)
{
        const char *uid = object_meta(object, "uid");
        policy->list_generation = policy->manager->list_generation;
        if (policy->uid && !text_equal(policy->uid, uid)) {
                forget_object(policy);                   /* deleted and created again by the same name */
                manager_doubt_identity(policy->manager); /* or the whole cluster was built anew */
        }
        status_seen(&policy->status, object);
        policy_status_restore(policy, object);
        set_text(&policy->uid, uid);
        take_spec(policy, object);
        if (text_to_time(object_meta(object, "creationTimestamp"), &policy->created_at) != ERR_OK)
                policy->created_at = 0;
        spread_looks(policy);
        policy_wake(policy);
}

/* Fail static: what the targets show stays as it is; only we stop looking. */
static void lose_object(struct policy *policy)
{
        forget_object(policy);
        free_if_unwanted(policy);
}

void policy_set(struct policy *policy, const json_t *object)
{
        const char *version = object ? object_meta(object, "resourceVersion") : "";
        if (!object) {
                lose_object(policy);
        } else if (known_admits(&policy->status.known, version, policy->manager->policy_list)) {
                take_object(policy, object);
                known_by_watch(&policy->status.known, version);
        }
}

void policy_deleted(struct policy *policy, const json_t *last)
{
        if (known_admits(&policy->status.known, object_meta(last, "resourceVersion"), policy->manager->policy_list))
                lose_object(policy);
}

void policy_read(struct policy *policy, const json_t *object)
{
        struct manager *manager = policy->manager;
        if (object) {
                take_object(policy, object);
                known_by_answer(&policy->status.known, object_meta(object, "resourceVersion"), manager->policy_list,
                                loop_now(manager->loop));
        } else {
                known_is_refused(&policy->status.known, manager->policy_list, loop_now(manager->loop));
        }
}

/* A record Lease that its label does not show any more can be read, but not watched: frozen until a person looks at it.
 */
static void take_unlabelled(const json_t *lease, struct record_lease *ret)
{
        struct strbuf why = STRBUF_INIT(1024);
        (void)strbuf_printf(&why,
                            "Lease %s is in the way: it is no record with label " RECORD_LABEL_KEY
                            "=" RECORD_LABEL_VALUE
                            "; put the label back, or delete the Lease to have what the targets show taken over anew",
                            object_meta(lease, "name"));
        ret->why = strbuf_take(&why);
}

static void take_record_of(struct policy *policy, const json_t *lease)
{
        struct record_lease seen = {0};
        policy->record_generation = policy->manager->list_generation;
        policy->is_lease_unlabelled = lease && record_lease_decode(lease, &seen, NULL) != ERR_OK;
        if (policy->is_lease_unlabelled)
                take_unlabelled(lease, &seen);
        take_lease(policy, &seen);
        policy_wake(policy);
}

static const char *version_of(const json_t *lease)
{
        return lease ? object_meta(lease, "resourceVersion") : "";
}

void policy_set_record(struct policy *policy, const json_t *lease)
{
        if (lease && !known_admits(&policy->lease, version_of(lease), policy->manager->lease_list))
                return;
        take_record_of(policy, lease);
        known_by_watch(&policy->lease, version_of(lease));
        free_if_unwanted(policy);
}

void policy_record_deleted(struct policy *policy, const json_t *last)
{
        if (known_admits(&policy->lease, version_of(last), policy->manager->lease_list))
                policy_set_record(policy, NULL);
}

void policy_record_unlisted(struct policy *policy)
{
        if (!policy->is_lease_unlabelled) {
                policy_set_record(policy, NULL);
                return;
        }
        policy->record_generation = policy->manager->list_generation;
        policy->record_is_doubtful = true;
        policy_wake(policy);
}

void policy_read_record(struct policy *policy, const json_t *lease)
{
        struct manager *manager = policy->manager;
        take_record_of(policy, lease);
        known_by_answer(&policy->lease, version_of(lease), manager->lease_list, loop_now(manager->loop));
}

void policy_leadership_changed(struct policy *policy)
{
        forget_jobs(policy); /* what was read long ago is no ground to act on */
        memset(policy->was, 0, sizeof(policy->was));
        policy->confirmed_epoch = 0;
        policy->told.finding = FINDING_COUNT;
        set_text(&policy->told.armed, NULL);
        status_rewrite(&policy->status);
        if (policy->manager->is_leader)
                tell_what_is_shared(policy);
        else
                tell_not_leading(policy);
        policy_wake(policy);
}

bool policy_uses_secret(const struct policy *policy, const char *key)
{
        if (!policy->spec)
                return false;
        const struct policy_redis *redis = &policy->spec->redis;
        const char *const names[] = {policy->spec->dns.credentials_secret, redis->auth_secret,
                                     redis->uses_tls ? redis->tls.ca.name : "",
                                     redis->uses_tls ? redis->tls.client_certificate : ""};
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (secret_key_is(key, policy->namespace_name, names[i]))
                        return true;
        return false;
}

void policy_free(struct policy *policy)
{
        forget_object(policy);
        trouble_forget(policy->manager, policy);
        record_free(policy->record);
        known_forget(&policy->lease);
        free(policy->record_error);
        free(policy->dns_record.raw);
        free(policy->key);
        free(policy->namespace_name);
        free(policy->name);
        free(policy);
}
