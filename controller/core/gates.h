/*
 * gates.h -- the conditions of a decision, each with its own sentence. A gate passes or blocks. Pure.
 *
 * An automatic failover passes all of them; a person's request and a failback pass those that speak of the target side.
 * Which apply to which purpose is one table in gates.c.
 */
#ifndef PK_CORE_GATES_H
#define PK_CORE_GATES_H

#include "core/health.h"
#include "util/arena.h"

/* In the order in which people want to read them: the first that blocks is the reason. */
#define GATE_LIST(X)                                  \
        X(GATE_MAINTENANCE, "MaintenanceUntil")       \
        X(GATE_ACTIVE_DOWN, "ActiveDown")             \
        X(GATE_CONTRADICTION, "PathDownDeploymentUp") \
        X(GATE_NOT_LATE, "LoopLate")                  \
        X(GATE_ARBITER, "ArbiterUnreachable")         \
        X(GATE_NOT_ISOLATED, "Isolated")              \
        X(GATE_DISSENT, "Dissent")                    \
        X(GATE_HELPS, "SameSymptomEverywhere")        \
        X(GATE_CANDIDATE, "NoFitStandby")             \
        X(GATE_ROLLOUT, "RolloutInProgress")          \
        X(GATE_MECHANISMS, "MechanismUnreachable")    \
        X(GATE_NO_DRIFT, "Drift")                     \
        X(GATE_COOLDOWN, "CoolingDown")               \
        X(GATE_LIMIT, "MaxSwitchesReached")           \
        X(GATE_BLAST, "SwitchRateLimited")

#define GATE_ENUM(name, text) name,
enum gate { GATE_LIST(GATE_ENUM) GATE_COUNT };
#undef GATE_ENUM

struct gate_verdict {
        enum gate gate;
        bool passes;
        const char *text; /* the finding, for people */
        mono_ms wake_at;  /* when it may pass by time alone; 0 unknown */
};

/* The kind of decision: it selects the gates. */
enum purpose {
        PURPOSE_FAILOVER,
        PURPOSE_REQUEST,  /* a person's, and the record's own plane under new values */
        PURPOSE_TAKEOVER, /* a person's, where the targets do not name one plane: no reason to refuse */
        PURPOSE_RETARGET, /* a person's, from an unfinished switch to other targets: the old may be gone */
        PURPOSE_FAILBACK,
        PURPOSE_SUPERSEDE, /* the new active was lost during its switch */
        PURPOSE_ARMED,     /* none: the gates that would block a failover, were the active plane down now */
        PURPOSE_ENFORCE,   /* a person's edit is put back: nothing moves, but a target is written */
        PURPOSE_PREPARE,   /* a failover that would be decided by the next failure */
        PURPOSE_COUNT
};

struct gates {
        struct gate_verdict verdicts[GATE_COUNT];
        unsigned count;
        unsigned passed;
        int blocked;     /* index of the first that blocks; -1 when all pass */
        mono_ms wake_at; /* earliest wake_at of those that block; 0 none */
};

/* The question: may @purpose move from @active to @candidate? */
struct gate_question {
        enum purpose purpose;
        const struct plane_view *active;    /* NULL: not known, for a person's request only */
        const struct plane_view *candidate; /* NULL: none is fit, and why_none says why */
        const char *why_none;
};

struct gates gates_evaluate(const struct view *view, const struct gate_question *question, struct arena *arena);

const char *gate_name(enum gate gate);
/* "gate CoolingDown blocks: cooling down until ...": a wait for a gate names it. */
const char *gate_blocks(const struct gate_verdict *verdict, struct arena *arena);
/* When the cooldown of the record ends; 0: it does not cool down, or a person has acknowledged. */
mono_ms gates_cooldown_end(const struct view *view);
bool gate_applies(enum gate gate, enum purpose purpose);

/* The failoverDelay in force: 30 s, or 60 s where the planes' regions differ, unless the policy says otherwise. */
mono_ms gates_failover_delay(const struct view *view);

/*
 * How long the heartbeat of the active plane must have been silent: failoverDelay, but at least three of its renewals.
 */
mono_ms gates_dissent_window(const struct view *view);

enum { CONTRADICTION_DELAY_MS = 120000, ROLLOUT_LIMIT_MS = 600000, MECHANISM_FRESH_MS = 25000 };

#endif
