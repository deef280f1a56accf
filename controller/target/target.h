/*
 * target.h -- fenced registers that a switch moves: each carries the epoch beside its value and is changed only by an operation that
 * refuses, at the target, an older epoch, an equal one with another value or id, and any value other than the one that was read.
 *
 * Calls block until their deadline: executor jobs only. A target is used by one thread at a time and may be kept open between jobs
 * (warm connection); a call on a broken connection reconnects by itself within its deadline.
 *
 * Ownership: target_config is borrowed during open() and copied; states returned are cleared by their _clear(); credentials are copied into
 *            secrets and wiped on close.
 * Errors:    ERR_CONFLICT: somebody moved it, read again. ERR_UNKNOWN: no answer by the deadline, it may or may not have been applied (even
 *            later!): read again before anything else. ERR_DENIED: our credentials or rights were refused, nothing changed. ERR_TRANSIENT:
 *            not reachable or busy (-LOADING, SERVFAIL), nothing changed. ERR_INVALID: the configuration cannot work until a person mends it.
 *            Texts name the server and, where known, the remedy; never a secret.
 */
#ifndef PK_TARGET_TARGET_H
#define PK_TARGET_TARGET_H

#include "core/types.h"
#include "util/err.h"
#include "util/secret.h"
#include "util/units.h"

/* One text setting of a provider, as written under its key in the policy ("nameserver" = "192.0.2.53"). */
struct target_setting {
        const char *key;
        const char *value;
};

/* One entry of the Secret that the provider's ...SecretRef names. */
struct target_credential {
        const char *key;
        struct secret value;
};

struct target_config {
        const char *name; /* DNS name, or lock key */
        uint32_t ttl_s;
        const struct target_setting *settings;
        size_t setting_count;
        const struct target_credential *credentials;
        size_t credential_count;
};

const char *target_setting_find(const struct target_config *config, const char *key);                   /* NULL where absent */
const struct secret *target_credential_find(const struct target_config *config, const char *key); /* NULL where absent */

/* What to make true: exactly this value and this stamp. */
struct target_want {
        const char *value;
        uint32_t ttl_s;
        epoch_t epoch;
        decision_id id;
        const char *plane;
        const char *store;
        const char *former; /* another store text that counts as ours; NULL: none */
        const char *record; /* the text of the decision record that takes the stamp's place; NULL: a plain stamp */
        bool keeps_value;   /* only the text is replaced, provided that the value is as expected: value is that */
};

/* One change: from exactly what was read to what is to be, and what was seen there afterwards. */
struct target_swap {
        const struct target_state *expected;
        const struct target_want *want;
        mono_ms deadline;
        struct target_state found; /* ERR_OK and ERR_PENDING: what is there now, the caller's to clear; else untouched */
};

/* A state as returned by a target owns its texts. */
void target_state_clear(struct target_state *state);

/* ---- DNS: one static const driver per vendor; a new vendor is one file and one row in target/dns/registry.c ---- */

struct dns_target; /* first member of each vendor's struct */

struct dns_driver {
        const char *name;  /* its key under spec.dns */
        const char *where; /* the setting that says where its records live: what people and exclusive claims call the server */
        bool fenced;       /* false: weak, verified again for ever */
        MUST_CHECK enum err (*open)(const struct target_config *config, struct dns_target **ret, struct errmsg *reterr);
        /* Whether the credentials can be used at all, without asking anybody: ERR_INVALID says what is wrong with them. NULL: none are
         * looked at. */
        MUST_CHECK enum err (*check_credentials)(const struct target_config *config, struct errmsg *reterr);
        const char *credentials_wanted; /* the keys of the Secret, for people */
        /* The live record and its stamp, read at the server that takes the updates, credentials proven by the answer. */
        MUST_CHECK enum err (*read)(struct dns_target *target, mono_ms deadline, struct target_state *ret, struct errmsg *reterr);
        /* One atomic change from exactly what is expected. ERR_OK only after a re-read at the update server showed what is wanted. What is
         * expected of the zone is only where to look first. */
        MUST_CHECK enum err (*swap)(struct dns_target *target, struct target_swap *swap, struct errmsg *reterr);
        /* How another tool says that it owns the name, as in struct stamp; NULL: none does in a dialect that we know. */
        MUST_CHECK enum err (*claims)(struct dns_target *target, mono_ms deadline, char **ret_claim, struct errmsg *reterr);
        /* TXT _planekeeper-alive.<name>: what is there (""), and with @say given that in its place, if it still is as read. */
        MUST_CHECK enum err (*alive)(struct dns_target *target, const char *say, mono_ms deadline, char **ret_heard,
                                     struct errmsg *reterr);
        void (*close)(struct dns_target *target); /* NULL is a no-op */
};
struct dns_target {
        const struct dns_driver *driver;
};

