/*
 * rules.h -- the failover state machine as a table: one row per legal (phase of the record, finding), so that order
 * never matters.
 *
 * The reason is one word for condition, Event, metric and log. rules_print() dumps the table; its dump is a golden
 * file.
 */
#ifndef PK_CORE_RULES_H
#define PK_CORE_RULES_H

#include "core/types.h"
#include "util/strbuf.h"

#define FINDING_LIST(X)                                                                                            \
        X(FINDING_OBSERVING)           /* facts are still missing after a start */                                 \
        X(FINDING_RECORD_UNREADABLE)   /* the record cannot be read, or contradicts itself */                      \
        X(FINDING_PLAN_MISMATCH)       /* its plan is another than this operator's spec and planes give */         \
        X(FINDING_CREDENTIALS)         /* a Secret is missing or malformed */                                      \
        X(FINDING_RIVAL)               /* an older policy holds the same name or lock */                           \
        X(FINDING_PLANE_MISSING)       /* a plane that matters has no ManagementPlane */                           \
        X(FINDING_TARGET_UNAVAILABLE)  /* a target does not answer, and its state is not known */                  \
        X(FINDING_TARGET_REFUSED)      /* a target refuses visits until a person acts */                           \
        X(FINDING_FOREIGN_OWNER)       /* the stamp at a target is another owner's */                              \
        X(FINDING_LOOK_OLD)            /* the next action rests on a look at a target that is too old */           \
        X(FINDING_STAMP_UNREADABLE)    /* or one that cannot be read and names no other owner */                   \
        X(FINDING_EPOCHS_EXHAUSTED)    /* the last possible epoch was decided, or written by a person */           \
        X(FINDING_UNKNOWN_TARGET)      /* the targets do not name exactly one plane */                             \
        X(FINDING_ADDRESS_PENDING)     /* they do not yet: a plane has no address so far */                        \
        X(FINDING_ADOPTABLE)           /* they do: record it */                                                    \
        X(FINDING_EPOCH_AHEAD)         /* the targets carry a later epoch of this policy's: the record is older */ \
        X(FINDING_ADOPT_REQUESTED)                                                                                 \
        X(FINDING_SWITCH_CONFIRMED)                                                                                \
        X(FINDING_SWITCH_REQUESTED)                                                                                \
        X(FINDING_TARGET_BEHIND)       /* a target carries an older epoch: write the record there */               \
        X(FINDING_DRIFT)                                                                                           \
        X(FINDING_NAME_EMPTY)          /* the name has no value, and a person has to say that it shall have one */ \
        X(FINDING_DRIFT_ENFORCED)      /* and the policy says that it is to be put back */                         \
        X(FINDING_PLAN_OUTDATED)       /* the active plane's address or the spec's values changed */               \
        X(FINDING_MAINTENANCE)         /* the active plane is worked on, and does not look healthy */              \
        X(FINDING_ACTIVE_UNKNOWN)      /* the active plane is not observed, or not yet long enough */              \
        X(FINDING_ACTIVE_FAILING)      /* down by the probes, but not yet for failoverDelay */                     \
        X(FINDING_ACTIVE_DOWN)         /* and every gate passes */                                                 \
        X(FINDING_ACTIVE_DOWN_BLOCKED) /* but a gate blocks */                                                     \
        X(FINDING_AWAITING_HUMAN)      /* but nothing may be done: Advise, suspended, kill switch */               \
        X(FINDING_FAILBACK_DUE)                                                                                    \
        X(FINDING_STEADY)                                                                                          \
        X(FINDING_UNCONFIRMED)         /* the policy was not read again since this epoch was recorded */           \
        X(FINDING_STOPPED_MIDWAY)      /* suspended, Advise or kill switch in the middle of a switch */            \
        X(FINDING_STEP_UNMET)          /* a target of the next step is behind: write the record there */           \
        X(FINDING_STEP_SETTLING)       /* written, and not yet known to be on a replica */                         \
        X(FINDING_STEP_PENDING)        /* accepted, and true later: it is looked at until it shows */              \
        X(FINDING_NAME_UNFIT)          /* Route is next, and DNS does not lead agents to the new plane */          \
        X(FINDING_SERVER_BEHIND)       /* another authoritative server still answers old data */                   \
        X(FINDING_ALL_MET)                                                                                         \
        X(FINDING_ACTIVE_RECOVERED)    /* the old active is back before anything was changed */                    \
        X(FINDING_TARGET_LOST)         /* the new active is down and another plane is fit */                       \
        X(FINDING_PREPARABLE)          /* the next failure would decide, and nothing else is in the way */         \
        X(FINDING_PREPARED_UNUSED)     /* the plane passes again, and what this process prepared was not begun */  \
        X(FINDING_PREPARED_LEFT)       /* the same of what another process prepared, and may have begun */         \
        X(FINDING_PREPARED_SHOWN)      /* a target shows it: it was begun */                                       \
        X(FINDING_BEGUN_UNRECORDED)    /* it was begun, and what comes next waits until the record says so */

