/*
 * arena.h -- memory for one pass: everything allocated from it is freed in one call. Pure code allocates from nothing
 * else.
 *
 * Ownership: arena_deinit() frees all; pointers die with it. A zeroed struct is a valid empty arena.
 * Threads:   one at a time.
 */
#ifndef PK_UTIL_ARENA_H
#define PK_UTIL_ARENA_H

#include <stddef.h>

#include "util/err.h"

struct arena_chunk;
struct arena {
        struct arena_chunk *chunk; /* newest first */
        size_t used;               /* bytes used in the newest chunk */
};

void *arena_alloc(struct arena *arena, size_t bytes)
    __attribute__((returns_nonnull)); /* zeroed, aligned for any type */
char *arena_strdup(struct arena *arena, const char *text) __attribute__((returns_nonnull));
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3) __attribute__((returns_nonnull));
void arena_deinit(struct arena *arena); /* also right for CLEANUP(arena_deinit) */

#endif
