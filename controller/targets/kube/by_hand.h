/* by_hand.h -- the kubectl commands by which a person writes an object's field. */
#ifndef PK_TARGETS_KUBE_BY_HAND_H
#define PK_TARGETS_KUBE_BY_HAND_H

#include "targets/kube/object.h"

/* "kubectl --kubeconfig hub.yaml -n argocd @verb applications.argoproj.io gloo" */
const char *object_by_hand_command(const struct object_session *session, const struct target_config *config,
                                   const char *verb, struct arena *arena);
/* Only what its commands need. */
struct by_hand object_by_hand_needs(const struct target_config *config, const struct by_hand_write *write,
                                    struct arena *arena);

/* Of a driver that sets one field to the value itself. */
struct by_hand object_by_hand(const struct object_profile *profile, const struct target_config *config,
                              const struct by_hand_write *write, struct arena *arena);

#endif
