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
#include "runtime/executor.h"
#include "target/target.h"
#include "util/arena.h"

enum effect_kind {
        EFFECT_READ_DNS,
        EFFECT_READ_LOCK,
        EFFECT_SET_DNS,
        EFFECT_SET_LOCK,
        EFFECT_SET_RECORD, /* the decision record in DNS: the addresses stay */
        EFFECT_VERIFY,
        EFFECT_ALIVE /* hear, and where there is something to say, renew the text of alive.h */
};
bool effect_is_dns(enum effect_kind kind); /* of the name, not of other servers */

enum { EFFECT_DEADLINE_MS = LOOK_VISIT_MS, VERIFY_DEADLINE_MS = 1000, CLAIMS_EVERY_MS = 30000 };

struct effect {
        struct job job;
        enum effect_kind kind;
        struct policy *policy; /* NULL: nobody waits for the result any more */
        struct arena arena;    /* texts of the inputs */
        char *source;          /* what the slot's state is then the state of */
        epoch_t epoch;         /* that is set or verified; 0 for a read */
        const struct dns_driver *driver;
        struct target_config config;
        struct target_credential *credentials; /* owned; config borrows */
        size_t credential_count;
        struct dns_state dns_expected;
        struct lock_state lock_expected;
        struct dns_want want; /* value in rrset for DNS */
        const char *lock_value;
        struct lock_config lock;
        struct lock_tls lock_tls;
        struct secret username, password;
        const char *servers[VERIFY_SERVERS_MAX];
        unsigned server_count;
        const char *say;  /* NULL: only listen */
        bool asks_claims; /* a read looks for what other tools say of the name, too */
        /* results */
        enum err err;
        struct errmsg why;
        struct dns_state dns;
        char *heard;
        struct lock_state lock_state;
        struct verify_slot verify[VERIFY_SERVERS_MAX];
        int64_t submitted_us, started_us, ended_us;
};

/* Builds and submits; the policy's slot then holds the effect. False: nothing was submitted: every worker is
 * busy, and the policy is woken soon; or its credentials cannot be used (target_secrets.h), and no server hears of it. */
bool effect_start(struct policy *policy, enum effect_kind kind);
bool effect_start_alive(struct policy *policy, const char *say);
void effect_abandon(struct effect *effect); /* its policy goes away; NULL is a no-op */

void effect_run(struct job *job); /* on a worker; in effect_run.c */

/* "<provider> <server> <name>" of the DNS target in force: the plan's while switching, else the spec's. The caller
 * frees. */
char *effect_dns_source(const struct policy *policy);
char *effect_lock_source(const struct policy *policy); /* "" where no lock is used */
/* What the visits to @source go through: all but its last word (the name), with the credential. The caller frees. */
char *effect_mechanism_key(const struct policy *policy, const char *source, const char *secret);
const char *effect_dns_server(const struct policy *policy); /* the spec's */

#endif
