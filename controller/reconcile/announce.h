/*
 * announce.h -- a Lease in the hub and in each plane's own cluster that names the active plane (spec.announce): clients
 * there are told, and notice when the operator cannot reach their cluster any more.
 *
 * It takes part in no decision. It is renewed while this process leads, the record is at rest and its store answers;
 * otherwise it expires. A write is a compare-and-swap on what was read, and a Lease with a later epoch stays as it is,
 * so an operator that comes late changes nothing.
 *
 * Units:     renewed three times within spec.announce.leaseDuration.
 * Ownership: struct announce is embedded in its policy; announce_forget() before its planes or itself are freed.
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_ANNOUNCE_H
#define PK_RECONCILE_ANNOUNCE_H

#include "api/announcement.h"
#include "core/failover.h"

struct kube_call;
struct plane;
struct policy;

/* One cluster. */
struct announce_site {
        struct policy *policy;
        struct plane *plane;       /* NULL: the hub */
        struct kube_call *call;    /* under way; NULL otherwise */
        struct announcement there; /* version NULL: not read, or doubtful */
        bool is_absent;            /* it was read, and there is none */
        mono_ms began_at;          /* of the call under way */
        mono_ms renewed_at;        /* 0: never */
        mono_ms retry_at;
        mono_ms failed_since; /* 0: it works */
        unsigned failures;
        char *error;
};

struct announce {
        struct announce_site *sites; /* the hub, and as in spec.planes; NULL: nothing was announced yet */
        unsigned count;
};

void announce_turn(struct policy *policy, const struct view *view, const struct decision *decision);
/* The client of @plane's cluster is about to be closed. */
void announce_plane_leaves(struct plane *plane);
void announce_forget(struct policy *policy);
/* Where it has not been renewed for longer than it lasts although the plane is not down, and why; NULL: nowhere. */
const char *announce_lags(const struct policy *policy, struct arena *arena);

#endif
