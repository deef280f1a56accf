/*
 * fields.h -- texts of the form "key=value key=value", as stamps and records in DNS are written: exactly one space
 * between fields, keys of letters, values of printable ASCII without spaces (possibly empty).
 *
 * Threads: no shared state.
 */
#ifndef PK_UTIL_FIELDS_H
#define PK_UTIL_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct field {
        const char *key; /* borrowed, not terminated */
        size_t key_bytes;
        const char *value;
        size_t value_bytes;
};

/*
 * Takes the next field off the front of *at. False: there is none; then *at is at the end of the text, unless what
 * stands there is no field.
 */
bool fields_next(const char **at, struct field *ret);
bool field_is(const struct field *field, const char *key);
/* Copies the value; false where it does not fit @size with its final NUL. */
bool field_copy(const struct field *field, char *ret_text, size_t size);
/* Only the digits that would be written (no sign, no leading zero), and at most @max: one text for one value. */
bool field_number(const struct field *field, uint64_t max, uint64_t *ret);

#endif
