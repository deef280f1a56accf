/*
 * target.h -- the port between the shell and the drivers of targets: fenced registers that a switch moves. Each carries
 * the epoch beside its value and is changed only by an operation that refuses, at the target, an older epoch, an equal
 * one with another value or id, and any value other than the one that was read.
 *
 * A driver is one file with one const struct target_driver, one row in targets/registry.c and one key in the CRD. A
 * session is what reaches its server: endpoint, credentials, warm connection. Which target is visited comes with the
 * visit, so that a session serves every target of its server.
 *
 * Threads:   open(), visit(), claims(), alive() and preflight() run on a worker, one thread at a time per session; they
 *            block until their deadline at most. close() may run on the loop and does not block. A driver with start()
 *            in place of visit() lives on the loop instead: nothing of it runs elsewhere, and nothing of it blocks.
 * Ownership: target_config is borrowed during open() and copied; states returned are cleared by their _clear();
 *            credentials are copied into secrets and wiped on close.
 * Errors:    ERR_CONFLICT: another writer changed it, read again. ERR_UNKNOWN: no answer by the deadline, it may or may
 *            not have been applied (even later!): read again before anything else. ERR_DENIED: credentials or rights
 *            were refused, nothing changed. ERR_TRANSIENT: not reachable or busy (-LOADING, SERVFAIL, throttled),
 *            nothing changed. ERR_INVALID: the configuration cannot work until a person mends it. ERR_PENDING:
 *            accepted, and true later: progress, no failure. Texts name the server and, where known, the remedy; never
 *            a secret.
 */
#ifndef PK_TARGETS_TARGET_H
#define PK_TARGETS_TARGET_H

#include "core/by_hand.h"
#include "core/types.h"
#include "util/err.h"
#include "util/secret.h"
#include "util/units.h"

struct aws_environment;
struct kube_environment;

/* The driver that looks at what each plane would write to. It moves nothing, and no spec and no record names it. */
#define TARGET_STANDBY_DRIVER "standbyWatch"

/* A setting that no spec has: what identify() made of those that it has. */
#define TARGET_IDENTITY "(identity)"

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
        const struct target_setting *settings;
        size_t setting_count;
        const struct target_credential *credentials;
        size_t credential_count;
        const struct aws_environment
            *aws; /* the process's, for drivers of AWS (targets/aws/credentials.h); NULL: none. Not copied */
        const struct kube_environment
            *kube; /* the same for objects on API servers (targets/kube/environment.h) */
};

const char *target_setting_find(const struct target_config *config, const char *key); /* NULL where absent */
const struct secret *target_credential_find(const struct target_config *config,
                                            const char *key); /* NULL where absent */

/* The wanted state: exactly this value and this stamp. */
struct target_want {
        const char *value;
        uint32_t ttl_s;
        epoch_t epoch;
        decision_id id;
        const char *plane;
        const char *store;
        const char *former; /* another owner whose stamp may be replaced; NULL: none */
        const char *record; /* the text of the decision record that takes the stamp's place; NULL: a plain stamp */
        bool keeps_value;   /* only the text is replaced, provided that the value is as expected: value is that */
};

/* A state as returned by a target owns its texts. */
void target_state_clear(struct target_state *state);

/* The fate of one of several visits that went in one call. A visit that goes alone ends. */
enum target_fate {
        TARGET_ENDED,
        TARGET_LEFT,    /* nothing was done about it, and it is not at fault: it did not fit, or another one was in the
                           way. It goes again */
        TARGET_SUSPECT, /* the server refused several as one and changed nothing: it may be at fault, and goes again
                           with half of them */
};

enum target_verb {
        TARGET_READ, /* its state; the answer proves the credentials */
        TARGET_SWAP, /* from exactly what is expected to what is wanted; with want.keeps_value only the text beside it
                      */
        TARGET_ASK,  /* start() only: as preflight(), with the same errors */
};

