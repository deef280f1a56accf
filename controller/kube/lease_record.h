/*
 * lease_record.h -- a Lease as a struct, and the objects that change it. Private to lease.c.
 *
 * Ownership: json_t returned is the caller's; the record owns its texts, lease_record_clear() frees them.
 * Source:    coordination.k8s.io/v1 Lease
 */
#ifndef PK_KUBE_LEASE_RECORD_H
#define PK_KUBE_LEASE_RECORD_H

#include <jansson.h>
#include <stdbool.h>

#include "util/units.h"

struct lease_record {
        char *resource_version;
        char *holder; /* "" where nobody */
        char *
            renew_time; /* as text: it is compared, never calculated with, because it is the clock of another machine */
        char *acquire_time;
        json_int_t transitions;
        mono_ms lease_ms; /* how long the holder wants to be waited for */
};

/* False (and nothing changed) where @lease has no resourceVersion. */
bool lease_record_read(const json_t *lease, struct lease_record *ret);
void lease_record_clear(struct lease_record *record);

/* The holder has written since: its spec differs. Another writer's label changes the resourceVersion, and renews
 * nothing. */
bool lease_record_is_renewed(const struct lease_record *before, const struct lease_record *after);

struct lease_claim {
        const char *name;
        const char *namespace_name;
        const char *identity;
        const char *label_key; /* NULL: none */
        const char *label_value;
        mono_ms lease_ms;
        unix_ms now;
};

json_t *lease_object_new(const struct lease_claim *claim);
json_t *lease_patch_acquire(const struct lease_claim *claim, const struct lease_record *known);
json_t *lease_patch_renew(const struct lease_claim *claim, const struct lease_record *known);
json_t *lease_patch_release(const struct lease_claim *claim, const struct lease_record *known);

#endif
