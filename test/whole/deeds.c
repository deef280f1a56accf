/* deeds.c -- processes, clocks, losses, people. */
#include "deeds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "beside.h"
#include "faults.h"
#include "judge.h"
#include "lock_jobs.h"
#include "nameservers.h"
#include "redis_servers.h"
#include "registers.h"
#include "replica.h"
#include "util/text.h"

enum { YEAR_S = 365 * 24 * 3600 };

/* ---- processes and clocks ---- */

static void start_host(void *ctx)
{
        if (!vtime_is_over())
                host_start(ctx);
}

void kill_host(const struct fault *fault)
{
        host_kill(fault->host);
        vtime_at(fault->ends_at, start_host, fault->host);
}

void stop_host(const struct fault *fault)
{
        host_stop(fault->host);
        vtime_at(fault->ends_at, start_host, fault->host);
}

void pause_host(const struct fault *fault)
{
        host_pause(fault->host, fault->ends_at);
}

static int64_t jump(void)
{
        return (chance(500) ? 1 : -1) * (int64_t)(chance(500) ? YEAR_S : 1 + chance_below(100)) * 1000;
}

void jump_host(const struct fault *fault)
{
        fault->host->wall_skew_ms += jump();
}

void jump_api(const struct fault *fault)
{
        world.api_skew_ms[fault->cluster] += jump();
        world.has_odd_clocks = true;
}

void cut_watches(const struct fault *fault)
{
        api_cut_watches(fault->cluster, false);
}

void silence_watches(const struct fault *fault)
{
        api_cut_watches(fault->cluster, true);
}

void compact(const struct fault *fault)
{
        api_compact(fault->cluster);
}

/* ---- losses ---- */

void lose_last_write(const struct fault *fault)
{
        registers_lose_lock(fault->policy);
}

void lose_all(const struct fault *fault)
{
        registers.lock_before[fault->policy] = (struct reg){0};
        registers_lose_lock(fault->policy);
}

void lag_replica(const struct fault *fault)
{
        replica_lags(fault->policy);
}

void end_lag(const struct fault *fault)
{
        replica_catches_up(fault->policy);
}

void cut_replica(const struct fault *fault)
{
        enum { AS_LONG_AS_S = 120 };
        replica_cut(fault->policy, vtime_now() + (vtime_us)AS_LONG_AS_S * VTIME_S);
}

void promote_replica(const struct fault *fault)
{
        replica_promote(fault->policy);
}

/* ---- the Redis of each plane, and the pipeline ---- */

void kill_redis(const struct fault *fault)
{
        redis_servers_die(fault->plane);
}

void start_redis(const struct fault *fault)
{
        redis_servers_come_back(fault->plane);
}

void kill_region(const struct fault *fault)
{
        world.places[AT_PLANE + fault->plane].refused++;
        redis_servers_die(fault->plane);
}

void start_region(const struct fault *fault)
{
        world.places[AT_PLANE + fault->plane].refused--;
        redis_servers_come_back(fault->plane);
}

void cut_redis(const struct fault *fault)
{
        redis_servers_cut(fault->plane, 1);
}

void mend_redis(const struct fault *fault)
{
        redis_servers_cut(fault->plane, -1);
}

void hold_copies(const struct fault *fault)
{
        redis_servers_hold_copies(fault->plane, 1);
}

void end_copies(const struct fault *fault)
{
        redis_servers_hold_copies(fault->plane, -1);
}

void refuse_pipeline(const struct fault *fault)
{
        (void)fault;
        world.pipeline_refused++;
}

void take_pipeline(const struct fault *fault)
{
        (void)fault;
        world.pipeline_refused--;
}

void hold_pods(const struct fault *fault)
{
        (void)fault;
        world.jobs_pend++;
}

void let_pods(const struct fault *fault)
{
        (void)fault;
        world.jobs_pend--;
        lock_jobs_changed();
}

void fail_jobs(const struct fault *fault)
{
        (void)fault;
        world.jobs_fail++;
}

void mend_jobs(const struct fault *fault)
{
        (void)fault;
        world.jobs_fail--;
}

