/* world.c -- clusters, planes, servers and ways. */
#include "world.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "beside.h"
#include "judge.h"
#include "nameservers.h"
#include "fences.h"
#include "lock_jobs.h"
#include "pipeline.h"
#include "redis_servers.h"
#include "registers.h"
#include "util/mem.h"

enum {
        DELAY_MS = 3000,
        DELAY_OF_TWO_SITES_MS = 6000,
        WAY_MS = 1,
        WAY_SPREAD_US = 4000,
        LATE_MS = 2000,
        LATE_SPREAD_MS = 8000,
        AGAIN_SPREAD_MS = 2000
};

struct world world;
bool world_is_traced;

static const char *const planes[WORLD_PLANES_MAX] = {"eu-west-1", "eu-central-1", "us-east-1"};
static const char *const addresses[WORLD_PLANES_MAX] = {"10.0.0.1", "10.0.0.2", "10.0.0.3"};

const char *world_plane(unsigned plane)
{
        return planes[plane];
}

const char *world_address(unsigned plane)
{
        return addresses[plane];
}

const char *world_rrset(unsigned plane)
{
        static const char *const by_address[WORLD_PLANES_MAX] = {"A 10.0.0.1", "A 10.0.0.2", "A 10.0.0.3"};
        static const char *const by_name[WORLD_PLANES_MAX] = {"CNAME lb-1.example.test", "CNAME lb-2.example.test",
                                                              "CNAME lb-3.example.test"};
        return world.is_named[plane] ? by_name[plane] : by_address[plane];
}

/* ---- telling ---- */

void world_trace(const char *format, ...)
{
        if (!world_is_traced)
                return;
        va_list arguments;
        va_start(arguments, format);
        printf("%10.6f  ", (double)vtime_now() / VTIME_S);
        vprintf(format, arguments);
        printf("\n");
        va_end(arguments);
}

void world_violated(const char *format, ...)
{
        va_list arguments;
        va_start(arguments, format);
        if (!world.violation[0])
                (void)vsnprintf(world.violation, sizeof(world.violation), format, arguments);
        va_end(arguments);
        world_trace("VIOLATION %s", world.violation);
}

/* ---- ways ---- */

static bool befalls(int per_thousand_of_a, int per_thousand_of_b)
{
        int sum = per_thousand_of_a + per_thousand_of_b;
        return sum > 0 && chance((unsigned)sum);
}

static vtime_us way(const struct trouble *a, const struct trouble *b)
{
        int slow = a->slow_ms + b->slow_ms;
        vtime_us spread = slow > 0 ? (vtime_us)chance_below((unsigned)slow) * VTIME_MS : 0;
        return WAY_MS * VTIME_MS + (vtime_us)chance_below(WAY_SPREAD_US) + spread;
}

enum fate world_send(const struct host *host, enum locality place, vtime_us *ret_at)
{
        const struct trouble *a = &world.places[place], *b = &world.ways[host->index][place];
        *ret_at = vtime_now() + way(a, b);
        if (a->silent > 0 || b->silent > 0 || befalls(a->lost_requests, b->lost_requests))
                return FATE_LOST;
        if (a->refused > 0 || b->refused > 0)
                return FATE_REFUSED;
        if (befalls(a->late_requests, b->late_requests))
                *ret_at += (vtime_us)(LATE_MS + chance_below(LATE_SPREAD_MS)) * VTIME_MS;
        return FATE_ARRIVES;
}

static bool is_open(const struct trouble *a, const struct trouble *b)
{
        return a->silent <= 0 && b->silent <= 0 && a->refused <= 0 && b->refused <= 0;
}

bool world_answer(const struct host *host, enum locality place, vtime_us *ret_at)
{
        const struct trouble *a = &world.places[place], *b = &world.ways[host->index][place];
        *ret_at = vtime_now() + way(a, b) + (vtime_us)(a->late_ms + b->late_ms) * VTIME_MS;
        return is_open(a, b) && !befalls(a->lost_replies, b->lost_replies);
}

bool world_flows(const struct host *host, enum locality place, vtime_us *ret_at)
{
        const struct trouble *a = &world.places[place], *b = &world.ways[host->index][place];
        *ret_at = vtime_now() + way(a, b);
        if (befalls(a->lost_replies, b->lost_replies))
                *ret_at += (vtime_us)chance_below(AGAIN_SPREAD_MS) * VTIME_MS;
        return is_open(a, b);
}

/* ---- manifests ---- */

