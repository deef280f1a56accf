/* arena.c -- memory for one pass. */
#include "util/arena.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

/* A thousand visits may be on their way, each with an arena of a few texts; a pass takes many times as much. */
enum { CHUNK_BYTES_FIRST = 1024, CHUNK_BYTES_MAX = 16384 };

struct arena_chunk {
        struct arena_chunk *older;
        size_t capacity;
        alignas(max_align_t) unsigned char bytes[];
};

static size_t next_capacity(const struct arena_chunk *newest)
{
        if (!newest)
                return CHUNK_BYTES_FIRST;
        return newest->capacity < CHUNK_BYTES_MAX / 2 ? 2 * newest->capacity : CHUNK_BYTES_MAX;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
        INVARIANT(bytes <= SIZE_MAX / 2); /* so that rounding up cannot wrap */
        size_t rounded = (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
        if (!arena->chunk || arena->chunk->capacity - arena->used < rounded) {
                const size_t usual = next_capacity(arena->chunk), capacity = rounded > usual ? rounded : usual;
                struct arena_chunk *chunk = mem_calloc(1, sizeof(*chunk) + capacity);
                chunk->capacity = capacity;
                chunk->older = arena->chunk;
                arena->chunk = chunk;
                arena->used = 0;
        }
        void *block = arena->chunk->bytes + arena->used;
        arena->used += rounded;
        return block;
}

char *arena_strdup(struct arena *arena, const char *text)
{
        size_t bytes = strlen(text) + 1;
        return memcpy(arena_alloc(arena, bytes), text, bytes);
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        int count = vsnprintf(NULL, 0, format, args);
        va_end(args);
        INVARIANT(count >= 0);
        char *text = arena_alloc(arena, (size_t)count + 1);
        va_start(args, format);
        (void)vsnprintf(text, (size_t)count + 1, format, args);
        va_end(args);
        return text;
}

void arena_deinit(struct arena *arena)
{
        while (arena->chunk) {
                struct arena_chunk *older = arena->chunk->older;
                free(arena->chunk);
                arena->chunk = older;
        }
        *arena = (struct arena){0};
}
