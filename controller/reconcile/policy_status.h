/* policy_status.h -- what kubectl shows of a policy: the core's report as the status that the CRD describes. */
#ifndef PK_RECONCILE_POLICY_STATUS_H
#define PK_RECONCILE_POLICY_STATUS_H

#include "reconcile/policy.h"

json_t *policy_status_build(struct status_mark *mark, struct condition_list *ret_conditions);
/* What only the status remembers (history, the last switch and answer) is taken over: by a leader at first sight of the
 * object, by others from whatever the leader of the moment writes. */
void policy_status_restore(struct policy *policy, const json_t *object);

#endif