/* How the cluster of @plane is asked who it is, and what its Deployment says. */
static void put_kubeconfig(unsigned cluster, unsigned plane)
{
        char yaml[400], base64[600], name[48];
        int bytes = snprintf(yaml, sizeof(yaml),
                             "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
                             "clusters: [{name: c, cluster: {server: 'https://%sapi-%u.test:6443'}}]\n"
                             "users: [{name: u, user: {token: t}}]\n"
                             "contexts: [{name: c, context: {cluster: c, user: u}}]\n",
                             world.is_watched[plane] || world.policies[0].has_fence ? "plane-" : "", plane);
        (void)EVP_EncodeBlock((unsigned char *)base64, (const unsigned char *)yaml, bytes);
        (void)snprintf(name, sizeof(name), "%s-kubeconfig", planes[plane]);
        api_put(cluster, API_SECRETS,
                json_pack("{s:{s:s, s:s}, s:{s:s}}", "metadata", "name", name, "namespace", NAMESPACE, "data", "value",
                          base64));
}

json_t *world_checks(unsigned plane, const char *path)
{
        json_t *checks = json_pack("[{s:s, s:s, s:{s:s}}]", "name", "server", "type", "HTTP", "http", "path", path);
        if (world.is_watched[plane])
                json_array_append_new(checks, json_pack("{s:s, s:s}", "name", "deployment", "type", "Deployment"));
        return checks;
}

static bool has_kubeconfig(unsigned plane)
{
        return world.is_recorded_in_dns || world.is_watched[plane] || world.policies[0].has_fence;
}

json_t *world_plane_texts(unsigned plane)
{
        json_t *spec = json_pack("{s:{s:s}, s:o}", "server", "address",
                                 world.is_named[plane] ? strchr(world_rrset(plane), ' ') + 1 : addresses[plane], "checks",
                                 world_checks(plane, "/healthz"));
        if (has_kubeconfig(plane))
                json_object_set_new(spec, "kubeConfig",
                                    json_pack("{s:{s:o}}", "secretRef", "name", json_sprintf("%s-kubeconfig", planes[plane])));
        if (world.policies[0].is_promoted)
                json_object_set_new(spec, "redis", json_pack("{s:s}", "address", redis_servers_address(plane)));
        return spec;
}

static void put_plane(unsigned cluster, unsigned plane)
{
        json_t *object = json_pack("{s:{s:s, s:s}, s:o}", "metadata", "name", planes[plane], "namespace", NAMESPACE, "spec",
                                   world_plane_texts(plane));
        INVARIANT(object);
        json_t *spec = json_object_get(object, "spec");
        json_object_set_new(spec, "eligible", json_true());
        json_object_set_new(json_object_get(spec, "server"), "port", json_integer(8080));
        if (has_kubeconfig(plane))
                put_kubeconfig(cluster, plane);
        api_put(cluster, API_PLANES, object);
}

static char *milliseconds(unsigned ms, char *ret, size_t size)
{
        (void)snprintf(ret, size, "%ums", ms);
        return ret;
}

static json_t *detection(void)
{
        char interval[16], timeout[16], delay[16];
        return json_pack("{s:s, s:s, s:i, s:i, s:s}", "interval", milliseconds(INTERVAL_MS, interval, sizeof(interval)),
                         "timeout", milliseconds(TIMEOUT_MS, timeout, sizeof(timeout)), "failureThreshold", THRESHOLD,
                         "successThreshold", 2, "failoverDelay",
                         milliseconds(world.failover_delay_ms, delay, sizeof(delay)));
}

static json_t *observed(void)
{
        json_t *names = json_array();
        for (unsigned i = 0; i < world.nameserver_count; i++)
                json_array_append_new(names, json_string(nameservers_address(i)));
        return names;
}

static json_t *named_planes(void)
{
        json_t *names = json_array();
        for (unsigned i = 0; i < world.plane_count; i++)
                json_array_append_new(names, json_string(planes[i]));
        return names;
}