/*
 * One look at, or change of, one target. It ends exactly once, when visit() returns, or by the call of done() that
 * start() was given.
 *
 * A swap is sent once: where a first sending may have been applied there is no second, and the visit ends as
 * ERR_UNKNOWN. ERR_OK only after the server showed what is wanted. What is expected of state.version is only where to
 * look first.
 */
struct target_visit {
        enum target_verb verb;
        const char *name;                    /* of the target at its server: DNS name, lock key */
        const struct target_state *expected; /* SWAP */
        const struct target_want *want;      /* SWAP */
        mono_ms deadline;
        const char *kept;  /* READ: state.version of the last visit that showed a state; NULL: there was none */
        bool wants_claims; /* READ: found.stamp.claim may be filled at once, where that costs no requests of its own */
        /* Results: */
        bool has_claims; /* it was */
        bool has_ended;  /* visits.h: within one call for many */
        enum target_fate fate;
        enum err err;
        struct errmsg why;         /* where err is not ERR_OK */
        mono_ms retry_after_ms;    /* the server's Retry-After for this credential; 0: none */
        struct target_state
            found; /* ERR_OK and ERR_PENDING: what is there now, the caller's to clear; else untouched */
};

/*
 * The heartbeat, TXT _planekeeper-alive.<name>: the text there (""), replaced by @say where that is given and the text
 * is still as it was read.
 */
struct target_alive {
        const char *name;
        const char *say; /* NULL: only read it */
        uint32_t ttl_s;
        mono_ms deadline;
};

/* The question whether a swap of one target would be allowed. */
struct target_preflight {
        const char *name;
        const char *const *values; /* that may be written there: their form can tell which rights that takes */
        size_t value_count;
        mono_ms deadline;
        /* Results, as in target_visit: */
        enum target_fate fate;
        enum err err;
        struct errmsg why;
        mono_ms retry_after_ms;
};

enum { TARGET_SERVERS_MAX = 8 };

/* The authoritative servers of a name, "host" or "host:port". */
struct target_servers {
        char *list[TARGET_SERVERS_MAX]; /* owned: target_servers_clear() */
        size_t count;
};
void target_servers_clear(struct target_servers *servers);

/* The limits of a driver, by which the shell paces its visits and knows its guarantees. */
struct target_limits {
        mono_ms visit_ms;      /* the deadline of one visit */
        mono_ms read_every_ms; /* how often a target is read while nothing happens */
        mono_ms preflight_every_ms; /* how often the rights to write it are looked at; 0: they cannot be */
        /*
         * How long a session serves, so that credentials are proven from time to time. 0: for one job, which is right
         * where one address may lead to another server at any time: a kept connection stays with the one that it began
         * with.
         */
        mono_ms session_ms;
        unsigned at_once;      /* visits at a time to one endpoint: a dead one holds a worker each until the deadline */
        unsigned per_minute;   /* requests with one credential, all policies together; 0: as many as come */
        unsigned batch_max;    /* visits that one call of visit() takes; 1 where each goes alone */
        unsigned preflight_max; /* the same of preflight_all(); 0 counts as one */
        bool may_halve;        /* a write may leave the value empty under its own epoch: that is filled, not refused */
        bool fenced;           /* false: weak, nothing at the target refuses an older epoch */
        bool moves_itself;     /* the server changes the value by itself, too (Sentinel), which is nobody's edit */
        bool has_aliases;      /* it takes "ALIAS <name>" for a value */
        bool can_arbitrate;    /* its compare-and-set is good enough to keep the decision record itself; then alive() is
                                  there */
};

/* First member of each driver's own struct. */
struct target_session {
        const struct target_driver *driver;
        mono_ms opened_at; /* the shell's own */
        unsigned requests; /* that this job has made so far, where limits.per_minute counts them; 0 counts as one */
};

typedef void target_done(void *ctx, struct target_visit *visit);

