/*
 * api.h -- the API servers, one for each cluster: objects with versions, merge patches with preconditions, lists, and
 * watches that resume, expire and break. What a real one does with what the operator asks, and no more; defaults and
 * validation are the CRDs', so people here write objects that are whole.
 *
 * Ownership: JSON that is given is kept or freed by the server, JSON that is returned is borrowed.
 * Source:    kubernetes.io/docs/reference/using-api/api-concepts; RFC 7396.
 */
#ifndef PK_TEST_WHOLE_API_H
#define PK_TEST_WHOLE_API_H

#include <jansson.h>

#include "net.h"

enum api_kind {
        API_PLANES,
        API_POLICIES,
        API_LEASES,
        API_EVENTS,
        API_CONFIG_MAPS,
        API_SECRETS,
        API_NAMESPACES,
        API_JOBS,
        API_KIND_COUNT
};

/* The number of the cluster of @plane, which has only what fences.c puts there. */
static inline unsigned api_of_plane(unsigned plane)
{
        return CLUSTERS_MAX + plane;
}

void api_begin(void);
void api_end(void);
void api_serve(unsigned cluster, struct exchange *exchange);

/* By people and by whoever restores backups: no fault is in their way. */
void api_put(unsigned cluster, enum api_kind kind, json_t *object); /* creates, or replaces as it is given */
void api_merge(unsigned cluster, enum api_kind kind, const char *namespace_name, const char *name, json_t *patch,
               bool is_status);
void api_delete(unsigned cluster, enum api_kind kind, const char *namespace_name, const char *name);
const json_t *api_find(unsigned cluster, enum api_kind kind, const char *namespace_name, const char *name);

/* Faults of the server's own. */
void api_cut_watches(unsigned cluster, bool is_silent);
bool api_flows(unsigned cluster);   /* no watch is half open */
void api_compact(unsigned cluster); /* watches cannot resume: 410 */
/* etcd is put back to an earlier moment, and the API server is started on it: versions fall, and are used again. */
void api_back_up(unsigned cluster);
void api_restore(unsigned cluster);

#endif