json_t *world_texts(unsigned number)
{
        char name[64], key[32];
        registers_name(number, name, sizeof(name));
        registers_key(number, key, sizeof(key));
        json_t *spec = json_pack("{s:o, s:{s:s, s:{s:s, s:n}}}", "planes", named_planes(), "dns", "name", name, "rfc2136",
                                 "nameserver", "192.0.2.53", "tsigSecretRef");
        if (world.nameserver_count)
                json_object_set_new(json_object_get(spec, "dns"), "verify", json_pack("{s:o}", "servers", observed()));
        if (world.policies[number].uses_lock && world.policies[number].is_promoted)
                json_object_set_new(spec, "redis", json_pack("{s:{s:s}}", "lock", "key", key));
        else if (world.policies[number].uses_lock)
                json_object_set_new(spec, "redis",
                                    json_pack("{s:s, s:n, s:{s:s}}", "address", "192.0.2.6:6379", "authSecretRef", "lock",
                                              "key", key));
        return spec;
}

static json_t *spec_of(unsigned number)
{
        const struct policy_config *config = &world.policies[number];
        char name[64], key[32], cooldown[16], stable[16];
        registers_name(number, name, sizeof(name));
        registers_key(number, key, sizeof(key));
        json_t *spec = json_pack("{s:s, s:s, s:o, s:s, s:i, s:{s:s, s:s}, s:s, s:s, s:{s:s, s:i, s:{s:s}}}", "mode",
                                 config->is_advised ? "Advise" : "Automatic", "writeMode",
                                 config->uses_lock ? "SingleCluster" : "AllClusters", "detection", detection(),
                                 "cooldown", milliseconds(config->cooldown_s * 1000, cooldown, sizeof(cooldown)),
                                 "maxSwitches", (int)config->max_switches, "failback", "policy", config->failback,
                                 "stableFor", milliseconds(config->stable_for_s * 1000, stable, sizeof(stable)),
                                 "decisionStore", world.is_recorded_in_dns ? "DNS" : "Kubernetes", "drift",
                                 config->is_enforced ? "Enforce" : "Report", "dns", "name", name, "recordTTL", 30,
                                 "rfc2136", "nameserver", "192.0.2.53");
        INVARIANT(spec);
        json_object_set_new(spec, "planes", named_planes());
        if (world.nameserver_count)
                json_object_set_new(json_object_get(spec, "dns"), "verify", json_pack("{s:o}", "servers", observed()));
        if (config->is_promoted)
                json_object_set_new(spec, "redis", json_pack("{s:{s:{}}}", "promotion", "replica"));
        if (config->is_promoted && config->uses_lock)
                json_object_set_new(json_object_get(spec, "redis"), "lock", json_pack("{s:s, s:s}", "key", key, "value", "{name}"));
        if (config->has_fence)
                json_object_set_new(spec, "fence", fences_of_spec());
        if (config->has_pipeline)
                json_object_set_new(spec, "pipeline", pipeline_of_spec());
        if (config->uses_lock && !config->is_promoted)
                json_object_set_new(spec, "redis",
                                    json_pack("{s:s, s:{s:s, s:s, s:o*}}", "address", "192.0.2.6:6379", "lock", "key", key,
                                              "value", config->has_epoch_in_lock ? "{name}-{epoch}" : "{name}", "job",
                                              config->has_lock_job ? lock_jobs_of_spec() : NULL));
        return spec;
}

void world_put_policy(unsigned number)
{
        const struct policy_config *config = &world.policies[number];
        char uid[48];
        (void)snprintf(uid, sizeof(uid), "uid-of-%s", config->name);
        for (unsigned cluster = 0; cluster < world.cluster_count; cluster++)
                api_put(cluster, API_POLICIES,
                        json_pack("{s:{s:s, s:s, s:s}, s:o}", "metadata", "uid", uid, "name", config->name, "namespace",
                                  NAMESPACE, "spec", spec_of(number)));
}

/* ---- a world ---- */

static void draw_policy(unsigned number)
{
        static const char *const failbacks[] = {"Manual", "Manual", "Automatic", "Never"};
        struct policy_config *config = &world.policies[number];
        *config = (struct policy_config){
            .is_advised = chance(60),
            .uses_lock = chance(600),
            .is_enforced = chance(300),
            .has_epoch_in_lock = chance(300),
            .failback = failbacks[chance_below(4)],
            .cooldown_s = chance(500) ? 0 : 5 + chance_below(20),
            .max_switches = chance(700) ? 9 : 1 + chance_below(3),
            .stable_for_s = 2 + chance_below(6),
        };
}

