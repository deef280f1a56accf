/* json_text.h -- JSON in tests: single quotes stand for double ones, so that a literal reads like a manifest. */
#ifndef PK_TEST_JSON_TEXT_H
#define PK_TEST_JSON_TEXT_H

#include <jansson.h>

/* Fails the test where the text is not JSON. The reference is the caller's. */
json_t *json_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
