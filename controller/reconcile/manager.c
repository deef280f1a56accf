/* manager.c -- the caches, who leads, and the services that passes use. */
#include "reconcile/manager.h"

#include <stdlib.h>
#include <string.h>

#include "api/record.h"
#include "reconcile/caches.h"
#include "reconcile/confirm.h"
#include "reconcile/doubt.h"
#include "reconcile/effect_loop.h"
#include "reconcile/no_leader.h"
#include "reconcile/plane.h"
#include "reconcile/policy.h"
#include "reconcile/secret_cache.h"
#include "reconcile/status.h"
#include "reconcile/tell.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "util/mem.h"
#include "util/text.h"

enum {
        TICK_MS = 1000,
        REFRESH_EVERY_MS = 60000, /* facts that change with time alone (days of a certificate) are refreshed so often */
        LATE_MS = 1000, /* a loop that is later than this was suspended or short of CPU: its samples are doubtful */
        CONNECTIONS_PER_HOST = 16, /* three watches, the passes' permits, statuses and Events, none behind another */
        WORKERS = 8,               /* started when they are needed */
        FILE_READERS = 16,         /* the same; each may hang for good */
        JOBS_MAX = 8192,
};

/* ---- the operator's own cluster ---- */

static void identity_answered(void *ctx, enum identity_news news, unix_ms date)
{
        struct manager *manager = ctx;
        bool is_new = news == IDENTITY_FIRST || news == IDENTITY_OTHER;
        trouble_over(manager, TROUBLE_IDENTITY, NULL);
        if (news == IDENTITY_FIRST)
                pace_set_clock(&manager->pace, date);
        if (news == IDENTITY_OTHER)
                caches_identity_changed(manager);
        if (is_new)
                caches_retime_probes(manager);
        if (news == IDENTITY_OTHER && manager->is_leader)
                caches_leadership_changed(manager); /* all that was known is void, as after a change of leader */
        if (is_new || news == IDENTITY_PROVEN)
                caches_wake_policies(manager);
}

static void identity_failed(void *ctx, const char *why)
{
        trouble_note(ctx, TROUBLE_IDENTITY, NULL, why);
}

static void kill_switch_changed(struct manager *manager, bool is_news)
{
        if (is_news)
                tell_kill_switch(manager);
        caches_wake_policies(manager);
}

static bool is_prioritised(void *ctx)
{
        const struct manager *manager = ctx;
        return pace_is_prioritised(&manager->pace);
}

static void tick(struct loop_timer *timer)
{
        struct manager *manager = CONTAINER_OF(timer, struct manager, tick);
        loop_timer_set(manager->loop, timer, loop_now(manager->loop) + TICK_MS);
        if (manager->stopping)
                return;
        identity_tick(&manager->identity);
        kill_switch_tick(manager);
        trouble_tick(manager);
        no_leader_tick(manager);
        doubt_look(manager);
        if (manager->is_leader && loop_now(manager->loop) - manager->refreshed_at >= REFRESH_EVERY_MS) {
                manager->refreshed_at = loop_now(manager->loop);
                caches_refresh_planes(manager);
        }
}

/* A process that was suspended or short of CPU measured itself and not the planes: its samples are thrown away and
 * counted anew. */
void manager_was_late(struct manager *manager, mono_ms late_ms)
{
        tell_late(late_ms);
        pace_was_late(&manager->pace, late_ms);
        caches_discard_samples(manager);
}

/* The passes run here, after all timers and descriptors of the turn, so that they see every sample and answer of it. */
static void idle(void *ctx)
{
        struct manager *manager = ctx;
        if (loop_lateness(manager->loop) >= LATE_MS)
                manager_was_late(manager, loop_lateness(manager->loop));
        workqueue_turn(manager->planes_queue);
        workqueue_turn(manager->policies_queue);
        confirm_turn(manager); /* the probes of this turn have begun */
}

static void probe_began(void *ctx)
{
        const struct check_target *target = ctx;
        if (target->check->role == CHECK_ROLE_PATH)
                confirm_probe_began(target->check->plane);
}

