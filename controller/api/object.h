/* object.h -- the parts that both resources share: references, the identity of an object before or without decoding. */
#ifndef PK_API_OBJECT_H
#define PK_API_OBJECT_H

#include <jansson.h>

/* One key of a Secret in the object's own namespace. */
struct secret_key_ref {
        const char *name; /* "" = no reference */
        const char *key;
};

/* metadata.<field> as text, "" where absent; borrowed from @object. */
const char *object_meta(const json_t *object, const char *field);

/* One annotation or label, NULL where absent; borrowed from @object. */
const char *object_annotation(const json_t *object, const char *key);
const char *object_label(const json_t *object, const char *key);

#endif
