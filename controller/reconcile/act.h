/*
 * act.h -- the pass of one policy: gather the facts, let the core decide, do the one thing it says, tell what is new.
 *
 * There is one evaluation in a pass, and status, effects, Events and metrics are made of it.
 */
#ifndef PK_RECONCILE_ACT_H
#define PK_RECONCILE_ACT_H

#include "reconcile/effect.h"
#include "reconcile/policy.h"

void act_pass(struct policy *policy);
/* The same, for a status that was queued: it is built by this pass. The policy has a spec, or a spec_error. */
json_t *act_pass_for_status(struct policy *policy, struct condition_list *ret_conditions);
/* Read the targets whose own records (30 s) or whose mechanism (10 s, for all policies) are due. */
void act_read_due_targets(struct policy *policy);
void act_effect_done(struct policy *policy, struct effect *effect);

#endif
