/*
 * packed.h -- a text that is kept for long and read seldom, deflated: thousands of them stay small.
 *
 * Ownership: packed_clear() frees. A zeroed struct holds no text.
 * Bounds:    PACKED_TEXT_MAX bytes of text; a longer one is a broken invariant.
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

void packed_set(struct packed *packed, const char *text); /* NULL: no text */
char *packed_text(const struct packed *packed);           /* the caller's; NULL where there is none */
void packed_clear(struct packed *packed);

#endif
