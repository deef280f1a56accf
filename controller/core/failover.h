/*
 * failover.h -- the decision: from everything that is known of one policy to the one thing to do next, and why.
 *
 * Two pure steps: classify the facts into one finding (thresholds, gates, what the targets show; classify.h, one file
 * per phase), then look the pair (phase, finding) up in the table of rules.h. Progress is observed, never remembered:
 * calling again with the same facts gives the same answer, so a crash, a slow worker and a second operator are all the
 * same case.
 */
#ifndef PK_CORE_FAILOVER_H
#define PK_CORE_FAILOVER_H

#include "core/adopt.h"
#include "core/fence.h"
#include "core/gates.h"
#include "core/mode.h"
#include "core/request.h"
#include "core/rules.h"

struct decision {
        enum phase phase;
        enum finding finding;
        const struct rule *rule;
        const char *why; /* one sentence for a person: why, or why not */
        struct effective_mode mode;
        bool vouches;  /* I run inside the active plane, and its checks pass: whoever shares the register is to know */
        bool may_act;  /* Automatic in effect, not suspended, no kill switch: else nothing is recorded or written */
        epoch_t epoch; /* highest in the record and at the targets, 0 none: the next decision is this plus one */
        const struct plane_view *active;    /* while switching the plane that is becoming active; NULL: not known */
        const struct plane_view *candidate; /* who would take over; NULL: nobody is fit */
        const char *why_no_candidate;
        struct plane_health active_health;
        enum verdict verdicts[PLANES_MAX];  /* to be given back as plane_view.was */
        mono_ms verdicts_since[PLANES_MAX]; /* and as plane_view.was_since */
        bool has_gates;
        struct gates gates;
        const char *lost; /* the plane that a switch moves to fails, and why it is not left for another; "" otherwise */
        const char *held_return; /* a due return to a preferred plane, and the gate that blocks it; "" otherwise */
        const char *held_update; /* new values of the active plane, and the gate that blocks them; "" otherwise */
        struct request request;
        const char *answer; /* to the request; "" where there is none */
        bool is_final;      /* and the last: to be given back as view.policy.past while the annotation keeps its value */
        enum fence dns;
        enum fence lock;
        enum step
            step; /* the first unmet step of a switch; for DO_REASSERT the target to write: STEP_LOCK or STEP_ROUTE */
        unsigned looks;            /* READ: LOOK_* of looks.h */
        const struct record *next; /* ADOPT, DECIDE, ABORT, COMMIT: the record to write; NULL otherwise */
        mono_ms wake_at;           /* look again then even if nothing happens; 0: no need */
};

/* Everything that *ret points to lives in @arena or is borrowed from @view. */
void failover_decide(const struct view *view, struct arena *arena, struct decision *ret);

enum { VERIFY_WAIT_MS = 30000, VERIFY_FIRST_ANSWER_MS = 3000 };

#endif
