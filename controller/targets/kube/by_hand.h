/* by_hand.h -- the kubectl commands by which a person writes an object's field. */
#ifndef PK_TARGETS_KUBE_BY_HAND_H
#define PK_TARGETS_KUBE_BY_HAND_H

#include "targets/kube/object.h"

/* Of a driver that sets one field to the value itself. */
struct by_hand object_by_hand(const struct object_profile *profile, const struct target_config *config,
                              const struct by_hand_write *write, struct arena *arena);

#endif
