/* line.c -- whose turn it is at the API server. */
#include "reconcile/line.h"

#include <stddef.h>

#include "reconcile/manager.h"
#include "reconcile/policy.h"
#include "util/mem.h"

static void get_in_line(struct line *line, struct policy *policy, enum urgency urgency)
{
        struct policy *last = line->waiting[urgency].last;
        policy->place = (struct place){.is_waiting = true, .urgency = urgency};
        *(last ? &last->place.next : &line->waiting[urgency].first) = policy;
        line->waiting[urgency].last = policy;
}

static void get_out_of_line(struct line *line, struct policy *policy)
{
        enum urgency urgency = policy->place.urgency;
        struct policy *before = NULL;
        for (struct policy *at = line->waiting[urgency].first; at != policy; at = at->place.next)
                before = at;
        *(before ? &before->place.next : &line->waiting[urgency].first) = policy->place.next;
        if (line->waiting[urgency].last == policy)
                line->waiting[urgency].last = before;
        policy->place = (struct place){0};
}

/* The most urgent of those that wait, NULL where nobody does at least as urgently as @than. */
static struct policy *next_in_line(const struct line *line, enum urgency than)
{
        for (unsigned urgency = 0; urgency <= than; urgency++)
                if (line->waiting[urgency].first)
                        return line->waiting[urgency].first;
        return NULL;
}

static void serve(struct line *line)
{
        struct policy *policy;
        while (line->turns < TURNS_AT_ONCE && (policy = next_in_line(line, URGENCY_REST)) != NULL) {
                get_out_of_line(line, policy);
                policy->place.has_turn = true;
                line->turns++;
                policy_wake(policy);
        }
}

bool turn_take(struct policy *policy, enum urgency urgency)
{
        struct line *line = &policy->manager->line;
        if (policy->place.has_turn) {
                policy->place.has_turn = false;
                return true;
        }
        if (policy->place.is_waiting && policy->place.urgency <= urgency)
                return false;
        if (policy->place.is_waiting)
                get_out_of_line(line, policy);
        if (line->turns < TURNS_AT_ONCE && !next_in_line(line, urgency)) {
                line->turns++;
                return true;
        }
        get_in_line(line, policy, urgency);
        return false;
}

void turn_end(struct manager *manager)
{
        INVARIANT(manager->line.turns > 0);
        manager->line.turns--;
        serve(&manager->line);
}

void turn_unused(struct policy *policy)
{
        if (!policy->place.has_turn)
                return;
        policy->place.has_turn = false;
        turn_end(policy->manager);
}

void turn_leave(struct policy *policy)
{
        if (policy->place.is_waiting)
                get_out_of_line(&policy->manager->line, policy);
        turn_unused(policy);
}
