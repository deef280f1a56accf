/*
 * typos.c -- what fingers make of the texts of a policy and of a plane, all of it as the schema accepts it, and what was
 * meant. What is mistyped leads nowhere: nobody listens there, and nothing is stored under it.
 */
#include <stdio.h>
#include <string.h>

#include "api.h"
#include "deeds.h"
#include "nameservers.h"
#include "registers.h"

enum typo {
        IN_NAMESERVER,
        IN_DNS_NAME,
        IN_TSIG_SECRET,
        IN_OBSERVED,
        IN_REDIS_ADDRESS,
        IN_LOCK_KEY,
        IN_AUTH_SECRET,
        IN_PLANES,
        IN_PLANE_ADDRESS,
        IN_KUBECONFIG,
        IN_CHECK_PATH,
        TYPO_COUNT
};

static enum typo typo_of(const struct fault *fault)
{
        return (enum typo)((uint64_t)fault->ends_at % TYPO_COUNT);
}

static bool is_in_plane(enum typo typo)
{
        return typo >= IN_PLANE_ADDRESS;
}

static json_t *mistyped_planes(void)
{
        json_t *planes = json_array();
        for (unsigned i = 0; i < world.plane_count; i++)
                json_array_append_new(planes, json_sprintf(i ? "%s" : "%s1", world_plane(i)));
        return planes;
}

/* NULL: this policy has no such text. */
static json_t *mistyped_policy(enum typo typo, unsigned policy)
{
        bool has_lock = world.policies[policy].uses_lock;
        switch (typo) {
        case IN_NAMESERVER:
                return json_pack("{s:{s:{s:s}}}", "dns", "rfc2136", "nameserver", "192.0.2.35");
        case IN_DNS_NAME:
                return json_pack("{s:{s:o}}", "dns", "name", json_sprintf("mgtm-%u.example.test", policy));
        case IN_TSIG_SECRET:
                return json_pack("{s:{s:{s:{s:s}}}}", "dns", "rfc2136", "tsigSecretRef", "name", "tisg");
        case IN_OBSERVED:
                return world.nameserver_count ? json_pack("{s:{s:{s:[s]}}}", "dns", "verify", "servers", "192.0.2.45") : NULL;
        case IN_REDIS_ADDRESS:
                return has_lock ? json_pack("{s:{s:s}}", "redis", "address", "192.0.2.60:6379") : NULL;
        case IN_LOCK_KEY:
                return has_lock && !world.is_recorded_in_dns /* such a record does not tell of which key it is */
                           ? json_pack("{s:{s:{s:o}}}", "redis", "lock", "key", json_sprintf("lokc-%u", policy))
                           : NULL;
        case IN_AUTH_SECRET:
                return has_lock ? json_pack("{s:{s:{s:s}}}", "redis", "authSecretRef", "name", "rdeis") : NULL;
        default:
                return json_pack("{s:o}", "planes", mistyped_planes());
        }
}

static json_t *mistyped_plane(enum typo typo, unsigned plane)
{
        bool has_cluster = world.is_recorded_in_dns || world.is_watched[plane];
        switch (typo) {
        case IN_PLANE_ADDRESS:
                return json_pack("{s:{s:o}}", "server", "address",
                                 json_sprintf(world.is_named[plane] ? "bl-%u.example.test" : "10.0.0.1%u", plane + 1));
        case IN_KUBECONFIG:
                return has_cluster ? json_pack("{s:{s:{s:s}}}", "kubeConfig", "secretRef", "name", "kubecofnig") : NULL;
        default:
                return json_pack("{s:o}", "checks", world_checks(plane, "/healhtz"));
        }
}

static void edit(enum api_kind kind, const char *name, json_t *spec)
{
        for (unsigned cluster = 0; spec && cluster < world.cluster_count; cluster++)
                api_merge(cluster, kind, NAMESPACE, name, json_pack("{s:O}", "spec", spec), false);
        json_decref(spec);
}

void mistype(const struct fault *fault)
{
        const enum typo typo = typo_of(fault);
        world_trace("typo %u", typo);
        if (is_in_plane(typo))
                edit(API_PLANES, world_plane(fault->plane), mistyped_plane(typo, fault->plane));
        else
                edit(API_POLICIES, world.policies[fault->policy].name, mistyped_policy(typo, fault->policy));
}

void correct(const struct fault *fault)
{
        const enum typo typo = typo_of(fault);
        if (is_in_plane(typo))
                correct_plane(fault->plane);
        else
                correct_policy(fault->policy);
}

void correct_policy(unsigned policy)
{
        edit(API_POLICIES, world.policies[policy].name, world_texts(policy));
}

void correct_plane(unsigned plane)
{
        edit(API_PLANES, world_plane(plane), world_plane_texts(plane));
}
