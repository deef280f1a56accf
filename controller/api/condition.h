/*
 * condition.h -- a bounded list of metav1.Condition, built anew in each pass: what a pass does not set is gone
 * afterwards.
 *
 * lastTransitionTime is kept from the previous list where the status of that type is unchanged.
 *
 * Ownership: the list owns copies of its texts; condition_list_clear() frees. A zeroed struct is an empty list.
 * Bounds:    8 conditions; messages are cut at 1,024 bytes, on a UTF-8 boundary.
 * Threads:   no shared state.
 * Source:    k8s.io/apimachinery meta/v1 Condition; API conventions, "Typical status properties".
 */
#ifndef PK_API_CONDITION_H
#define PK_API_CONDITION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"
#include "util/units.h"

enum { CONDITIONS_MAX = 8, CONDITION_MESSAGE_MAX = 1024 };

enum condition_status { CONDITION_FALSE, CONDITION_TRUE, CONDITION_UNKNOWN };

struct condition {
        char *type; /* one block holds all three texts */
        const char *reason;
        const char *message;
        enum condition_status status;
        int64_t observed_generation;
        unix_ms last_transition_at;
};

struct condition_list {
        struct condition *items;
        size_t count;
};

/* A condition of this pass; texts are copied. */
struct condition_value {
        const char *type;
        enum condition_status status;
        const char *reason; /* CamelCase, never empty */
        const char *message;
        int64_t observed_generation;
};

/* Adds it, or replaces the one of that type. @previous (may be NULL) is the list of the pass before. A ninth type is a
 * broken invariant. */
void condition_list_set(struct condition_list *list, const struct condition_list *previous,
                        const struct condition_value *value, unix_ms now);
const struct condition *condition_list_find(const struct condition_list *list,
                                            const char *type); /* NULL where absent */
void condition_list_clear(struct condition_list *list);

/* status.conditions; the reference is the caller's. */
json_t *condition_list_encode(const struct condition_list *list);
/* From an object's status.conditions (NULL: none). Malformed entries and those beyond the bound are left out: only
 * the operator writes this status. */
void condition_list_decode(const json_t *conditions, struct condition_list *ret);

#endif
