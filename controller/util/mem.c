/* mem.c -- allocation that aborts when memory is out. */
#include "util/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void invariant_broken(const char *what, const char *file, int line)
{
        (void)fprintf(stderr, "planekeeper: broken invariant: %s (%s:%d); aborting, a restart is the recovery\n", what,
                      file, line);
        abort();
}

static _Noreturn void out_of_memory(size_t bytes)
{
        (void)fprintf(stderr, "planekeeper: out of memory for %zu bytes; aborting, a restart is the recovery\n", bytes);
        abort();
}

void *mem_calloc(size_t count, size_t size)
{
        void *block = calloc(count ? count : 1, size ? size : 1);
        if (!block)
                out_of_memory(size);
        return block;
}

void *mem_realloc(void *block, size_t count, size_t size)
{
        if (size && count > SIZE_MAX / size)
                out_of_memory(SIZE_MAX);
        size_t bytes = count * size;
        void *grown = realloc(block, bytes ? bytes : 1);
        if (!grown)
                out_of_memory(bytes);
        return grown;
}

static char *copy_text(const char *text, size_t length)
{
        char *copy = mem_calloc(length + 1, 1);
        memcpy(copy, text, length);
        return copy;
}

char *mem_strndup(const char *text, size_t bytes)
{
        return copy_text(text, strnlen(text, bytes));
}

char *mem_strdup(const char *text)
{
        return copy_text(text, strlen(text));
}