void lose_nodes(const struct fault *fault)
{
        (void)fault;
        world.nodes_lost++;
}

/* A person deletes the Pods that were there by force, as they are told to. */
void find_nodes(const struct fault *fault)
{
        (void)fault;
        world.nodes_lost--;
        lock_jobs_changed();
}

void squat_job(const struct fault *fault)
{
        lock_jobs_squat(judge_epoch(fault->policy) + 1);
}

void yield_job(const struct fault *fault)
{
        (void)fault;
        lock_jobs_yield();
}

static void lease_name(unsigned policy, char *ret, size_t size)
{
        (void)snprintf(ret, size, "planekeeper-%s", world.policies[policy].name);
}

void remove_stamp_by_hand(const struct fault *fault)
{
        registers.dns[fault->policy].text[0] = '\0';
        judge_touched(fault->policy);
        if (world.is_recorded_in_dns)
                judge_lost_record(fault->policy);
}

void lose_record(const struct fault *fault)
{
        char name[48];
        if (world.is_recorded_in_dns) {
                remove_stamp_by_hand(fault);
                return;
        }
        lease_name(fault->policy, name, sizeof(name));
        api_delete(fault->cluster, API_LEASES, NAMESPACE, name);
}

/* Its store is replaced: kube-system is another, and no decision is known. */
void rebuild_hub(const struct fault *fault)
{
        world_rename_cluster(fault->cluster);
        for (unsigned policy = 0; policy < world.policy_count; policy++) {
                char name[48];
                lease_name(policy, name, sizeof(name));
                api_delete(fault->cluster, API_LEASES, NAMESPACE, name);
                judge_touched(policy);
        }
}

void lose_status(const struct fault *fault)
{
        api_merge(fault->cluster, API_POLICIES, NAMESPACE, world.policies[fault->policy].name,
                  json_pack("{s:n}", "status"), true);
}

void lose_election(const struct fault *fault)
{
        api_delete(fault->cluster, API_LEASES, OWN_NAMESPACE, ELECTION_ID);
}

/* Whoever keeps the names of load balancers takes one away. */
void lose_name(const struct fault *fault)
{
        if (world.names_lost[fault->plane]++ == 0)
                world.name_lost_at[fault->plane] = vtime_now();
}

void find_name(const struct fault *fault)
{
        world.names_lost[fault->plane]--;
}

/* ---- planes ---- */

enum { BLINKS_PER_THOUSAND = 200 };

/* The way to the management server, and only that: its own cluster says that it is well, where it can be heard. */
void cut_path(const struct fault *fault)
{
        world.places[AT_PLANE + fault->plane].silent++;
        world.places[AT_PLANE_API + fault->plane].lost_requests += BLINKS_PER_THOUSAND;
}

void mend_path(const struct fault *fault)
{
        world.places[AT_PLANE + fault->plane].silent--;
        world.places[AT_PLANE_API + fault->plane].lost_requests -= BLINKS_PER_THOUSAND;
}

void lose_replicas(const struct fault *fault)
{
        world.replicas_lost[fault->plane]++;
}

void find_replicas(const struct fault *fault)
{
        world.replicas_lost[fault->plane]--;
}

/* ---- other nameservers ---- */

void lag_nameserver(const struct fault *fault)
{
        nameservers_lag(fault->plane % NAMESERVERS_MAX, 1);
}

void mend_lag(const struct fault *fault)
{
        nameservers_lag(fault->plane % NAMESERVERS_MAX, -1);
}

void lead_astray(const struct fault *fault)
{
        nameservers_stray(fault->plane % NAMESERVERS_MAX, 1);
}

void lead_back(const struct fault *fault)
{
        nameservers_stray(fault->plane % NAMESERVERS_MAX, -1);
}

/* ---- beside the name ---- */

void claim_name(const struct fault *fault)
{
        beside_claim(fault->policy, 1);
}

void yield_name(const struct fault *fault)
{
        beside_claim(fault->policy, -1);
}

void divert_users(const struct fault *fault)
{
        beside_divert(fault->policy, 1);
}

