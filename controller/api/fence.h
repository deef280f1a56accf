/*
 * fence.h -- spec.fence of a FailoverPolicy: fields of objects in each plane's own cluster, which say whether the plane
 * is the active one.
 *
 * Ownership: all texts are of the decoder's block (decode.h).
 * Bounds:    FENCES_MAX items, whose objects in all planes are among the TARGETS_MAX targets of a policy.
 */
#ifndef PK_API_FENCE_H
#define PK_API_FENCE_H

#include "api/decode.h"
#include "api/pipeline.h"

enum { FENCES_MAX = 3, FENCE_SETTINGS_MAX = 6 };

struct policy_fence {
        const char *name;
        struct policy_setting settings[FENCE_SETTINGS_MAX]; /* of the object and its field, as of a pipeline's */
        size_t setting_count;
        const char *active, *standby; /* texts of the two values; setting "type" says what they are */
};

const struct policy_fence *fences_decode(const struct scope *spec, size_t *ret_count);

#endif
