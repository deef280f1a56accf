/*
 * mem.h -- allocation that aborts when memory is out. Restart plus the other replica is the recovery (decisions/003).
 *
 * Ownership: everything returned is the caller's, released with free().
 * Threads:   as malloc().
 */
#ifndef PK_UTIL_MEM_H
#define PK_UTIL_MEM_H

#include <stddef.h>

void *mem_calloc(size_t count, size_t size) __attribute__((malloc, alloc_size(1, 2), returns_nonnull));
void *mem_realloc(void *block, size_t count, size_t size) __attribute__((alloc_size(2, 3), returns_nonnull));
char *mem_strdup(const char *text) __attribute__((malloc, returns_nonnull));
char *mem_strndup(const char *text, size_t bytes) __attribute__((malloc, returns_nonnull));

/* One zeroed object of the pointed-to type: struct watch *w = mem_new(w). */
#define mem_new(pointer) mem_calloc(1, sizeof(*(pointer)))

/*
 * A broken invariant is printed and aborts, in release builds too. The branch is in invariant_check(), so that the
 * coverage of a caller counts only what can happen.
 */
#define INVARIANT(condition) invariant_check(!!(condition), #condition, __FILE__, __LINE__)
_Noreturn void invariant_broken(const char *what, const char *file, int line);

/* An int, because ldns.h makes bool a signed char where it comes first. */
static inline void invariant_check(int holds, const char *what, const char *file, int line)
{
        if (!holds)
                invariant_broken(what, file, line);
}

#endif
