/*
 * alive.h -- the heartbeat of the active plane, only where the decision store is shared: the operator inside that plane
 * renews a text, and the others observe it.
 *
 * The text is read every few seconds. The operator inside the active plane renews it (every third of failoverDelay, at
 * most every 10 s) while its own checks pass. While renewals are observed a failover waits: see GATE_DISSENT.
 *
 * Ownership: struct alive is embedded in its policy; alive_forget() before freeing it.
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_ALIVE_H
#define PK_RECONCILE_ALIVE_H

#include "api/alive_text.h"
#include "core/failover.h"

struct effect;
struct policy;

struct alive {
        struct effect *effect; /* in flight; NULL otherwise */
        mono_ms asked_at;
        mono_ms said_at;
        mono_ms read_at; /* the last answer of any kind */
        mono_ms seen_at; /* the last renewal observed; finding the text at first counts as one; 0: never there */
        char *raw; /* the text as it is there; NULL: none of this product */
        struct alive_text *heard; /* raw, parsed; NULL with it */
        unsigned failures;
};

/* Reads the heartbeat, and renews it, where it is time to. */
void alive_turn(struct policy *policy, const struct view *view, const struct decision *decision);
void alive_done(struct policy *policy, struct effect *effect);
void alive_show(const struct policy *policy, struct alive_view *ret);
void alive_forget(struct policy *policy);

#endif
