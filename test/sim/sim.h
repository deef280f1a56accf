/*
 * sim.h -- one policy, its planes, its targets, and operators that all believe they lead, in simulated time. The
 * operators run the real core; registers behave as targets/target.h documents (compare-and-set, fenced by epoch), and
 * everything between may be late, lost or twice.
 *
 * A struct sim is plain data: it may be copied to come back to a state, and everything before `decisions` may be
 * compared by value. Texts in it are interned and live as long as the process. Whoever explores asks for the actions
 * that are possible now, picks, applies, and looks at the violation.
 *
 * Pauses need no action of their own: what an operator knows is old until it reads again, and it may act at any time.
 */
#ifndef PK_TEST_SIM_H
#define PK_TEST_SIM_H

#include "core/failover.h"

enum {
        SIM_OPERATORS_MAX = 2,
        SIM_PLANES_MAX = 3,
        SIM_PACKETS_MAX = 6,
        SIM_DECISIONS_MAX = 64,
        SIM_SWITCHES_MAX = 4, /* how far back maxSwitches may look */
        SIM_ACTIONS_MAX = 192,
        SIM_FIRST_NOW = 100000000,
        SIM_TICK_MS = 5000,
        SIM_TIMEOUT_MS = SIM_TICK_MS / 2,
        SIM_DELAY_MS = 10000,
        SIM_LATE_MS = 6000, /* how long a loop that was late doubts itself: past the next tick */
};

/* How planes are judged. */
enum sim_judgement {
        SIM_BY_SAMPLES, /* as time passes */
        SIM_AT_WILL,    /* each pass believes of each plane what it likes: right or wrong, sooner or later */
};

struct sim_config {
        const char *name;
        unsigned plane_count;
        unsigned operator_count;
        unsigned packet_max; /* how many delayed writes are on their way at once */
        enum sim_judgement judgement;
        bool uses_lock;
        const char *lock_template; /* NULL: {clusterName}; or {name}-{epoch} */
        const char *first_lock;    /* what the lock holds before the first adoption; NULL: "a" */
        enum failback failback;
        mono_ms cooldown_ms;
        uint32_t max_switches;
        unsigned blind_planes; /* bits: planes that are reached by name, so that who is cut off cannot judge them */
        bool reads_together;   /* an operator reads both targets at once, or neither */
        bool looks_always;     /* whoever is not cut off sees everything as time passes */
        bool has_people;       /* edits by hand, requests, suspend, mode, spec */
        bool has_amnesia;      /* the record is lost, or restored from an older backup */
        bool has_weak_redis;   /* Redis loses its last write, or everything */
        bool time_passes;      /* AT_WILL: looks at targets grow old */
        bool has_other_redis;  /* its address leads to another server, and back, whenever it likes */
        bool has_old_zones;    /* the zone is restored from before its last change, whenever it likes */
        bool has_late_records; /* a write to the arbiter may come late */
        bool has_odd_clocks;   /* the API server's date jumps by a year; a day passes at once */
        bool has_odd_probes;   /* silence, one-sided cuts, what Deployments say, planes set aside */
        bool has_names;        /* the name that the address of plane b is goes out of DNS, and comes back */
        /* A plane answers 200 only while the name leads to it, a tick late, and 503 otherwise; one check is of that, and
         * counts while it is active, the other is of whether it is there at all, and counts while it is a standby. */
        bool has_roles;
        bool has_blinks;       /* one look at a Deployment goes unanswered */
        bool has_empty_names;  /* people remove the address record; a server does, where a new one is to take its place */
        /* The record is in the text beside the address: whoever reads or writes one does so to the other, and every
         * write names the text and the address as they were read. */
        bool is_recorded_in_dns;
        /* Operator i runs inside plane i, and speaks for it in a text that all hear: core/view.h, alive_view. */
        bool is_inside;
        /* The lock counts, when written and when read, only once a replica has it; then Redis may lose only what does
         * not count. */
        bool lock_waits;
        bool has_prepares;     /* a switch is prepared when the next failure would decide (decision 051) */
        /* One more target, whose value is the name of the active plane. A fence is in plane a, open while that is active. */
        enum sim_third { SIM_THIRD_NONE, SIM_THIRD_FENCE, SIM_THIRD_PROMOTION, SIM_THIRD_PIPELINE } third;
        bool third_is_weak;     /* its driver's: it takes what is older, too */
        bool third_may_lie;     /* it shows another plane now and then, and takes writes then without doing them */
        bool third_is_pending;  /* what it accepts shows later */
        bool third_never_comes; /* or not at all, even once the faults are over */
};

