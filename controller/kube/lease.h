/*
 * lease.h -- leader election on a coordination.k8s.io/v1 Lease, only to save work: safety rests on epochs at the
 * targets, so the times may be short.
 *
 * The holder renews every retry_ms by a resourceVersion-guarded merge patch; it stops leading when no renewal succeeded
 * for renew_deadline_ms. Others take it when the Lease they observed has not changed for lease_ms on their own clock,
 * or at once when its holder is empty (released).
 *
 * Threads: loop thread only.
 * Source:  coordination.k8s.io/v1 Lease; the algorithm of client-go's tools/leaderelection.
 * Times:   they stretch with slow answers, up to fourfold, and leaseDurationSeconds says so to the others.
 */
#ifndef PK_KUBE_LEASE_H
#define PK_KUBE_LEASE_H

#include "kube/client.h"

struct election_config {
        const char *namespace_name;
        const char *name;
        const char *identity;
        const char *label_key; /* put on the Lease so that one label-selected watch sees it */
        const char *label_value;
        mono_ms lease_ms;          /* 5000 */
        mono_ms renew_deadline_ms; /* 3000 */
        mono_ms retry_ms;          /* 1000 */
        void (*changed)(void *ctx, bool is_leader);
        /* Why this replica can neither lead nor see the leader (ERR_OK: that is over); the same trouble is reported
         * once. */
        void (*troubled)(void *ctx, enum err err, const char *why);
        void *ctx;
};

struct election;
struct election *election_open(struct loop *loop, struct kube *kube, const struct election_config *config);
/* A watch showed @lease (NULL: deleted). A released Lease is taken at once, without waiting for the next retry. */
void election_observe(struct election *election, const json_t *lease);
/* Whether the caches have become doubtful since the last call: another writer changed a Lease that was held here, its
 * version fell, or the watch does not show what the store answers. */
bool election_take_doubt(struct election *election);
/* When the API server last answered anything about the Lease; 0 never. */
mono_ms election_last_answer(const struct election *election);
/* How long a confirmation counts; longer than configured while answers are slow. */
mono_ms election_renew_deadline(const struct election *election);
/* Release (holder "", so that the next takes over at once) and call @released when done or after 1 s; then
 * election_close(). */
void election_release(struct election *election, void (*released)(void *ctx), void *ctx);
void election_close(struct election *election);

extern const struct kube_resource kube_leases;

#endif
