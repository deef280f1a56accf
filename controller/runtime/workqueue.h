/*
 * workqueue.h -- keys that need a pass: deduplicated, delayed, backed off; in the order of arrival, a slice per turn.
 * What something scarce is held for goes before the others.
 *
 * A key is in the queue at most once, however often it is added. When its run() begins, every earlier request for it is
 * satisfied, the delayed one included: each pass says anew when it wants the next. What is added during run() comes to
 * the tail, so no key starves another; who adds to the front sees to it that those are few.
 *
 * Units:     milliseconds.
 * Ownership: struct work is embedded in its owner, zeroed but for `run`; the owner calls workqueue_remove() before
 *            freeing it. That may happen within its own run(): the queue does not touch the work after run() returned.
 * Threads:   loop thread only.
 * Metrics:   workqueue_* with the names and labels of controller-runtime, so that existing dashboards work.
 */
#ifndef PK_RUNTIME_WORKQUEUE_H
#define PK_RUNTIME_WORKQUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/loop.h"
#include "util/units.h"

struct workqueue;

struct work {
        void (*run)(struct work *self);
        struct workqueue *queue; /* private to workqueue.c from here */
        struct work *previous;
        struct work *next;
        struct loop_timer timer; /* set while delayed */
        int64_t queued_at_us;    /* 0 while not in the queue */
};

struct workqueue_options {
        const char *name;         /* label of the metrics; borrowed for the life of the queue */
        size_t slice_items; /* at most so many passes per turn */
        mono_ms slice_ms;   /* no further pass is begun after so long, so that leases and probes stay on time */
};

struct workqueue *workqueue_open(struct loop *loop, const struct workqueue_options *options);
void workqueue_close(struct workqueue *queue); /* every work was removed before; NULL is a no-op */

/* One slice. Call it from the loop's idle hook; what is left over wakes the loop again at once. */
void workqueue_turn(struct workqueue *queue);

void workqueue_add(struct workqueue *queue, struct work *work);
/* Before all that were added otherwise, and after those that were added so; also where it is queued already. */
void workqueue_add_first(struct workqueue *queue, struct work *work);
/* In @delay_ms at the latest: a no-op when the work is queued or due earlier anyway; 0 adds at once. */
void workqueue_add_after(struct workqueue *queue, struct work *work, mono_ms delay_ms);
/* Neither queued nor delayed any more; safe on a work never added. */
void workqueue_remove(struct work *work);

#endif