struct target_driver {
        const char *name; /* its key in the spec, and in target_ref.driver */
        enum target_kind kind;
        struct target_limits limits;
        const char
            *where; /* the setting that says where its targets live; people and exclusive claims call the server so */
        const char *which; /* the setting that tells several of its targets there apart; NULL: there is one */
        /* the server where that setting is absent, for people; NULL: the CRD demands the setting */
        const char *where_default;
        /*
         * The server's text where more of the settings says which register is meant (a zone among several of one name):
         * two targets with another text are two. It is recorded with a plan, and open() finds it as the setting
         * TARGET_IDENTITY, which outranks what it was made of: an edit of the spec takes effect at the next epoch. The
         * caller's. NULL, or a result of NULL: the setting `where` alone.
         */
        char *(*identify)(const struct target_config *config);
        /*
         * The name of the target at its server, where settings say which it is; for people, too. The caller's. NULL:
         * the spec has one name, which is that.
         */
        char *(*name_of)(const struct target_config *config);
        /*
         * Where the value while @plane is active comes from credentials: that value, without a secret in it, the
         * caller's; NULL: they do not say it. The function is NULL where the spec says it.
         */
        char *(*value_of)(const struct target_config *config, const char *plane);
        /* The keys of each plane's Secret, NULL-terminated, of a driver with value_of(); as credentials they are called
         * "<plane>/<key>". */
        const char *const *plane_keys;
        bool wants_facts; /* its settings have the facts of the decision, too (targets/kube/facts.h) */
        const char *credentials_wanted; /* the keys of the Secret, for people; NULL: the spec's fields tell them */
        /*
         * Whether the credentials can be used at all, without asking anybody: ERR_INVALID says what is wrong with them.
         * Where the spec names several Secrets, one call has the entries of one of them. NULL: none are looked at.
         */
        MUST_CHECK enum err (*check_credentials)(const struct target_config *config, struct errmsg *reterr);
        /* Touches no network. */
        MUST_CHECK enum err (*open)(const struct target_config *config, struct target_session **ret,
                                    struct errmsg *reterr);
        /*
         * Each of @visits ends with its own err, or, where they are several, with a fate that sends it again; at least
         * one ends or is suspect.
         * @count is at most limits.batch_max; they are of one verb. What the server takes as one is refused as one: a
         * driver that cannot say which is at fault makes all of them suspect. A lost answer to a write is ERR_UNKNOWN
         * for each that was in it.
         */
        void (*visit)(struct target_session *session, struct target_visit *visits, size_t count);
        /*
         * In place of visit(), of one that lives on the loop: begins @visit, which stays where it is, and calls @done
         * by the visit's deadline, never from within start() itself; the session may be closed there. One visit at a
         * time. close() cancels it, and @done is not called. claims(), alive() and servers() are not there, and
         * TARGET_ASK takes the place of preflight().
         */
        void (*start)(struct target_session *session, struct target_visit *visit, target_done *done, void *ctx);
        /*
         * How another tool says that it owns the name, as in struct stamp; NULL in *ret: none does in a known dialect.
         * The function is NULL where no tool can.
         */
        MUST_CHECK enum err (*claims)(struct target_session *session, const char *name, mono_ms deadline,
                                      char **ret_claim, struct errmsg *reterr);
        /* NULL where it cannot arbitrate. */
        MUST_CHECK enum err (*alive)(struct target_session *session, const struct target_alive *alive, char **ret_heard,
                                     struct errmsg *reterr);
        /*
         * Whether the credentials may write @preflight->name, by an operation that changes nothing whatever comes of
         * it. ERR_OK: they may. ERR_DENIED, ERR_INVALID: they may not, or the server would not do it, and the text
         * names what is to be granted or mended. All else: that cannot be told now. NULL: it never can.
         */
        MUST_CHECK enum err (*preflight)(struct target_session *session, struct target_preflight *preflight,
                                         struct errmsg *reterr);
        /* Several in one call, which end as those of visit() do; @count is at most limits.preflight_max. NULL: each is
         * asked by itself. */
        void (*preflight_all)(struct target_session *session, struct target_preflight *preflights, size_t count);
        /*
         * The servers that answer agents for @name, where the provider says which they are: they are watched while a
         * name moves, unless the policy names some itself. *ret stays empty where it does not say (a private zone).
         * NULL: only the policy knows.
         */
        MUST_CHECK enum err (*servers)(struct target_session *session, const char *name, mono_ms deadline,
                                       struct target_servers *ret, struct errmsg *reterr);
        /*
         * The commands by which a person makes the write, with nothing but the tools of the server. @config has the
         * settings and no credentials. NULL: people are told in plain words what to make true.
         */
        struct by_hand (*by_hand)(const struct target_config *config, const struct by_hand_write *write,
                                  struct arena *arena);
        void (*close)(struct target_session *session);
};