#define SIM_OPEN "open"
#define SIM_SHUT "shut"

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
        bool is_lock, is_third;
        unsigned version; /* recorded in DNS: of the text that it was made from */
        unsigned by;      /* where names may be empty: the operator, counted from 1 */
        struct sim_register expected, want;
};

enum sim_deployment { SIM_UNSEEN, SIM_AVAILABLE, SIM_UNAVAILABLE, SIM_ROLLING, SIM_DEPLOYMENT_COUNT };

/* A prepared switch; epoch 0: none. */
struct sim_claim {
        epoch_t epoch;
        decision_id id;
};

/* What one operator knows: all of it may be old. */
struct sim_operator {
        bool has_seen_record, has_record;
        unsigned record_version;
        struct record record;
        mono_ms record_seen_at;
        struct sim_policy policy;
        struct sim_register dns, lock, third;
        struct target_health dns_health, lock_health, third_health;
        bool third_settles;
        struct check_view checks[SIM_PLANES_MAX];
        mono_ms failing_since[SIM_PLANES_MAX]; /* without a gap, as the judge counts it; 0: it is not seen to fail */
        struct check_view standing[SIM_PLANES_MAX]; /* has_roles: of whether it is there at all */
        struct role_mark marks[SIM_PLANES_MAX];
        enum sim_deployment deployments[SIM_PLANES_MAX]; /* the last definite word; UNSEEN: there never was one */
        mono_ms deployments_at[SIM_PLANES_MAX];          /* and of when it is */
        unsigned unanswered[SIM_PLANES_MAX];             /* looks at the Deployment since, in a row */
        unsigned blinks;                                 /* bits: planes whose Deployment will not answer once */
        enum verdict was[SIM_PLANES_MAX];
        mono_ms was_since[SIM_PLANES_MAX];
        epoch_t confirmed_epoch;
        mono_ms arbiter_answered_at;
        mono_ms late_until;
        epoch_t dns_met_epoch; /* the last one that it saw there with its value, where names may be empty */
        bool has_emptied;      /* its own write is what left the name empty */
        unsigned unreached;    /* bits: planes that it alone cannot reach */
        bool is_isolated, is_stalled, is_without_arbiter;
        unsigned own_outages;   /* bits: planes whose run of failures began since it is cut off as it is now */
        struct sim_claim owns;  /* what it prepared, as the arbiter has told it, and has sent nothing since to end */
        struct sim_claim begun; /* what of that it has begun */
        bool is_assumed;        /* `record` is that, and the arbiter has not said so */
        unsigned heard_version; /* which is of the text that it heard last */
        mono_ms heard_at;       /* 0: never */
        mono_ms listened_at;
};

/* A record on its way: the arbiter takes it if its version is still the one that it was made from. */
struct sim_late_record {
        bool present;
        enum action action;
        unsigned version;
        const char *address; /* recorded in DNS: as it was read */
        struct record record;
};

/* Every record that was ever decided. */
struct sim_decision {
        epoch_t epoch;
        decision_id id;
        const char *to_rrset, *to_lock;
        const char *to_third;                              /* NULL: none */
        bool uses_lock, was_locked, was_routed, was_third; /* the lock, the name, the third target has shown it */
        bool is_prepared; /* beside another record, and never recorded as begun */
        bool was_sent;    /* to a target */
};

