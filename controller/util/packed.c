/* packed.c -- a text that is kept for long, deflated. */
#include "util/packed.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "util/mem.h"

void packed_clear(struct packed *packed)
{
        free(packed->bytes);
        *packed = (struct packed){0};
}

void packed_set(struct packed *packed, const char *text)
{
        packed_clear(packed);
        if (!text)
                return;
        const size_t length = strlen(text);
        INVARIANT(length <= PACKED_TEXT_MAX);
        uLongf size = compressBound(length);
        unsigned char *bytes = mem_calloc(size, 1);
        INVARIANT(compress2(bytes, &size, (const Bytef *)text, length, Z_BEST_COMPRESSION) == Z_OK);
        *packed = (struct packed){mem_realloc(bytes, size, 1), (uint32_t)size, (uint32_t)length};
}

char *packed_text(const struct packed *packed)
{
        if (!packed->bytes)
                return NULL;
        char *text = mem_calloc((size_t)packed->length + 1, 1);
        uLongf length = packed->length;
        const int result = uncompress((Bytef *)text, &length, packed->bytes, packed->size);
        INVARIANT(result == Z_OK && length == packed->length);
        return text;
}
