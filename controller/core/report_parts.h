/*
 * report_parts.h -- internal to the report: whom it is about, its troubles, its conditions. Use report_build() instead.
 */
#ifndef PK_CORE_REPORT_PARTS_H
#define PK_CORE_REPORT_PARTS_H

#include "core/report.h"

/*
 * The plane that serves the agents and those that could take over, for people. During a switch the decision is one step
 * ahead of that.
 */
struct report_roles {
        const struct plane_view *active; /* NULL: not known, or no longer in spec.planes */
        const char *active_name;         /* "Unknown" where not known */
        struct plane_health health;      /* of the active plane */
        const struct plane_view *candidate;
        const char *why_no_candidate;
};

/* The store refuses the next record, and nothing moves before it takes one. */
bool report_is_record_refused(const struct view *view, const struct decision *decision);

/* The input of the setters of one report. */
struct report_subject {
        const struct view *view;
        const struct decision *decision;
        const struct report_roles *roles;
        struct arena *arena;
};

enum { TROUBLES_MAX = 64, TROUBLES_TOLD_MAX = 5, WORST_BYTES_MAX = 640, TROUBLE_BYTES_MAX = 240 };

/* Everything that is lacking, worst first: its word and its sentence. */
struct trouble {
        const char *reason;
        const char *text;
};
struct troubles {
        struct trouble items[TROUBLES_MAX];
        unsigned count;
};

void troubles_add(struct troubles *troubles, const char *reason, const char *text);
/*
 * "<first>; also: <reason>: <text>; ...; and 2 more": each one bounded, so that none can hide the rest; the first has
 * room for a command.
 */
const char *troubles_text(const struct troubles *troubles, struct arena *arena);

/* The list behind Degraded; empty where nothing is lacking. */
void report_troubles(const struct report_subject *subject, struct troubles *ret);

/* Fills the conditions, and state and message, which are those of Ready. */
void report_conditions(const struct view *view, const struct decision *decision, const struct report_roles *roles,
                       struct arena *arena, struct report *ret);

#endif
