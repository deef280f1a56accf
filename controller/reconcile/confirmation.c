/* confirmation.c -- for which decision a policy was read. */
#include "reconcile/confirmation.h"

#include "reconcile/policy.h"
#include "runtime/clock.h"

void confirmation_take(struct policy *policy)
{
        trouble_over(policy->manager, TROUBLE_POLICY_READ, policy);
        policy->confirmation.epoch = policy->confirmation.asked_epoch;
        policy->account.times.confirmed_us = clock_mono_us();
}

void confirmation_recorded(struct policy *policy, const struct record *written)
{
        struct confirmation *confirmation = &policy->confirmation;
        const struct record *record = policy->keeper.record;
        const bool is_in_force = written && record && record->epoch == written->epoch && record->id == written->id;
        if (confirmation->is_ahead && is_in_force)
                confirmation_take(policy);
        confirmation->is_ahead = false;
        if (!is_in_force && confirmation->call) { /* it was sent for what another has decided, or nobody */
                kube_cancel(confirmation->call);
                confirmation->call = NULL;
                permit_return(policy->manager);
        }
}
