/*
 * effect.h -- one visit to a target on behalf of one policy: a read, or a compare-and-set that carries the epoch.
 *
 * An effect owns all it needs (copies of settings and states) and touches nothing shared. It waits in its mechanism
 * (batch.h) and is sent with others that may go in the same call; each has its own result and ends once, on the loop.
 *
 * While it waits it is not decided for good: each pass of its policy recalls the writes that were not sent, and only
 * what the pass decides again is sent, in the same place of the queue. Once sent it is not stopped: an effect whose
 * policy is gone or whose leader was demoted is fenced at the target, and its result is dropped.
 *
 * Ownership: an effect belongs to the queue of its mechanism, then to the batch that it is sent with.
 * Threads:   built and finished on the loop, run on a worker.
 */
#ifndef PK_RECONCILE_EFFECT_H
#define PK_RECONCILE_EFFECT_H

#include "core/looks.h"
#include "core/view.h"
#include "reconcile/policy.h"
#include "runtime/executor.h"
#include "targets/target.h"
#include "util/arena.h"

enum effect_kind {
        EFFECT_READ,
        EFFECT_WRITE,
        EFFECT_RECORD, /* the decision record in DNS: the addresses stay */
        EFFECT_VERIFY,
        EFFECT_ALIVE, /* read the heartbeat of alive.h, and renew it where it is due */
        EFFECT_PREFLIGHT
};

/* A decision, and a name that follows a lock, that waited longer rests on what may not be so any more. */
enum { VERIFY_DEADLINE_MS = 1000, CLAIMS_EVERY_MS = 30000, EFFECT_WAITS_MS = LOOK_STEP_MS };

struct batch_lane;

struct effect {
        enum effect_kind kind;
        struct policy *policy; /* NULL: the result is not wanted any more */
        struct arena arena;    /* texts of the inputs */
        struct target_slot *slot; /* of the target; NULL: VERIFY and ALIVE */
        struct target_ref ref;
        bool rests_on_looks; /* at other targets, which are old by the time that a busy worker comes to it */
        epoch_t epoch;         /* that is set or verified; 0 for a read */
        const struct target_driver *driver; /* NULL: VERIFY */
        struct target_config config;        /* the settings alone: credentials are the batch's */
        const char *settings, *versions;    /* texts that tell which session serves it */
        struct mechanism *mechanism;        /* that it goes through; NULL: VERIFY */
        struct target_state expected;
        struct target_want want;
        const char *servers[VERIFY_SERVERS_MAX];
        unsigned server_count;
        const char *say;  /* NULL: only listen */
        const char *const *values; /* PREFLIGHT: as in target_preflight */
        size_t value_count;
        bool asks_servers; /* PREFLIGHT: and which servers to watch */
        const char *zone;  /* PREFLIGHT: the first word of the target's version; "" where it has none */
        const char *kept; /* of a read: what the driver has kept of the last visit; NULL: nothing */
        bool asks_claims; /* a read looks for what other tools say of the name, too */
        /* on its way */
        struct batch_lane *lane; /* that it waits in; NULL: it was sent */
        struct effect *next, **link; /* in its lane; in a batch only the next */
        bool can_wait;           /* it leaves half of the rate limit to those that cannot */
        bool is_recalled;        /* it waits, and is sent only if it is decided again */
        int64_t queued_us; /* when the first of those that had this place came */
        int64_t decided_us, submitted_us, started_us, ended_us;
        /* results */
        enum target_fate fate;
        enum err err;
        struct errmsg why;
        struct target_state found;
        char *heard;
        struct target_servers found_servers;
        bool has_found_servers; /* the provider was asked, and answered */
        mono_ms retry_after_ms; /* as in target_visit */
        struct verify_look *looks; /* of EFFECT_VERIFY, one for each of servers; as the texts in it, of the arena */
};

/* Build, and let it wait for the next batch; the slot then holds the effect. A read that waits makes room for a write.
 * Nothing is done where its credentials cannot be used (target_secrets.h), so that no server hears of it, nor while a
 * Secret is still being read, which wakes the policy. */
void effect_read(struct policy *policy, struct target_slot *slot);
void effect_look(struct policy *policy, struct target_slot *slot); /* a read that can wait while others need the rate */
void effect_write(struct policy *policy, struct target_slot *slot, const struct target_write *write);
void effect_record(struct policy *policy, struct target_slot *slot); /* policy->keeper.write, beside what it shows */
/* Submitted at once; where every worker is busy the policy is woken soon. */
void effect_verify(struct policy *policy, const char *const *servers, size_t count);
void effect_start_alive(struct policy *policy, const char *say);
void effect_start_preflight(struct policy *policy, struct target_slot *slot, const char *const *values, size_t count);
void effect_abandon(struct effect *effect); /* its policy goes away; NULL is a no-op */

bool effect_is_sent(const struct effect *effect); /* false where it waits, and where there is none */

/* Of a write that waits: it has to be decided again in this pass. True: it was a decision record, of DNS. */
MUST_CHECK bool effect_recall(const struct target_slot *slot);
void effect_drop_recalled(struct target_slot *slot); /* it was not */

void effect_free(struct effect *effect); /* wipes; in effect_run.c */

#endif
