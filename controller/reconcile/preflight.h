/*
 * preflight.h -- asks, while nothing is under way, whether the credentials may write the targets, so that a person is
 * told before a failover needs it.
 *
 * The question changes nothing (preflight of targets/target.h). It is asked soon after a policy has begun to rest,
 * when a Secret, a setting or the record type is another, and from time to time (limits.preflight_every_ms; every
 * minute after a refusal).
 *
 * Ownership: struct preflight is embedded in its policy, struct target_rights in its slot.
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_PREFLIGHT_H
#define PK_RECONCILE_PREFLIGHT_H

#include "core/failover.h"

struct effect;
struct policy;
struct target_slot;

struct preflight {
        struct effect *effect; /* in flight; NULL otherwise */
        mono_ms rested_at;     /* when the policy was seen at rest first; 0: not yet */
        mono_ms looked_at;     /* when it was last checked what is due */
};

/* The server's last answer on writing one target. */
struct target_rights {
        mono_ms asked_at; /* 0: never */
        uint64_t of;      /* which settings and credentials that was about */
        bool is_known;
        char *refusal; /* why it would not be written, for a person; NULL: nothing is known against it */
};

void preflight_turn(struct policy *policy, const struct decision *decision);
void preflight_done(struct policy *policy, struct effect *effect);
void preflight_forget(struct policy *policy);
void target_rights_clear(struct target_rights *rights);

#endif
