/* policy_object.c -- a FailoverPolicy as it is watched and read: its spec, its planes, its record Lease, and what is
 * forgotten with it. */
#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "reconcile/claims.h"
#include "reconcile/mechanism.h"
#include "reconcile/policy.h"
#include "reconcile/policy_status.h"
#include "reconcile/policy_targets.h"
#include "reconcile/record_io.h"
#include "reconcile/record_keeper.h"
#include "reconcile/record_store.h"
#include "reconcile/target_config.h"
#include "reconcile/tell.h"
#include "util/mem.h"
#include "util/text.h"

/* The new planes are linked before the old ones are dropped, so that a plane in both keeps its cadence and verdict. */
static void relink_planes(struct policy *policy)
{
        struct policy_plane *const before = policy->planes;
        const size_t count = policy->plane_count, wanted = policy->spec ? policy->spec->plane_count : 0;
        policy->planes = wanted ? mem_calloc(wanted, sizeof(*policy->planes)) : NULL;
        policy->plane_count = 0;
        for (size_t i = 0; i < wanted; i++) {
                struct plane *plane = plane_obtain(policy->manager, policy->namespace_name, policy->spec->planes[i]);
                plane_use(plane, policy);
                bool is_new = true;
                for (size_t j = 0; j < count; j++) {
                        if (before[j].plane != plane)
                                continue;
                        policy->planes[i].was = before[j].was;
                        is_new = false;
                }
                if (is_new)
                        tell_shared(policy, plane);
                policy->planes[policy->plane_count++].plane = plane;
        }
        for (size_t i = 0; i < count; i++)
                plane_unuse(before[i].plane, policy);
        free(before);
}

static void set_text(char **text, const char *value)
{
        free(*text);
        *text = value ? mem_strdup(value) : NULL;
}

void policy_free_if_unwanted(struct policy *policy)
{
        if (policy->spec || policy->spec_error || policy_has_lease(policy))
                return;
        (void)map_remove(&policy->manager->policies, policy->key);
        policy_free(policy);
}

static void forget_jobs(struct policy *policy)
{
        policy_void_targets(policy);
        verify_abandon(policy);
        alive_forget(policy);
        preflight_forget(policy);
        announce_forget(policy);
        permit_withdraw(policy);
        record_io_cancel(policy);
}

/* Forgets the object and its targets. The record stays, because it outlives the object. */
static void forget_object(struct policy *policy)
{
        char **const texts[] = {&policy->spec_error, &policy->dns_server, &policy->promotion_server,
                                &policy->uid,        &policy->active,     &policy->keeper.refusal};
        claims_changed(policy);
        forget_jobs(policy);
        verify_forget(policy);
        loop_timer_stop(policy->manager->loop, &policy->reads);
        workqueue_remove(&policy->work);
        status_forget(&policy->status);
        tell_forget(policy);
        failover_policy_free(policy->spec);
        policy->spec = NULL;
        claims_drop(policy);
        relink_planes(policy);
        policy_forget_targets(policy);
        policy->reads_wanted = false;
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                set_text(texts[i], NULL);
        told_forget(&policy->told);
        account_forget(&policy->account);
        policy->confirmation.epoch = 0;
        policy->created_at = 0;
        requests_clear(&policy->requests);
        policy->keeper.retry_at = 0;
        policy->keeper.failures = 0;
        policy->has_seen_status = false;
}

/* A record of another store does not count; the new store is read before anything is decided. */
static void use_store(struct policy *policy, const struct record_store *store)
{
        if (policy->keeper.store == store)
                return;
        record_io_cancel(policy);
        record_keeper_take(policy, NULL, NULL);
        if (store->is_on_lease)
                known_forget(&policy->keeper.lease.known);
        policy->keeper.is_doubtful = store->is_on_lease;
        policy->keeper.store = store;
        store->dns_seen(policy);
}

