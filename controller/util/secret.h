/*
 * secret.h -- bytes that must not leave: never printed, wiped when cleared.
 *
 * Ownership: secret_set() copies; secret_clear() wipes and frees. A zeroed struct is an empty secret.
 * Threads:   one at a time; hand one over by moving the struct.
 */
#ifndef PK_UTIL_SECRET_H
#define PK_UTIL_SECRET_H

#include <stdbool.h>
#include <stddef.h>

struct secret {
        char *bytes; /* NUL-terminated beyond `count` for the convenience of text secrets; NULL when empty */
        size_t count;
};

void secret_set(struct secret *secret, const void *bytes, size_t count);
void secret_copy(struct secret *to, const struct secret *from);
void secret_clear(struct secret *secret); /* also right for CLEANUP(secret_clear) */
bool secret_equal(const struct secret *a, const struct secret *b);
bool secret_is_empty(const struct secret *secret);

/* Wipe memory that held secret bytes, in a way the compiler may not drop. */
void secret_wipe(void *bytes, size_t count);

#endif
