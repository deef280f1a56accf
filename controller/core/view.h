/*
 * view.h -- every fact that one evaluation of one policy rests on, gathered by the shell before the core is asked.
 *
 * Units:     mono_ms for what durations are measured from, unix_ms (the API server's clock) for what people and records
 *            see.
 * Ownership: all pointers are borrowed and live for the evaluation.
 */
#ifndef PK_CORE_VIEW_H
#define PK_CORE_VIEW_H

#include "core/types.h"
#include "util/err.h"

enum { PLANES_MAX = 8, CHECKS_MAX = 8, VERIFY_SERVERS_MAX = 8, VERIFY_SHOWN_BYTES = 512 };

enum verdict { VERDICT_UNKNOWN, VERDICT_UP, VERDICT_DOWN, VERDICT_COUNT };
enum mode { MODE_ADVISE, MODE_AUTOMATIC };
enum failback { FAILBACK_MANUAL, FAILBACK_AUTOMATIC, FAILBACK_NEVER };
enum drift_policy { DRIFT_REPORT, DRIFT_ENFORCE }; /* how a person's edit of a target is treated */
/* The annotations by which a person asks. */
enum request_key { REQUEST_KEY_SWITCH, REQUEST_KEY_ADOPT, REQUEST_KEY_ACK, REQUEST_KEY_TAKEOVER, REQUEST_KEY_COUNT };
/*
 * Why a plane may not be made active. A reason of health has a word by which a person may ask for the plane all the
 * same (decision 022); the other reasons cannot be written, lead nowhere, or are resolved by an edit.
 */
enum unfit {
        UNFIT_NOT,
        UNFIT_CANNOT,
        UNFIT_UNOBSERVED,
        UNFIT_UNHEALTHY,
        UNFIT_NO_REPLICAS,
        UNFIT_CERTIFICATE,
        UNFIT_LOSS,
        UNFIT_COUNT
};
/* The history of the value that an annotation has now. */
enum request_past {
        REQUEST_NEW,       /* it was not answered for good yet */
        REQUEST_HANDLED,   /* it was: it never acts again */
        REQUEST_INHERITED, /* it stood there when the status, which would tell, was found lost */
};

/* A plane's role by the record: it says which of its checks count. */
enum plane_role {
        /*
         * it is becoming active, or its role is not known: up by the checks of either role, down only by those of both
         */
        ROLE_EITHER,
        ROLE_ACTIVE,
        ROLE_STANDBY,
        ROLE_COUNT
};
/* The effect of a check on its plane. */
enum check_role {
        CHECK_ROLE_REPLICAS, /* the cluster's own word: may contradict an outage for a while */
        CHECK_ROLE_PATH,     /* the path of agents: judges */
        CHECK_ROLE_SIGNAL,   /* can only degrade */
        CHECK_ROLE_COUNT
};
enum check_when { WHEN_ALWAYS, WHEN_ACTIVE, WHEN_STANDBY, WHEN_COUNT }; /* in which role of its plane a check counts */

/* A fault that a passing check shows: it can only degrade, and moves nothing. Words and sentences: signals.c. */
enum check_signal { SIGNAL_NONE, SIGNAL_NO_ALPN, SIGNAL_COUNT };

/* One check of one plane: the run of equal samples it is in. UNKNOWN samples end no run and start none. */
struct check_view {
        const char *label; /* "TLS :9900" */
        enum check_role role;
        enum check_when when;
        uint32_t fails;    /* consecutive; one of fails and passes is 0 */
        uint32_t passes;
        mono_ms run_since;          /* start of the first sample of the present run */
        mono_ms counted_at;         /* end of the last PASS or FAIL; 0 never */
        mono_ms sampled_at;         /* end of the last sample of any kind; 0 never */
        bool last_unknown;          /* the last sample judged nothing */
        uint32_t unknowns;          /* such samples in a row since the last that counted */
        const char *text;           /* of the last sample, for people */
        enum check_signal signal;   /* of the last sample that passed */
        const char *partial;        /* the addresses that fail while another passes, and how; NULL: none does */
        int32_t replicas_available; /* -1: not a Deployment, or never seen */
        int32_t replicas_wanted;
        int32_t replicas_updated;
        unix_ms certificate_not_after; /* 0: none seen */
};

/* The role in which a plane is judged, where it has checks that count in one role only: what failed before it says
 * nothing (roles.h). All zero otherwise, and at first sight. */
struct role_mark {
        bool is_known;
        bool is_confirmed; /* a person moved here in spite of what failed: that of no check is held against it */
        enum plane_role role;
        mono_ms since;              /* 0: always */
        epoch_t switched;           /* of the switch that made it active; 0: none is known, or it is not */
        uint32_t
            fails[CHECKS_MAX]; /* how often each check had failed then, in the run of failures that it is in still */
};

