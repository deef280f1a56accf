/*
 * requests.h -- the answers to a policy's annotations: the last one, and which values had a final answer. The status
 * carries both from one process to the next. Where the status was lost, a value may have been refused before, so it
 * does not act.
 *
 * Ownership: struct requests is embedded in its policy; requests_clear() before freeing it.
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_REQUESTS_H
#define PK_RECONCILE_REQUESTS_H

#include <jansson.h>

#include "api/failover_policy.h"
#include "core/failover.h"

struct requests {
        char *text; /* status.lastRequest; NULL: there is none */
        char *answer;
        unix_ms answered_at;
        char *handled[REQUEST_KEY_COUNT];   /* the value that had its answer for good; NULL: none */
        char *inherited[REQUEST_KEY_COUNT]; /* the value that stood there when the status was found lost; NULL: none */
        char *seen[REQUEST_KEY_COUNT];      /* the values as they are; NULL: none */
        bool is_lost; /* the status was read and said nothing */
        mono_ms asked_at;                   /* when one of them was first seen as it is; 0: there is none */
};

/* As an object's status says it; requests_follow() with its annotations comes next. */
void requests_restore(struct requests *requests, const json_t *status);
/* The annotations are those of @spec from @now on: what is not asked any more is forgotten. */
void requests_follow(struct requests *requests, const struct failover_policy *spec, mono_ms now);
/* For the core. @read_at: when the older of the looks at the targets in force began. */
void requests_show(const struct requests *requests, mono_ms read_at, struct policy_view *ret);
/* Keeps the answer of a pass, with status.lastRequest and what is handled; false where it says nothing new. */
bool requests_answered(struct requests *requests, const struct decision *decision, const struct policy_view *view,
                       unix_ms wall);
json_t *requests_last_json(const struct requests *requests);
json_t *requests_handled_json(const struct requests *requests);
void requests_clear(struct requests *requests);

#endif
