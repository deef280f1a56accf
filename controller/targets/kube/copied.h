/*
 * copied.h -- a target whose value is the content of a Secret: entries that are copied from the Secret of the active
 * plane. Pure.
 *
 * The value that is recorded and shown has no secret in it: the address, where the entries name one, and 48 bits of a
 * SHA-256 of all of them, so that a rotated credential is another value.
 */
#ifndef PK_TARGETS_KUBE_COPIED_H
#define PK_TARGETS_KUBE_COPIED_H

#include "targets/kube/object.h"

/* For struct object_profile. */
MUST_CHECK enum err copied_show(const struct object_session *session, const json_t *object, char **ret,
                                struct errmsg *reterr);
MUST_CHECK enum err copied_set(const struct object_session *session, const struct target_want *want, json_t *patch,
                               struct errmsg *reterr);
/* For target_driver.value_of. */
char *copied_value_of(const struct object_profile *profile, const struct target_config *config, const char *plane);
/* Its commands copy from the plane's Secret, and print nothing of it; @then follows them (" && kubectl ..."), or "". */
struct by_hand copied_by_hand(const struct object_profile *profile, const struct target_config *config,
                              const struct by_hand_write *write, const char *then, struct arena *arena);

/* One entry of @object's data, decoded; empty where there is none. The caller clears it. */
void copied_entry(const json_t *object, const char *key, struct secret *ret);

#endif
