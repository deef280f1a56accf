/* following.h -- the mark on an object whose controller was asked to act on a target: by which decision. Pure. */
#ifndef PK_TARGETS_KUBE_FOLLOWING_H
#define PK_TARGETS_KUBE_FOLLOWING_H

#include "targets/kube/object.h"

#define FOLLOWING_MARK "planekeeper.io/refreshed"

bool following_is_asked(const json_t *item, const struct stamp *stamp);
/* Annotations with the mark, to which the request is added; the caller's. */
json_t *following_mark(const struct stamp *stamp);
/* "<epoch>-<id>" */
#define FOLLOWING_TOKEN_BYTES 48
void following_token(const struct stamp *stamp, char ret[static FOLLOWING_TOKEN_BYTES]);

#endif
