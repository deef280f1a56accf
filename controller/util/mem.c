/* mem.c -- allocation that aborts when memory is out. */
#include "util/mem.h"

#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The process must not hang on a stderr that is not read: a writable pipe takes a line this short without blocking. */
static _Noreturn void say_and_abort(const char *line)
{
        struct pollfd listener = {.fd = STDERR_FILENO, .events = POLLOUT};
        if (poll(&listener, 1, 0) > 0 && (listener.revents & POLLOUT))
                (void)!write(STDERR_FILENO, line, strlen(line));
        abort();
}

_Noreturn void invariant_broken(const char *what, const char *file, int line)
{
        char text[512];
        (void)snprintf(text, sizeof(text),
                       "planekeeper: broken invariant: %.300s (%.100s:%d); aborting, a restart is the recovery\n", what,
                       file, line);
        say_and_abort(text);
}

static _Noreturn void out_of_memory(size_t bytes)
{
        char text[128];
        (void)snprintf(text, sizeof(text),
                       "planekeeper: out of memory for %zu bytes; aborting, a restart is the recovery\n", bytes);
        say_and_abort(text);
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
