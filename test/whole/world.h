/*
 * world.h -- what surrounds the operators: clusters with their API servers, planes, DNS, Redis, and the ways between.
 *
 * Every way may be in trouble, and so may every place; troubles add up, and whoever brings one takes it away again.
 */
#ifndef PK_TEST_WHOLE_WORLD_H
#define PK_TEST_WHOLE_WORLD_H

#include <jansson.h>

#include "host.h"

#define OWN_NAMESPACE "planekeeper-system"
#define NAMESPACE     "gloo-mesh"
#define ELECTION_ID   "planekeeper"

enum { CLUSTERS_MAX = 2, WORLD_PLANES_MAX = 3, POLICIES_MAX = 4, NAMESERVERS_MAX = 2 };

/* AT_RESOLVER: what tells agents, and us, where names lead; not the server that we write to. */
enum locality {
        AT_API,
        AT_DNS = AT_API + CLUSTERS_MAX,
        AT_REDIS,
        AT_RESOLVER,
        AT_NOWHERE, /* what is mistyped */
        AT_NAMESERVER, /* those that only show the name */
        AT_PLANE_API = AT_NAMESERVER + NAMESERVERS_MAX, /* of a plane's own cluster, which tells of its Deployment */
        AT_PLANE = AT_PLANE_API + WORLD_PLANES_MAX,
        AT_PLANE_REDIS = AT_PLANE + WORLD_PLANES_MAX, /* where each plane has one, of which one is the primary */
        PLACE_COUNT = AT_PLANE_REDIS + WORLD_PLANES_MAX
};

/* All counts; chances are per thousand. */
struct trouble {
        int silent;  /* nothing arrives and nothing comes back */
        int refused; /* nobody listens */
        int lost_requests, lost_replies;
        int late_requests;  /* arrive after whoever sent them has given up */
        int slow_ms;        /* each way */
        int broken;         /* answers with an error and does nothing */
        int broken_replies; /* does it and answers with an error */
        int throttled;      /* 429 */
        int denied;         /* our credentials are refused */
        int late_ms;        /* every answer */
        int election_refused, records_refused; /* every write of those Leases; reads are answered */
        int half_writes;    /* DNS: says yes to a new value, writes the stamp and leaves the name empty */
};

struct policy_config {
        char name[16];
        bool is_advised, uses_lock, is_enforced, has_epoch_in_lock;
        bool is_promoted, has_pipeline; /* of the first policy: the Redis primary moves, a field of an object does */
        bool has_fence;                 /* of it, too: a field of an object in each plane */
        bool has_lock_job;              /* and a Job sets its lock */
        const char *failback;
        unsigned cooldown_s, max_switches, stable_for_s;
};

struct world {
        unsigned host_count, cluster_count, plane_count, policy_count, nameserver_count;
        bool is_wide;            /* with more than operators, planes and the two registers: half of the histories */
        bool prepares;           /* operators prepare failovers */
        bool lists;              /* and read even one policy by a LIST, as they read many that decide at once */
        bool is_recorded_in_dns; /* then operator i runs in plane i, in a cluster of its own */
        unsigned failover_delay_ms;
        struct policy_config policies[POLICIES_MAX];
        struct trouble places[PLACE_COUNT], ways[HOSTS_MAX][PLACE_COUNT];
        int64_t api_skew_ms[CLUSTERS_MAX];
        bool is_named[WORLD_PLANES_MAX];     /* published by a name, not by its address */
        bool is_watched[WORLD_PLANES_MAX];   /* its Deployment is looked at, too */
        int replicas_lost[WORLD_PLANES_MAX]; /* > 0: its Deployment says that none is there */
        int names_lost[WORLD_PLANES_MAX];    /* > 0: there is no such name */
        vtime_us name_lost_at[WORLD_PLANES_MAX]; /* since when */
        int jobs_pend, jobs_fail, nodes_lost; /* > 0: their Pods find no node, mostly fail, and cannot be ended */
        int pipeline_refused;   /* > 0: nobody may touch the pipeline's object */
        int kill_switch_denied; /* > 0: nobody may read it */
        long lease_status;      /* what a Lease is refused with */
        unsigned lives[CLUSTERS_MAX]; /* how often its store was replaced by an empty one */
        bool has_odd_clocks; /* an API server's has jumped */
        bool went_back;      /* an API server's store has */
        bool is_healed;      /* all is over */
        /* Until when something befalls that plane, that operator (or a way of its), or servers that all use. */
        vtime_us plane_until[WORLD_PLANES_MAX], host_until[HOSTS_MAX], servers_until;
        char violation[400]; /* "" while every promise is kept */
};
extern struct world world;

enum { INTERVAL_MS = 1000, TIMEOUT_MS = 500, THRESHOLD = 3 };

void world_clear(void); /* an empty configuration, to be filled in */
void world_draw(void);  /* one by chance */
void world_draw_promoted(void); /* the same, in which a Redis primary moves, and mostly a pipeline, too */
void world_draw_lock_jobs(void); /* the same, in which a Job sets the lock */
void world_draw_fenced(void); /* the same, in which the planes are fenced */
void world_begin(void); /* sets up servers and manifests as configured, starts the operators */
void world_end(void);
void world_put_policy(unsigned number);    /* as it was at the beginning */
json_t *world_texts(unsigned number);            /* those of its spec that people mistype, as they are meant; the caller's */
json_t *world_plane_texts(unsigned plane);       /* the same */
json_t *world_checks(unsigned plane, const char *path); /* the caller's */
void world_rename_cluster(unsigned cluster); /* its kube-system has another UID */
const char *world_plane(unsigned plane);   /* its name */
const char *world_address(unsigned plane); /* "10.0.0.1" */
const char *world_rrset(unsigned plane);   /* what is published of it: "A 10.0.0.1", "CNAME lb-1.example.test" */

/* What becomes of a request from @host to @place. */
enum fate { FATE_ARRIVES, FATE_LOST, FATE_REFUSED };
enum fate world_send(const struct host *host, enum locality place, vtime_us *ret_at);
/* Whether the answer comes back, and when. */
bool world_answer(const struct host *host, enum locality place, vtime_us *ret_at);
/* The same for what is sent again until it comes: only a way that is cut keeps it. */
bool world_flows(const struct host *host, enum locality place, vtime_us *ret_at);

void world_violated(const char *format, ...) __attribute__((format(printf, 1, 2)));
extern bool world_is_traced;
void world_trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
