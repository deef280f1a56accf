/*
 * strbuf.h -- a growing, always NUL-terminated text with a hard maximum, so that input is bounded by construction.
 *
 * Invariant: bytes <= max; text[bytes] == 0 once anything was appended; after the first append that would pass the
 *            maximum the buffer is `overflowed`, keeps what it had and refuses the rest.
 * Ownership: strbuf_deinit() frees; strbuf_take() hands the text to the caller. A zeroed struct with max set is valid.
 * Threads:   one at a time.
 */
#ifndef PK_UTIL_STRBUF_H
#define PK_UTIL_STRBUF_H

#include <stdbool.h>
#include <stddef.h>

#include "util/err.h"

struct strbuf {
        char *text; /* NULL until the first append */
        size_t bytes;
        size_t capacity;
        size_t max;
        bool overflowed;
};

#define STRBUF_INIT(max_bytes) ((struct strbuf){.max = (max_bytes)})

/* False when the maximum would be passed: nothing of this piece is appended and the buffer is marked overflowed. */
bool strbuf_append(struct strbuf *buf, const void *bytes, size_t count);
bool strbuf_append_text(struct strbuf *buf, const char *text);
bool strbuf_append_char(struct strbuf *buf, char c);
bool strbuf_printf(struct strbuf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
const char *strbuf_text(const struct strbuf *buf); /* "" where empty; never NULL */
void strbuf_clear(struct strbuf *buf);             /* empties, keeps the memory */
char *strbuf_take(struct strbuf *buf);             /* the text becomes the caller's; never NULL */
void strbuf_deinit(struct strbuf *buf);

#endif
