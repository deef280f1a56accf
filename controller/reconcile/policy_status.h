/* policy_status.h -- what kubectl shows of a policy: the core's report as the status that the CRD describes. */
#ifndef PK_RECONCILE_POLICY_STATUS_H
#define PK_RECONCILE_POLICY_STATUS_H

#include "reconcile/policy.h"

/* As a pass has judged it. */
json_t *policy_status_of(const struct policy *policy, const struct view *view, const struct decision *decision,
                         struct arena *arena, struct condition_list *ret_conditions);
/* Of a policy whose spec_error says why it cannot be judged. */
json_t *policy_status_invalid(const struct policy *policy, struct condition_list *ret_conditions);
/* What only the status remembers (history, the last switch and answer) is taken over: by a leader at first sight of the
 * object, by others from whatever the leader of the moment writes. */
void policy_status_restore(struct policy *policy, const json_t *object);

#endif
