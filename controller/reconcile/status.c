/* status.c -- the one queue through which every status is written. */
#include "reconcile/status.h"

#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "util/mem.h"
#include "util/text.h"

enum {
        TIMEOUT_MS = 5000,
        RETRY_FIRST_MS = 200,
        RETRY_MAX_MS = 10000,
        SLICE_US = 3000,
        CONFLICTS_MAX = 5,
        OFFERS_MAX = 32
};

struct status_writer {
        struct loop *loop;
        struct kube *kube;
        struct status_queue {
                struct status_mark *first, *last;
        } urgent, normal;
        struct status_share share;
        bool is_enabled;
        unsigned queued;
        struct loop_timer timer;
        struct yield yield;
        status_troubled_fn *troubled; /* may be NULL */
        void *troubled_ctx;
};

static void pump(struct status_writer *writer);

static void tell_trouble(const struct status_mark *mark, const char *why)
{
        if (mark->writer->troubled)
                mark->writer->troubled(mark->writer->troubled_ctx, mark, why);
}

/* The offered status is out of date: the object, or the conditions that it was built on, have changed. */
static void drop_offer(struct status_mark *mark)
{
        json_decref(mark->offered);
        mark->offered = NULL;
        condition_list_clear(&mark->offered_conditions);
}

static void unqueue(struct status_mark *mark)
{
        struct status_queue *queue = mark->queue;
        if (!queue)
                return;
        *(mark->previous ? &mark->previous->next : &queue->first) = mark->next;
        *(mark->next ? &mark->next->previous : &queue->last) = mark->previous;
        mark->previous = mark->next = NULL;
        mark->queue = NULL;
        mark->writer->queued--;
}

static void enqueue(struct status_mark *mark)
{
        struct status_writer *writer = mark->writer;
        struct status_queue *queue = mark->is_urgent ? &writer->urgent : &writer->normal;
        if (mark->queue == queue)
                return;
        unqueue(mark);
        mark->queue = queue;
        writer->queued++;
        mark->previous = queue->last;
        *(queue->last ? &queue->last->next : &queue->first) = mark;
        queue->last = mark;
}

static struct status_mark *next_of(const struct status_writer *writer)
{
        return writer->urgent.first ? writer->urgent.first : writer->normal.first;
}

static void wake_at(struct status_writer *writer, mono_ms at)
{
        if (!writer->timer.heap_index || at < writer->timer.at)
                loop_timer_set(writer->loop, &writer->timer, at);
}

static void postpone(struct status_mark *mark, mono_ms until)
{
        if (!mark->later.heap_index || until < mark->later.at)
                loop_timer_set(mark->writer->loop, &mark->later, until);
}

static void later_due(struct loop_timer *timer)
{
        status_request(CONTAINER_OF(timer, struct status_mark, later));
}

static void accept(struct status_mark *mark, const struct kube_reply *reply)
{
        const char *version = object_meta(reply->body, "resourceVersion");
        mark->failures = 0;
        tell_trouble(mark, NULL);
        if (known_is_overtaken(&mark->known, version, mark->sent_turns)) {
                /* The watch has shown a later state than this answer: another writer may have replaced the status. */
                condition_list_clear(&mark->sent_conditions);
                enqueue(mark);
                return;
        }
        mark->is_urgent = false;
        if (mark->sent.facts == mark->written.facts) {
                mono_ms now = loop_now(mark->writer->loop);
                mark->words_until = (mark->words_until > now ? mark->words_until : now) + STATUS_WORDS_EVERY_MS;
        }
        mark->judged_at = loop_now(mark->writer->loop);
        mark->written = mark->sent;
        condition_list_clear(&mark->conditions);
        mark->conditions = mark->sent_conditions;
        mark->sent_conditions = (struct condition_list){0};
        known_by_answer(&mark->known, version, *mark->list, loop_now(mark->writer->loop));
        if (mark->again)
                enqueue(mark);
}

/* The next watch event resolves a conflict, so a few of them are no trouble; every other refusal is reported. */
static void refused(struct status_mark *mark, const struct kube_reply *reply)
{
        struct errmsg why;
        bool is_elsewhere = reply->err == ERR_NOT_FOUND || reply->err == ERR_CONFLICT;
        condition_list_clear(&mark->sent_conditions);
        if (is_elsewhere && mark->known.turns == mark->sent_turns)
                known_is_refused(&mark->known, *mark->list, loop_now(mark->writer->loop));
        if (reply->err == ERR_NOT_FOUND)
                return; /* deleted: the watch is about to show it */
        mono_ms delay = (mono_ms)RETRY_FIRST_MS << (mark->failures < 6 ? mark->failures : 6);
        delay = delay < RETRY_MAX_MS ? delay : RETRY_MAX_MS;
        mark->failures++;
        mark->retry_at = loop_now(mark->writer->loop) +
                         (delay > reply->retry_after_ms ? delay : reply->retry_after_ms);
        postpone(mark, mark->retry_at);
        (void)err_set(&why, reply->err, "status of %s %s/%s is not written: %s", mark->resource->kind,
                      mark->namespace_name, mark->name, reply->why.text);
        if (reply->err != ERR_CONFLICT || mark->failures > CONFLICTS_MAX)
                tell_trouble(mark, why.text);
}

