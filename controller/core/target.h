/*
 * target.h -- a register that a switch moves: its identity, its state, and the traits of its kind. Pure.
 *
 * All that differs between kinds is in their row of traits; nothing asks of which kind a target is to decide anything.
 */
#ifndef PK_CORE_TARGET_H
#define PK_CORE_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/units.h"

typedef uint64_t epoch_t;
typedef uint64_t decision_id;

enum { TARGETS_MAX = 8 };

/* The driver of locks that no record and no spec names. */
#define TARGET_LOCK_DRIVER "redisLock"

enum step {
        STEP_INTENT,
        STEP_FENCE,
        STEP_PROMOTE,
        STEP_LOCK,
        STEP_ROUTE,
        STEP_PIPELINE,
        STEP_COMMIT,
        STEP_COUNT
};
const char *step_name(enum step step); /* "Intent", "Lock", "Route", ... "Commit" */

/* In step order. Wherever there is a list of targets it is in this order; of one kind there may be several. */
enum target_kind {
        TARGET_FENCE,     /* an object in the plane that is left */
        TARGET_PROMOTION, /* the Redis primary that the new plane writes to */
        TARGET_LOCK,
        TARGET_NAME,
        TARGET_PIPELINE, /* where CI/CD delivers to */
        TARGET_KIND_COUNT
};

/* The meaning of a target without a value. */
enum absence {
        ABSENT_IS_FREE, /* it is nobody's: writing it takes nothing from anyone */
        ABSENT_IS_LOSS, /* no write leaves it so: the person who emptied it may have meant it, and is asked */
        ABSENT_IS_MET,  /* there is nothing to do */
};

/* Whether the later steps wait for a target. Where they do not it is written beside them, and after the switch. */
enum blocking {
        BLOCKS_ALWAYS,
        BLOCKS_WHILE_LEFT_ANSWERS, /* only until the plane that it is in, or that is left, is known to be down */
        BLOCKS_NEVER,
};

struct target_traits {
        enum step step; /* which is met when all its targets are */
        enum absence absence;
        enum blocking blocks;
        bool is_stamped;            /* false: weak, its value alone says whether it is met (target_view.is_weak) */
        bool names_plane;           /* its value tells which plane is active: an adoption asks it */
        bool leads_agents;          /* its value is a plane's address, and agents follow it */
        bool ends_return;           /* once it is met there is no way back but another switch */
        bool may_lose_writes;       /* the value of an earlier epoch may show again after that of a later one */
        bool owns_values;           /* either value of the spec may be replaced, even where a person wrote it */
        bool settles_by_writing;    /* an accepted value counts only once a write has confirmed it; else a read does */
        const char *word;           /* "dns", in metrics, logs and records */
        const char *server_word;    /* "Redis" */
        const char *shows_words[2]; /* before its name, and between it and its value: "lock ", " holds" */
        const char *stamp_place;    /* of its stamp beside the name; NULL: a key of its own */
        const char *value_word;     /* the part of a plane that it carries: "address" */
        const char *answers;        /* that it does */
        const char *unmet;          /* why a switch goes on */
        const char *settling;       /* and why it waits, where a value is accepted and does not count yet */
        const char *unsettled;      /* the same of one at rest: "is not known to be ..., under" an epoch */
        const char
            *stale_reason; /* of the condition that tells that it lags, where nothing waits for it; NULL: all do */
        const char *doubt_reason; /* of the one that tells target_state.doubt; NULL: there is none */
        const char *refused_reason, *silent_reason; /* why it does not */
        size_t excerpt_bytes;       /* of its value, in a sentence */
};

const struct target_traits *target_traits(enum target_kind kind);

/* Which register it is. */
struct target_ref {
        enum target_kind kind;
        const char *driver;
        const char *endpoint;
        const char *name;
        uint32_t db; /* of an endpoint that numbers several; else 0 */
};

/* Whether they are one register: every field is. */
bool target_ref_equal(const struct target_ref *a, const struct target_ref *b);

/* Whether @value is what @to asks for: where the kind carries no stamp, one of its lines. */
bool target_is_wanted(enum target_kind kind, const char *to, const char *value);

enum stamp_presence {
        STAMP_ABSENT,
        STAMP_OURS,       /* well-formed v=pk1, of any owner */
        STAMP_FOREIGN,    /* of another tool */
        STAMP_UNREADABLE, /* begins with v=pk1 and cannot be parsed; its store is filled in where that could be read */
};

/* The epoch that a target carries beside its value. */
struct stamp {
        enum stamp_presence presence;
        epoch_t epoch;
        decision_id id;
        const char *plane; /* "" where the target does not carry it */
        const char *store; /* whose it is: k8s/<kube-system UID>/<namespace>/<name>, or dns/<namespace>/<name> */
        const char *raw;   /* as found, for people; bounded */
        epoch_t decided;   /* of the record that shares its text, which the value may still follow; 0: none does */
        const char
            *claim; /* how another tool says that the value is its own, and how to hand it over; NULL: none does */
};

enum { UNREADY_MAX = 8 };

/* A value that the target could not take now, or not without a loss: known before anything is decided. */
struct unready {
        const char *value;
        const char *why;    /* with the remedy */
        const char *reason; /* CamelCase, of a condition, where no plane can take over because of it */
        bool is_loss;       /* it can be taken, and what is missing there would be lost: a person may want that */
        /* Of a loss: only what was written later is missing, so that an outage which began before made none; 0: any */
        mono_ms lost_after;
};

/* The state of a target. */
struct target_state {
        bool present;
        const char *value; /* "" where absent */
        uint32_t ttl_s;    /* 0 where it has none */
        struct stamp stamp;
        bool settling;       /* accepted, and does not count yet (target_traits.settling) */
        /*
         * The stamp is there and does not count yet, whatever the value is: something else sets that, which has not
         * done so. Where it is settling that is on its way; else it has to be written once more.
         */
        bool is_half;
        const char *version; /* private to the driver, for its next visit; NULL: none */
        /* Why users are answered something else than `value`, or it will not last, and what to do about it; NULL:
         * nothing is known against it. */
        const char *doubt;
        /* Where it is settling: why, or why it may never count by itself and what to do about it; NULL: it takes its
         * time. */
        const char *obstacle;
        const struct unready *unready; /* NULL: nothing is known against any value */
        unsigned unready_count;        /* at most UNREADY_MAX */
};

#endif
