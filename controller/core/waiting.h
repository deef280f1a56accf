/*
 * waiting.h -- which targets the later steps wait for: by their kind (enum blocking), and for those of a plane by
 * whether the plane may serve, and by its part in the switch. Pure.
 */
#ifndef PK_CORE_WAITING_H
#define PK_CORE_WAITING_H

#include "core/view.h"

/* Whether a switch that leaves the plane named @left ("": nobody) would wait for @target. */
bool waiting_blocks(const struct view *view, const struct target_view *target, const char *left);
/*
 * Whether what comes after @target waits for it under the record. A fence is waited for in a switch alone: in the plane
 * that is left, and in others that are not seen to be fenced, while they may serve.
 */
bool waiting_is_for(const struct view *view, const struct target_view *target);
/* Whether @target is a fence of the plane that the record names: nothing waits for its release. */
bool waiting_is_released(const struct view *view, const struct target_view *target);

#endif
