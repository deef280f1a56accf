/*
 * metrics.h -- counters, gauges and histograms in Prometheus' text format, with a bound on label sets.
 *
 * A family is declared once (static struct); children are found by their label values and live until metrics_forget().
 *
 * Ownership: label values are copied.
 * Errors:    beyond 20,000 children of a family all new label sets fall into one with "overflow" values.
 * Threads:   loop thread only.
 * Source:    prometheus.io/docs/instrumenting/exposition_formats, text format 0.0.4.
 */
#ifndef PK_RUNTIME_METRICS_H
#define PK_RUNTIME_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "util/strbuf.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
enum { METRIC_LABELS_MAX = 4 };

struct metric_child;
struct metric_family {
        const char *name;
        const char *help;
        enum metric_type type;
        const char *labels[METRIC_LABELS_MAX]; /* unused ones NULL */
        const double *buckets;                 /* histograms: ascending upper bounds, +Inf is implied */
        size_t bucket_count;
        struct metric_child *children; /* private to metrics.c from here */
        struct metric_child *last;
        size_t child_count;
        struct metric_child **slots; /* hash table over the same children */
        size_t slot_count;
        struct metric_family *next;
};

/* Puts the family on the page (before first use; idempotent). */
void metrics_register(struct metric_family *family);

/* The child with these label values (as many as the family has labels; NULL for none), created at 0. A search hashes
 * the values: keep the child where even that is too much. */
struct metric_child *metrics_child(struct metric_family *family, const char *const values[]);
#define METRIC(family, ...) metrics_child((family), (const char *const[]){__VA_ARGS__, NULL})

void metric_add(struct metric_child *child, double amount);
void metric_set(struct metric_child *child, double value);
void metric_observe(struct metric_child *child, double value); /* histograms; seconds */

/* Drop every child of @family whose label @label has @value: an object was deleted. */
void metrics_forget(struct metric_family *family, const char *label, const char *value);
void metrics_forget_all(struct metric_family *family); /* every child, at once */

/* Append the whole page, process_* (from /proc/self) included. */
void metrics_print(struct strbuf *page);

#endif
