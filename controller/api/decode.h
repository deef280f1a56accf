/*
 * decode.h -- reading one JSON object of the API into one allocation, without an error check per field.
 *
 * An object is decoded twice by the same function: the first pass finds the first error and counts the bytes, the
 * second fills a block of exactly that size. The first error sticks; every read after it returns its default.
 *
 * Ownership: decoder_run() returns the block, freed with free(); everything decoded points into it or at constants.
 * Bounds:    texts as each read says, DECODE_BYTES_MAX in all, control characters are refused unless the decoder takes
 *            them.
 * Errors:    "<kind> <namespace>/<name>: <path>: <what is wrong and what to write>"; without a name "<kind>: <path>:
 *            ...".
 * Threads:   no shared state.
 */
#ifndef PK_API_DECODE_H
#define PK_API_DECODE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/err.h"
#include "util/units.h"

enum {
        DECODE_BYTES_MAX = 64 << 10,
        DECODE_UID_MAX = 1024, /* opaque: real ones have 36 */
        DECODE_TEXT_MAX = 253,
        DECODE_NAME_MAX = 63 /* of policies and planes: the TXT record carries them */,
        DECODE_ANNOTATION_BYTES = 400
};

struct decoder {
        enum err err;        /* sticky */
        bool takes_any_text; /* control characters too */
        struct errmsg why;
        struct arena scratch; /* first pass */
        char *block;          /* second pass */
        size_t used;
        size_t capacity;
};

/* One JSON object or array and where it is; json is NULL where absent, and every read then gives its default. */
struct scope {
        struct decoder *decoder;
        const json_t *json;
        char path[96];
};

struct choices { /* an enum of the schema, in the order of the C enum */
        const char *const *names;
        size_t count;
};
#define CHOICES(array) ((struct choices){(array), sizeof(array) / sizeof((array)[0])})

/* @fill must allocate the object itself first. Its result is *@ret only on ERR_OK. */
MUST_CHECK enum err decoder_run(const char *kind, const json_t *object, void *(*fill)(const struct scope *object),
                                void **ret, struct errmsg *reterr);

void *decode_alloc(struct decoder *decoder, size_t bytes); /* zeroed, aligned for pointers */
/* Records the first error: "<path>.<key>: ..."; @key "" means the scope itself. */
void decode_fail(const struct scope *scope, const char *key, const char *format, ...) PRINTF_LIKE(3, 4);

struct scope decode_object(const struct scope *scope, const char *key);
struct scope decode_array(const struct scope *scope, const char *key, size_t max);
struct scope decode_item(const struct scope *array, size_t index); /* an object in an array */
size_t decode_count(const struct scope *array);
bool decode_has(const struct scope *scope, const char *key);

/* @fallback NULL: the field is required. At most @max bytes. A text equal to a constant @fallback is not copied. */
const char *decode_text(const struct scope *scope, const char *key, const char *fallback, size_t max);
const char *decode_text_item(const struct scope *array, size_t index, size_t max);
/*
 * An annotation as one line: no schema guards it, so nothing that is written there may make the object invalid. Cut
 * where it is longer than any that makes sense, with ? for control characters; "" where there is none.
 */
const char *decode_annotation(const struct scope *annotations, const char *key);
bool decode_bool(const struct scope *scope, const char *key, bool fallback);
int64_t decode_integer(const struct scope *scope, const char *key, int64_t fallback, int64_t min, int64_t max);
/* Go's form without fractions ("5s", "200ms", "1h30m"), in milliseconds. The bounds do not apply to @fallback. */
mono_ms decode_duration(const struct scope *scope, const char *key, mono_ms fallback, mono_ms min, mono_ms max);
/* As Kubernetes writes it, of the years 1970 to 9999, so that it can be written back as it was read. 0 where it is
 * absent. */
unix_ms decode_time(const struct scope *scope, const char *key, bool is_required);
/* An array of them, of at most @max; returns how many there are. */
unsigned decode_times(const struct scope *scope, const char *key, unix_ms *ret_times, size_t max);
/* @fallback SIZE_MAX: the field is required. */
size_t decode_choice(const struct scope *scope, const char *key, struct choices choices, size_t fallback);

char *decode_keep(struct decoder *decoder, const char *text); /* a copy in the block */
/* "host:port" or "[v6]:port", in lower case: two that are written alike are one server. */
const char *decode_endpoint(const struct scope *scope, const char *key, const char *fallback);

#endif
