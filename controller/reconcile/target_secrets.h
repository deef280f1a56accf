/*
 * target_secrets.h -- whether the Secrets of a policy can be used at all, said before any server is asked; and copies
 * of them for a visit.
 *
 * A text names the Secret, the field that references it, what is wrong, the keys that were found and those that are
 * expected; never a value. "" while all is well or still being read.
 */
#ifndef PK_RECONCILE_TARGET_SECRETS_H
#define PK_RECONCILE_TARGET_SECRETS_H

#include "reconcile/policy.h"
#include "targets/target.h"
#include "util/arena.h"

const char *target_secrets_error_of(const struct policy *policy, const struct target_ref *ref, struct arena *arena);
/* The first of all that the spec names and that decisions wait for. */
const char *target_secrets_error(const struct policy *policy, struct arena *arena);

/* Reads them again: a server has refused them, and a person may be about to put others there. */
void target_secrets_refresh(const struct policy *policy, const struct target_ref *ref);
/* Fills in the values that come from Secrets; "" for those that cannot be told now. */
void target_secrets_values(const struct policy *policy, struct arena *arena, struct wanted_target *wanted,
                           unsigned count);
/* Whether a target that the spec names uses the Secret "<namespace>/<name>". */
bool target_secrets_name(const struct policy *policy, const char *key);

/* Credentials as a driver wants them; owned: target_credentials_clear() wipes. */
struct target_credentials {
        struct target_credential *list; /* their keys are of an arena */
        size_t count;
};

/* Which versions of the Secrets are in force, as one text, to compare. ERR_TRANSIENT: one is still being read. */
MUST_CHECK enum err target_secrets_versions(const struct policy *policy, const struct target_ref *ref,
                                            struct arena *arena, const char **ret, struct errmsg *reterr);
/* ERR_TRANSIENT: a Secret is still being read. */
MUST_CHECK enum err target_credentials_copy(const struct policy *policy, const struct target_ref *ref,
                                            struct arena *arena, struct target_credentials *ret,
                                            struct errmsg *reterr);
void target_credentials_clear(struct target_credentials *credentials);

#endif
