/*
 * two_targets.h -- the part of the lock and of the (first) name in a view, a plan or a policy. Where there is no lock,
 * LOCK() is a part that is not in force.
 */
#ifndef PK_TEST_TWO_TARGETS_H
#define PK_TEST_TWO_TARGETS_H

#include <string.h>

#include "core/target.h"

/* @kinds: the kind of the first part, the others @stride bytes apart. */
static inline unsigned two_targets_at(const void *kinds, size_t stride, unsigned count, enum target_kind kind)
{
        for (unsigned i = 0; i < count; i++) {
                enum target_kind at;
                memcpy(&at, (const char *)kinds + i * stride, sizeof(at));
                if (at == kind)
                        return i;
        }
        return TARGETS_MAX - 1;
}

#define PART_OF(whole, kind_)                                                                                          \
        ((whole).targets[two_targets_at(&(whole).targets[0].ref.kind, sizeof((whole).targets[0]), (whole).target_count, \
                                        kind_)])
#define NAME(whole) PART_OF(whole, TARGET_NAME)
#define LOCK(whole) PART_OF(whole, TARGET_LOCK)

#endif
