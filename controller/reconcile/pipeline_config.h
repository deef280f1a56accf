/*
 * pipeline_config.h -- the settings and Secrets for the drivers of pipelines, from the spec and the decision in force.
 * Private to target_config.c.
 *
 * Ownership: texts are of the policy or of the arena.
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_PIPELINE_CONFIG_H
#define PK_RECONCILE_PIPELINE_CONFIG_H

#include "reconcile/target_config.h"

unsigned pipeline_config_secrets(const struct failover_policy *spec, const struct target_ref *ref, struct arena *arena,
                                 struct target_secret *ret);
void pipeline_config_settings(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                              struct target_config *ret);

/* The parts of these, for a Job that another field of the spec names: */
unsigned pipeline_config_hub(const struct policy_pipeline *pipeline, const char *field, struct arena *arena,
                             struct target_secret *ret); /* 0 or 1 */
struct target_config pipeline_config_of(const struct failover_policy *spec, const struct policy_pipeline *pipeline,
                                        struct arena *arena);
/* Adds the facts of the decision to @ret's settings; @name is the item's. */
void pipeline_config_facts(const struct policy *policy, const char *name, struct arena *arena,
                           struct target_config *ret);

struct wanted_target pipeline_config_wanted(const struct failover_policy *spec,
                                            const struct policy_pipeline *pipeline, struct arena *arena);

#endif
