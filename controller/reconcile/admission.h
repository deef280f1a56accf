/*
 * admission.h -- permits for the requests of passes to the API server: a few at once, all other policies in a queue.
 *
 * When one plane that a thousand policies share goes down, all names must move before any switch is committed: a
 * request that stands before an effect goes before one that decides, and a commit goes last.
 *
 * A permit belongs to the pass that took it until permit_return(). A queued policy's permit is granted for its next
 * pass; permit_return_unused() after that pass returns it where the pass had no request after all.
 *
 * Threads: loop thread only.
 */
#ifndef PK_RECONCILE_ADMISSION_H
#define PK_RECONCILE_ADMISSION_H

#include <stdbool.h>

struct manager;
struct policy;

enum urgency {
        URGENCY_CONFIRM, /* the read before the first effect */
        URGENCY_DECIDE,
        URGENCY_REST, /* no client waits for it: a commit */
        URGENCY_COUNT
};

/* Requests under way at once: enough to keep an API server busy, few enough that an urgent one is soon next. */
enum { PERMITS_MAX = 8 };

struct admission {
        unsigned permits; /* taken or granted */
        struct {
                struct policy *first, *last;
        } waiting[URGENCY_COUNT];
};

/* A policy's state in the queue. */
struct permit {
        bool is_waiting;
        bool is_granted; /* for its next pass */
        enum urgency urgency;
        struct policy *previous, *next; /* that wait */
};

/* False: @policy is queued, and its pass runs again when the permit is granted. */
bool permit_take(struct policy *policy, enum urgency urgency);
/* One more where a permit is free and nobody waits for it; nothing is queued. */
bool permit_take_free(struct manager *manager);
void permit_return(struct manager *manager);
void permit_return_unused(struct policy *policy);
/* Leaves the queue, and returns a permit that was granted. */
void permit_withdraw(struct policy *policy);

#endif
