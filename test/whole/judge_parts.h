/* judge_parts.h -- what the files of the judge share: what was decided, what was measured, what the texts say. */
#ifndef PK_TEST_WHOLE_JUDGE_PARTS_H
#define PK_TEST_WHOLE_JUDGE_PARTS_H

#include "judge.h"
#include "laws.h"

enum { DECISIONS_MAX = 64, NAME_BYTES = 32, TEXT_BYTES = 96 };

struct decision {
        uint64_t epoch, id;
        char from[NAME_BYTES], to[NAME_BYTES], reason[NAME_BYTES];
        bool is_automatic, is_steady, uses_lock, was_locked, was_replicated, was_routed;
        bool is_commanded; /* where a Job sets the lock: one of it is complete */
        bool is_prepared; /* beside the record in force, which does not say yet that it was begun */
        struct prepared_beside {
                uint64_t epoch, id;
                char to[NAME_BYTES];
        } beside;         /* prepared beside this record; epoch 0: nothing is */
        int begun_by;     /* of what is prepared: the operator that first sent it as begun, counted from 1; 0: none */
        uint64_t begun_life;
        vtime_us read_from; /* a read of the policy that was sent then or later shows what has to be seen before the first effect */
        vtime_us decided_at, routed_at; /* decided: when it was sent to be recorded; routed: a switch may be called complete from here on */
};

/* What an operator has measured of a plane, as far as it was told. */
struct measured {
        vtime_us passed_at, recovered_at;     /* 0: never */
        vtime_us failing_since, failed_since; /* failed: before it passed */
        unsigned failures, failed, passes;    /* in a row */
        vtime_us failure_began_at, failure_known_at; /* of the last probe that failed */
        /* Its Deployment: what was last said of it, and the looks since then that went unanswered. */
        bool says_available;
        vtime_us said_at, looked_at; /* 0: never */
        unsigned unanswered;
};

/* What an operator may know of what people want. */
struct known {
        unsigned cluster;
        uint64_t serial;
        bool is_suspended, is_advised;
};

/* A request that its policy's status says is refused, and whose annotation still has that value. */
struct refusal {
        char text[TEXT_BYTES]; /* "switch-to=eu-west-1/3"; "" none */
        uint64_t serial;       /* of the policy that says it */
        int by;                /* the operator that wrote it, in the life that it had */
        uint64_t life;
};

struct judged_policy {
        struct decision decisions[DECISIONS_MAX];
        unsigned count;
        uint64_t epoch, id; /* of the record */
        uint64_t taken;     /* by what is prepared beside it, or was and is not wanted any more */
        struct sent {
                uint64_t epoch, id;
                vtime_us at, read_from;
        } sent[HOSTS_MAX]; /* the last decision that each operator has sent to be recorded */
        bool has_record, is_touched;
        vtime_us switched_at;               /* the last automatic switch that was completed; 0: none */
        struct known wanted[DECISIONS_MAX]; /* states of the policy, as people made them */
        unsigned wanted_count;
        vtime_us suspended_since[CLUSTERS_MAX]; /* 0: it is not */
        struct refusal refused[CLUSTERS_MAX][2]; /* by switch-to, adopt */
        char told[TEXT_BYTES];                   /* what a person wrote because the status says so; "" nothing */
};

struct judge {
        struct judged_policy policies[POLICIES_MAX];
        struct measured measured[HOSTS_MAX][WORLD_PLANES_MAX];
        uint64_t seen_serial[HOSTS_MAX][POLICIES_MAX], life[HOSTS_MAX];
        bool sees_kill_switch[HOSTS_MAX];
        unsigned decisions;
};
extern struct judge judge;

/* "v=pk1 e=<epoch> id=<16 hex> p=... s=... [r=<epoch of the value>] ..." */
struct shown {
        bool is_ours;
        unsigned long long decided, id; /* of the text */
        unsigned long long epoch;       /* of the value */
};

/* A violation, where @broken is not NULL. */
void judge_holds(const char *broken, unsigned policy, uint64_t epoch);

int judge_policy(const char *name); /* its number; -1: none */
int judge_plane(const char *name);

/* judge_words.c: what records and registers say. */
bool record_on_lease(const json_t *lease, struct decision *ret);
int policy_of_lease(const json_t *lease, const char *target); /* @target: of the request, where the lease has no name */
struct shown shown_by(const struct reg *reg);
bool record_in_text(const char *text, unsigned policy, struct decision *ret);
/* The value that @decided wants. */
void value_of(unsigned policy, bool is_lock, const struct decision *decided, char *ret, size_t size);
bool is_shown(unsigned policy, bool is_lock, const struct decision *decided);

/* The newest decision of that epoch, and with that id; NULL: none. */
const struct decision *find_epoch(unsigned policy, uint64_t epoch);
const struct decision *find_decision(unsigned policy, uint64_t epoch, uint64_t id);
const struct decision *latest_decision(unsigned policy); /* of the record as it is; NULL: there is none */

/* judge_requests.c: what people asked for and were told. */
void take_answer(unsigned cluster, unsigned policy, const json_t *object, const struct host *by);
void check_request(const struct host *host, unsigned policy, const struct decision *next);

void judge_voice_begin(void);

void judge_jobs_begin(void);

/* judge_promotion.c: the Redis primary and the pipeline. */
void judge_promotion_begin(void);
void check_promotion(unsigned policy, const struct decision *decided); /* when its name is given, and when it is committed */
bool judge_is_primary(unsigned policy, const struct decision *decided); /* the Redis of its plane, where one moves */
bool judge_follows(unsigned policy, const struct decision *decided);   /* both are where it says */

/* judge_beside.c: what is so of a name besides its records. */
void check_claim(const struct host *host, unsigned policy);
void check_ready(const struct exchange *exchange);

/* judge_wire.c: whether @host may send it, as far as it can know. */
void check_decision(const struct host *host, unsigned policy, const struct decision *next);

#endif
