/*
 * api_object.h -- what an API server does with an object, for everything in the tests that stands for one: the scripted servers of
 * unit tests and the API servers of whole operators.
 *
 * Source: kubernetes.io/docs/reference/using-api/api-concepts; RFC 7396.
 */
#ifndef PK_TEST_API_OBJECT_H
#define PK_TEST_API_OBJECT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

const char *api_object_meta(const json_t *object, const char *field); /* "" where absent */
void api_object_set_version(json_t *object, uint64_t version);
/* Whether a patch that names a version may change @stored; one that names none always may. */
bool api_object_admits(const json_t *stored, const json_t *patch);
/* A merge patch: what is null goes, objects are merged, all else is replaced. */
void api_object_merge(json_t *into, const json_t *patch);
/* A line of a watch, with its end; the caller's. */
char *api_object_event(const char *type, const json_t *object);
/* A list as of @version; takes @items. */
json_t *api_object_list(json_t *items, const char *api_version, uint64_t version);

#endif
