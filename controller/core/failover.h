/*
 * failover.h -- the decision: from all facts about one policy to the one thing to do next, and why.
 *
 * Two pure steps: classify the facts into one finding (thresholds, gates, what the targets show; classify.h, one file
 * per phase), then look the pair (phase, finding) up in the table of rules.h. Progress is observed, never remembered:
 * calling again with the same facts gives the same answer, so a crash, a slow worker and a second operator are all the
 * same case.
 */
#ifndef PK_CORE_FAILOVER_H
#define PK_CORE_FAILOVER_H

#include "core/adopt.h"
#include "core/gates.h"
#include "core/mode.h"
#include "core/request.h"
#include "core/rules.h"
#include "core/sync.h"

/* How one target stands to the record, and what is to be given back as target_view.met_epoch and met_at. */
struct target_standing {
        enum sync sync;
        epoch_t met_epoch;
        mono_ms met_at;
        bool is_write_over; /* a write that failed is not tried again: nothing is left to be written there */
        bool is_blocking;   /* the later steps, and the commit, wait for it */
};

/* One target moved to the record's epoch, if it still shows what it showed. */
struct target_write {
        const struct target_view *target; /* NULL: nothing is to be written */
        const char *value;
        uint32_t ttl_s;
        struct stamp stamp;
        const char *former; /* another owner whose stamp there may be replaced (targets_former()); "" none */
};

struct attempt;

struct decision {
        enum phase phase;
        enum finding finding;
        const struct rule *rule;
        const char *why; /* one sentence for people: why, or why not */
        struct effective_mode mode;
        /* the operator is inside the active plane, and its checks pass: the heartbeat is to be renewed */
        bool vouches;
        bool rests;    /* nothing is under way and the active plane answers: servers may be asked what can wait */
        bool may_act;  /* Automatic in effect, not suspended, no kill switch: else nothing is recorded or written */
        epoch_t epoch; /* highest in the record and at the targets, 0 none: the next decision is this plus one */
        const struct plane_view *active;    /* while switching the plane that is becoming active; NULL: not known */
        const struct plane_view *candidate; /* the plane that would take over; NULL: none is fit */
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
        bool is_final; /* and the last: to be given back as view.policy.past while the annotation keeps its value */
        struct target_standing targets[TARGETS_MAX]; /* of view->targets */
        enum step step;                /* the first unmet one of a switch */
        const struct target_view *at;  /* the target that the finding is about; NULL: none */
        struct target_write write;     /* WRITE */
        struct target_write beside[TARGETS_MAX]; /* more targets, beside the step under way (beside.h) */
        unsigned beside_count;
        unsigned looks;                /* READ: a bit for each of view->targets that is to be looked at */
        unsigned looks_beside;         /* the same, for the writes beside */
        const struct attempt *attempt; /* the decision to carry out in place of this one; NULL: this one */
        const struct record *next; /* the record to write, where the action is to write one; NULL otherwise */
        /* DECIDE: it is the switch that this process has prepared, so its first effect goes beside it. */
        bool is_prepared;
        /* The next failure of the active plane would decide: the policy is read beside that probe (decision 057). */
        bool is_next;
        mono_ms wake_at;           /* look again then even if nothing happens; 0: no need */
};

/*
 * A decision that its store refused is tried again, because only a try shows whether it is still refused. Until then
 * people are told of the refusal.
 */
struct attempt {
        struct view view;
        struct decision decision;
};

/* Everything that *ret points to lives in @arena or is borrowed from @view. */
void failover_decide(const struct view *view, struct arena *arena, struct decision *ret);

/* Whether any target stands so. */
bool failover_stands(const struct view *view, const struct decision *decision, enum sync sync);
/* Whether any target does that is waited for. */
bool failover_is_blocked(const struct view *view, const struct decision *decision, enum sync sync);
/* Of those that drift the one that matters most: names before others, since agents follow them; target_count: none. */
unsigned failover_first_drift(const struct view *view, const struct decision *decision);
/* Whether any of those that lead agents does, and whether all of them show the record. */
bool failover_names_stand(const struct view *view, const struct decision *decision, enum sync sync);
bool failover_names_are_met(const struct view *view, const struct decision *decision);

enum { VERIFY_WAIT_MS = 30000, VERIFY_FIRST_ANSWER_MS = 3000 };

#endif
