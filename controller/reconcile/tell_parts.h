/*
 * tell_parts.h -- internal to tell: one Event and one log line with the same reason word (tell_event.c), and the
 * metrics (tell_metrics.c).
 *
 * Threads: loop thread only.
 */
#ifndef PK_RECONCILE_TELL_PARTS_H
#define PK_RECONCILE_TELL_PARTS_H

#include "reconcile/policy.h"

void tell_event(struct policy *policy, bool is_warning, const char *reason, const char *action, const char *message);

void tell_metrics_leading(const char *election_id, bool is_leader);
void tell_metrics_policy(const struct policy *policy, const struct view *view, const struct decision *decision,
                         struct arena *arena);
void tell_metrics_armed(const struct policy *policy, bool is_armed, const char *reason);
void tell_metrics_judged(const struct policy *policy);
/* Whether a failover would happen by itself: a metric in every pass, an Event and a log line where the word is new. */
void tell_armed(struct policy *policy, const struct view *view, const struct decision *decision, struct arena *arena);
void tell_armed_invalid(struct policy *policy);
void tell_metrics_not_ready(const struct policy *policy);
void tell_metrics_late(void);
void tell_metrics_kill_switch(bool is_on, bool is_unclear);
void tell_metrics_prepared(const struct policy *policy, const char *outcome);
void tell_metrics_decided(const struct policy *policy, const struct record *record);
void tell_metrics_completed(const struct policy *policy, const struct record *record);
void tell_metrics_visit_failed(const char *target, enum err err);
void tell_metrics_switched(mono_ms took);
void tell_metrics_step(const char *step, int64_t took_us);

#endif
