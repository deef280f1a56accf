/*
 * decision_facts.h -- the facts that a decision rested on, as status.lastDecision.facts: the samples of every check,
 * the thresholds as they were, the record and what the targets showed. Decoded, it is the view again, so that
 * `planekeeper explain` asks the core itself what it would decide.
 *
 * Wire:      points on the monotonic clock are written as the time until `at` ("for", "age"); what is at its default is
 *            left out. No secrets. Long values are abbreviated to their beginning and a hash, so that equal ones stay
 *            equal.
 * Bounds:    texts of samples and errors FACTS_TEXT_MAX bytes, values FACTS_VALUE_MAX; decoding refuses anything
 *            longer.
 * Ownership: a decoded struct is one allocation, its texts included: decision_facts_free(). JSON is the caller's.
 * Errors:    ERR_INVALID with "facts: <field>: <what is wrong>".
 * Threads:   no shared state.
 */
#ifndef PK_API_DECISION_FACTS_H
#define PK_API_DECISION_FACTS_H

#include <jansson.h>

#include "core/view.h"

enum { FACTS_VERSION = 1, FACTS_TEXT_MAX = 80, FACTS_VALUE_MAX = 80, FACTS_REQUEST_MAX = 120 };

struct decision_facts {
        struct view view;     /* complete: the core can be asked about it */
        struct record record; /* view.record points to it, where there is one */
};

/* The reference is the caller's. */
json_t *decision_facts_encode(const struct view *view);
MUST_CHECK enum err decision_facts_decode(const json_t *facts, struct decision_facts **ret, struct errmsg *reterr);
void decision_facts_free(struct decision_facts *facts); /* NULL is a no-op */

#endif