/* The driver of locks that a command sets; it has the one of TARGET_LOCK_DRIVER inside. */
#define TARGET_LOCK_JOB_DRIVER "redisLock.job"

const struct target_driver *target_driver_find(const char *name); /* NULL if unknown; targets/registry.c */

/* A driver that is not built in is not visited; that it is missing is told each time that a visit would be due. */
const struct target_limits *target_limits_of(const char *name);

/* The same by wrappers, which do the shared work once: never an empty value, never a lower epoch than expected has. */
void target_visit(struct target_session *session, struct target_visit *visit);
void target_visit_all(struct target_session *session, struct target_visit *visits, size_t count);
/* False: the visit has ended already, by its preconditions, and @done is not called. */
MUST_CHECK bool target_start(struct target_session *session, struct target_visit *visit, target_done *done, void *ctx);
/* *ret_claim is the caller's; NULL also where the driver knows no such tools. */
MUST_CHECK enum err target_claims(struct target_session *session, const char *name, mono_ms deadline, char **ret_claim,
                                  struct errmsg *reterr);
/* *ret_heard is the caller's: what is there now. ERR_INVALID where the driver cannot arbitrate. */
MUST_CHECK enum err target_hear(struct target_session *session, const struct target_alive *alive, char **ret_heard,
                                struct errmsg *reterr);
void target_close(struct target_session *session); /* NULL is a no-op */
/* ERR_TRANSIENT where the driver cannot tell. */
MUST_CHECK enum err target_may_write(struct target_session *session, struct target_preflight *preflight,
                                     struct errmsg *reterr);
void target_may_write_all(struct target_session *session, struct target_preflight *preflights, size_t count);
/* Fills *ret, which the caller clears; it stays empty where the driver knows none. */
MUST_CHECK enum err target_find_servers(struct target_session *session, const char *name, mono_ms deadline,
                                        struct target_servers *ret, struct errmsg *reterr);
/* Also where no driver of that name is built in. */
struct by_hand target_by_hand(const struct target_config *config, const struct by_hand_write *write,
                              struct arena *arena);

/* ---- DNS, whatever the driver ---- */

/* Reads what another authoritative server ("address[:port]") answers for @name and its stamp. Unsigned; for watching
 * only. */
MUST_CHECK enum err dns_observe(const char *server, const char *name, mono_ms deadline, struct target_state *ret,
                                struct errmsg *reterr);

/*
 * TXT `_planekeeper.<name>`: v=pk1 e=<epoch> id=<16 hex> p=<plane> s=<store>, or the record's text, which begins in the
 * same way. Pure; in targets/dns/stamp.c.
 */
void dns_stamp_print(const struct target_want *want, char *ret_text, size_t size);
/*
 * Fills @ret with texts owned by the caller (freed by target_state_clear); anything not of the form above is
 * STAMP_UNREADABLE where it begins with v=pk, else STAMP_FOREIGN. Further fields are ignored, but for r=<epoch>: the
 * epoch of the value, where that follows the record's.
 */
void dns_stamp_parse(const char *text, struct stamp *ret);

#endif
