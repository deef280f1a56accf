/*
 * manager.h -- everything that one operator process holds: the caches, who leads, and the services that passes use.
 *
 * The caches are typed (struct plane, struct policy), never JSON trees. Planes and policies are keyed
 * "<namespace>/<name>"; an entry exists while its object does, or while something refers to it (a policy names a plane
 * that is not there yet; a record Lease outlives its policy).
 *
 * Ownership: the manager owns all of it.
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_MANAGER_H
#define PK_RECONCILE_MANAGER_H

#include "core/types.h"
#include "kube/client.h"
#include "kube/event.h"
#include "kube/lease.h"
#include "kube/watch.h"
#include "probe/probe.h"
#include "reconcile/identity.h"
#include "reconcile/kill_switch.h"
#include "reconcile/admission.h"
#include "reconcile/confirm_list.h"
#include "reconcile/pace.h"
#include "reconcile/trouble.h"
#include "runtime/executor.h"
#include "runtime/http.h"
#include "runtime/loop.h"
#include "runtime/workqueue.h"
#include "targets/kube/environment.h"
#include "util/map.h"
#include "util/strbuf.h"

struct aws_environment;
struct plane;
struct policy;
struct secret_cache;
struct status_writer;

struct manager_options {
        const char *namespace_name; /* watch only this namespace; NULL: all */
        const char *own_namespace;  /* of the operator: election Lease, kill switch */
        const char *identity;       /* unique per process: <host name>_<8 hex> */
        const char *region;         /* the operator's own; "" unknown */
        const char *resolver; /* where host names of planes are looked up; NULL: where resolv.conf says */
        const char *election_id;    /* name of the Lease */
        bool leader_elect;          /* false: always leader (one replica, development) */
        mono_ms lease_ms, renew_deadline_ms, retry_ms;
        bool standby_probes;              /* a replica that does not lead probes too, half an interval apart */
        unsigned max_switches_per_minute; /* over all policies; 0: no limit */
        bool prepares_failovers;          /* one failure before they are due (decision 051) */
        unsigned reads_per_list;          /* so many reads at once are one LIST; 0: as many as confirm_list.h says */
        bool kubeconfig_exec;             /* exec plugins in kubeconfig Secrets */
        bool kubeconfig_files;            /* file paths in kubeconfig Secrets */
        bool kubeconfig_http;             /* API servers without TLS, in any kubeconfig */
        bool kubeconfig_unverified;       /* API servers whose certificate is not verified, in any kubeconfig */
        const struct aws_environment *aws; /* of the process; NULL: none */
};

struct manager {
        struct manager_options options;
        struct loop *loop;
        struct executor *executor;
        struct executor *file_readers; /* of what kubeconfigs in Secrets name; NULL where no file is allowed. A mount
                                          that hangs holds these workers, and no others */
        struct http *http;          /* watches, passes, probes of remote clusters */
        struct http *election_http; /* the leader's Lease has connections of its own: nothing can starve it */
        struct kube *kube;
        struct kube *election_kube;
        struct kube_environment targets_kube; /* for targets on API servers */
        struct batch *on_loop;                /* visits under way on the loop; effect_loop.c's own */
        struct prober *prober;
        struct workqueue *planes_queue;
        struct workqueue *policies_queue;
        struct event_recorder *events;
        struct secret_cache *secrets;
        struct status_writer *status;
        struct election *election;
        struct watch *plane_watch, *policy_watch, *lease_watch;
        struct map planes;        /* struct plane */
        struct map policies;      /* struct policy */
        struct map claims;        /* claims.c's own */
        struct map mechanisms;    /* struct mechanism */
        uint64_t list_generation; /* of the newest list of any resource; an entry carries the one that it was last named
                                     in */
        uint64_t plane_list, policy_list,
            lease_list; /* of each resource's newest list: what it does not name is gone */
        bool has_lost_event;   /* a watch told of an object that could not be read */
        char passed_over[384]; /* the last such object and why, which was told */
        bool is_doubtful;      /* the store may hold something else than the caches */
        mono_ms doubted_at;    /* when all was listed anew for it; 0 never */
        mono_ms doubt_every_ms;
        bool is_leader;
        bool stopping;
        struct identity identity;
        struct pace pace;
        struct kill_switch kill_switch;
        struct trouble_entry troubles[TROUBLE_COUNT]; /* retries that go on failing */
        mono_ms refreshed_at;
        struct admission admission;
        bool has_reads_due; /* policies that are to be read before their decision: confirm.h */
        struct confirm_list confirm_list;
        struct loop_timer tick;
        void (*stopped)(void *ctx);
        void *stopped_ctx;
};

/* Both configs are of the same API server (the Lease has connections of its own); they are moved in. Options are
 * borrowed for ever. */
void manager_open(struct manager *manager, struct loop *loop, struct kube_config *config,
                  struct kube_config *election_config, const struct manager_options *options);
/* Release the Lease, then call @stopped (at the latest after about a second). */
void manager_stop(struct manager *manager, void (*stopped)(void *ctx), void *ctx);
void manager_close(struct manager *manager);
/* For /readyz: the caches are filled. */
bool manager_is_ready(const struct manager *manager, struct strbuf *why);

/* The operator's loop was late by @late_ms: samples are discarded, and doubtful for a moment longer. */
void manager_was_late(struct manager *manager, mono_ms late_ms);

#endif
