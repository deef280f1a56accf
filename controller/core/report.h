/*
 * report.h -- the decision as people see it: conditions, the printed columns, the sentence. Pure.
 *
 * Messages hold what was fixed at a transition (points in time, never running durations), so that an unchanged state is
 * an unchanged status.
 *
 * Source: the status contract in README.md ("Status"): Reconciling and Stalled only while True, never both; at most
 *         eight conditions.
 */
#ifndef PK_CORE_REPORT_H
#define PK_CORE_REPORT_H

#include "core/failover.h"

enum { REPORT_CONDITIONS_MAX = 8 };
enum report_status { REPORT_FALSE, REPORT_TRUE, REPORT_UNKNOWN };

struct report_condition {
        const char *type;
        enum report_status status;
        const char *reason;
        const char *message;
};

/* Whether a failover would happen without a person, if the active plane went down now. */
struct report_armed {
        bool is_armed;
        bool is_passing;     /* why not is something that mostly ends by itself within seconds */
        const char *reason;  /* "Armed", or in one word why not: the worst of all that is in the way */
        const char *message; /* one sentence: until when, and the command that arms; then what else is in the way */
        mono_ms until;       /* when the passing of time may arm it; 0 unknown */
};

struct report {
        struct report_condition conditions[REPORT_CONDITIONS_MAX];
        unsigned condition_count;
        const char *state;    /* STATUS column */
        const char *mode;     /* MODE column */
        const char *active;   /* ACTIVE column; "Unknown" where not known */
        const char *standby;  /* "1/1": fit ones of all others */
        const char *step;     /* "Lock (2/4)", "-" */
        const char *armed;    /* ARMED column: "True", or the one word why not */
        const char *failover; /* "Possible", "NoStandby", "ByHand" */
        const char *message;  /* one sentence */
        epoch_t epoch;
};

void report_build(const struct view *view, const struct decision *decision, struct arena *arena, struct report *ret);

/* Whether Ready is True: the policy is in force and its active plane healthy, whichever that is. */
bool report_is_ready(const struct view *view, const struct decision *decision, struct arena *arena);
struct report_armed report_armed_of(const struct view *view, const struct decision *decision, struct arena *arena);
/* The reason for which a switch waits at a target, "RedisUnavailable", or a decision at the arbiter, "RecordRefused";
 * NULL: it does not. */
const char *report_blocked_by(const struct view *view, const struct decision *decision);
/* Why that is decided, and what keeps it from being recorded. */
const char *report_why(const struct view *view, const struct decision *decision, struct arena *arena);

/* "2m31s", "0.4s": durations as people write them. */
const char *report_duration(mono_ms duration_ms, struct arena *arena);

#endif
