/* admission.c -- permits for the requests of passes to the API server, the urgent ones first. */
#include "reconcile/admission.h"

#include <stddef.h>

#include "reconcile/manager.h"
#include "reconcile/policy.h"
#include "util/mem.h"

static void enqueue(struct admission *admission, struct policy *policy, enum urgency urgency)
{
        struct policy *last = admission->waiting[urgency].last;
        policy->permit = (struct permit){.is_waiting = true, .urgency = urgency, .previous = last};
        *(last ? &last->permit.next : &admission->waiting[urgency].first) = policy;
        admission->waiting[urgency].last = policy;
}

static void dequeue(struct admission *admission, struct policy *policy)
{
        enum urgency urgency = policy->permit.urgency;
        struct policy *previous = policy->permit.previous, *next = policy->permit.next;
        *(previous ? &previous->permit.next : &admission->waiting[urgency].first) = next;
        *(next ? &next->permit.previous : &admission->waiting[urgency].last) = previous;
        policy->permit = (struct permit){0};
}

/* The first of the most urgent policies that wait; NULL where all that wait are less urgent than @than. */
static struct policy *next_waiting(const struct admission *admission, enum urgency than)
{
        for (unsigned urgency = 0; urgency <= than; urgency++)
                if (admission->waiting[urgency].first)
                        return admission->waiting[urgency].first;
        return NULL;
}

static void grant_free(struct admission *admission)
{
        struct policy *policy;
        while (admission->permits < PERMITS_MAX && (policy = next_waiting(admission, URGENCY_REST)) != NULL) {
                dequeue(admission, policy);
                policy->permit.is_granted = true;
                admission->permits++;
                policy_wake_first(policy); /* thousands of passes may be queued, and permits are few */
        }
}

bool permit_take(struct policy *policy, enum urgency urgency)
{
        struct admission *admission = &policy->manager->admission;
        if (policy->permit.is_granted) {
                policy->permit.is_granted = false;
                return true;
        }
        if (policy->permit.is_waiting && policy->permit.urgency <= urgency)
                return false;
        if (policy->permit.is_waiting)
                dequeue(admission, policy);
        if (admission->permits < PERMITS_MAX && !next_waiting(admission, urgency)) {
                admission->permits++;
                return true;
        }
        enqueue(admission, policy, urgency);
        return false;
}

bool permit_take_free(struct manager *manager)
{
        struct admission *admission = &manager->admission;
        if (admission->permits >= PERMITS_MAX || next_waiting(admission, URGENCY_REST))
                return false;
        admission->permits++;
        return true;
}

void permit_return(struct manager *manager)
{
        INVARIANT(manager->admission.permits > 0);
        manager->admission.permits--;
        grant_free(&manager->admission);
}

void permit_return_unused(struct policy *policy)
{
        if (!policy->permit.is_granted)
                return;
        policy->permit.is_granted = false;
        permit_return(policy->manager);
}

void permit_withdraw(struct policy *policy)
{
        if (policy->permit.is_waiting)
                dequeue(&policy->manager->admission, policy);
        permit_return_unused(policy);
}
