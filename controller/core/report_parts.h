/* report_parts.h -- internal to the report: whom it is about, and its conditions. Use report_build() instead. */
#ifndef PK_CORE_REPORT_PARTS_H
#define PK_CORE_REPORT_PARTS_H

#include "core/report.h"

/*
 * Who serves the agents and who could take over, as people see it; the decision looks one step ahead while it switches.
 */
struct report_roles {
        const struct plane_view *active; /* NULL: not known, or no longer in spec.planes */
        const char *active_name;         /* "Unknown" where not known */
        struct plane_health health;      /* of the active plane */
        const struct plane_view *candidate;
        const char *why_no_candidate;
};

struct report_roles report_roles_of(const struct view *view, const struct decision *decision, struct arena *arena);

/* What we would record next is not taken, and nothing moves before it is. */
bool report_is_record_refused(const struct view *view, const struct decision *decision);

/* Fills the conditions, and state and message, which are those of Ready. */
void report_conditions(const struct view *view, const struct decision *decision, const struct report_roles *roles,
                       struct arena *arena, struct report *ret);

#endif
