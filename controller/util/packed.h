/*
 * packed.h -- a text that is kept for long and read seldom, deflated: thousands of them stay small. They get smaller
 * still beside a text that looks alike, which is kept once.
 *
 * Ownership: packed_clear() frees. A zeroed struct holds no text.
 * Bounds:    PACKED_TEXT_MAX bytes of text; a longer one is a broken invariant.
 * Source:    RFC 1950 (section 2.2, DICTID), deflateSetDictionary() of zlib.h.
 * Threads:   no shared state.
 */
#ifndef PK_UTIL_PACKED_H
#define PK_UTIL_PACKED_H

#include <stdint.h>

enum { PACKED_TEXT_MAX = 1 << 20 };

struct packed {
        unsigned char *bytes; /* NULL: no text */
        uint32_t size;        /* bytes deflated */
        uint32_t length;      /* bytes of the text */
};

/* NULL: no text. @alike is borrowed for the call, the same for packed_text(), and "" where nothing is known. */
void packed_set(struct packed *packed, const char *text, const char *alike);
char *packed_text(const struct packed *packed, const char *alike); /* the caller's; NULL where there is none */
void packed_clear(struct packed *packed);

#endif