void lead_users(const struct fault *fault)
{
        beside_divert(fault->policy, -1);
}

void forward_updates(const struct fault *fault)
{
        beside_forward(fault->policy, 1);
}

void take_updates(const struct fault *fault)
{
        beside_forward(fault->policy, -1);
}

/* ---- people ---- */

void back_up(const struct fault *fault)
{
        api_back_up(fault->cluster);
}

static void suspend_at_last(void *ctx);

/* Often enough somebody sees what came back, and stops it all. */
void restore(const struct fault *fault)
{
        enum { SOON_MS = 4000 };
        api_restore(fault->cluster);
        world.went_back = true;
        if (world.policies[0].has_lock_job)
                lock_jobs_went_back();
        if (chance(500))
                vtime_at(vtime_now() + (vtime_us)chance_below(SOON_MS) * VTIME_MS, suspend_at_last,
                         &world.policies[fault->policy]);
}

/* The zone is as it was before its last change. */
void restore_zone(const struct fault *fault)
{
        registers.dns[fault->policy] = registers.dns_before[fault->policy];
        registers.emptied[fault->policy] = (struct emptied){0};
        judge_touched(fault->policy);
        if (world.is_recorded_in_dns)
                judge_restored_name(fault->policy);
}

void move_name_by_hand(const struct fault *fault)
{
        struct reg *reg = &registers.dns[fault->policy];
        (void)TEXT_COPY(reg->value, world_rrset(fault->plane));
        registers.emptied[fault->policy] = (struct emptied){0};
        judge_touched(fault->policy);
}

void remove_name_by_hand(const struct fault *fault)
{
        registers.dns[fault->policy].value[0] = '\0';
        registers.emptied[fault->policy] = (struct emptied){0};
        judge_touched(fault->policy);
}

void move_lock_by_hand(const struct fault *fault)
{
        struct reg *reg = &registers.lock[fault->policy];
        (void)TEXT_COPY(reg->value, world_plane(fault->plane));
        reg->is_present = true;
        registers.lock_before[fault->policy] = *reg;
        registers.lock_changed_at[fault->policy] = vtime_now();
        replica_written(fault->policy);
        judge_touched(fault->policy);
}

void deed_edit(unsigned policy, json_t *spec)
{
        for (unsigned cluster = 0; cluster < world.cluster_count; cluster++)
                api_merge(cluster, API_POLICIES, NAMESPACE, world.policies[policy].name,
                          json_pack("{s:O}", "spec", spec), false);
        json_decref(spec);
}

static void merge_spec(const struct fault *fault, json_t *spec)
{
        deed_edit(fault->policy, spec);
}

static void suspend_at_last(void *ctx)
{
        const struct policy_config *config = ctx;
        if (!vtime_is_over() && !world.is_healed)
                deed_edit((unsigned)(config - world.policies), json_pack("{s:b}", "suspend", 1));
}

void suspend(const struct fault *fault)
{
        merge_spec(fault, json_pack("{s:b}", "suspend", 1));
}

void resume(const struct fault *fault)
{
        merge_spec(fault, json_pack("{s:b}", "suspend", 0));
}

void advise(const struct fault *fault)
{
        merge_spec(fault, json_pack("{s:s}", "mode", "Advise"));
}

void automate(const struct fault *fault)
{
        if (!world.policies[fault->policy].is_advised)
                merge_spec(fault, json_pack("{s:s}", "mode", "Automatic"));
}

void edit_ttl(const struct fault *fault)
{
        merge_spec(fault, json_pack("{s:{s:i}}", "dns", "recordTTL", 10 + (int)chance_below(50)));
}

/* An edit that has to reach both targets, so that the lock is written and the name is to follow. */
void freeze_and_forget(const struct fault *fault)
{
        registers.trapped_until[fault->policy] = fault->ends_at;
        edit_ttl(fault);
}

void edit_delay(const struct fault *fault)
{
        merge_spec(fault, json_pack("{s:{s:i}}", "detection", "successThreshold", 1 + (int)chance_below(4)));
}

