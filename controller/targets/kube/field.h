/*
 * field.h -- one field of an object, by a JSON pointer: found, shown as a text, and set by a merge patch. Pure.
 *
 * Source: RFC 6901 (pointers), RFC 7396 (merge patches: they set members of objects, and replace lists as a whole).
 */
#ifndef PK_TARGETS_KUBE_FIELD_H
#define PK_TARGETS_KUBE_FIELD_H

#include <jansson.h>

#include "util/err.h"

enum { FIELD_VALUE_BYTES = 512, FIELD_STEPS_MAX = 16 };

enum field_type { FIELD_STRING, FIELD_BOOLEAN, FIELD_INTEGER };

/* Whether @pointer is one, of at most FIELD_STEPS_MAX steps, that leads below the object itself. */
MUST_CHECK enum err field_check(const char *pointer, struct errmsg *reterr);
/* The steps of a checked pointer, unescaped, in one allocation for the caller; returns their count. */
char *field_steps(const char *pointer, const char *ret_steps[static FIELD_STEPS_MAX], unsigned *ret_count);

/*
 * *ret NULL: there is none. ERR_INVALID: the way there leads through something else than an object, which a patch would
 * replace.
 */
MUST_CHECK enum err field_find(const json_t *object, const char *pointer, const json_t **ret, struct errmsg *reterr);

/* A text that two equal values share: a string is itself, all else is JSON; a long one ends in a hash. The caller's. */
char *field_text(const json_t *value);
/* The same back: ERR_INVALID where @text is not of @type. *ret is the caller's. */
MUST_CHECK enum err field_value(enum field_type type, const char *text, json_t **ret, struct errmsg *reterr);

/* Adds to @patch what sets the field to @value, which is moved in. */
void field_set(json_t *patch, const char *pointer, json_t *value);

#endif
