/*
 * plane.h -- a ManagementPlane at work: its address, its probes and the runs of their samples.
 *
 * Ownership: planes belong to the manager's map; a policy that names one keeps it by plane_use() / plane_unuse().
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_PLANE_H
#define PK_RECONCILE_PLANE_H

#include "api/condition.h"
#include "api/management_plane.h"
#include "api/service_object.h"
#include "core/view.h"
#include "probe/resolve.h"
#include "reconcile/manager.h"
#include "reconcile/status.h"

enum { FAMILY_V4 = 1, FAMILY_V6 = 2, PLANE_TEXT_BYTES = INET6_ADDRSTRLEN };

/* The run of equal samples of one check at one address (see core/view.h). */
struct check_run {
        uint32_t fails, passes;
        mono_ms run_since, counted_at, sampled_at;
        int64_t began_us; /* of the last one that counts; clock_mono_us() */
        bool last_unknown;
        uint32_t unknowns; /* in a row */
        int32_t replicas_available, replicas_wanted, replicas_updated;
        unix_ms certificate_not_after;
        enum probe_error error;
        enum check_signal signal;
        char *text; /* of the last sample; NULL: none yet */
};

/* One address of a check: its probe, and its run, which outlives the probe where the same thing is checked again. */
struct check_target {
        struct check *check;
        struct probe *probe;            /* NULL: cannot be run, the run's text says why */
        char address[PLANE_TEXT_BYTES]; /* "" for a Deployment, and while no address is known */
        struct check_run run;
};

struct check {
        struct plane *plane;
        const struct plane_check *spec; /* inside plane->spec */
        struct http_tls tls;
        char *label;
        enum check_role role;
        enum check_when when;
        uint64_t subject; /* hash of what is checked, and how, but for the address: a run says something only of this */
        struct check_target *targets; /* at least one; each address of the record that would be written */
        size_t target_count;
        /* The outage of the check, which a new address joins when its first sample fails; since 0: there is none. */
        uint32_t failing;
        mono_ms failing_since, failed_at; /* failed: as last judged */
};

struct plane {
        struct manager *manager;
        char *key;
        char *namespace_name;
        char *name;
        struct management_plane *spec; /* NULL: there is no such object, or it cannot be understood (spec_error) */
        char *spec_error;
        char *uid;
        int64_t generation;
        /* Hash of the spec: a store that went back in time gives the same metadata.generation to another spec. */
        uint64_t spec_content;
        uint64_t list_generation;
        char *maintenance; /* annotation as written, bounded; NULL where there is none */
        bool was_in_maintenance;
        struct work work;
        struct policy **users; /* policies that name this plane */
        size_t user_count;
        bool needs_retime;  /* in its next run; the setup does it, too */
        bool needs_setup; /* spec, Secrets, address or cadence changed: probes are built anew */

        struct kube *kube;         /* of its own cluster by kubeconfig; NULL otherwise */
        char *kube_error;          /* why there is no client although a kubeconfig is named, NULL otherwise */
        bool kube_needs_person;    /* and only a person can change it */
        char *kube_secret_version; /* resourceVersion of the Secret that kube was made from, or will be once its files
                                      are read; NULL: it has to be looked at */
        struct kubeconfig_reading *kube_reading; /* under way; NULL otherwise */
        struct loop_timer kube_timer;            /* of the files: patience, or the next try */
        char *cluster_uid;         /* kube-system UID of its cluster as last read, every 10 s; NULL unknown */
        bool is_located; /* its cluster was asked for its UID; without an answer it is not the operator's own */
        struct kube_call *service_call, *uid_call;
        struct loop_timer discovery;
        char **addresses; /* where agents would be sent */
        size_t address_count;
        uint16_t port;
        char *address_error; /* why there is none, NULL otherwise */
        char *other_names;   /* of the Service's ingress, which a record cannot hold beside its one name; NULL none */
        bool address_is_wrong; /* and that only an edit, or a granted right, gives it one */
        char *rrset;         /* of the addresses, record type by itself; NULL where none */

        struct resolve_name *lookup; /* of the address where it is a host name and probed; NULL otherwise */
        struct resolve_wait lookup_wait;
        struct loop_timer lookup_timer;
        struct address *resolved; /* sorted */
        unsigned resolved_count;
        mono_ms name_confirmed_at; /* see core/view.h */
        bool name_absent;
        char *name_error; /* NULL: the last look-up gave addresses */

        unsigned families; /* which addresses are probed: FAMILY_V4, FAMILY_V6 */
        struct check *checks;
        size_t check_count;
        struct check *kept; /* checks that were taken down, for their runs, until they are up again; NULL: none */
        size_t kept_count;
        struct probe_cadence cadence;

        enum verdict was;
        struct status_mark status;
};

/* The entry for "<namespace>/<name>", made where absent. */
struct plane *plane_obtain(struct manager *manager, const char *namespace_name, const char *name);
void plane_set(struct plane *plane, const json_t *object); /* as watched, and believed or not; NULL: it is gone */
void plane_deleted(struct plane *plane, const json_t *last); /* as watched; the same */
void plane_use(struct plane *plane, struct policy *policy);
void plane_unuse(struct plane *plane, struct policy *policy); /* may free the entry */
void plane_rebuild(struct plane *plane);                      /* cadence, Secrets or address changed: set up again */
bool plane_uses_secret(const struct plane *plane, const char *key);
void plane_retime(struct plane *plane); /* its users, or who leads, or the clock changed */
void plane_leadership_changed(struct plane *plane);
void plane_discard_samples(struct plane *plane); /* the operator's loop was late: samples are doubtful */
void plane_free(struct plane *plane);

/* When the last probe on its path that counts began, of all its checks and addresses; 0: none does. */
int64_t plane_began_us(const struct plane *plane);
/* The same of those that are under way; 0: none is. */
int64_t plane_begins_us(const struct plane *plane);
bool plane_holds_operator(const struct plane *plane);
/* The operator's own cluster has another UID by now: a plane of the former UID gets it, and its own is read at once. */
void plane_identity_changed(struct plane *plane);
/* Whether plane_holds_operator() is known yet. */
bool plane_is_located(const struct plane *plane);
/* Fill the core's view of this plane; texts are borrowed until the next turn, or live in the arena. @record_type_rrset
 * is the record as the policy wants it, NULL where that is the plane's own: its addresses are what is judged. */
void plane_view_fill(const struct plane *plane, const char *record_type_rrset, struct arena *arena,
                     struct plane_view *ret);

extern const struct kube_resource kube_planes;

#endif
