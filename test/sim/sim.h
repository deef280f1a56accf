/*
 * sim.h -- one policy, its planes, its targets, and operators that all believe they lead, in simulated time. The
 * operators run the real core; registers behave as target/target.h documents (compare-and-set, fenced by epoch), and
 * everything between may be late, lost or twice.
 *
 * A struct sim is plain data: it may be copied to come back to a state. Texts in it are interned and live as long as
 * the process. Whoever explores asks for the actions that are possible now, picks, applies, and looks at the violation.
 */
#ifndef PK_TEST_SIM_H
#define PK_TEST_SIM_H

#include "core/failover.h"

enum {
        SIM_OPERATORS = 2,
        SIM_PLANES_MAX = 3,
        SIM_PACKETS_MAX = 6,
        SIM_DECISIONS_MAX = 256,
        SIM_ACTIONS_MAX = 128,
        SIM_TICK_MS = 5000,
        SIM_DELAY_MS = 10000,
        SIM_COOLDOWN_MS = 60000,
};

struct sim_config {
        unsigned plane_count;
        bool uses_lock;
        const char *lock_template;
        const char *first_lock; /* what the lock holds before the first adoption */
        enum failback failback;
        mono_ms cooldown_ms;
        uint32_t max_switches;
        bool has_people;     /* edits by hand, requests, suspend, mode, spec */
        bool has_amnesia;    /* the record is lost, or restored from an older backup */
        bool has_weak_redis; /* Redis loses its last write, or everything */
};

struct sim_policy {
        enum mode mode;
        bool suspended;
        bool uses_lock;
        uint32_t ttl_s;
        const char *switch_to, *adopt, *ack;
};

/* A fenced register: DNS name or lock. */
struct sim_register {
        bool present;
        const char *value;
        struct stamp stamp;
};

struct sim_packet {
        bool is_lock;
        struct sim_register expected, want;
};

/* What one operator knows: all of it may be old. */
struct sim_operator {
        bool has_seen_record, has_record;
        unsigned record_version;
        struct record record;
        struct sim_policy policy;
        struct sim_register dns, lock;
        struct target_health dns_health, lock_health;
        struct check_view checks[SIM_PLANES_MAX];
        enum verdict was[SIM_PLANES_MAX];
        epoch_t confirmed_epoch;
        bool is_isolated, has_sampled_isolated;
};

/* Every record that was ever decided. */
struct sim_decision {
        epoch_t epoch;
        decision_id id;
        const char *to_rrset, *to_lock;
        bool uses_lock, was_locked, was_routed; /* the lock, the name has shown it */
};

struct sim {
        struct sim_config config;
        mono_ms now;
        uint64_t next_id;
        bool is_up[SIM_PLANES_MAX];
        struct sim_policy policy;
        bool has_record;
        struct record record;
        struct record older_record; /* the one before: what a backup may hold */
        bool has_older_record;
        unsigned record_version;
        struct sim_register dns, lock, lock_before;
        struct sim_packet packets[SIM_PACKETS_MAX];
        unsigned packet_count;
        struct sim_operator operators[SIM_OPERATORS];
        struct sim_decision decisions[SIM_DECISIONS_MAX];
        unsigned decision_count;
        unix_ms last_automatic_commit;
        bool was_touched;    /* a person or a loss has changed a target or the record */
        char violation[256]; /* "" while every invariant holds */
};

enum sim_verb {
        SIM_TICK,       /* time passes; everybody who is not cut off samples the planes */
        SIM_PASS,       /* operator: decide and act; how it ends is the argument */
        SIM_SEE_RECORD, /* operator: the watch delivers */
        SIM_SEE_POLICY,
        SIM_READ_DNS,
        SIM_READ_LOCK,
        SIM_READ_NOTHING, /* operator: both reads time out */
        SIM_ISOLATE,      /* operator: cut off from all but the API server, or back again */
        SIM_CRASH,        /* operator: forgets everything */
        SIM_DELIVER,      /* packet arrives and is gone */
        SIM_DUPLICATE,    /* packet arrives and will come again */
        SIM_DROP,
        SIM_FLIP, /* plane dies or comes back */
        SIM_SUSPEND,
        SIM_ADVISE,
        SIM_EDIT_TTL,
        SIM_EDIT_LOCK, /* the spec's lock goes or comes */
        SIM_ACK,
        SIM_REQUEST_SWITCH, /* plane */
        SIM_REQUEST_ADOPT,
        SIM_HAND_DNS, /* plane: a person moves the name */
        SIM_HAND_LOCK,
        SIM_PUT_BACK,   /* a person restores the values that are recorded */
        SIM_HAND_STAMP, /* a person removes the TXT record */
        SIM_FLUSH,      /* Redis loses everything */
        SIM_REVERT,     /* Redis loses its last write */
        SIM_FORGET,     /* the record is deleted */
        SIM_RESTORE,    /* the record before is restored */
        SIM_VERB_COUNT
};

/* How a pass that writes ends. */
enum sim_ending { SIM_ANSWERED, SIM_UNANSWERED, SIM_DELAYED, SIM_LOST, SIM_CRASHED, SIM_ENDING_COUNT };

struct sim_action {
        enum sim_verb verb;
        unsigned who; /* operator, packet or plane */
        enum sim_ending ending;
};

void sim_init(struct sim *sim, const struct sim_config *config);
/* What is possible now; returns the count, at most SIM_ACTIONS_MAX. */
unsigned sim_actions(const struct sim *sim, struct sim_action *ret);
void sim_apply(struct sim *sim, struct sim_action action);

/* The view of an operator as it stands, for a look at what it would do. */
void sim_view(const struct sim *sim, unsigned who, struct view *ret);
/* Whether the record is Steady, for the targets of the spec, and every one of them shows it. */
bool sim_is_settled(const struct sim *sim);

#endif
