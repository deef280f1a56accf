/*
 * record_keeper.h -- a policy's record as its store shows it, the write to it that is under way, and whether its Lease
 * is believed.
 *
 * Another epoch voids what belonged to the one before: its confirmation, the refusal of a write, failures at the
 * targets. The record outlives the object of the policy.
 *
 * Ownership: embedded in the policy; record_keeper_clear() before freeing it. Calls in flight are the policy's to
 *            cancel (record_io.h).
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_RECORD_KEEPER_H
#define PK_RECONCILE_RECORD_KEEPER_H

#include "api/record.h"
#include "api/record_text.h"
#include "core/failover.h"
#include "kube/client.h"
#include "kube/known_version.h"

struct policy;
struct record_store;

/* The write to the arbiter that is under way, and its report. */
struct record_write {
        struct record *record; /* NULL: nothing */
        enum action action;    /* why */
        char *text;            /* as it goes to a store that takes text; NULL: another store */
        char *former;          /* the owner whose ownership record it may replace, where there is one */
        json_t *report;        /* status.lastDecision; NULL for a commit */
        char *way_back;        /* of a commit: how a person returns, as it was when it was decided; NULL: not said */
        unsigned gates_passed, gate_count;
};

/* The record's Lease, where that is the store; kept track of where it is not. */
struct record_lease_mark {
        struct known_version known; /* which state of it is believed */
        uint64_t turns;             /* known.turns when the call under way was sent */
        uint64_t list_generation;   /* it was last named in */
        bool is_unlabelled;         /* it is there, and neither lists nor watches show it */
};

enum { PREPARES_MAX = 3, PREPARES_WINDOW_MS = 600000 };

/* Switches that this process has prepared beside the record (decision 051). */
struct prepares {
        /* The one that it may begin: its store has told it that it is recorded, and nothing was sent there since. */
        epoch_t owned_epoch; /* 0: none */
        decision_id owned_id;
        mono_ms tried_at[PREPARES_MAX]; /* those that were not begun, newest first; 0 never */
};

/* The record as the TXT record carries it, where that is the store. */
struct dns_record {
        char *raw; /* the text that the record was read from; NULL: there is none */
        char digest[RECORD_DIGEST_BYTES];
        char author[64];
        bool is_proven; /* the plan of the record is the one that the digest is of */
};

struct record_keeper {
        const struct record_store *store; /* where decisions are recorded; never NULL */
        struct record *record;            /* as it shows it; NULL: none */
        char *error;                      /* why it is not understood; NULL: it is */
        mono_ms seen_at;                  /* since when this process knows the record as it is */
        struct record_lease_mark lease;
        struct dns_record dns;
        struct kube_call *call; /* a write, or the read after one that failed */
        struct record_write write;
        struct prepares prepares;
        bool is_assumed;   /* `record` is what it had prepared; `write`, which says that it was begun, is under way */
        bool is_doubtful;  /* a write failed or was given up: to be read before anything is decided */
        unsigned failures; /* in a row */
        char *refusal;     /* why the last write was not taken and the next one will not be; NULL: it will */
        mono_ms retry_at;
};

/* The record as its store shows it; both are moved in, and either may be NULL. */
void record_keeper_take(struct policy *policy, struct record *record, char *error);
/* The switch that was prepared here is being recorded as begun (`write`): from now on that is the record. */
void record_keeper_assume(struct policy *policy);
/* Fills in what the core is told of prepared switches. */
void record_keeper_show(const struct policy *policy, struct view *ret);
void record_keeper_watched(struct policy *policy, const json_t *lease); /* its Lease, as watched; NULL: it is gone */
void record_keeper_deleted(struct policy *policy, const json_t *last);
void record_keeper_unlisted(struct policy *policy); /* a list did not name it: gone, or without its label */
/* An uncached read of the Lease: it outranks the watch, whatever its version. NULL: there is none. */
void record_keeper_read(struct policy *policy, const json_t *lease);
void record_keeper_clear(struct record_keeper *keeper);

#endif
