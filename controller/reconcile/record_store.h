/*
 * record_store.h -- an arbiter: the one register in which a policy's decisions are made by compare-and-swap. One file
 * per kind (store_lease.c, store_dns.c); spec.decisionStore names it.
 *
 * A store keeps policy->keeper.record as its register shows it, and never decides anything itself. A write is a
 * compare-and-swap, and is never retried as it was.
 *
 * Threads: loop thread only.
 */
#ifndef PK_RECONCILE_RECORD_STORE_H
#define PK_RECONCILE_RECORD_STORE_H

#include "reconcile/policy.h"
#include "util/arena.h"

struct record_store {
        const char *name; /* as in spec.decisionStore and status.store */
        bool is_on_lease; /* the register is the policy's Lease */
        bool prepares;    /* switches are prepared there (decision 051) */
        /* The owner in ownership records: the same for all operators that share the register, and for no others. */
        const char *(*owner)(const struct policy *policy, struct arena *arena);
        /* The owner that the same policy had under another store, whose ownership records it may take over; "" none. */
        const char *(*former)(const struct policy *policy, struct arena *arena);
        /* Whether the record is known as the register has it; else it is read, and the policy is woken then. */
        bool (*settle)(struct policy *policy);
        /* Begins to write the decision's record over the one that is known; record_io_written() ends it. */
        void (*write)(struct policy *policy, const struct view *view, const struct decision *decision);
        /* Fills in the record and the state of the register; the rest of @ret is filled already. */
        void (*show)(struct policy *policy, struct arena *arena, struct view *ret);
        /* policy->dns is new: read, written, or void. */
        void (*dns_seen)(struct policy *policy);
        /* The text that takes the stamp's place beside the addresses of policy->keeper.record; NULL: a plain stamp. */
        const char *(*text_beside)(const struct policy *policy, struct arena *arena);
        /* How often the policy's own records are read. */
        mono_ms (*reads_every)(const struct policy *policy);
};

extern const struct record_store store_lease; /* Lease planekeeper-<policy> in the policy's namespace */
/* Of store_dns, whose register is written by a visit to the DNS server: that visit is over. */
void store_dns_written(struct policy *policy, enum err err, const char *why);

extern const struct record_store store_dns; /* the TXT record beside the addresses */

const struct record_store *record_store_find(enum decision_store kind);

/* Whether the record is known as the arbiter has it and no call is under way; else it is read, and the policy is woken
 * afterwards. */
bool record_store_settle(struct policy *policy);
/* Write the decision's next record over the record that is known; on a conflict the record is read again and the pass
 * decides anew. */
void record_store_write(struct policy *policy, const struct view *view, const struct decision *decision);

#endif
