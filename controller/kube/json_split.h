/*
 * json_split.h -- cut a stream of JSON into objects while it arrives: memory is bounded by one object, not by the
 * answer.
 *
 * Two modes: JSON_SPLIT_STREAM hands over each top-level object (the lines of a watch). JSON_SPLIT_LIST hands over each
 * object in the top-level array "items" and keeps what is around it, the skeleton (kind, metadata.continue,
 * metadata.resourceVersion, "items":[]). It only finds borders: what it hands over still has to be decoded, which also
 * finds every syntax error inside.
 *
 * Units:     bytes.
 * Bounds:    an object above max_object_bytes or deeper than 64 levels is passed over, reported and the stream goes on;
 *            one above 64 MiB is taken to have no end (ERR_INVALID); the skeleton is at most 64 KiB.
 * Ownership: a zeroed struct with the public fields set is ready; json_split_deinit() frees what is buffered. Texts are
 *            borrowed for the call.
 * Errors:    ERR_INVALID: not JSON of the expected shape; ERR_CANCELLED: object() returned false. After either, only
 *            deinit.
 * Threads:   one at a time.
 */
#ifndef PK_KUBE_JSON_SPLIT_H
#define PK_KUBE_JSON_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"
#include "util/strbuf.h"

enum json_split_mode { JSON_SPLIT_STREAM, JSON_SPLIT_LIST };

enum { JSON_SPLIT_ENDLESS_BYTES = 64 * 1024 * 1024 };
enum { JSON_SPLIT_LEVELS = 64, JSON_SPLIT_KEY_LEVELS = 4, JSON_SPLIT_KEY_BYTES = 12, JSON_SPLIT_NAME_BYTES = 254 };

struct json_split {
        enum json_split_mode mode;
        size_t max_object_bytes;
        bool (*object)(void *ctx, const char *text, size_t bytes); /* not NUL-terminated; false ends the feed */
        /* @name is (object.)metadata.name where it was seen, else "". */
        void (*oversized)(void *ctx, const char *name, size_t bytes);
        void *ctx;

        /* Private from here. */
        unsigned level;  /* open brackets */
        unsigned deeper; /* those below the deepest level, in an object that is passed over */
        uint64_t is_map; /* bit n: the bracket that opened level n + 1 is a brace */
        bool in_string;
        bool is_escaped;     /* the next byte of the string belongs to a backslash */
        bool is_key;         /* the string is a key */
        bool expects_key;    /* the next string is a key */
        bool in_items;       /* list mode: inside the array "items" */
        bool in_object;      /* inside an object to hand over */
        bool is_complete;    /* list mode: the top-level value has ended */
        bool is_oversized;   /* the object is counted, not stored */
        const char *pending; /* first byte of this chunk that is not stored yet */
        size_t object_bytes;
        struct strbuf stored; /* the part of the object that came in earlier chunks */
        struct strbuf skeleton;
        char keys[JSON_SPLIT_KEY_LEVELS + 1][JSON_SPLIT_KEY_BYTES]; /* the key in force at each level from 1 */
        char name[JSON_SPLIT_NAME_BYTES];
};

MUST_CHECK enum err json_split_feed(struct json_split *split, const char *bytes, size_t count, struct errmsg *reterr);

/* False while a value is unfinished (and in list mode before there was one): the stream was cut. */
bool json_split_is_whole(const struct json_split *split);

const char *json_split_skeleton(const struct json_split *split);
void json_split_deinit(struct json_split *split);

#endif
