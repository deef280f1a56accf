/*
 * effect.h -- one blocking visit to a target as an executor job: a read, or a compare-and-set that carries the epoch.
 *
 * A job owns all it needs (copies of settings, credentials, states) and touches nothing shared. A job whose policy is
 * gone or whose leader was demoted is not stopped: it is fenced at the target, and its result is dropped.
 *
 * Ownership: effect_free() wipes and frees; an effect in flight belongs to the executor until done.
 * Threads:   built and finished on the loop, run on a worker.
 */
#ifndef PK_RECONCILE_EFFECT_H
#define PK_RECONCILE_EFFECT_H

#include "core/looks.h"
#include "core/view.h"
#include "reconcile/policy.h"
#include "reconcile/target_secrets.h"
#include "runtime/executor.h"
#include "targets/target.h"
#include "util/arena.h"

enum effect_kind {
        EFFECT_READ,
        EFFECT_WRITE,
        EFFECT_RECORD, /* the decision record in DNS: the addresses stay */
        EFFECT_VERIFY,
        EFFECT_ALIVE, /* hear, and where there is something to say, renew the text of alive.h */
        EFFECT_PREFLIGHT
};

enum { VERIFY_DEADLINE_MS = 1000, CLAIMS_EVERY_MS = 30000 };

struct effect {
        struct job job;
        enum effect_kind kind;
        struct policy *policy; /* NULL: nobody waits for the result any more */
        struct loop *loop;
        struct arena arena;    /* texts of the inputs */
        struct target_slot *slot; /* of the target; NULL: VERIFY and ALIVE */
        struct target_ref ref;
        bool rests_on_looks; /* at other targets, which are old by the time that a busy worker comes to it */
        epoch_t epoch;         /* that is set or verified; 0 for a read */
        const struct target_driver *driver; /* NULL: VERIFY */
        struct target_config config;
        struct target_credentials credentials; /* config borrows; none where a session was kept */
        struct mechanism *mechanism;           /* that it goes through; NULL: VERIFY */
        struct target_session *session;        /* of the mechanism, or opened by the visit */
        const char *settings, *versions;       /* that the session is for */
        struct target_state expected;
        struct target_want want;
        const char *servers[VERIFY_SERVERS_MAX];
        unsigned server_count;
        const char *say;  /* NULL: only listen */
        const char *const *values; /* PREFLIGHT: as in target_preflight */
        size_t value_count;
        bool asks_claims; /* a read looks for what other tools say of the name, too */
        /* results */
        enum err err;
        struct errmsg why;
        struct target_state found;
        char *heard;
        mono_ms retry_after_ms; /* as in target_visit */
        unsigned requests;
        struct verify_slot verify[VERIFY_SERVERS_MAX];
        int64_t submitted_us, started_us, ended_us;
};

/* Build and submit; the slot then holds the effect. Nothing is submitted where every worker is busy: then the policy is
 * woken soon; nor where its credentials cannot be used (target_secrets.h), and no server hears of it. */
void effect_read(struct policy *policy, struct target_slot *slot);
void effect_write(struct policy *policy, struct target_slot *slot, const struct target_write *write);
void effect_record(struct policy *policy, struct target_slot *slot); /* policy->keeper.write, beside what it shows */
void effect_verify(struct policy *policy);
void effect_start_alive(struct policy *policy, const char *say);
void effect_start_preflight(struct policy *policy, struct target_slot *slot, const char *const *values, size_t count);
void effect_abandon(struct effect *effect); /* its policy goes away; NULL is a no-op */

void effect_run(struct job *job); /* on a worker; in effect_run.c */


#endif
