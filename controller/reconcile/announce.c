/* announce.c -- the Lease that names the active plane, in every cluster that can be reached. */
#include "reconcile/announce.h"

#include <inttypes.h>
#include <stdlib.h>

#include "kube/lease.h"
#include "reconcile/policy.h"
#include "reconcile/record_store.h"
#include "runtime/log.h"
#include "util/mem.h"
#include "util/text.h"

enum { RENEWALS = 3, TIMEOUT_MS = 3000, RETRY_FIRST_MS = 500, DOUBLINGS_MAX = 4 };

static struct kube *client_of(const struct announce_site *site)
{
        return site->plane ? site->plane->kube : site->policy->manager->kube;
}

static const char *name_of(const struct announce_site *site)
{
        return site->plane ? site->plane->name : "the operator's cluster";
}

static void wake_after(const struct announce_site *site, mono_ms delay)
{
        struct policy *policy = site->policy;
        workqueue_add_after(policy->manager->policies_queue, &policy->work, delay);
}

static void forget_version(struct announce_site *site)
{
        announcement_clear(&site->there);
        site->is_absent = false;
}

static void failed(struct announce_site *site, enum err err, const char *why)
{
        const mono_ms now = loop_now(site->policy->manager->loop);
        const bool is_moved = err == ERR_CONFLICT && !site->failures; /* the first is followed by a read at once */
        forget_version(site);
        if (!site->failed_since) {
                site->failed_since = now;
                log_line(is_moved ? LOG_DEBUG : LOG_WARN, "announce", why, LOG_TEXT_FIELD("policy", site->policy->key),
                         LOG_TEXT_FIELD("cluster", name_of(site)), LOG_TEXT_FIELD("class", err_name(err)));
        }
        free(site->error);
        site->error = mem_strdup(why);
        const unsigned doublings = site->failures < DOUBLINGS_MAX ? site->failures : DOUBLINGS_MAX;
        const mono_ms delay = (mono_ms)RETRY_FIRST_MS << doublings;
        site->failures++;
        site->retry_at = is_moved ? now : now + delay;
        wake_after(site, is_moved ? 0 : delay);
}

static void succeeded(struct announce_site *site)
{
        if (site->failures > 1)
                log_line(LOG_INFO, "announce", "it is announced again", LOG_TEXT_FIELD("policy", site->policy->key),
                         LOG_TEXT_FIELD("cluster", name_of(site)));
        free(site->error);
        site->error = NULL;
        site->failed_since = site->retry_at = 0;
        site->failures = 0;
}

static void wrote(void *ctx, const struct kube_reply *reply)
{
        struct announce_site *site = ctx;
        struct errmsg why;
        site->call = NULL;
        announcement_clear(&site->there);
        enum err err = reply->err;
        if (err == ERR_OK)
                err = announcement_read(reply->body, &site->there, &why);
        else
                why = reply->why;
        if (err != ERR_OK) { /* deleted or changed since, or nobody knows: it is read again */
                failed(site, err == ERR_NOT_FOUND ? ERR_CONFLICT : err, why.text);
                return;
        }
        site->is_absent = false;
        site->renewed_at = site->began_at;
        succeeded(site);
        wake_after(site, 0); /* the next pass sees when it is due again */
}

/* Another policy's Lease, or one of a later decision, is left alone. */
static enum err check_there(const struct announce_site *site, const struct announcement *there, struct errmsg *reterr)
{
        const struct policy *policy = site->policy;
        const struct record *record = policy->keeper.record;
        struct arena arena = {0};
        const char *owner = policy->keeper.store->owner(policy, &arena);
        const char *former = policy->keeper.store->former(policy, &arena);
        const bool is_own = text_equal(there->owner, owner) || (former[0] && text_equal(there->owner, former));
        arena_deinit(&arena);
        if (!is_own)
                return err_set(reterr, ERR_INVALID,
                               "it belongs to %.100s: delete it if nobody needs it, or choose another "
                               "spec.announce.lease",
                               there->owner);
        if (record && there->epoch > record->epoch)
                return err_set(reterr, ERR_TRANSIENT, "epoch %" PRIu64 " is announced there, %" PRIu64 " is older",
                               there->epoch, record->epoch);
        return ERR_OK;
}

static void answered(void *ctx, const struct kube_reply *reply)
{
        struct announce_site *site = ctx;
        struct errmsg why;
        site->call = NULL;
        forget_version(site);
        enum err err = reply->err;
        if (err == ERR_OK)
                err = announcement_read(reply->body, &site->there, &why);
        else
                why = reply->why;
        if (err == ERR_OK)
                err = check_there(site, &site->there, &why);
        site->is_absent = err == ERR_NOT_FOUND;
        if (err == ERR_OK || site->is_absent)
                wake_after(site, 0);
        else
                failed(site, err, why.text);
}