struct sim {
        struct sim_config config;
        mono_ms now;
        int64_t wall_skew_ms;
        uint64_t next_id;
        bool is_up[SIM_PLANES_MAX];
        bool is_set_aside[SIM_PLANES_MAX]; /* eligible: false */
        unsigned serving, jammed;          /* bits: planes that answer 200; that never do, wherever the name leads */
        mono_ms active_since;              /* when the plane that the record names became active, by a commit */
        uint64_t active_epoch;             /* of that switch */
        unsigned names_lost;               /* bits: planes whose address is a name that leads nowhere now */
        enum sim_deployment deployments[SIM_PLANES_MAX];
        struct sim_policy policy;
        bool kill_switch, is_rate_limited, refuses_us; /* refuses_us: both targets deny our credentials */
        bool halves_writes; /* the DNS server takes the stamp of a new address, and empties the name */
        bool has_record;
        struct record record;
        bool has_older_record;
        struct record older_record; /* the one before: what a backup may hold */
        unsigned record_version;
        struct sim_late_record late;
        struct sim_register dns, lock, lock_before; /* lock_before: what is left if Redis loses its last write */
        struct sim_register lock_other, dns_before; /* of the other server; of the backup */
        struct sim_register third, third_pending;   /* pending: accepted, and it does not show yet; absent: nothing is */
        bool third_lies;
        mono_ms dns_changed_at, lock_changed_at;    /* when each last became what it is, by whomever */
        struct sim_packet packets[SIM_PACKETS_MAX];
        unsigned packet_count;
        struct sim_operator operators[SIM_OPERATORS_MAX];
        unsigned spoken_version;         /* of what the operators inside say to each other; 0: nothing yet */
        unsigned spoken_by;              /* which is the plane that it is said of, too */
        mono_ms spoken_since, spoken_at; /* without a break */
        mono_ms committed_at;            /* the last automatic switch that was completed; 0 none */
        unix_ms committed_wall;
        struct sim_switch {
                unix_ms wall;
                mono_ms at;
        } switches[SIM_SWITCHES_MAX];       /* automatic ones, newest first; 0 none */
        bool was_touched;                   /* a person or a loss has changed a target or the record */
        uint64_t deeds;                     /* passes that did something */
        unsigned decision_count;
        struct sim_decision decisions[SIM_DECISIONS_MAX];
        char violation[256]; /* "" while every invariant holds */
};

#define SIM_VERB_LIST(X)                                                                                      \
        X(SIM_TICK, "tick") /* time passes; everybody who is not cut off samples the planes */                \
        /* an operator's: */                                                                                  \
        X(SIM_PASS, "pass")             /* decide and act; how it ends and what it believes is said beside */ \
        X(SIM_SEE_RECORD, "see-record") /* the watch delivers */                                              \
        X(SIM_SEE_POLICY, "see-policy")                                                                       \
        X(SIM_READ_DNS, "read-dns")                                                                           \
        X(SIM_READ_LOCK, "read-lock")                                                                         \
        X(SIM_READ_NOTHING, "read-nothing") /* both reads time out */                                         \
        X(SIM_CRASH, "crash")               /* forgets everything */                                          \
        X(SIM_ISOLATE, "isolate")           /* cut off from all but the API server, or back again */          \
        X(SIM_STALL, "stall")               /* its samples stop; when they come again it knows it was late */ \
        X(SIM_LOSE_ARBITER, "lose-arbiter") /* cut off from the API server, or back again */                  \
        X(SIM_UNREACH, "unreach")           /* plane: this operator alone cannot reach it, or can again */    \
        X(SIM_BLINK, "blink")               /* plane: its next look at the Deployment goes unanswered */      \
        /* the network's: */                                                                                  \
        X(SIM_DELIVER, "deliver")     /* packet arrives and is gone */                                        \
        X(SIM_DUPLICATE, "duplicate") /* packet arrives and will come again */                                \
        X(SIM_DROP, "drop")                                                                                   \
        X(SIM_DELIVER_RECORD, "deliver-record")                                                               \
        /* the planes': */                                                                                    \
        X(SIM_FLIP, "flip")             /* dies or comes back */                                              \
        X(SIM_DEPLOYMENT, "deployment") /* its cluster says something else of it */                           \
        X(SIM_SET_ASIDE, "set-aside")   /* eligible: false, or true again */                                  \
        X(SIM_JAM, "jam")               /* answers 503 even while it is active, or not any more */                   \
        X(SIM_LOSE_NAME, "lose-name")   /* DNS has no such name any more, or has it again */                  \
        /* people's: */                                                                                       \
        X(SIM_SUSPEND, "suspend")                                                                             \
        X(SIM_ADVISE, "advise")                                                                               \
        X(SIM_KILL_SWITCH, "kill-switch")                                                                     \
        X(SIM_EDIT_TTL, "edit-ttl")                                                                           \
        X(SIM_EDIT_LOCK, "edit-lock") /* the spec's lock goes or comes */                                     \
        X(SIM_ACK, "ack")                                                                                     \
        X(SIM_REQUEST_SWITCH, "request-switch")                                                               \
        X(SIM_CONFIRM_SWITCH, "confirm-switch") /* the same of a plane that they were told is unhealthy */      \
        X(SIM_REQUEST_ADOPT, "request-adopt")                                                                 \
        X(SIM_HAND_DNS, "hand-dns") /* a person moves the name */                                             \
        X(SIM_HAND_LOCK, "hand-lock")                                                                         \
        X(SIM_PUT_BACK, "put-back")     /* a person restores the values that are recorded */                  \
        X(SIM_HAND_STAMP, "hand-stamp") /* a person removes the TXT record */                                 \
        X(SIM_HAND_EMPTY, "hand-empty") /* a person removes the address record */                             \
        /* the servers': */                                                                                   \
        X(SIM_REPLICATE, "replicate")   /* Redis' replica catches up */                                       \
        X(SIM_REVERT, "revert")         /* Redis loses its last write */                                      \
        X(SIM_FLUSH, "flush")           /* Redis loses everything */                                          \
        X(SIM_SWAP_REDIS, "swap-redis") /* its address leads to the other server */                           \
        X(SIM_OLD_ZONE, "old-zone")     /* the zone is as it was before its last change */                    \
        X(SIM_HALVE, "halve")           /* the DNS server does half of what it is asked, or all of it again */ \
        X(SIM_REFUSE, "refuse")         /* the targets deny our credentials, or take them again */            \
        X(SIM_RATE_LIMIT, "rate-limit") /* --max-switches-per-minute is reached, or not any more */           \
        X(SIM_FORGET, "forget")         /* the record is deleted */                                           \
        X(SIM_RESTORE, "restore")       /* the record before is restored */                                   \
        X(SIM_JUMP, "jump")             /* the API server's date jumps by a year, or back */                  \
        X(SIM_DAY, "day")               /* a day passes at once */                                            \
        X(SIM_THIRD_COMES, "third-comes") /* what the third target has accepted shows */                      \
        X(SIM_THIRD_LIES, "third-lies") /* it shows something else, or the truth again */