static void written(void *ctx, const struct kube_reply *reply)
{
        struct status_mark *mark = ctx;
        mark->call = NULL;
        status_share_answered(&mark->writer->share, reply->err, reply->latency_us / 1000);
        if (reply->err == ERR_OK)
                accept(mark, reply);
        else
                refused(mark, reply);
        mark->again = false;
        pump(mark->writer);
}

/* The time of the judgement alone is due to be written. The interval grows with the number of objects, because a
 * thousand statuses a minute would be most of the queue. */
static bool is_to_be_dated(const struct status_mark *mark)
{
        const struct status_writer *writer = mark->writer;
        mono_ms fair = (mono_ms)writer->share.objects * 1000 / STATUS_JUDGED_PER_SECOND;
        mono_ms every = fair > STATUS_JUDGED_EVERY_MS ? fair : STATUS_JUDGED_EVERY_MS;
        return mark->judged_at && loop_now(writer->loop) - mark->judged_at >= every;
}

/* 0: it is to be written now. A change of a condition or a reason is never postponed; a change of texts alone is, once
 * the burst is used up, because a probe may fail with two texts by turns. */
static mono_ms postponed_until(const struct status_mark *mark, const struct status_content *content)
{
        bool is_words_only = mark->written.whole && content->facts == mark->written.facts;
        mono_ms until = is_words_only ? mark->words_until - (STATUS_WORDS_BURST - 1) * STATUS_WORDS_EVERY_MS : 0;
        return loop_now(mark->writer->loop) < until ? until : 0;
}

static void send_status(struct status_mark *mark, json_t *status)
{
        json_t *patch =
            json_pack("{s:{s:s}, s:O}", "metadata", "resourceVersion", mark->known.text, "status", status);
        INVARIANT(patch);
        char *path = kube_path(mark->resource, mark->namespace_name, mark->name, "status");
        status_share_sent(&mark->writer->share);
        mark->sent_turns = mark->known.turns;
        mark->call = kube_patch_for_metadata(mark->writer->kube, path, patch, TIMEOUT_MS, written, mark);
        free(path);
        json_decref(patch);
}

/* Whether @status is to be written now; where it is postponed, it is requested again when its time has come. */
static bool is_worth_a_write(struct status_mark *mark, const json_t *status, struct status_content *ret)
{
        *ret = status_content_of(status);
        if (!status || is_to_be_dated(mark))
                return status != NULL;
        mono_ms until = ret->whole != mark->written.whole ? postponed_until(mark, ret) : 0;
        if (until)
                postpone(mark, until);
        return ret->whole != mark->written.whole && !until;
}

/* The status that its owner has offered, else one that is built now. */
static json_t *take_status(struct status_mark *mark, struct condition_list *ret_conditions)
{
        json_t *status = mark->offered;
        if (!status)
                return mark->known.text ? mark->build(mark, ret_conditions) : NULL;
        *ret_conditions = mark->offered_conditions;
        mark->offered = NULL;
        mark->offered_conditions = (struct condition_list){0};
        return status;
}

static void write_now(struct status_mark *mark)
{
        if (loop_now(mark->writer->loop) < mark->retry_at) {
                postpone(mark, mark->retry_at);
                return;
        }
        struct condition_list conditions = {0};
        struct status_content content;
        json_t *status = take_status(mark, &conditions);
        if (is_worth_a_write(mark, status, &content)) {
                mark->sent_conditions = conditions;
                mark->sent = content;
                send_status(mark, status);
        } else {
                condition_list_clear(&conditions);
        }
        json_decref(status);
}

/* To build a status costs CPU even where nothing has changed: SLICE_US bounds what one turn of the loop spends on it,
 * so that leases and probes stay on time. */
static void pump(struct status_writer *writer)
{
        mono_ms now = loop_now(writer->loop);
        if (next_of(writer) && yield_must_wait(&writer->yield, now)) {
                wake_at(writer, now + YIELD_LOOK_MS);
                return;
        }
        int64_t until_us = clock_mono_us() + SLICE_US;
        while (writer->is_enabled && next_of(writer) && status_share_has_place(&writer->share) &&
               status_share_free_at(&writer->share, now) <= now && clock_mono_us() < until_us) {
                struct status_mark *mark = next_of(writer);
                unqueue(mark);
                if (mark->call)
                        mark->again = true;
                else
                        write_now(mark);
        }
        if (writer->is_enabled && next_of(writer) && status_share_has_place(&writer->share))
                wake_at(writer, status_share_free_at(&writer->share, now));
}