static void start(struct announce_site *site)
{
        struct policy *policy = site->policy;
        const struct policy_announce *announce = &policy->spec->announce;
        struct kube *kube = client_of(site);
        struct arena arena = {0};
        const struct announcement_wish wish = {.name = announce->lease,
                                               .namespace_name = announce->namespace_name,
                                               .plane = policy->keeper.record->to,
                                               .owner = policy->keeper.store->owner(policy, &arena),
                                               .epoch = policy->keeper.record->epoch,
                                               .lease_ms = announce->lease_ms,
                                               .now = pace_wall(&policy->manager->pace)};
        char *path = kube_path(&kube_leases, wish.namespace_name, site->is_absent ? NULL : wish.name, NULL);
        json_t *body = site->is_absent       ? announcement_new(&wish)
                       : site->there.version ? announcement_patch(&wish, &site->there)
                                             : NULL;
        site->began_at = loop_now(policy->manager->loop);
        site->call = !body             ? kube_get(kube, path, TIMEOUT_MS, answered, site)
                     : site->is_absent ? kube_create(kube, path, body, TIMEOUT_MS, wrote, site)
                                       : kube_patch(kube, path, body, TIMEOUT_MS, wrote, site);
        json_decref(body);
        free(path);
        arena_deinit(&arena);
}

/* A plane in the operator's own cluster is announced by the hub's Lease. */
static bool can_reach(const struct announce_site *site)
{
        const struct plane *plane = site->plane;
        const char *hub = site->policy->manager->identity.uid;
        return client_of(site) && hub && (!plane || (plane->cluster_uid && !text_equal(plane->cluster_uid, hub)));
}

static mono_ms due_at(const struct announce_site *site)
{
        const struct policy *policy = site->policy;
        const mono_ms every = policy->spec->announce.lease_ms / RENEWALS;
        const bool is_current = site->there.version && site->there.epoch == policy->keeper.record->epoch &&
                                text_equal(site->there.plane, policy->keeper.record->to);
        const mono_ms next = is_current && site->renewed_at ? site->renewed_at + every : 0;
        return next > site->retry_at ? next : site->retry_at;
}

static void place(struct policy *policy)
{
        struct announce *announce = &policy->announce;
        if (announce->sites)
                return;
        announce->sites = mem_calloc(policy->plane_count + 1, sizeof(*announce->sites));
        announce->sites[announce->count++] = (struct announce_site){.policy = policy};
        for (size_t i = 0; i < policy->plane_count; i++)
                announce->sites[announce->count++] =
                    (struct announce_site){.policy = policy, .plane = policy->planes[i].plane};
}

/* While the record moves, or its store is silent, nobody knows who is active. */
static bool is_known(const struct policy *policy, const struct view *view, const struct decision *decision)
{
        const struct record *record = policy->keeper.record;
        const mono_ms silence = view->now - view->arbiter_answered_at;
        return record && record->phase == PHASE_STEADY && decision->phase == PHASE_STEADY &&
               !policy->keeper.is_doubtful && silence < view->arbiter_period_ms + policy->spec->announce.lease_ms;
}

void announce_turn(struct policy *policy, const struct view *view, const struct decision *decision)
{
        const mono_ms now = loop_now(policy->manager->loop);
        if (!policy->spec->announce.lease[0] || policy->manager->stopping || !is_known(policy, view, decision))
                return;
        place(policy);
        for (unsigned i = 0; i < policy->announce.count; i++) {
                struct announce_site *site = &policy->announce.sites[i];
                if (site->call || !can_reach(site))
                        continue;
                const mono_ms left = due_at(site) - now;
                if (left <= 0)
                        start(site);
                else /* in each pass anew: one that comes earlier takes the wake-up of a later one away */
                        wake_after(site, left);
        }
}

static void leave(struct announce_site *site)
{
        kube_cancel(site->call);
        site->call = NULL;
        forget_version(site);
}

void announce_plane_leaves(struct plane *plane)
{
        for (size_t user = 0; user < plane->user_count; user++) {
                struct announce *announce = &plane->users[user]->announce;
                for (unsigned i = 0; i < announce->count; i++)
                        if (announce->sites[i].plane == plane)
                                leave(&announce->sites[i]);
        }
}

void announce_forget(struct policy *policy)
{
        for (unsigned i = 0; i < policy->announce.count; i++) {
                leave(&policy->announce.sites[i]);
                free(policy->announce.sites[i].error);
        }
        free(policy->announce.sites);
        policy->announce = (struct announce){0};
}

static bool is_down(const struct policy *policy, const struct plane *plane)
{
        for (size_t i = 0; i < policy->plane_count; i++)
                if (policy->planes[i].plane == plane)
                        return policy->planes[i].was.verdict == VERDICT_DOWN;
        return false;
}

const char *announce_lags(const struct policy *policy, struct arena *arena)
{
        const mono_ms now = loop_now(policy->manager->loop);
        for (unsigned i = 0; i < policy->announce.count; i++) {
                const struct announce_site *site = &policy->announce.sites[i];
                const bool is_late = site->failed_since && now - site->failed_since >= policy->spec->announce.lease_ms;
                if (is_late && !is_down(policy, site->plane))
                        return arena_printf(arena, "Lease %s/%s in %s: %s", policy->spec->announce.namespace_name,
                                            policy->spec->announce.lease, name_of(site), site->error);
        }
        return NULL;
}
