/*
 * types.h -- the values of the failover protocol: the decision record and the state of targets. No I/O.
 *
 * Shapes:    an "rrset text" is a record type and its values in canonical form: "A 198.51.100.7,198.51.100.8" (values
 *            sorted, names lower-case without the final dot), "ALIAS lb.example.com" for addresses that are another
 *            name's; "" is an empty set. Two sets are equal exactly when their texts are.
 * Units:     epochs count decisions from 1, 0 is none; ids are 64 random bits.
 * Ownership: every pointer is borrowed from the maker of the struct, unless that one says otherwise.
 */
#ifndef PK_CORE_TYPES_H
#define PK_CORE_TYPES_H

#include "core/target.h"

/*
 * The version of a record whose plan has one name and at most one lock before it; of one with any other plan; and of
 * one with a prepared switch beside it.
 */
enum { RECORD_VERSION = 1, RECORD_VERSION_LIST = 2, RECORD_VERSION_PREPARED = 3 };

/*
 * The last epoch there is, wherever one stands: numbers of JSON and of Redis' Lua are exact up to here. What is above
 * cannot be read, and after it nothing can be decided.
 */
#define EPOCH_MAX (((epoch_t)1 << 53) - 1)

enum { DNS_TTL_MAX_S = 300, LOCK_DB_MAX = 65535, LOCK_REPLICAS_MAX = 16 }; /* as in the spec, so in a record */

enum phase { PHASE_NONE, PHASE_STEADY, PHASE_SWITCHING, PHASE_COUNT };

enum { PLAN_OLD_MAX = 9 }; /* eight planes and the value before Planekeeper */

/* The plan of one epoch for one target. */
struct plan_target {
        struct target_ref ref;
        uint32_t ttl_s;
        const char *to;
        /*
         * The values that this epoch may replace: the one before it, and those of superseded epochs that may arrive
         * late.
         */
        const char *old[PLAN_OLD_MAX];
        unsigned old_count;
};

/*
 * The values that the effects of one epoch use, and all they use, in step order: an edit of the spec takes effect at
 * the next epoch. No secrets.
 */
struct plan {
        unsigned target_count;
        struct plan_target targets[TARGETS_MAX];
};

/*
 * A switch that is recorded and not begun, beside the record in force (decision 051): its epoch and its values are
 * fixed, and the process that recorded it may begin it without another write before.
 */
struct prepared {
        epoch_t epoch; /* 0: nothing is prepared */
        decision_id id;
        const char *to;
        unix_ms at;
        const char *values[TARGETS_MAX]; /* of each target of the record's plan, while `to` is active */
};

unsigned plan_version(const struct plan *plan); /* RECORD_VERSION or RECORD_VERSION_LIST */
/* Whether an epoch before left @value there, or may have. */
bool plan_may_replace(const struct plan_target *planned, const char *value);

/* The reason of a decision for a plane that was not fit: a person had been told so, and asked for it all the same. */
#define REASON_SWITCH_CONFIRMED "SwitchConfirmed"

enum { RECENT_SWITCHES_MAX = 8, ENFORCED_MAX = 3 };

/* The decision record: the one register where a decision is made, by compare-and-swap. */
struct record {
        unsigned version; /* record_version(): what has one that is not known cannot be read, and freezes */
        epoch_t epoch;
        decision_id id;
        enum phase phase;
        const char *from;    /* plane that was active; "" at the first adoption */
        const char *to;      /* plane that is (or becomes) active */
        const char *reason;  /* CamelCase, as in condition, Event and metric */
        const char *holder;  /* identity of the operator that decided */
        bool automatic;      /* decided without a person: counts for cooldown and maxSwitches */
        unix_ms detected_at; /* first failure that led here; 0 where nothing failed (a request, a failback) */
        unix_ms started_at;
        unix_ms completed_at;   /* 0 while switching */
        unix_ms cooldown_until; /* 0 = none */
        unsigned recent_count;
        unix_ms recent[RECENT_SWITCHES_MAX]; /* the last automatic switches, newest first, for the limit */
        unsigned enforced_count;
        unix_ms enforced[ENFORCED_MAX]; /* when an edit was put back, newest first; a person's decision empties it */
        struct prepared prepared;
        epoch_t given_up; /* the last prepared epoch that was given up unused; 0: none since this record's own */
        struct plan plan; /* last, because a record that is kept has room for the targets that it has, and no more */
};

/* The bytes of it that count: the targets that it does not have may be missing behind it. */
size_t record_bytes(const struct record *record);
/* A record, or its plan, is copied by these, and never assigned from where it is kept. */
struct record record_copied(const struct record *record);
struct plan plan_copied(const struct plan *plan);

unsigned record_version(const struct record *record);
/* The highest epoch that it has taken: its own, or that of a switch which was prepared beside it. */
epoch_t record_highest_epoch(const struct record *record);

/* Whether a target could be read. */
enum reach { REACH_NEVER, REACH_OK, REACH_FAILED };

bool record_is_confirmed(const struct record *record); /* decided for that reason */
const char *phase_name(enum phase phase); /* "None", "Steady", "Switching" */

#endif