static void due(struct loop_timer *timer)
{
        pump(CONTAINER_OF(timer, struct status_writer, timer));
}

struct status_writer *status_writer_open(struct loop *loop, struct kube *kube)
{
        struct status_writer *writer = mem_new(writer);
        *writer = (struct status_writer){.loop = loop, .kube = kube, .timer.due = due};
        status_share_init(&writer->share, loop_now(loop));
        return writer;
}

void status_writer_close(struct status_writer *writer)
{
        INVARIANT(!next_of(writer));
        loop_timer_stop(writer->loop, &writer->timer);
        free(writer);
}

void status_writer_yield(struct status_writer *writer, const struct yield *yield)
{
        writer->yield = *yield;
}

void status_writer_on_trouble(struct status_writer *writer, status_troubled_fn *troubled, void *ctx)
{
        writer->troubled = troubled;
        writer->troubled_ctx = ctx;
}

void status_writer_enable(struct status_writer *writer, bool is_enabled)
{
        writer->is_enabled = is_enabled;
        /* In the next turn: a queued status is built when every part of the operator knows who leads. */
        wake_at(writer, loop_now(writer->loop));
}

void status_init(struct status_mark *mark, struct status_writer *writer, const struct kube_resource *resource)
{
        *mark = (struct status_mark){.writer = writer, .resource = resource, .later.due = later_due};
}

static void count(struct status_mark *mark, bool is_there)
{
        if (mark->is_counted != is_there)
                status_share_count(&mark->writer->share, is_there);
        mark->is_counted = is_there;
}

void status_seen(struct status_mark *mark, const json_t *object)
{
        const json_t *status = json_object_get(object, "status");
        count(mark, true);
        mark->retry_at = 0;
        if (mark->written.whole && status_content_of(status).whole == mark->written.whole)
                return;
        /* It was wiped, restored from a backup, or written by another leader: this replica's is written again. */
        condition_list_clear(&mark->conditions);
        condition_list_decode(json_object_get(status, "conditions"), &mark->conditions);
        status_rewrite(mark);
}

void status_rewrite(struct status_mark *mark)
{
        drop_offer(mark);
        mark->written = (struct status_content){0};
}

void status_request(struct status_mark *mark)
{
        struct status_writer *writer = mark->writer;
        drop_offer(mark);
        if (!writer->is_enabled)
                return;
        enqueue(mark);
        /* In 1 ms and not at once: the passes of this turn may change it again, and records go first. */
        wake_at(writer, loop_now(writer->loop) + 1);
}

void status_urge(struct status_mark *mark)
{
        mark->is_urgent = true;
        if (mark->queue)
                enqueue(mark);
}

bool status_has_room(const struct status_mark *mark)
{
        const struct status_writer *writer = mark->writer;
        const struct yield *yield = &writer->yield;
        return writer->is_enabled && mark->known.text && !mark->call && writer->queued < OFFERS_MAX &&
               loop_now(writer->loop) >= mark->retry_at && !(yield->is_busy && yield->is_busy(yield->ctx));
}

void status_offer(struct status_mark *mark, json_t *status, struct condition_list *conditions)
{
        struct status_content content;
        status_request(mark);
        if (is_worth_a_write(mark, status, &content)) {
                mark->offered = status;
                mark->offered_conditions = *conditions;
        } else {
                unqueue(mark); /* nothing has changed, so there is nothing to write */
                json_decref(status);
                condition_list_clear(conditions);
        }
        *conditions = (struct condition_list){0};
}

bool status_may_overlay(const struct status_mark *mark)
{
        const struct status_writer *writer = mark->writer;
        return !writer->is_enabled && !mark->call && mark->known.text &&
               status_share_has_place(&writer->share) && loop_now(writer->loop) >= mark->retry_at;
}

void status_overlay(struct status_mark *mark, json_t *status, struct condition_list *conditions)
{
        mark->sent_conditions = *conditions;
        *conditions = (struct condition_list){0};
        mark->sent = (struct status_content){0};
        send_status(mark, status);
        json_decref(status);
}

void status_forget(struct status_mark *mark)
{
        if (!mark->writer)
                return;
        unqueue(mark);
        tell_trouble(mark, NULL);
        if (mark->call) {
                kube_cancel(mark->call);
                mark->call = NULL;
                status_share_cancelled(&mark->writer->share);
                wake_at(mark->writer, loop_now(mark->writer->loop)); /* one more may be in flight */
        }
        loop_timer_stop(mark->writer->loop, &mark->later);
        condition_list_clear(&mark->conditions);
        condition_list_clear(&mark->sent_conditions);
        known_forget(&mark->known);
        status_rewrite(mark);
        mark->words_until = mark->judged_at = mark->retry_at = 0;
        count(mark, false);
        mark->failures = 0;
        mark->again = mark->is_urgent = false;
}