#define FINDING_ENUM(name) name,
enum finding { FINDING_LIST(FINDING_ENUM) FINDING_COUNT };
#undef FINDING_ENUM

#define DO_LIST(X)                                                             \
        X(DO_WAIT)                                                             \
        X(DO_REPORT)   /* and change nothing */                                \
        X(DO_ADOPT)    /* record the state of the targets under a new epoch */ \
        X(DO_DECIDE)   /* record a switch under a new epoch */                 \
        X(DO_ABORT)    /* record the way back under a new epoch */             \
        X(DO_PREPARE)  /* record a switch beside the record in force */        \
        X(DO_GIVE_UP)  /* and record that it was not needed */                 \
        X(DO_READ)     /* read the targets again that the action rests on */   \
        X(DO_CONFIRM)  /* read the policy once more, uncached */               \
        X(DO_WRITE)    /* bring the record's epoch and value to a target */    \
        X(DO_COMMIT)

#define DO_ENUM(name) name,
enum action { DO_LIST(DO_ENUM) DO_COUNT };
#undef DO_ENUM

/*
 * The meaning of a finding for Ready, Reconciling and Stalled; or the fact that decides it, where the finding alone
 * does not.
 */
enum meaning {
        MEANS_PROGRESSING = 1, /* it goes on by itself as soon as it can */
        MEANS_STALLED,         /* a person has to mend it */
        MEANS_UNKNOWN,
        MEANS_HEALTH,  /* a target that is being brought to the record's epoch says nothing: the active plane's health
                          does */
        MEANS_EDIT,    /* by whether it is put back, and whether agents are led astray meanwhile */
        MEANS_REFUSAL, /* stalled once it lasts */
        MEANS_PLANE,   /* stalled where the spec does not name the active plane */
        MEANS_STEADY,  /* by what else is lacking */
        MEANS_COUNT
};

enum rule_flag {
        RULE_NEWS = 1,          /* people are told once, with the runbook */
        RULE_AUTOMATIC = 2,     /* counts for cooldown and maxSwitches */
        RULE_ASKED = 4,         /* a person has seen what the targets show */
        RULE_BARS_FAILOVER = 8, /* the health of the active plane is not even asked for */
};

struct rule {
        enum phase phase;
        enum finding finding;
        enum action then;
        const char *reason;
        const char *state; /* the word in the STATUS column */
        enum meaning means;
        unsigned flags; /* RULE_* */
};

/* NULL where the table has no such row: that finding cannot be made in that phase. */
const struct rule *rule_find(enum phase phase, enum finding finding);
const struct rule *rule_at(size_t index); /* NULL past the end */
void rules_print(struct strbuf *dump);
const char *finding_name(enum finding finding);
const char *action_name(enum action action);
/* Whether it only records what is prepared beside the record in force, or no more: nothing is decided by it. */
bool action_is_aside(enum action action);

#endif
