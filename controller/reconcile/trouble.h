/*
 * trouble.h -- retries that go on failing, and why: once in the log, and in /readyz and a metric for as long as it
 * lasts. Without it a loop of retries would be silent for ever.
 *
 * Threads: loop thread only.
 */
#ifndef PK_RECONCILE_TROUBLE_H
#define PK_RECONCILE_TROUBLE_H

#include "util/err.h"
#include "util/strbuf.h"
#include "util/units.h"

struct manager;

/* The word for log and metric; whether the process is of no use meanwhile; and whether many objects retry it, each for
 * itself, so that the one in trouble may be deleted without ever trying again. */
#define TROUBLE_LIST(X)                                                                                                \
        X(TROUBLE_ELECTION, "election", true, false)                                                                   \
        X(TROUBLE_IDENTITY, "identity", true, false)                                                                   \
        X(TROUBLE_KILL_SWITCH, "kill-switch", true, false)                                                             \
        X(TROUBLE_PLANES, "managementplanes", true, false)                                                             \
        X(TROUBLE_POLICIES, "failoverpolicies", true, false)                                                           \
        X(TROUBLE_LEASES, "leases", true, false)                                                                       \
        X(TROUBLE_RECORDS, "records", true, true)                                                                      \
        X(TROUBLE_POLICY_READ, "policy-read", true, true)                                                              \
        X(TROUBLE_STATUS, "status", true, true)                                                                        \
        X(TROUBLE_SECRETS, "secrets", false, true)                                                                     \
        X(TROUBLE_EVENTS, "events", false, true)

#define TROUBLE_ENUM(name, text, is_grave, is_of_many) name,
enum trouble_what { TROUBLE_LIST(TROUBLE_ENUM) TROUBLE_COUNT };
#undef TROUBLE_ENUM

struct trouble_entry {
        bool is_there;
        const void *owner; /* where many objects retry it: the first one in trouble */
        mono_ms since, noted_at, logged_at;
        struct errmsg why;
};

const char *trouble_name(enum trouble_what kind);
void trouble_setup(void); /* registers the metric */
/* A try failed: logged at once where it is new, and at most once a minute where only the text changes. */
void trouble_note(struct manager *manager, enum trouble_what kind, const void *owner, const char *why);
void trouble_over(struct manager *manager, enum trouble_what kind, const void *owner);
void trouble_forget(struct manager *manager, const void *owner); /* it is freed */
void trouble_stop_leading(struct manager *manager); /* drops the troubles that only a leader can have */
void trouble_tick(struct manager *manager);         /* drops those that were not tried for minutes */
/* It has lasted longer than a lease, so that a single lost answer makes no replica unready. */
bool trouble_lasts(const struct manager *manager, enum trouble_what kind);
/* Appends a line for each that lasts; false where one of them is grave. */
bool trouble_print(const struct manager *manager, struct strbuf *ret);

#endif
