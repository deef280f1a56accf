/*
 * line.h -- whose turn it is at the API server: a few requests of the passes at once, everybody else in line.
 *
 * When one plane that a thousand policies share goes down, the names are to move first and the books to be closed
 * afterwards: what is decided goes before what is not yet, and what only commits goes last.
 *
 * A turn belongs to the pass that took it until turn_end(). One that was waited for is kept for the policy's next pass;
 * turn_unused() after that pass gives it to the next where it was not wanted any more.
 *
 * Threads: loop thread only.
 */
#ifndef PK_RECONCILE_LINE_H
#define PK_RECONCILE_LINE_H

#include <stdbool.h>

struct manager;
struct policy;

enum urgency {
        URGENCY_CONFIRM, /* the last question before the first effect */
        URGENCY_DECIDE,
        URGENCY_REST, /* nothing that clients see waits for it */
        URGENCY_COUNT
};

/* How many requests are under way at once: enough to keep an API server busy, few enough that what is urgent is soon
 * next. */
enum { TURNS_AT_ONCE = 8 };

struct line {
        unsigned turns; /* taken or kept */
        struct {
                struct policy *first, *last;
        } waiting[URGENCY_COUNT];
};

/* A policy's place. */
struct place {
        bool is_waiting;
        bool has_turn; /* kept for its next pass */
        enum urgency urgency;
        struct policy *next;
};

/* False: @policy is in line, and its pass runs again when its turn has come. */
bool turn_take(struct policy *policy, enum urgency urgency);
void turn_end(struct manager *manager);
void turn_unused(struct policy *policy);
/* Out of the line, whatever it waited for. */
void turn_leave(struct policy *policy);

#endif
