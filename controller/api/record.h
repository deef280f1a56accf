/*
 * record.h -- the decision record on its Lease: annotation planekeeper.io/record of Lease planekeeper-<policy>, in the
 * policy's namespace, label planekeeper.io/lease=record, no ownerReference (it outlives the policy).
 *
 * Wire:      one JSON object of at most 4 KiB; 64-bit ids are 16 hex digits, times are RFC 3339 with milliseconds.
 *            Unknown fields are ignored; an unknown `v` is an error, so that nothing is decided over it. v=1 has a plan
 *            of one name and at most one lock, {dns: {...}, lock: {...}}; v=2 any other, {targets: [{kind, driver,
 *            endpoint, name, db, ttl, to, old}, ...]} in step order: what knows only v=1 freezes instead of leaving a
 *            step out. v=3 is either, with a switch prepared beside it: {prepared: {epoch, id, to, at, values: [...]}},
 *            a value for each target; what knows only v=2 freezes instead of deciding under an epoch that is taken.
 *            givenUp is the last prepared epoch that nobody began.
 * Ownership: a decoded record is one allocation with its texts: record_free(). Encoded text and JSON references are the
 *            caller's.
 * Errors:    ERR_INVALID: too long, malformed or out of range; the text says what, never how to delete it: a person
 *            decides that.
 * Threads:   no shared state.
 */
#ifndef PK_API_RECORD_H
#define PK_API_RECORD_H

#include <jansson.h>
#include <stddef.h>

#include "core/types.h"
#include "util/err.h"

#define RECORD_ANNOTATION   "planekeeper.io/record"
#define RECORD_LABEL_KEY    "planekeeper.io/lease"
#define RECORD_LABEL_VALUE  "record"
#define RECORD_LEASE_PREFIX "planekeeper-"

enum { RECORD_BYTES_MAX = 4096 };

extern const char *const record_kinds[TARGET_KIND_COUNT]; /* on the wire */

MUST_CHECK enum err record_encode(const struct record *record, char **ret_text, struct errmsg *reterr);
MUST_CHECK enum err record_decode(const char *text, size_t bytes, struct record **ret, struct errmsg *reterr);
/* A deep copy in one allocation. */
struct record *record_copy(const struct record *record);
void record_free(struct record *record); /* NULL is a no-op */

/* Name of the policy's Lease; the caller frees. */
char *record_lease_name(const char *policy);

/* Body of a create: fails at the API server with 409 where the Lease exists. */
MUST_CHECK enum err record_lease_new(const char *namespace_name, const char *policy, const struct record *record,
                                     json_t **ret, struct errmsg *reterr);
/* Merge patch that is refused with 409 unless the Lease is still at @resource_version. */
MUST_CHECK enum err record_lease_patch(const struct record *record, const char *resource_version, json_t **ret,
                                       struct errmsg *reterr);

/* A record Lease as watched. */
struct record_lease {
        char *namespace_name;
        char *policy;
        char *resource_version;
        char *uid;
        struct record *record; /* NULL: see why */
        char *why;             /* why there is no record to use; NULL where there is one */
};

/* Whose record it carries, borrowed from @lease; NULL: it is not a record Lease (other name or label). */
const char *record_lease_policy(const json_t *lease);
/* ERR_NOT_FOUND: not a record Lease (other name or label). A Lease whose record is unusable is ERR_OK with `why`. */
MUST_CHECK enum err record_lease_decode(const json_t *lease, struct record_lease *ret, struct errmsg *reterr);
void record_lease_clear(struct record_lease *lease);

#endif
