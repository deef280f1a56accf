/*
 * policy.h -- a FailoverPolicy at work: what is known of its record and targets, and the pass that gathers, decides and
 * acts.
 *
 * Ownership: policies belong to the manager's map. Threads: loop thread only.
 */
#ifndef PK_RECONCILE_POLICY_H
#define PK_RECONCILE_POLICY_H

#include "api/failover_policy.h"
#include "api/record.h"
#include "api/record_text.h"
#include "core/failover.h"
#include "core/report.h"
#include "reconcile/account.h"
#include "reconcile/alive.h"
#include "reconcile/manager.h"
#include "reconcile/plane.h"
#include "reconcile/requests.h"
#include "reconcile/status.h"
#include "reconcile/target_slot.h"
#include "reconcile/told.h"
#include "reconcile/verify.h"
#include "target/target.h"

/* What is being written to the arbiter, and what is told of it once it is. */
struct record_write {
        struct record *record; /* NULL: nothing */
        enum action action;    /* why */
        char *text;            /* as it goes to a store that takes text; NULL: another store */
        char *former;          /* whose stamp beside which it goes counts as ours, where it goes beside one */
        char *report;          /* status.lastDecision as compact JSON text; NULL for a commit */
        char *way_back;        /* of a commit: how a person returns, as it was when it was decided; NULL: not said */
        unsigned gates_held, gate_count;
};

struct record_store;

/* The record as the TXT record carries it, where that is the store. */
struct dns_record {
        char *raw; /* the text that policy->record was read from; NULL: there is none */
        char digest[RECORD_DIGEST_BYTES];
        char author[64];
        bool is_proven; /* the plan of policy->record is the one that the digest is of */
};

struct last_verdict { /* plane_view.was, was_since and mark */
        enum verdict verdict;
        mono_ms since;
        struct role_mark mark;
};

struct policy {
        struct manager *manager;
        char *key;
        char *namespace_name;
        char *name;
        struct failover_policy *spec; /* NULL: no such object, or it cannot be understood (spec_error) */
        char *spec_error;
        char *uid;
        uint64_t identity_doubt; /* raised when this object appeared: see identity.h */
        unix_ms created_at;
        int64_t generation;
        uint64_t spec_content; /* what metadata.generation does not tell: a store that went back uses the same ones again */
        uint64_t list_generation;
        struct plane *planes[PLANES_MAX];
        size_t plane_count;
        struct work work;
        struct loop_timer reads; /* the targets are read every 10 s */

        const struct record_store *store; /* where decisions are recorded; never NULL */
        struct record *record;            /* as it shows it; NULL: none */
        struct known_version lease;       /* which state of its Lease is believed, where that is the store */
        uint64_t lease_turns;             /* lease.turns when record_call was sent */
        bool is_lease_unlabelled;         /* it is there, and neither lists nor watches show it */
        char *record_error;
        uint64_t record_generation;
        struct dns_record dns_record;
        mono_ms record_seen_at;        /* since when this process knows the record as it is */
        struct kube_call *record_call; /* a write, or the read after one that failed */
        struct record_write record_write;
        bool record_is_doubtful;  /* a write failed or was given up: to be read before anything is decided */
        unsigned record_failures; /* in a row */
        char *record_refusal; /* why the last write was not taken and the next one will not be; NULL: it will */
        mono_ms record_retry_at;
        struct kube_call *confirm_call; /* the uncached read after a decision */
        uint64_t confirm_turns;         /* status.known.turns when it was sent */
        epoch_t confirm_epoch;          /* what it is for */
        epoch_t confirmed_epoch;

        struct target_slot *targets[TARGETS_MAX]; /* those in force, in step order */
        unsigned target_count;
        struct verify_slot verify[VERIFY_SERVERS_MAX];
        struct effect *verify_effect;
        mono_ms verified_at;
        struct alive alive; /* where the store is shared */

        struct last_verdict was[PLANES_MAX];
        struct told told;
        struct account account;
        char *active; /* plane that is active by the last pass; NULL unknown */
        struct requests requests;
        bool has_seen_status;
        bool reads_wanted; /* read the targets in the next pass: credentials or a person's request are new */

        struct place place; /* in the line for the API server */
        struct status_mark status;
};

/* policy.c: the entry for "<namespace>/<name>", made where absent. */
struct policy *policy_obtain(struct manager *manager, const char *namespace_name, const char *name);

/* policy_object.c */
void policy_set(struct policy *policy, const json_t *object); /* as watched, and believed or not; NULL: it is gone */
void policy_deleted(struct policy *policy, const json_t *last); /* as watched; the same */
/* An uncached read: whatever its version, it is what counts. @object NULL: the store has none. */
void policy_read(struct policy *policy, const json_t *object);
void policy_leadership_changed(struct policy *policy);
mono_ms policy_looks_every(const struct policy *policy); /* how often its targets are looked at */
void policy_free(struct policy *policy);
void policy_free_if_unwanted(struct policy *policy); /* it has neither an object nor a record Lease */

/* policy_entry.c */
void policy_wake(struct policy *policy); /* something it looks at is new */
bool policy_has_lease(const struct policy *policy);
const struct detection *policy_detection(const struct policy *policy); /* NULL where there is no usable spec */
enum rrset_type policy_record_type(const struct policy *policy); /* RRSET_AUTO where it has no spec */
const char *policy_active_plane(const struct policy *policy);          /* NULL where not known */
const struct role_mark *policy_plane_mark(const struct policy *policy, const struct plane *plane); /* as last judged */
/* Whether the policy uses this Secret of its namespace. */
bool policy_uses_secret(const struct policy *policy, const char *key);

extern const struct kube_resource kube_policies;

#endif