void deed_annotate(unsigned policy, const char *key, const char *value)
{
        for (unsigned cluster = 0; cluster < world.cluster_count; cluster++)
                api_merge(cluster, API_POLICIES, NAMESPACE, world.policies[policy].name,
                          json_pack("{s:{s:{s:s?}}}", "metadata", "annotations", key, value), false);
}

/* "<plane>/<epoch that it shall be>"; now and then of one that is long gone. */
static void request(const struct fault *fault, const char *key)
{
        char value[64];
        unsigned long long epoch = judge_epoch(fault->policy) + (chance(800) ? 1 : 0);
        (void)snprintf(value, sizeof(value), "%s/%llu", world_plane(fault->plane), epoch);
        deed_annotate(fault->policy, key, value);
}

void ask_for_switch(const struct fault *fault)
{
        request(fault, "planekeeper.io/switch-to");
}

/* Asked where it is refused, and left there when it would be allowed. */
void ask_in_advise(const struct fault *fault)
{
        advise(fault);
        request(fault, "planekeeper.io/switch-to");
}

/* What fingers make of it. */
void mistype_request(const struct fault *fault)
{
        const char *plane = world_plane(fault->plane);
        unsigned long long next = judge_epoch(fault->policy) + 1;
        char value[64];
        switch (chance_below(8)) {
        case 0:
                (void)snprintf(value, sizeof(value), "%s/%llu ", plane, next);
                break;
        case 1:
                (void)snprintf(value, sizeof(value), "%.4s/%llu", plane, next);
                break;
        case 2:
                (void)snprintf(value, sizeof(value), "%s %llu", plane, next);
                break;
        case 3:
                (void)snprintf(value, sizeof(value), "%s/%llu/yes", plane, next);
                break;
        case 4:
                (void)snprintf(value, sizeof(value), "%s/%llu/again", plane, next);
                break;
        case 5:
                (void)snprintf(value, sizeof(value), "%s//%llu", plane, next);
                break;
        case 6: /* who was told that it is unhealthy, or thinks so */
                (void)snprintf(value, sizeof(value), "%s/%llu/Unhealthy", plane, next);
                break;
        default: /* an epoch that is to come */
                (void)snprintf(value, sizeof(value), "%s/%llu", plane, next + 1 + chance_below(2));
                break;
        }
        deed_annotate(fault->policy, chance(500) ? "planekeeper.io/switch-to" : "planekeeper.io/adopt", value);
}

void ask_for_adoption(const struct fault *fault)
{
        request(fault, "planekeeper.io/adopt");
}

/* In a hurry people write what they mean, and not what it is called; and sometimes the right to read it is lost. */
void throw_kill_switch(const struct fault *fault)
{
        static const char *const written[][2] = {
            {"killSwitch", "true"}, {"killswitch", "true"}, {"killSwitch", "on"}, {"kill-switch", "false"}};
        const char *const *entry = written[(uint64_t)fault->ends_at / 4 % 4];
        if (fault->ends_at % 4 == 0) {
                world.kill_switch_denied++;
                return;
        }
        for (unsigned cluster = 0; cluster < world.cluster_count; cluster++)
                api_put(cluster, API_CONFIG_MAPS,
                        json_pack("{s:{s:s, s:s}, s:{s:s}}", "metadata", "name", "planekeeper", "namespace",
                                  OWN_NAMESPACE, "data", entry[0], entry[1]));
}

static void delete_kill_switch(void)
{
        for (unsigned cluster = 0; cluster < world.cluster_count; cluster++)
                api_delete(cluster, API_CONFIG_MAPS, OWN_NAMESPACE, "planekeeper");
}

void release_kill_switch(const struct fault *fault)
{
        if (fault->ends_at % 4 == 0)
                world.kill_switch_denied--;
        else
                delete_kill_switch();
}

void delete_policy(const struct fault *fault)
{
        for (unsigned cluster = 0; cluster < world.cluster_count; cluster++)
                api_delete(cluster, API_POLICIES, NAMESPACE, world.policies[fault->policy].name);
}

