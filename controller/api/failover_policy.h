/*
 * failover_policy.h -- a FailoverPolicy as the API server gives it, decoded to what the program uses. Mirrors
 * crds/planekeeper.io_failoverpolicies.yaml; only this module knows its field names.
 *
 * Defaults:  filled in here too, so that an object written under an older CRD means the same.
 * Units:     durations are milliseconds (`_ms`), written in Go's form in the resource ("5s", "1h30m").
 * Ownership: a decoded policy is one allocation (struct, arrays and texts): failover_policy_free() frees all of it.
 * Bounds:    PLANES_MAX planes, VERIFY_SERVERS_MAX verify servers, POLICY_SETTINGS_MAX provider settings, texts 253
 *            bytes (settings 1,024), 64 KiB in all; anything beyond is ERR_INVALID.
 * Errors:    ERR_INVALID with "failoverpolicy <ns>/<name>: spec.<field>: <what is wrong; what to write>".
 * Threads:   no shared state.
 */
#ifndef PK_API_FAILOVER_POLICY_H
#define PK_API_FAILOVER_POLICY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/fence.h"
#include "api/management_plane.h"
#include "api/object.h"
#include "api/pipeline.h"
#include "api/rrset.h"
#include "core/types.h"
#include "core/view.h"
#include "util/err.h"
#include "util/units.h"

#define ANNOTATION_SWITCH_TO "planekeeper.io/switch-to" /* <plane>/<epoch> */
#define ANNOTATION_ADOPT     "planekeeper.io/adopt"     /* <plane>/<epoch> */
#define ANNOTATION_ACK       "planekeeper.io/ack"       /* <epoch> */
#define ANNOTATION_TAKEOVER  "planekeeper.io/takeover"  /* <id of a stamp>[,<id>] */

enum { POLICY_SETTINGS_MAX = 16 };

enum decision_store { STORE_KUBERNETES, STORE_DNS };
enum write_mode { WRITE_ALL_CLUSTERS, WRITE_SINGLE_CLUSTER };

/* Everything under spec.dns. A provider needs no code here: its key is the driver's name, its scalar fields are
 * settings and its one <something>SecretRef.name is the Secret with the credentials. */
struct policy_dns {
        const char *name; /* lower case, no final dot */
        enum rrset_type record_type;
        uint32_t ttl_s;
        const char *plane; /* where the provider lives, "" elsewhere: what is lost together is not waited for */
        const char *provider;
        const char *credentials_secret; /* "" = none */
        const char *credentials_field;  /* the field that names it: "tsigSecretRef" */
        const struct policy_setting *settings;
        size_t setting_count;
        const char *const *verify_servers;
        size_t verify_count;
};

/*
 * spec.redis.promotion: how the Redis primary is moved. As for a provider of spec.dns its key is the driver's name and
 * its scalar fields are settings, a list of texts with commas between them. Its own authSecretRef and tls are those of
 * the servers that move it, where these are others than Redis (Sentinel); those of spec.redis are of all planes' Redis.
 * Its credentialsSecretRef has the keys for a provider that moves it, all entries of that Secret.
 */
struct policy_promotion {
        const char *driver; /* "" = none: the primary is not moved */
        const struct policy_setting *settings;
        size_t setting_count;
        const char *auth_secret;
        const char *credentials_secret; /* "" = none */
        bool uses_tls;
        struct tls_refs tls;
};

struct policy_redis {
        const char *address; /* host:port or [v6]:port; "" = the policy has no Redis, or the one that is promoted */
        uint32_t db;
        const char *plane;       /* as in policy_dns */
        const char *auth_secret; /* Secret with keys username (optional) and password; "" = none */
        bool uses_tls;
        struct tls_refs tls;
        const char *lock_key;   /* "" = no lock */
        const char *lock_value; /* template, filled by plan_value() */
        uint32_t wait_replicas; /* that must have a moved lock before it counts, of those in sync */
        const struct policy_pipeline *lock_job; /* whose command sets the lock; NULL: the operator does */
        struct policy_promotion promotion;
};

/* spec.announce: the Lease that names the active plane. */
struct policy_announce {
        const char *lease; /* "" = none */
        const char *namespace_name;
        mono_ms lease_ms;
};

struct failover_policy {
        const char *namespace_name;
        const char *name;
        const char *uid;
        int64_t generation;
        bool deleting;
        bool suspend;
        enum mode mode;
        enum write_mode write_mode;
        enum decision_store store;
        enum failback failback;
        enum drift_policy drift;
        const char *const *planes; /* in order of preference */
        size_t plane_count;
        struct detection detection;
        mono_ms cooldown_ms;
        uint32_t max_switches; /* automatic ones per 24 h; above RECENT_SWITCHES_MAX: no limit */
        mono_ms stable_for_ms; /* failback.stableFor */
        struct policy_dns dns;
        struct policy_redis redis;
        struct policy_announce announce;
        const struct policy_fence *fences;
        size_t fence_count;
        const struct policy_pipeline *pipelines;
        size_t pipeline_count;
        const char *switch_to; /* annotations as written, "" where absent: core/request.h reads them */
        const char *adopt;
        const char *ack;
        const char *takeover;
};

/* NULL: it is not given, or @key is NULL. */
const char *policy_promotion_setting(const struct policy_promotion *promotion, const char *key);

/* Whether the Redis primary is moved with the active plane. */
static inline bool failover_policy_promotes(const struct failover_policy *policy)
{
        return policy->redis.promotion.driver && policy->redis.promotion.driver[0];
}

MUST_CHECK enum err failover_policy_decode(const json_t *object, struct failover_policy **ret, struct errmsg *reterr);
void failover_policy_free(struct failover_policy *policy); /* NULL is a no-op */

#endif