/* ---- leading ---- */

static void leadership_changed(void *ctx, bool is_leader)
{
        struct manager *manager = ctx;
        manager->is_leader = is_leader;
        if (!is_leader)
                trouble_stop_leading(manager);
        tell_leading(&manager->options, is_leader);
        status_writer_enable(manager->status, is_leader);
        caches_leadership_changed(manager);
        /* The store may have been replaced while another replica led (decision 017). */
        if (is_leader)
                identity_doubt_for_all(&manager->identity);
}

static void election_troubled(void *ctx, enum err err, const char *why)
{
        struct manager *manager = ctx;
        const char *namespace_name = manager->options.own_namespace, *name = manager->options.election_id;
        struct errmsg text;
        if (err == ERR_OK) {
                trouble_over(manager, TROUBLE_ELECTION, NULL);
                return;
        }
        const char *remedy = err == ERR_DENIED    ? "; kubectl apply --server-side -k manifests grants what it needs"
                             : err == ERR_INVALID ? "; deleting the Lease lets it begin anew"
                                                  : "";
        (void)err_set(&text, err, "Lease %.63s/%.63s: %.150s%s", namespace_name, name, why, remedy);
        trouble_note(manager, TROUBLE_ELECTION, NULL, text.text);
}

static void status_troubled(void *ctx, const void *owner, const char *why)
{
        if (why)
                trouble_note(ctx, TROUBLE_STATUS, owner, why);
        else
                trouble_over(ctx, TROUBLE_STATUS, owner);
}

static void secret_troubled(void *ctx, const void *owner, const char *why)
{
        if (why)
                trouble_note(ctx, TROUBLE_SECRETS, owner, why);
        else
                trouble_over(ctx, TROUBLE_SECRETS, owner);
}

static void events_troubled(void *ctx, enum err err, const char *why)
{
        if (err != ERR_OK)
                trouble_note(ctx, TROUBLE_EVENTS, NULL, why);
        else
                trouble_over(ctx, TROUBLE_EVENTS, NULL);
}

static void open_election(struct manager *manager)
{
        if (!manager->options.leader_elect) {
                leadership_changed(manager, true);
                return;
        }
        const struct election_config config = {
            .namespace_name = manager->options.own_namespace,
            .name = manager->options.election_id,
            .identity = manager->options.identity,
            .label_key = RECORD_LABEL_KEY,
            .label_value = "leader",
            .lease_ms = manager->options.lease_ms,
            .renew_deadline_ms = manager->options.renew_deadline_ms,
            .retry_ms = manager->options.retry_ms,
            .changed = leadership_changed,
            .troubled = election_troubled,
            .ctx = manager,
        };
        manager->election = election_open(manager->loop, manager->election_kube, &config);
}

static void secret_changed(void *ctx, const char *key)
{
        caches_secret_changed(ctx, key);
}

static bool secret_is_used(void *ctx, const char *key)
{
        return caches_secret_is_used(ctx, key);
}

