/* confirmation.c -- for which decision a policy was read. */
#include "reconcile/confirmation.h"

#include <string.h>

#include "reconcile/policy.h"
#include "runtime/clock.h"

static const struct plane *plane_named(const struct policy *policy, const char *name)
{
        size_t i = 0;
        while (i + 1 < policy->plane_count && strcmp(policy->planes[i].plane->name, name) != 0)
                i++;
        return policy->planes[i].plane;
}

/* The next probe may have begun before the pass that looks at the one before. */
static void note_under_way(struct policy *policy, const struct decision *decision)
{
        struct confirmation *confirmation = &policy->confirmation;
        if (!decision->is_next || plane_begins_us(plane_named(policy, decision->active->name)) <= confirmation->sent_us)
                return;
        confirmation->is_due = true;
        policy->manager->has_reads_due = true;
}

/* A decision that waits long enough finds its looks old: what it waits for is the same, as long as the outage is. */
static bool goes_on(const struct confirmation *confirmation, const struct decision *decision)
{
        const struct plane_health *health = &decision->active_health;
        const enum action then = decision->rule->then;
        return confirmation->failing_since == health->failing_since &&
               (then == DO_DECIDE || (then == DO_READ && health->verdict == VERDICT_DOWN));
}

/*
 * Where the pass before said that the next failure decides, and this one decides that the plane is down, a probe has
 * failed in between, and nothing else has brought it about. It stays so while the decision waits for a permit.
 */
void confirmation_judge(struct policy *policy, const struct decision *decision)
{
        struct confirmation *confirmation = &policy->confirmation;
        const bool is_due = decision->rule->then == DO_DECIDE;
        const bool is_by_probe = confirmation->is_next && decision->finding == FINDING_ACTIVE_DOWN;
        if (!goes_on(confirmation, decision))
                confirmation->since_us = 0;
        if (is_due && !confirmation->since_us)
                confirmation->since_us =
                    is_by_probe ? plane_began_us(plane_named(policy, decision->active->name)) : clock_mono_us();
        confirmation->failing_since = decision->active_health.failing_since;
        confirmation->is_next = decision->is_next;
        if (!confirmation->since_us && !decision->is_next) {
                confirmation->is_due = false;
                confirmation->read_us = 0;
        }
        note_under_way(policy, decision);
}

bool confirmation_is_fresh(const struct confirmation *confirmation, int64_t sent_us)
{
        return sent_us && confirmation->since_us && sent_us >= confirmation->since_us;
}

bool confirmation_is_under_way(const struct confirmation *confirmation)
{
        return confirmation->call || confirmation->is_listed;
}

bool confirmation_is_coming(const struct confirmation *confirmation)
{
        return confirmation_is_under_way(confirmation) && confirmation->is_early &&
               confirmation_is_fresh(confirmation, confirmation->sent_us);
}

bool confirmation_is_awaited(const struct confirmation *confirmation)
{
        return confirmation_is_under_way(confirmation) && !confirmation->is_early;
}

void confirmation_sent(struct policy *policy)
{
        policy->confirmation.turns = policy->status.known.turns;
        policy->confirmation.sent_us = clock_mono_us();
}

void confirmation_take(struct policy *policy)
{
        trouble_over(policy->manager, TROUBLE_POLICY_READ, policy);
        policy->confirmation.epoch = policy->confirmation.asked_epoch;
        policy->account.times.confirmed_us = clock_mono_us();
}

void confirmation_take_ahead(struct policy *policy)
{
        if (policy->confirmation.is_ahead)
                confirmation_take(policy);
        policy->confirmation.is_ahead = false;
}

void confirmation_recorded(struct policy *policy, const struct record *written)
{
        struct confirmation *confirmation = &policy->confirmation;
        const struct record *record = policy->keeper.record;
        const bool is_in_force = written && record && record->epoch == written->epoch && record->id == written->id;
        if (is_in_force)
                confirmation_take_ahead(policy);
        confirmation->is_ahead = false;
        confirmation->since_us = 0;
        if (!is_in_force && confirmation_is_awaited(confirmation)) /* for what another has decided, or nobody */
                confirmation_abandon(policy);
}

void confirmation_abandon(struct policy *policy)
{
        struct kube_call *call = policy->confirmation.call;
        policy->confirmation.call = NULL;
        policy->confirmation.is_listed = policy->confirmation.is_early = false;
        if (!call)
                return;
        kube_cancel(call);
        permit_return(policy->manager);
}

void confirmation_forget(struct policy *policy)
{
        struct confirmation *confirmation = &policy->confirmation;
        confirmation_abandon(policy);
        confirmation->is_ahead = confirmation->is_next = confirmation->is_due = false;
        confirmation->read_us = confirmation->since_us = 0;
}
