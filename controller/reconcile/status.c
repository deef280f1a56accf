/* status.c -- the one queue through which every status is written. */
#include "reconcile/status.h"

#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "runtime/log.h"
#include "util/mem.h"
#include "util/text.h"

enum { TIMEOUT_MS = 5000, RETRY_FIRST_MS = 200, RETRY_MAX_MS = 10000 };

struct status_writer {
        struct loop *loop;
        struct kube *kube;
        struct status_mark *first, *last;
        bool is_enabled;
        unsigned in_flight;
        double tokens;
        mono_ms filled_at;
        struct loop_timer timer;
};

static void pump(struct status_writer *writer);

bool status_version_newer(const char *a, const char *b)
{
        size_t length_a = strlen(a), length_b = strlen(b);
        return length_a != length_b ? length_a > length_b : strcmp(a, b) > 0;
}

/* FNV-1a; never 0, which means "write in any case". */
static uint64_t hash_text(const char *text)
{
        uint64_t hash = 14695981039346656037U;
        for (; *text; text++)
                hash = (hash ^ (unsigned char)*text) * 1099511628211U;
        return hash ? hash : 1;
}

static void unqueue(struct status_mark *mark)
{
        struct status_writer *writer = mark->writer;
        if (!mark->is_queued)
                return;
        *(mark->previous ? &mark->previous->next : &writer->first) = mark->next;
        *(mark->next ? &mark->next->previous : &writer->last) = mark->previous;
        mark->previous = mark->next = NULL;
        mark->is_queued = false;
}

static void enqueue(struct status_mark *mark)
{
        struct status_writer *writer = mark->writer;
        if (mark->is_queued)
                return;
        mark->is_queued = true;
        mark->previous = writer->last;
        *(writer->last ? &writer->last->next : &writer->first) = mark;
        writer->last = mark;
}

static void wake_at(struct status_writer *writer, mono_ms at)
{
        if (!writer->timer.heap_index || at < writer->timer.at)
                loop_timer_set(writer->loop, &writer->timer, at);
}

static void written(void *ctx, const struct kube_reply *reply)
{
        struct status_mark *mark = ctx;
        struct status_writer *writer = mark->writer;
        mark->call = NULL;
        writer->in_flight--;
        if (reply->err == ERR_OK) {
                mark->failures = 0;
                mark->written_hash = mark->sent_hash;
                condition_list_clear(&mark->conditions);
                mark->conditions = mark->sent_conditions;
                mark->sent_conditions = (struct condition_list){0};
                const char *version = object_meta(reply->body, "resourceVersion");
                if (status_version_newer(version, mark->resource_version))
                        TEXT_COPY(mark->resource_version, version);
                if (mark->again)
                        enqueue(mark);
                mark->again = false;
        } else {
                condition_list_clear(&mark->sent_conditions);
                if (reply->err != ERR_NOT_FOUND) {
                        /* A conflict mends itself with the next watch event; everything else is worth a line. */
                        if (reply->err != ERR_CONFLICT)
                                log_line(LOG_WARN, "status", "status not written, trying again", LOG_TEXT_FIELD("kind", mark->resource->kind),
                                         LOG_TEXT_FIELD("namespace", mark->namespace_name), LOG_TEXT_FIELD("name", mark->name),
                                         LOG_TEXT_FIELD("error", reply->why.text));
                        mark->failures++;
                        enqueue(mark);
                        mono_ms delay = (mono_ms)RETRY_FIRST_MS << (mark->failures < 6 ? mark->failures - 1 : 5);
                        wake_at(writer, loop_now(writer->loop) + (delay < RETRY_MAX_MS ? delay : RETRY_MAX_MS));
                        return;
                }
        }
        pump(writer);
}

static void write_now(struct status_mark *mark)
{
        struct status_writer *writer = mark->writer;
        struct condition_list conditions = {0};
        json_t *status = mark->resource_version[0] ? mark->build(mark, &conditions) : NULL;
        char *text = status ? json_dumps(status, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
        uint64_t hash = text ? hash_text(text) : 0;
        free(text);
        if (!status || hash == mark->written_hash) {
                json_decref(status);
                condition_list_clear(&conditions);
                return;
        }
        json_t *patch = json_pack("{s:{s:s}, s:o}", "metadata", "resourceVersion", mark->resource_version, "status", status);
        INVARIANT(patch);
        char *path = kube_path(mark->resource, mark->namespace_name, mark->name, "status");
        mark->sent_conditions = conditions;
        mark->sent_hash = hash;
        writer->tokens -= 1;
        writer->in_flight++;
        mark->call = kube_patch(writer->kube, path, patch, TIMEOUT_MS, written, mark);
        free(path);
        json_decref(patch);
}

static void pump(struct status_writer *writer)
{
        mono_ms now = loop_now(writer->loop);
        writer->tokens += (double)(now - writer->filled_at) * STATUS_PER_SECOND / 1000.0;
        writer->tokens = writer->tokens > STATUS_BURST ? STATUS_BURST : writer->tokens;
        writer->filled_at = now;
        while (writer->is_enabled && writer->first && writer->in_flight < STATUS_IN_FLIGHT && writer->tokens >= 1) {
                struct status_mark *mark = writer->first;
                unqueue(mark);
                if (mark->call)
                        mark->again = true;
                else
                        write_now(mark);
        }
        if (writer->is_enabled && writer->first && writer->tokens < 1)
                wake_at(writer, now + 1000 / STATUS_PER_SECOND);
}

static void due(struct loop_timer *timer)
{
        pump(CONTAINER_OF(timer, struct status_writer, timer));
}

struct status_writer *status_writer_open(struct loop *loop, struct kube *kube)
{
        struct status_writer *writer = mem_new(writer);
        *writer = (struct status_writer){.loop = loop, .kube = kube, .tokens = STATUS_BURST, .timer.due = due};
        writer->filled_at = loop_now(loop);
        return writer;
}

void status_writer_close(struct status_writer *writer)
{
        INVARIANT(!writer->first);
        loop_timer_stop(writer->loop, &writer->timer);
        free(writer);
}

void status_writer_enable(struct status_writer *writer, bool is_enabled)
{
        writer->is_enabled = is_enabled;
        pump(writer);
}

void status_init(struct status_mark *mark, struct status_writer *writer, const struct kube_resource *resource)
{
        *mark = (struct status_mark){.writer = writer, .resource = resource};
}

void status_seen(struct status_mark *mark, const json_t *object)
{
        const char *version = object_meta(object, "resourceVersion");
        if (!mark->conditions.count)
                condition_list_decode(json_object_get(json_object_get(object, "status"), "conditions"), &mark->conditions);
        if (!status_version_newer(version, mark->resource_version))
                return;
        /* Newer than our last write: an edited spec, or a status that somebody wiped or restored. Ours is written again either way. */
        TEXT_COPY(mark->resource_version, version);
        mark->written_hash = 0;
}

void status_request(struct status_mark *mark)
{
        struct status_writer *writer = mark->writer;
        if (!writer->is_enabled)
                return;
        enqueue(mark);
        /* Not at once: the passes of this turn may change it again, and records go first. */
        wake_at(writer, loop_now(writer->loop) + 1);
}

void status_forget(struct status_mark *mark)
{
        if (!mark->writer)
                return;
        unqueue(mark);
        if (mark->call) {
                kube_cancel(mark->call);
                mark->call = NULL;
                mark->writer->in_flight--;
        }
        condition_list_clear(&mark->conditions);
        condition_list_clear(&mark->sent_conditions);
        mark->resource_version[0] = '\0';
        mark->written_hash = 0;
        mark->failures = 0;
}