const struct dns_driver *dns_driver_find(const char *name); /* NULL if unknown */

/* The same by wrappers, which do the shared work once: never an empty set, never a lower epoch than expected carries, error prefix. */
MUST_CHECK enum err dns_read(struct dns_target *target, mono_ms deadline, struct target_state *ret, struct errmsg *reterr);
MUST_CHECK enum err dns_swap(struct dns_target *target, struct target_swap *swap, struct errmsg *reterr);
/* *ret_claim is the caller's. */
MUST_CHECK enum err dns_claims(struct dns_target *target, mono_ms deadline, char **ret_claim, struct errmsg *reterr);
/* *ret_heard is the caller's: what is there now. */
MUST_CHECK enum err dns_alive(struct dns_target *target, const char *say, mono_ms deadline, char **ret_heard,
                              struct errmsg *reterr);
void dns_target_close(struct dns_target *target);
/* Reads what another authoritative server ("address[:port]") answers for @name and its stamp. Unsigned; for watching only. */
MUST_CHECK enum err dns_observe(const char *server, const char *name, mono_ms deadline, struct target_state *ret, struct errmsg *reterr);

/*
 * TXT `_planekeeper.<name>`: v=pk1 e=<epoch> id=<16 hex> p=<plane> s=<store>, or the record's text, which begins in the same way. Pure; in
 * target/dns/stamp.c.
 */
void dns_stamp_print(const struct target_want *want, char *ret_text, size_t size);
/*
 * Fills @ret with texts owned by the caller (freed by target_state_clear); anything not of the form above is STAMP_UNREADABLE where it begins with v=pk, else STAMP_FOREIGN. Further fields are
 * ignored, but for r=<epoch>: the epoch of the value, where that follows the record's.
 */
void dns_stamp_parse(const char *text, struct stamp *ret);

/* ---- Redis: the register that names the plane that may write. It has no time to live: it moves, it never expires. ---- */

struct lock_target;

struct lock_tls {
        bool enabled;
        struct secret ca;          /* PEM; empty: system trust store */
        struct secret certificate; /* PEM, may be empty */
        struct secret key;
        const char *server_name; /* NULL: the host of the address */
};

/* Whether the certificates and the key in it can be used, without asking anybody. ERR_INVALID says which cannot. */
MUST_CHECK enum err lock_tls_check(const struct lock_tls *tls, struct errmsg *reterr);

struct lock_config {
        const char *address; /* host:port, [v6]:port */
        const char *key;
        uint32_t db;
        const struct secret *username; /* NULL: none */
        const struct secret *password; /* NULL: none */
        const struct lock_tls *tls;    /* NULL: plain TCP */
        unsigned wait_replicas;        /* in sync, that must have a write before it counts; 0: none is asked about */
};

MUST_CHECK enum err lock_open(const struct lock_config *config, struct lock_target **ret, struct errmsg *reterr);
MUST_CHECK enum err lock_read(struct lock_target *lock, mono_ms deadline, struct target_state *ret, struct errmsg *reterr);
/* One EVAL: both keys in one hash slot. Same contract as the DNS one. -NOAUTH/-WRONGPASS/-NOPERM: ERR_DENIED; -READONLY, -LOADING, -MISCONF,
 * -NOREPLICAS, -CLUSTERDOWN: ERR_TRANSIENT with the word in the text; -MOVED (cluster mode): ERR_INVALID. ERR_PENDING: stored, and too few
 * replicas have acknowledged it: a lost primary would take it along; the same call asks again. */
MUST_CHECK enum err lock_swap(struct lock_target *lock, struct target_swap *swap, struct errmsg *reterr);
void lock_close(struct lock_target *lock); /* NULL is a no-op */
#endif
