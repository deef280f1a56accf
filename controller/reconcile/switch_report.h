/*
 * switch_report.h -- decisions and switches as JSON for status and as lines for the log.
 *
 * Ownership: JSON references are the caller's.
 */
#ifndef PK_RECONCILE_SWITCH_REPORT_H
#define PK_RECONCILE_SWITCH_REPORT_H

#include "core/runbook.h"
#include "reconcile/policy.h"

/* status.lastDecision: the record, every gate with what was found, and what all of it rested on. */
json_t *switch_report_decision(const struct record *next, const struct view *view, const struct decision *decision);
/*
 * Puts a decision that came to its end into the history, and a switch into last_switch too; false where it was there
 * already. What was only found at the first look is no entry.
 */
bool switch_report_complete(struct policy *policy, const struct record *record);
/* With the tools of the drivers that the spec of the policy names. */
void switch_report_runbook(const struct policy *policy, const struct view *view, const struct decision *decision,
                           struct arena *arena, struct runbook *ret);
void switch_report_log_runbook(struct policy *policy, const struct view *view, const struct decision *decision,
                               struct arena *arena);

json_t *switch_report_gates(const struct decision *decision);
json_t *switch_report_text(const char *text); /* a sentence, cut where it is longer than a person reads */
json_t *switch_report_time(unix_ms at);       /* null for 0 */

#endif
