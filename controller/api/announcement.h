/*
 * announcement.h -- the Lease that tells a cluster which plane is active: JSON ⇄ struct.
 *
 * Ownership: json_t returned is the caller's; the struct owns its texts, announcement_clear() frees them.
 * Errors:    ERR_INVALID: a Lease of that name is there, and it is no announcement of Planekeeper.
 * Threads:   no shared state.
 * Source:    coordination.k8s.io/v1 Lease.
 */
#ifndef PK_API_ANNOUNCEMENT_H
#define PK_API_ANNOUNCEMENT_H

#include <jansson.h>

#include "core/types.h"
#include "util/err.h"

#define ANNOTATION_EPOCH "planekeeper.io/epoch" /* of the record that names the plane */
#define ANNOTATION_OWNER "planekeeper.io/owner" /* the owner of the policy's ownership records */

/* A Lease as it was read; a zeroed struct shows nothing. */
struct announcement {
        char *version; /* resourceVersion */
        char *plane;   /* spec.holderIdentity; "" nobody */
        char *owner;   /* "" where it has none */
        epoch_t epoch; /* 0 where it has none */
        json_int_t transitions;
};

/* The Lease as it is to be. */
struct announcement_wish {
        const char *name, *namespace_name;
        const char *plane;
        const char *owner;
        epoch_t epoch;
        mono_ms lease_ms;
        unix_ms now;
};

MUST_CHECK enum err announcement_read(const json_t *lease, struct announcement *ret, struct errmsg *reterr);
void announcement_clear(struct announcement *announcement);

json_t *announcement_new(const struct announcement_wish *wish);
/* A merge patch that is refused where the Lease is not the one that was read any more. */
json_t *announcement_patch(const struct announcement_wish *wish, const struct announcement *there);

#endif
