/* secret.c -- bytes that must not leave. */
#include "util/secret.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

void secret_wipe(void *bytes, size_t count)
{
        if (bytes)
                explicit_bzero(bytes, count);
}

void secret_set(struct secret *secret, const void *bytes, size_t count)
{
        char *copy = mem_calloc(count + 1, 1);
        if (count)
                memcpy(copy, bytes, count);
        secret_clear(secret);
        secret->bytes = copy;
        secret->count = count;
}

void secret_copy(struct secret *to, const struct secret *from)
{
        if (secret_is_empty(from))
                secret_clear(to);
        else
                secret_set(to, from->bytes, from->count);
}

void secret_clear(struct secret *secret)
{
        secret_wipe(secret->bytes, secret->count);
        free(secret->bytes);
        *secret = (struct secret){0};
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
        return a->count == b->count && (a->count == 0 || memcmp(a->bytes, b->bytes, a->count) == 0);
}

bool secret_is_empty(const struct secret *secret)
{
        return secret->count == 0;
}
