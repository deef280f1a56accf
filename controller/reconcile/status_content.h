/*
 * status_content.h -- hashes of a status, one with its messages and one without. Each pass compares them to tell
 * whether a write is due, so the status is walked once and not printed for it.
 *
 * lastDecision.facts and judgedAt are left out of both: they are new all the time, and are written with the rest. (That
 * a status was judged is worth a write of its own now and then: status.h.)
 *
 * Threads: any.
 */
#ifndef PK_RECONCILE_STATUS_CONTENT_H
#define PK_RECONCILE_STATUS_CONTENT_H

#include <jansson.h>
#include <stdint.h>

struct status_content {
        uint64_t whole; /* 0: not known */
        uint64_t facts; /* all but its messages */
};

/* @status NULL: not known. The order of an object's members does not count. */
struct status_content status_content_of(const json_t *status);

#endif
