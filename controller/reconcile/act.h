/*
 * act.h -- the pass of one policy: gather the facts, let the core decide, do the one thing it says, tell what is new.
 */
#ifndef PK_RECONCILE_ACT_H
#define PK_RECONCILE_ACT_H

#include "reconcile/effect.h"
#include "reconcile/policy.h"

void act_pass(struct policy *policy);
/* Read the targets whose own records (30 s) or whose mechanism (10 s, for all policies) are due. */
void act_read_due_targets(struct policy *policy);
void act_effect_done(struct policy *policy, struct effect *effect);

#endif