void manager_open(struct manager *manager, struct loop *loop, struct kube_config *config,
                  struct kube_config *election_config, const struct manager_options *options)
{
        *manager = (struct manager){.options = *options, .loop = loop, .tick.due = tick};
        pace_init(&manager->pace, loop, options->max_switches_per_minute);
        manager->kill_switch.changed = kill_switch_changed;
        tell_setup(options->election_id);
        trouble_setup();
        manager->executor = executor_open(loop, WORKERS, JOBS_MAX);
        if (options->kubeconfig_files)
                manager->file_readers = executor_open(loop, FILE_READERS, JOBS_MAX);
        manager->http = http_open(loop, CONNECTIONS_PER_HOST);
        /* The election has a client and connections of its own, so that no request of a pass delays a renewal. */
        manager->election_http = http_open(loop, 2);
        manager->kube = kube_open(loop, manager->http, manager->executor, config);
        manager->election_kube = kube_open(loop, manager->election_http, manager->executor, election_config);
        manager->targets_kube = (struct kube_environment){.loop = loop,
                                                          .http = manager->http,
                                                          .executor = manager->executor,
                                                          .own = manager->kube,
                                                          .allows_exec = options->kubeconfig_exec,
                                                          .allows_http = options->kubeconfig_http,
                                                          .allows_unverified = options->kubeconfig_unverified};
        const struct identity_hooks hooks = {.answered = identity_answered, .failed = identity_failed, .ctx = manager};
        identity_init(&manager->identity, loop, manager->kube, &hooks);
        manager->prober = prober_open(&(struct probe_env){
            .loop = loop, .http = manager->http, .executor = manager->executor, .dns_servers = options->resolver,
            .began = probe_began});
        const struct workqueue_options planes = {"managementplane", 64, 3};
        const struct workqueue_options policies = {"failoverpolicy", 64, 5};
        manager->planes_queue = workqueue_open(loop, &planes);
        manager->policies_queue = workqueue_open(loop, &policies);
        manager->events = event_recorder_open(loop, manager->kube, "planekeeper.io/planekeeper", options->identity);
        manager->status = status_writer_open(loop, manager->kube);
        const struct yield yield = {.is_busy = is_prioritised, .ctx = manager};
        event_recorder_yield(manager->events, &yield);
        status_writer_yield(manager->status, &yield);
        event_recorder_on_trouble(manager->events, events_troubled, manager);
        status_writer_on_trouble(manager->status, status_troubled, manager);
        manager->secrets = secret_cache_open(loop, manager->kube, secret_changed, secret_is_used, manager);
        secret_cache_on_trouble(manager->secrets, secret_troubled);
        loop_set_idle(loop, idle, manager);
        caches_open(manager);
        open_election(manager);
        loop_timer_set(loop, &manager->tick, loop_now(loop) + TICK_MS);
        identity_tick(&manager->identity);
        kill_switch_tick(manager);
}

static void released(void *ctx)
{
        struct manager *manager = ctx;
        manager->stopped(manager->stopped_ctx);
}

void manager_stop(struct manager *manager, void (*stopped)(void *ctx), void *ctx)
{
        /* No pass acts from here on: the Lease is released while nothing new can be sent. */
        manager->stopping = true;
        manager->stopped = stopped;
        manager->stopped_ctx = ctx;
        if (manager->election)
                election_release(manager->election, released, manager);
        else
                stopped(ctx);
}

void manager_close(struct manager *manager)
{
        loop_timer_stop(manager->loop, &manager->tick);
        kube_cancel(manager->kill_switch.call);
        confirm_list_close(manager);
        if (manager->election)
                election_close(manager->election);
        caches_close(manager);
        effect_loop_close(manager);
        secret_cache_close(manager->secrets);
        status_writer_close(manager->status);
        event_recorder_close(manager->events);
        workqueue_close(manager->policies_queue);
        workqueue_close(manager->planes_queue);
        prober_close(manager->prober);
        identity_close(&manager->identity);
        kube_close(manager->kube);
        kube_close(manager->election_kube);
        executor_close(manager->executor, clock_mono() + 200); /* last, because the others may have jobs in flight */
        executor_close(manager->file_readers, clock_mono() + 200);
        http_close(manager->http);
        http_close(manager->election_http);
}

bool manager_is_ready(const struct manager *manager, struct strbuf *why)
{
        const struct {
                const struct watch *watch;
                const char *what;
        } watches[] = {{manager->plane_watch, "managementplanes"},
                       {manager->policy_watch, "failoverpolicies"},
                       {manager->lease_watch, "leases"}};
        bool is_ready = trouble_print(manager, why);
        for (size_t i = 0; i < sizeof(watches) / sizeof(watches[0]); i++) {
                if (watch_is_synced(watches[i].watch))
                        continue;
                (void)strbuf_printf(why, "%s: not listed yet\n", watches[i].what);
                is_ready = false;
        }
        return is_ready;
}
