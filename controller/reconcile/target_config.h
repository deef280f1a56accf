/*
 * target_config.h -- the settings and credentials for a driver's session, from the spec of a policy. The form of a kind
 * of target in the spec is known here and nowhere else in the shell: one row per kind.
 *
 * Ownership: texts are of the policy or of the arena.
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_TARGET_CONFIG_H
#define PK_RECONCILE_TARGET_CONFIG_H

#include "reconcile/policy.h"
#include "targets/target.h"
#include "util/arena.h"

enum { TARGET_SECRETS_MAX = PLANES_MAX + 1, TARGET_SECRET_KEYS_MAX = 2 };

/* One field of the spec that names a Secret. */
struct target_secret {
        const char *field;
        const char *secret;
        const char *wanted; /* the keys that are expected, for people */
        struct {
                const char *key, *as; /* in the Secret, and what the driver calls it */
                bool is_optional;
        } keys[TARGET_SECRET_KEYS_MAX];
        unsigned key_count; /* 0: all entries, as they are called */
        const char *prefix; /* before what the driver calls them then; NULL: none */
};

/* The Secrets that the spec names for the target @ref; returns their count. */
unsigned target_config_secrets(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                               struct target_secret ret[static TARGET_SECRETS_MAX]);

/* The settings of @ref: the spec's, with the target's own server in their place, as a running epoch keeps its plan. */
void target_config_settings(const struct policy *policy, const struct target_ref *ref, struct arena *arena,
                            struct target_config *ret);

/* ERR_INVALID: the drivers cannot do what the spec wants of them; the text names the field and the remedy. */
MUST_CHECK enum err target_config_check(const struct failover_policy *spec, struct errmsg *reterr);

/* The settings as one text, to compare. */
const char *target_config_text(const struct target_config *config, struct arena *arena);

/* The targets that the spec names, in step order; returns their count. */
unsigned target_config_wanted(const struct policy *policy, struct arena *arena,
                              struct wanted_target ret[static TARGETS_MAX]);

/* The endpoint in the refs of the promotion, and of a lock in the Redis that is promoted. The caller's. */
char *target_config_promotion(const struct failover_policy *spec);

/* The server of the name, by which two names are told apart; "" where the spec names none. The caller's. */
char *target_config_identity(const struct failover_policy *spec);

#endif