/* Why the server of a target, or what the plane would write to, keeps the plane from taking over (struct unready). */
struct obstacle {
        const char *why;    /* NULL: nothing is known against the plane */
        const char *reason; /* of FailoverPossible, where no plane is left to take over */
        bool is_loss;       /* a person may ask for the plane all the same */
        mono_ms lost_after;
};

struct plane_view {
        const char *name;
        const char *region; /* "" where not said */
        const char *cluster_name;
        bool says_cluster_name; /* the spec does: it is not the plane's own name for want of one */
        const char *uid;
        bool known; /* a ManagementPlane of this name exists */
        bool eligible;
        bool holds_operator; /* the operator runs inside this cluster */
        unix_ms
            maintenance_until; /* not judged before, by the wall clock (maintenance.h); 0 none, and it may be past */
        mono_ms judged_since;  /* when the last maintenance ended; 0 none: what failed during it does not count */
        uint16_t port;
        const char *rrset;         /* "" where it has no address, or lacks another value that the policy waits for */
        const char *address_error; /* why not, "" otherwise */
        bool address_is_wrong;     /* and that only a person's edit gives it one */
        const char *left_out;      /* its addresses of the family that the record does not carry; NULL: none */
        /* Where rrset is a CNAME or an alias: what DNS says of the name, which is what agents will be told. */
        mono_ms name_confirmed_at; /* when it last gave the addresses that are checked; 0 never */
        bool name_absent;          /* its last answer: there is no such name, or it has no address */
        const char *name_error;    /* why the last look-up gave no address; NULL: it gave some */
        struct obstacle obstacle;
        struct check_view checks[CHECKS_MAX];
        unsigned check_count;
        struct role_mark mark;
        enum verdict was;  /* the verdict of the last evaluation: the hysteresis of rise and fall */
        mono_ms was_since; /* and since when it says so; 0 always */
};

/* How the last visits to one target went. */
struct target_health {
        enum reach reach;     /* of the last attempt */
        enum err error_class; /* of the last attempt */
        const char *error;    /* text of the last failed attempt; "" after a good one */
        mono_ms read_at;      /* last good read; 0 never: then the state beside it says nothing */
        mono_ms looked_at;    /* last good look at the state beside it, if no visit failed since; 0 none (looks.h) */
        mono_ms failed_since; /* first failure after the last good read; 0 none */
        unix_ms failed_since_wall;
        const char *write_denied; /* why a write would not be taken, by the server's own word; NULL: nothing is known
                                     against it */
        bool refuses_record; /* the last visit that failed was a decision to be recorded there, and was refused */
};

/* One target in force: the plan's while a switch is under way, else the spec's (targets.h). */
struct target_view {
        struct target_ref ref;
        bool is_weak; /* its driver's: nothing there refuses an older epoch, even where its kind is stamped */
        bool moves_itself; /* its driver's: the server changes the value by itself, too, which is nobody's edit */
        struct target_health health;
        struct target_state shows;
        epoch_t
            met_epoch; /* the last one that this process has seen there with its value, since it was written; 0 none */
        mono_ms met_at;    /* since when it shows that one without a break; 0 it does not */
};

/* The value of a target while @plane is active. */
struct wanted_value {
        const char *plane;
        const char *value; /* "": not known now */
};

/* A target that the spec names. */
struct wanted_target {
        struct target_ref ref;
        uint32_t ttl_s;
        const char *value; /* a template; NULL: the plane's address */
        struct wanted_value values[PLANES_MAX]; /* go before it, for the planes that they name */
        unsigned value_count;
        const char *plane; /* whose loss takes the endpoint along; "" none */
        /* It is in what a target of an earlier step moves: so in the plane that is active, whichever that is. */
        bool is_moved;
};

/* The answers of another authoritative server under the record's epoch (verify.h). */
struct verify_view {
        const char *server;
        bool shows_record; /* its last answer is what the record wants */
        const char *shown; /* the addresses of that answer, cut at VERIFY_SHOWN_BYTES; "" none */
        mono_ms seen_at;   /* when that was heard; 0 never */
        unsigned misses;   /* looks in a row since that had no answer */
};

/* Whether the record's plan is known: a register that carries only its digest has it derived from spec and planes. */
enum plan_proof { PLAN_PROVEN, PLAN_PENDING, PLAN_MISMATCHED };

/*
 * The heartbeat of operators that share a register: the one inside the active plane renews a text while its checks
 * pass. Times are this process's own.
 */
