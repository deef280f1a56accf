/*
 * addresses.h -- a check of several addresses as one, as agents see them that take any of the addresses. Pure.
 *
 * It passes where one passes, and fails only where all fail: agents that meet the dead one try the next. One that was
 * not judged yet may be the good one, so then it is neither. A run is that of the best address while it passes, of the
 * one that began to fail last otherwise.
 */
#ifndef PK_CORE_ADDRESSES_H
#define PK_CORE_ADDRESSES_H

#include "core/view.h"
#include "util/arena.h"

struct address_view {
        const char *address; /* "198.51.100.7"; "" where the check is of no address */
        struct check_view check;
};

/* @count >= 1; texts are borrowed from @each, or live in the arena. */
struct check_view addresses_join(const struct address_view *each, unsigned count, struct arena *arena);

/* The check of @plane that fails at some of its addresses, and at which; NULL: none does. */
const char *addresses_failing(const struct plane_view *plane, struct arena *arena);

#endif
