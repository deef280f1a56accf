/*
 * watch_line.h -- decode one event of a watch: {"type":"ADDED","object":{...}}. Private to watch.c.
 *
 * Ownership: watch_line_clear() after every decode; the texts and @object live until then.
 * Bounds:    the caller bounds size and depth (json_split.h).
 * Source:    meta/v1 WatchEvent; kubernetes.io/docs/reference/using-api/api-concepts (efficient detection of changes)
 */
#ifndef PK_KUBE_WATCH_LINE_H
#define PK_KUBE_WATCH_LINE_H

#include <jansson.h>
#include <stddef.h>

#include "util/err.h"

enum watch_line_kind {
        LINE_SET,
        LINE_DELETE,
        LINE_BOOKMARK,
        LINE_ERROR,   /* @object is a Status */
        LINE_UNKNOWN, /* an unknown type */
        LINE_NO_JSON,
};

struct watch_line {
        enum watch_line_kind kind;
        const json_t *object;
        json_t *root;
};

void watch_line_decode(const char *text, size_t bytes, struct watch_line *ret);
void watch_line_clear(struct watch_line *line);

/* Of an object as lists and watches carry it. NULL where absent or, with more bytes than any server sends, unusable. */
const char *object_name(const json_t *object);
const char *object_resource_version(const json_t *object);

/* The class of the Status in an ERROR event; *ret_after_s: the server's Retry-After, 0 where there is none. */
enum err status_object_class(const json_t *status, long *ret_after_s, struct errmsg *reterr);

#endif
