/*
 * tell.h -- reports for people and dashboards: one log line, one Event and one metric per fact, with the same reason
 * word, once per change.
 */
#ifndef PK_RECONCILE_TELL_H
#define PK_RECONCILE_TELL_H

#include "reconcile/effect.h"
#include "reconcile/policy.h"

void tell_setup(const char *election_id); /* registers the metrics */
void tell_pass(struct policy *policy, const struct view *view, const struct decision *decision, struct arena *arena);
void tell_pass_time(int64_t took_us, bool comes_again);
void tell_invalid(struct policy *policy);
/* Events on its planes; called before the last verdicts of the planes are replaced. */
void tell_planes(struct policy *policy, const struct view *view, const struct decision *decision, struct arena *arena);
void tell_late(mono_ms late_ms);
void tell_what_is_shared(struct policy *policy); /* to a policy, of all its planes: who leads from now on says it */
void tell_shared(struct policy *policy, const struct plane *plane); /* that @policy names from now on */
/* policy->keeper.write is on its way. */
void tell_decided(struct policy *policy, const struct view *view, const struct decision *decision);
void tell_recorded(struct policy *policy, struct record_write *write); /* and has arrived; its report is taken */
void tell_effect_done(struct policy *policy, const struct effect *effect);
void tell_effect_failed(struct policy *policy, const struct effect *effect);
void tell_kill_switch(struct manager *manager); /* thrown, released, or not understood */
/* Removes the metrics of a replica that no longer leads: nobody keeps them up to date. */
void tell_not_leading(void);
void tell_leading(const struct manager_options *options, bool is_leader);
void tell_forget_planes(struct policy *policy);
void tell_forget(struct policy *policy); /* its metrics go with it */

#endif