struct alive_view {
        /* the policy's register is shared: the text is read and, from inside the active plane, renewed */
        bool is_used;
        mono_ms seen_at;   /* the last renewal observed; finding the text at first counts as one; 0: never */
        mono_ms read_at;   /* the last read with an answer: silence counts only where the text was read */
        mono_ms every_ms;  /* how often its writer renews it */
        const char *plane; /* whose checks pass by it; "" where it is not there */
};

struct detection {
        mono_ms interval_ms;
        mono_ms timeout_ms;
        uint32_t failure_threshold;
        uint32_t success_threshold;
        mono_ms failover_delay_ms; /* negative: not said, 30 s, or 60 s where the planes' regions differ */
};

struct policy_view {
        const char *namespace_name;
        const char *name;
        const char *uid;
        int64_t generation;
        enum mode mode;
        bool suspended;
        bool single_writer; /* writeMode SingleCluster */
        struct detection detection;
        mono_ms cooldown_ms;
        uint32_t max_switches; /* automatic ones in 24 h; at least 1 */
        enum failback failback;
        enum drift_policy drift;
        mono_ms failback_stable_ms; /* also how long the plane that failed must be healthy before it is chosen again */
        struct wanted_target targets[TARGETS_MAX]; /* in step order */
        unsigned target_count;
        bool dns_type_chosen;    /* the spec says which type the record has; else it goes by the address */
        const char *switch_to; /* annotation texts, "" where absent */
        const char *adopt;
        const char *ack;
        const char *takeover; /* ids of stamps; NULL as "" */
        enum request_past past[REQUEST_KEY_COUNT];
        bool is_asked_unread; /* a target in force was not read since one of them was written */
        const char *credentials_error; /* a Secret that is missing or malformed; "" otherwise */
        const char *rival;             /* the older policy that holds the same DNS name or lock, "" otherwise */
};

struct arena;
struct decision;
struct view {
        struct policy_view policy;
        struct plane_view planes[PLANES_MAX];
        unsigned plane_count;

        bool record_read;            /* the arbiter was asked and answered at least once */
        const struct record *record; /* NULL: there is none */
        const char *record_error;    /* it exists and cannot be understood; "" otherwise */
        const char *record_refusal;  /* why the arbiter refused the last decision; NULL: it took it */
        enum plan_proof plan_proof;  /* of the record; until PROVEN its plan is only what the spec names */
        const char *plan_text;       /* the reason, and what to compare; "" where PROVEN */

        struct target_view targets[TARGETS_MAX]; /* those in force, in step order */
        unsigned target_count;
        struct verify_view verify[VERIFY_SERVERS_MAX];
        unsigned verify_count;

        struct alive_view alive;

        const char *announce_lags; /* the Lease that should announce the active plane and does not; NULL: none */

        mono_ms now;
        unix_ms wall; /* the API server's clock at now */
        const char *identity;
        /* the owner in this policy's stamps: k8s/<kube-system UID>/<namespace>/<name>, dns/<namespace>/<name> */
        const char *store;
        /* the owner before decisionStore was changed, whose stamps may be taken over; "" or NULL: none */
        const char *former_store;
        const char *region;       /* the operator's own; "" unknown */
        mono_ms arbiter_answered_at;
        mono_ms arbiter_period_ms; /* how often the Lease is renewed */
        mono_ms record_seen_at;    /* when this process first saw the record's epoch; bounds the cooldown; 0 unknown */
        mono_ms late_until;        /* the operator's loop was late: samples are doubtful until then; 0 no */
        mono_ms late_by;           /* how late it was */
        const char *operator_namespace; /* where the kill switch is; NULL: not known */
        bool kill_switch;
        /* on because it could not be understood: the reason and the remedy; "" or NULL: it says on */
        const char *kill_switch_why;
        bool blast_limit_reached; /* --max-switches-per-minute */
        epoch_t confirmed_epoch;  /* the policy was read uncached for this epoch (decision 057) */
        /* Prepared switches (decision 051). */
        bool may_prepare;         /* switches may be prepared here, and not too many were lately */
        mono_ms prepared_at;      /* when this process last tried to; 0 never */
        bool owns_prepared;       /* it recorded the one in the record, and has sent nothing since that may end it */
        bool is_record_assumed;   /* the record is one that it had prepared, and is still being written as begun */
        decision_id fresh_id;     /* 64 random bits for a decision, should one be taken */
        /*
         * By which a command is tried before it is offered (remedy.h): failover_decide(). NULL: no command is offered,
         * because one is being tried, or nobody reads the words.
         */
        void (*decide)(const struct view *view, struct arena *arena, struct decision *ret);
};

/* NULL where the policy does not name it. */
const struct plane_view *view_plane(const struct view *view, const char *name);

#endif