void put_policy(const struct fault *fault)
{
        if (!api_find(0, API_POLICIES, NAMESPACE, world.policies[fault->policy].name))
                world_put_policy(fault->policy);
}

static void set_eligible(const struct fault *fault, bool is_eligible)
{
        for (unsigned cluster = 0; cluster < world.cluster_count; cluster++)
                api_merge(cluster, API_PLANES, NAMESPACE, world_plane(fault->plane),
                          json_pack("{s:{s:b}}", "spec", "eligible", (int)is_eligible), false);
}

void set_aside(const struct fault *fault)
{
        set_eligible(fault, false);
}

void take_back(const struct fault *fault)
{
        set_eligible(fault, true);
}

/* From Git: what was lost or came back with a backup is as people wanted it. */
void apply_again(void)
{
        delete_kill_switch();
        lock_jobs_yield();
        for (unsigned i = 0; i < world.policy_count; i++) {
                for (unsigned cluster = 0; cluster < world.cluster_count; cluster++)
                        if (!api_find(cluster, API_POLICIES, NAMESPACE, world.policies[i].name)) {
                                world_put_policy(i);
                                break;
                        }
                correct_policy(i);
                deed_edit(i, json_pack("{s:b, s:s, s:{s:i}, s:{s:i}}", "suspend", 0, "mode",
                                       world.policies[i].is_advised ? "Advise" : "Automatic", "dns", "recordTTL", 30,
                                       "detection", "successThreshold", 2));
        }
        for (unsigned i = 0; i < world.plane_count; i++)
                correct_plane(i), take_back(&(struct fault){.plane = i});
}

bool deed_is_of_host(deed *which)
{
        return which == kill_host || which == stop_host || which == pause_host || which == jump_host;
}

bool deed_is_of_plane(deed *which)
{
        return which == cut_path || which == lose_replicas || which == kill_region;
}

bool deed_is_of_nameserver(deed *which)
{
        return which == lag_nameserver || which == lead_astray;
}

/* ---- remedies ---- */

/* "planekeeper.io/adopt=b/7 planekeeper.io/switch-to-": the request that would be heard before it goes. */
static void take_away(unsigned policy, const char *command)
{
        static const char removal[] = " planekeeper.io/switch-to-";
        const char *rest = command + strcspn(command, " ");
        if (strncmp(rest, removal, strlen(removal)) != 0)
                return;
        for (unsigned cluster = 0; cluster < world.cluster_count; cluster++)
                api_merge(cluster, API_POLICIES, NAMESPACE, world.policies[policy].name,
                          json_pack("{s:{s:{s:n}}}", "metadata", "annotations", "planekeeper.io/switch-to"), false);
}

/* They do what the status says. */
static void do_as_told(unsigned policy)
{
        static const char *const keys[] = {"planekeeper.io/switch-to", "planekeeper.io/adopt",
                                           "planekeeper.io/takeover"};
        const json_t *object = api_find(0, API_POLICIES, NAMESPACE, world.policies[policy].name);
        const char *message = json_string_value(json_object_get(json_object_get(object, "status"), "message"));
        if (message && strstr(message, "delete the Job"))
                lock_jobs_delete_failed();
        for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
                char value[64], told[96];
                const char *found = message ? strstr(message, keys[i]) : NULL;
                if (!found)
                        continue;
                const char *said = found + strlen(keys[i]) + 1;
                (void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(said, " "), said);
                (void)snprintf(told, sizeof(told), "%s=%s", keys[i] + strlen("planekeeper.io/"), value);
                judge_told(policy, told);
                take_away(policy, found);
                deed_annotate(policy, keys[i], value);
        }
}

void faults_remedy(unsigned attempt)
{
        for (unsigned i = 0; i < world.policy_count; i++) {
                char why[300];
                if (judge_is_at_rest(i, why, sizeof(why)))
                        continue;
                world_trace("remedy %u for policy %u: %s", attempt, i, why);
                if (attempt == 0)
                        judge_restore(i);
                else
                        do_as_told(i);
        }
}
