/* fence.h -- the rules that hold for every target before anything is sent. Pure. */
#ifndef PK_TARGETS_FENCE_H
#define PK_TARGETS_FENCE_H

#include "targets/target.h"

enum {
        /* Longest text with its final NUL: a record with the longest names that Kubernetes allows fits with room. */
        TARGET_STAMP_BYTES = 2048,
};

/*
 * target_check_stamp() - may a target that carries @stored (with the wanted value already there if @has_value) be moved
 * to @want?
 *
 * Where the text beside the value is a decision record, its epoch may never fall, and neither may the value's own.
 *
 * ERR_CONFLICT: a higher epoch is stored, or this one with another id or value. ERR_INVALID: the stamp is not one of
 * Planekeeper's, or another owner's: a person decides; or @want's names cannot be carried by a stamp.
 */
MUST_CHECK enum err target_check_stamp(const struct stamp *stored, bool has_value, const struct target_want *want,
                                       struct errmsg *reterr);

/* The text that goes beside the value: @want's, or the very text that is there where it is of that epoch already. */
void target_stamp_text(const struct target_state *expected, const struct target_want *want,
                       char ret_text[static TARGET_STAMP_BYTES]);

void target_stamp_clear(struct stamp *stamp);

#endif
