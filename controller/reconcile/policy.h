/*
 * policy.h -- a FailoverPolicy at work: its record and targets as last seen, and the pass that gathers, decides and
 * acts.
 *
 * Ownership: policies belong to the manager's map.
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_POLICY_H
#define PK_RECONCILE_POLICY_H

#include "api/failover_policy.h"
#include "core/failover.h"
#include "core/report.h"
#include "reconcile/account.h"
#include "reconcile/alive.h"
#include "reconcile/announce.h"
#include "reconcile/claims.h"
#include "reconcile/confirmation.h"
#include "reconcile/manager.h"
#include "reconcile/plane.h"
#include "reconcile/preflight.h"
#include "reconcile/record_keeper.h"
#include "reconcile/requests.h"
#include "reconcile/status.h"
#include "reconcile/target_slot.h"
#include "reconcile/told.h"
#include "reconcile/verify.h"
#include "targets/target.h"

struct last_verdict { /* plane_view.was, was_since and mark */
        enum verdict verdict;
        mono_ms since;
        struct role_mark mark;
};

/* A plane that the policy names, as its last pass has judged it. */
struct policy_plane {
        struct plane *plane;
        struct last_verdict was;
};

struct policy {
        struct manager *manager;
        char *key;
        char *namespace_name;
        char *name;
        struct failover_policy *spec; /* NULL: no such object, or it cannot be understood (spec_error) */
        char *spec_error;
        char *dns_server; /* target_config_identity() of the spec; NULL without one */
        char *promotion_server; /* target_config_promotion() of it; NULL without one */
        char *uid;
        uint64_t identity_doubt; /* raised when this object appeared: see identity.h */
        unix_ms created_at;
        int64_t generation;
        /* Hash of the spec: a store that went back in time gives the same metadata.generation to another spec. */
        uint64_t spec_content;
        uint64_t list_generation;
        struct policy_plane *planes; /* plane_count of them */
        size_t plane_count;
        struct work work;
        void (*visited)(struct policy *policy, struct effect *effect); /* one of its effects has ended */
        struct loop_timer reads; /* the targets are read every 10 s */

        struct record_keeper keeper;      /* where decisions are recorded, and what is known of it */
        struct confirmation confirmation; /* of the record's epoch, before its first effect */

        struct target_slot *targets[TARGETS_MAX]; /* those in force, in step order */
        unsigned target_count;
        struct target_slot *standbys; /* the Redis of each plane (standby_watch.h); NULL: it is not looked at */
        struct verify verify;
        struct alive alive; /* where the store is shared */
        struct preflight preflight;
        struct claims claims;
        struct announce announce;

        struct told told;
        struct account account;
        char *active; /* plane that is active by the last pass; NULL unknown */
        struct requests requests;
        bool has_seen_status;
        bool reads_wanted; /* read the targets in the next pass: credentials or a person's request are new */

        struct permit permit; /* for its requests to the API server */
        struct status_mark status;
};

/* policy.c: the entry for "<namespace>/<name>", made where absent. */
struct policy *policy_obtain(struct manager *manager, const char *namespace_name, const char *name);

/* policy_object.c */
void policy_set(struct policy *policy, const json_t *object); /* as watched, and believed or not; NULL: it is gone */
void policy_deleted(struct policy *policy, const json_t *last); /* as watched; the same */
/* An uncached read: it outranks the watch, whatever its version. @object NULL: the store has none. */
void policy_read(struct policy *policy, const json_t *object);
void policy_leadership_changed(struct policy *policy);
mono_ms policy_looks_every(const struct policy *policy); /* how often its targets are looked at */
void policy_free(struct policy *policy);
void policy_free_if_unwanted(struct policy *policy); /* it has neither an object nor a record Lease */

/* policy_entry.c */
void policy_wake(struct policy *policy); /* a fact that it uses has changed */
/* The same before all others: it holds a permit, or has just been answered what it took one for. */
void policy_wake_first(struct policy *policy);
bool policy_has_lease(const struct policy *policy);
const struct detection *policy_detection(const struct policy *policy); /* NULL where there is no usable spec */
enum rrset_type policy_record_type(const struct policy *policy); /* RRSET_AUTO where it has no spec */
const char *policy_active_plane(const struct policy *policy);          /* NULL where not known */
const struct role_mark *policy_plane_mark(const struct policy *policy, const struct plane *plane); /* as last judged */
/* The first in force of @kind; NULL: there is none. */
struct target_slot *policy_target(const struct policy *policy, enum target_kind kind);
/* The name that agents follow; one of which nothing is known where none is placed. */
const struct target_slot *policy_name(const struct policy *policy);
/* Whether the policy uses this Secret of its namespace. */
bool policy_uses_secret(const struct policy *policy, const char *key);

extern const struct kube_resource kube_policies;

#endif
