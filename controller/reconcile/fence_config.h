/*
 * fence_config.h -- the settings and Secrets for the drivers of fences: one register for each item of spec.fence and
 * each plane, in the cluster that the ManagementPlane names. Private to target_config.c.
 *
 * Ownership: texts are of the policy or of the arena.
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_FENCE_CONFIG_H
#define PK_RECONCILE_FENCE_CONFIG_H

#include "reconcile/target_config.h"

unsigned fence_config_secrets(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                              struct target_secret *ret);
void fence_config_settings(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                           struct target_config *ret);
/* Those of all planes; returns their count. */
unsigned fence_config_wanted(const struct policy *policy, struct arena *arena, struct wanted_target *ret);

#endif
