/* workqueue.c -- keys that need a pass. */
#include "runtime/workqueue.h"

#include <stdlib.h>

#include "runtime/clock.h"
#include "runtime/metrics.h"
#include "util/mem.h"

/* The buckets and names of controller-runtime. */
static const double seconds_buckets[] = {1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000};

#define QUEUE_FAMILY(metric, kind, text)                                                                        \
        {                                                                                                       \
                .name = "workqueue_" metric, .help = (text), .type = (kind), .labels = { "name", "controller" } \
        }
#define QUEUE_HISTOGRAM(metric, text)                                                  \
        {                                                                              \
                .name = "workqueue_" metric, .help = (text), .type = METRIC_HISTOGRAM, \
                .labels = {"name", "controller"}, .buckets = seconds_buckets,          \
                .bucket_count = sizeof(seconds_buckets) / sizeof(seconds_buckets[0])   \
        }

static struct metric_family depth_family = QUEUE_FAMILY("depth", METRIC_GAUGE, "Keys that wait for a pass now.");
static struct metric_family adds_family =
        QUEUE_FAMILY("adds_total", METRIC_COUNTER, "Keys put into the queue; one that waits already is not counted.");
static struct metric_family retries_family =
        QUEUE_FAMILY("retries_total", METRIC_COUNTER, "Back-offs after a failure.");
static struct metric_family queue_family =
        QUEUE_HISTOGRAM("queue_duration_seconds", "How long a key waited in the queue before its pass began.");
static struct metric_family work_family = QUEUE_HISTOGRAM("work_duration_seconds", "How long a pass took.");
/* Passes run on the thread that also answers the scrape, so none is ever under way then; dashboards ask for both. */
static struct metric_family unfinished_family =
        QUEUE_FAMILY("unfinished_work_seconds", METRIC_GAUGE, "Age of the passes under way, summed.");
static struct metric_family longest_family =
        QUEUE_FAMILY("longest_running_processor_seconds", METRIC_GAUGE, "Age of the oldest pass under way.");

struct workqueue {
        struct loop *loop;
        struct workqueue_options options;
        struct work *first;
        struct work *last;
        struct work *last_ahead; /* of those that were added first; NULL: none is left */
        size_t depth;
        struct loop_timer again; /* wakes the loop for what a slice left over */
        struct metric_child *depth_metric;
        struct metric_child *adds;
        struct metric_child *queue_duration;
        struct metric_child *work_duration;
};

static struct metric_child *open_metric(struct metric_family *family, const char *name)
{
        metrics_register(family);
        return METRIC(family, name, name);
}

static void on_again(struct loop_timer *self)
{
        (void)self; /* the turn that it causes ends with the idle hook */
}

struct workqueue *workqueue_open(struct loop *loop, const struct workqueue_options *options)
{
        INVARIANT(options->slice_items > 0);
        struct workqueue *queue = mem_new(queue);
        queue->loop = loop;
        queue->options = *options;
        queue->again.due = on_again;
        queue->depth_metric = open_metric(&depth_family, options->name);
        queue->adds = open_metric(&adds_family, options->name);
        (void)open_metric(&retries_family, options->name); /* dashboards expect it; nothing here backs off by itself */
        queue->queue_duration = open_metric(&queue_family, options->name);
        queue->work_duration = open_metric(&work_family, options->name);
        (void)open_metric(&unfinished_family, options->name);
        (void)open_metric(&longest_family, options->name);
        return queue;
}

void workqueue_close(struct workqueue *queue)
{
        if (!queue)
                return;
        INVARIANT(!queue->first);
        loop_timer_stop(queue->loop, &queue->again);
        free(queue);
}

static void set_depth(struct workqueue *queue, size_t depth)
{
        queue->depth = depth;
        metric_set(queue->depth_metric, (double)depth);
}

static void unlink_work(struct work *work)
{
        struct workqueue *queue = work->queue;
        if (queue->last_ahead == work)
                queue->last_ahead = work->previous;
        *(work->previous ? &work->previous->next : &queue->first) = work->next;
        *(work->next ? &work->next->previous : &queue->last) = work->previous;
        work->previous = work->next = NULL;
        work->queued_at_us = 0;
        set_depth(queue, queue->depth - 1);
}

/* @before NULL: at the front. */
static void link_work(struct workqueue *queue, struct work *work, struct work *before)
{
        work->queue = queue;
        loop_timer_stop(queue->loop, &work->timer);
        work->queued_at_us = clock_mono_us();
        struct work **next = before ? &before->next : &queue->first;
        work->previous = before;
        work->next = *next;
        *(work->next ? &work->next->previous : &queue->last) = work;
        *next = work;
        set_depth(queue, queue->depth + 1);
        metric_add(queue->adds, 1);
        /* Should this come after the queue's slice of the turn, the loop must not fall asleep. */
        if (!queue->again.heap_index)
                loop_timer_set(queue->loop, &queue->again, loop_now(queue->loop));
}

void workqueue_add(struct workqueue *queue, struct work *work)
{
        INVARIANT(!work->queue || work->queue == queue);
        if (work->queued_at_us)
                loop_timer_stop(queue->loop, &work->timer);
        else
                link_work(queue, work, queue->last);
}

void workqueue_add_first(struct workqueue *queue, struct work *work)
{
        INVARIANT(!work->queue || work->queue == queue);
        if (work->queued_at_us)
                unlink_work(work);
        link_work(queue, work, queue->last_ahead);
        queue->last_ahead = work;
}

static void on_delay_over(struct loop_timer *self)
{
        struct work *work = CONTAINER_OF(self, struct work, timer);
        workqueue_add(work->queue, work);
}

void workqueue_add_after(struct workqueue *queue, struct work *work, mono_ms delay_ms)
{
        if (delay_ms <= 0) {
                workqueue_add(queue, work);
                return;
        }
        INVARIANT(!work->queue || work->queue == queue);
        work->queue = queue;
        mono_ms at = clock_mono() + delay_ms;
        bool is_due_earlier = work->timer.heap_index && work->timer.at <= at;
        if (work->queued_at_us || is_due_earlier)
                return;
        work->timer.due = on_delay_over;
        loop_timer_set(queue->loop, &work->timer, at);
}

void workqueue_remove(struct work *work)
{
        if (!work->queue)
                return;
        loop_timer_stop(work->queue->loop, &work->timer);
        if (work->queued_at_us)
                unlink_work(work);
}

static void run_first(struct workqueue *queue, int64_t now_us)
{
        struct work *work = queue->first;
        metric_observe(queue->queue_duration, (double)(now_us - work->queued_at_us) / 1e6);
        unlink_work(work);
        loop_timer_stop(queue->loop, &work->timer);
        work->run(work);
}

void workqueue_turn(struct workqueue *queue)
{
        int64_t began_us = clock_mono_us();
        int64_t now_us = began_us;
        size_t left = queue->options.slice_items;
        while (queue->first && left-- > 0 && now_us - began_us < queue->options.slice_ms * 1000) {
                run_first(queue, now_us);
                int64_t ended_us = clock_mono_us();
                metric_observe(queue->work_duration, (double)(ended_us - now_us) / 1e6);
                now_us = ended_us;
        }
        if (queue->first)
                loop_timer_set(queue->loop, &queue->again, loop_now(queue->loop));
        else
                loop_timer_stop(queue->loop, &queue->again);
}
