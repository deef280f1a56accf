/*
 * caches.h -- the watches that fill the typed caches, and the operations on all entries.
 *
 * Threads: loop thread only.
 */
#ifndef PK_RECONCILE_CACHES_H
#define PK_RECONCILE_CACHES_H

#include "reconcile/act.h"
#include "reconcile/manager.h"

void caches_open(struct manager *manager);
void caches_close(struct manager *manager);
void caches_wake_policies(struct manager *manager);
void caches_leadership_changed(struct manager *manager);
void caches_identity_changed(struct manager *manager); /* of the operator's own cluster */
void caches_discard_samples(struct manager *manager);
void caches_retime_probes(struct manager *manager);
void caches_refresh_planes(struct manager *manager); /* their statuses, where time changed them */
bool caches_secret_is_used(struct manager *manager, const char *key);
void caches_secret_changed(struct manager *manager, const char *key);

#endif
