/* policy_status.h -- the status of a policy: the core's report in the form that the CRD describes. */
#ifndef PK_RECONCILE_POLICY_STATUS_H
#define PK_RECONCILE_POLICY_STATUS_H

#include "reconcile/policy.h"

/* As a pass has judged it. */
json_t *policy_status_of(const struct policy *policy, const struct view *view, const struct decision *decision,
                         struct arena *arena, struct condition_list *ret_conditions);
/* Of a policy whose spec_error says why it cannot be judged. */
json_t *policy_status_invalid(const struct policy *policy, struct condition_list *ret_conditions);
/* Takes over the facts that only the status keeps (history, the last switch and answer): a leader when it first sees
 * the object, other replicas whenever the leader writes it. */
void policy_status_restore(struct policy *policy, const json_t *object);

#endif
