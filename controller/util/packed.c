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

/* A window of 8 KiB and a small table: a text has some KiB, and what it takes to deflate one is allocated each time. */
enum { WINDOW_BITS = 13, TABLE_LEVEL = 5 };

static size_t deflate_text(const char *text, size_t length, const char *alike, unsigned char **ret_bytes)
{
        z_stream stream = {0};
        INVARIANT(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, WINDOW_BITS, TABLE_LEVEL, Z_DEFAULT_STRATEGY) ==
                  Z_OK);
        INVARIANT(!alike[0] || deflateSetDictionary(&stream, (const Bytef *)alike, (uInt)strlen(alike)) == Z_OK);
        const uLong room = deflateBound(&stream, length);
        unsigned char *bytes = mem_calloc(room, 1);
        stream.next_in = (z_const Bytef *)text;
        stream.avail_in = (uInt)length;
        stream.next_out = bytes;
        stream.avail_out = (uInt)room;
        INVARIANT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
        const size_t size = stream.total_out;
        (void)deflateEnd(&stream);
        *ret_bytes = mem_realloc(bytes, size, 1);
        return size;
}

void packed_set(struct packed *packed, const char *text, const char *alike)
{
        packed_clear(packed);
        if (!text)
                return;
        const size_t length = strlen(text);
        INVARIANT(length <= PACKED_TEXT_MAX);
        packed->size = (uint32_t)deflate_text(text, length, alike, &packed->bytes);
        packed->length = (uint32_t)length;
}

char *packed_text(const struct packed *packed, const char *alike)
{
        if (!packed->bytes)
                return NULL;
        char *text = mem_calloc((size_t)packed->length + 1, 1);
        z_stream stream = {.next_in = packed->bytes,
                           .avail_in = packed->size,
                           .next_out = (Bytef *)text,
                           .avail_out = packed->length + 1};
        INVARIANT(inflateInit2(&stream, WINDOW_BITS) == Z_OK);
        int result = inflate(&stream, Z_FINISH);
        if (result == Z_NEED_DICT) {
                INVARIANT(inflateSetDictionary(&stream, (const Bytef *)alike, (uInt)strlen(alike)) == Z_OK);
                result = inflate(&stream, Z_FINISH);
        }
        INVARIANT(result == Z_STREAM_END && stream.total_out == packed->length);
        (void)inflateEnd(&stream);
        return text;
}