mono_ms policy_looks_every(const struct policy *policy)
{
        mono_ms every = policy->keeper.store->reads_every(policy);
        return every < MECHANISM_EVERY_MS ? every : MECHANISM_EVERY_MS;
}

/* Reads are spread over the period by the key, so that a thousand policies do not read at once. A shorter period takes
 * effect at once: a policy that reads every second must not wait ten for its first read. */
static void spread_looks(struct policy *policy)
{
        mono_ms now = loop_now(policy->manager->loop), every = policy_looks_every(policy);
        if (!policy->reads.heap_index || policy->reads.at - now > every)
                loop_timer_set(policy->manager->loop, &policy->reads,
                               now + (mono_ms)(text_hash(policy->key) % (uint64_t)every));
}

static void take_spec(struct policy *policy, const json_t *object)
{
        struct failover_policy *spec = NULL;
        struct errmsg why;
        bool is_readable = failover_policy_decode(object, &spec, &why) == ERR_OK;
        if (is_readable && target_config_check(spec, &why) != ERR_OK) {
                failover_policy_free(spec);
                spec = NULL;
                is_readable = false;
        }
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
        free(policy->dns_server);
        policy->dns_server = spec ? target_config_identity(spec) : NULL;
        free(policy->promotion_server);
        policy->promotion_server = spec ? target_config_promotion(spec) : NULL;
        if (spec)
                use_store(policy, record_store_find(spec->store));
        policy->generation =
            (int64_t)json_integer_value(json_object_get(json_object_get(object, "metadata"), "generation"));
        if (!is_new)
                return; /* only annotations may have changed */
        if (policy->plane_count)
                tell_forget_planes(policy); /* it may name some no more */
        verify_abandon(policy);
        announce_forget(policy);
        relink_planes(policy);
        claims_renew(policy);
}

static void take_object(struct policy *policy, const json_t *object)
{
        const char *uid = object_meta(object, "uid");
        policy->list_generation = policy->manager->list_generation;
        if (policy->uid && !text_equal(policy->uid, uid))
                forget_object(policy); /* deleted and created again by the same name */
        /* A new object may mean a new cluster: nothing is decided before the API server has said which one it is. */
        if (!policy->uid)
                policy->identity_doubt = identity_doubt(&policy->manager->identity);
        status_seen(&policy->status, object);
        policy_status_restore(policy, object);
        set_text(&policy->uid, uid);
        take_spec(policy, object);
        if (text_to_time(object_meta(object, "creationTimestamp"), &policy->created_at) != ERR_OK)
                policy->created_at = 0;
        spread_looks(policy);
        policy_wake(policy);
}

/* Fail static: the targets stay as they are, and the operator stops reading them. */
static void lose_object(struct policy *policy)
{
        forget_object(policy);
        policy_free_if_unwanted(policy);
}

void policy_set(struct policy *policy, const json_t *object)
{
        const char *version = object ? object_meta(object, "resourceVersion") : "";
        if (!object) {
                lose_object(policy);
                return;
        }
        policy->list_generation = policy->manager->list_generation; /* it is there, also in a state that is too old */
        if (known_admits(&policy->status.known, version, policy->manager->policy_list)) {
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

void policy_leadership_changed(struct policy *policy)
{
        forget_jobs(policy); /* a replica that did not lead has no fresh reads to act on */
        for (size_t i = 0; i < policy->plane_count; i++)
                policy->planes[i].was = (struct last_verdict){0};
        policy->confirmation.epoch = 0;
        policy->told.finding = FINDING_COUNT;
        set_text(&policy->told.armed, NULL);
        status_rewrite(&policy->status);
        if (policy->manager->is_leader)
                tell_what_is_shared(policy);
        policy_wake(policy);
}

void policy_free(struct policy *policy)
{
        forget_object(policy);
        trouble_forget(policy->manager, policy);
        record_keeper_clear(&policy->keeper);
        free(policy->key);
        free(policy->namespace_name);
        free(policy->name);
        free(policy);
}