/* What half of the histories have, and of those each some; the others are as they are without it. */
static void draw_width(void)
{
        enum { IS_WIDE, HAS_NAMESERVERS, HAS_TWO_NAMESERVERS, FIRST_WATCHED };
        world.is_wide = history_has(IS_WIDE, 500);
        if (!world.is_wide)
                return;
        if (history_has(HAS_NAMESERVERS, 400))
                world.nameserver_count = history_has(HAS_TWO_NAMESERVERS, 500) ? 2 : 1;
        for (unsigned i = 0; i < world.plane_count && !world.is_recorded_in_dns; i++)
                world.is_watched[i] = history_has(FIRST_WATCHED + i, 400);
}

static json_t *namespace_named(const char *name, unsigned cluster)
{
        char uid[48];
        (void)snprintf(uid, sizeof(uid), "cluster-%u-%u", cluster, world.lives[cluster]);
        return json_pack("{s:{s:s, s:s}}", "metadata", "name", name, "uid", uid);
}

void world_rename_cluster(unsigned cluster)
{
        world.lives[cluster]++;
        api_put(cluster, API_NAMESPACES, namespace_named("kube-system", cluster));
}

void world_clear(void)
{
        memset(&world, 0, sizeof(world));
        world.places[AT_NOWHERE].silent = 1;
}

void world_draw(void)
{
        world_clear();
        world.is_recorded_in_dns = chance(200);
        world.failover_delay_ms = world.is_recorded_in_dns ? DELAY_OF_TWO_SITES_MS : DELAY_MS;
        world.host_count = world.is_recorded_in_dns || chance(700) ? 2 : 1;
        world.cluster_count = world.is_recorded_in_dns ? 2 : 1;
        world.plane_count = world.is_recorded_in_dns || chance(600) ? 2 : 3;
        world.policy_count = chance(750) ? 1 : 2 + chance_below(POLICIES_MAX - 1);
        static const long statuses[] = {403, 422, 500};
        world.lease_status = statuses[chance_below(3)];
        for (unsigned i = 0; i < world.plane_count; i++)
                world.is_named[i] = chance(250);
        draw_width();
        for (unsigned i = 0; i < world.policy_count; i++)
                draw_policy(i);
}

void world_draw_promoted(void)
{
        static const char *const failbacks[] = {"Manual", "Automatic", "Never"};
        world_clear();
        world.failover_delay_ms = DELAY_MS;
        world.host_count = chance(700) ? 2 : 1;
        world.cluster_count = 1;
        world.plane_count = chance(500) ? 2 : 3;
        world.policy_count = 1;
        world.lease_status = 403;
        world.policies[0] = (struct policy_config){.uses_lock = chance(600),
                                                   .is_promoted = true,
                                                   .has_pipeline = chance(600),
                                                   .failback = failbacks[chance_below(3)],
                                                   .cooldown_s = chance(700) ? 0 : 5 + chance_below(20),
                                                   .max_switches = 9,
                                                   .stable_for_s = 2 + chance_below(6)};
}

void world_draw_fenced(void)
{
        world_draw_promoted();
        world.policies[0].is_promoted = false;
        world.policies[0].has_fence = true;
        world.policies[0].is_enforced = chance(300);
}

void world_draw_lock_jobs(void)
{
        world_draw_promoted();
        world.policies[0].is_promoted = false;
        world.policies[0].uses_lock = world.policies[0].has_lock_job = true;
        world.policies[0].has_epoch_in_lock = chance(300);
        world.policies[0].is_enforced = chance(300);
}

void world_begin(void)
{
        for (unsigned i = 0; i < POLICIES_MAX; i++)
                (void)snprintf(world.policies[i].name, sizeof(world.policies[i].name), "gloo-%u", i);
        judge_begin();
        registers_begin();
        redis_servers_begin();
        nameservers_begin();
        beside_begin();
        lock_jobs_begin();
        api_begin();
        for (unsigned cluster = 0; cluster < world.cluster_count; cluster++) {
                api_put(cluster, API_NAMESPACES, namespace_named("kube-system", cluster));
                for (unsigned i = 0; i < world.plane_count; i++)
                        put_plane(cluster, i);
        }
        if (world.policies[0].has_fence)
                fences_begin();
        if (world.policies[0].has_pipeline)
                pipeline_begin();
        for (unsigned i = 0; i < world.policy_count; i++)
                world_put_policy(i);
        for (unsigned i = 0; i < world.host_count; i++) {
                hosts[i] = (struct host){.index = i, .cluster = i % world.cluster_count};
                host_start(&hosts[i]);
        }
}

void world_end(void)
{
        for (unsigned i = 0; i < world.host_count; i++)
                host_kill(&hosts[i]);
        vtime_end();
        api_end();
}