#define SIM_VERB_ENUM(verb, text) verb,
enum sim_verb { SIM_VERB_LIST(SIM_VERB_ENUM) SIM_VERB_COUNT };
#undef SIM_VERB_ENUM

/* How a pass that writes ends. */
enum sim_ending {
        SIM_ANSWERED,
        SIM_UNANSWERED, /* applied, and the reply is lost */
        SIM_DELAYED,    /* on its way */
        SIM_LOST,       /* the request is lost */
        SIM_CRASHED,    /* applied, and the operator forgets everything */
        SIM_ENDING_COUNT
};

struct sim_action {
        enum sim_verb verb;
        unsigned who;           /* operator, packet or plane */
        unsigned plane;         /* UNREACH and BLINK only */
        enum sim_ending ending; /* PASS only */
        /* PASS AT_WILL only: bits of the planes that are believed down; above those, of planes that the next failure
         * would make so. */
        unsigned down;
};

/* One evaluation by an operator, before it acts. */
struct sim_turn {
        struct arena arena;
        struct record record;
        struct view view;
        struct decision decision;
};

void sim_init(struct sim *sim, const struct sim_config *config);
/* What is possible now; returns the count, at most SIM_ACTIONS_MAX. */
unsigned sim_actions(const struct sim *sim, struct sim_action *ret);
void sim_apply(struct sim *sim, struct sim_action action);
/* Where set, it is told of every action that was applied. */
extern void (*sim_on_apply)(const struct sim *sim, struct sim_action action);

/* SIM_PASS in two halves: one evaluation may be followed by every ending, each on its own copy of the sim. */
void sim_turn_begin(const struct sim *sim, unsigned who, unsigned down, struct sim_turn *ret);
void sim_turn_finish(struct sim *sim, unsigned who, const struct sim_turn *turn, enum sim_ending ending);
void sim_turn_end(struct sim_turn *turn);
/* Whether it writes, so that it matters how that ends. */
bool sim_turn_writes(const struct sim_turn *turn);

/* Whether the record is Steady, for the targets of the spec, and every one of them shows it. */
bool sim_is_settled(const struct sim *sim);

const char *sim_verb_name(enum sim_verb verb);
const char *sim_ending_name(enum sim_ending ending);
/* "pass.0:lost b" and the like; sim_action_parse() takes it back. */
void sim_action_print(struct sim_action action, char *ret_text, size_t size);
bool sim_action_parse(const char *text, struct sim_action *ret);
/* One line for people: the record and the targets. */
void sim_print(const struct sim *sim, char *ret_text, size_t size);

#endif
