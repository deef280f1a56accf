/* watch.c -- list and watch one resource for ever. */
#include "kube/watch.h"

#include <stdlib.h>
#include <string.h>

#include "kube/backoff.h"
#include "kube/json_split.h"
#include "kube/stream.h"
#include "kube/watch_line.h"
#include "kube/watch_path.h"
#include "runtime/metrics.h"
#include "util/cleanup.h"
#include "util/mem.h"

enum {
        PAGE_ITEMS = 25,
        OBJECT_BYTES_MAX = 4 * 1024 * 1024,
        TOKEN_BYTES_MAX = 8 * 1024,  /* "continue"; real ones have a few hundred */
        LIST_TIMEOUT_MS = 60 * 1000, /* one page */
        LIST_IDLE_MS = 15 * 1000,
        WATCH_MIN_S =
            240, /* the server ends a watch after 240 to 480 s, by chance, so that not all come back at once */
        WATCH_SPREAD_S = 240,
        WATCH_GRACE_MS = 15 * 1000, /* and when it did not, the connection is dead */
        BACKOFF_FIRST_MS = 250,
        BACKOFF_MAX_MS = 10 * 1000,
        ABSENT_FIRST_MS = 1000, /* no such resource: somebody is installing the CRD and waits for us */
        ABSENT_MAX_MS = 5 * 1000,
        EXPIRED_SPREAD_MS = 100,
        STEADY_MS = 5 * 1000, /* a watch that lived so long was a good one */
        REFUSALS_MAX = 3,     /* then the position itself is doubted: a restored API server may be behind it */
        RETRY_AFTER_MAX_MS = 60 * 1000,
};

enum phase { PHASE_WAITING, PHASE_LISTING, PHASE_WATCHING };

struct watch {
        struct loop *loop;
        struct kube *kube;
        struct watch_config config; /* its texts are not used after opening */
        char *path;
        char *selector; /* NULL: none */

        enum phase phase;
        struct kube_call *call;
        struct loop_timer timer; /* while PHASE_WAITING */
        struct json_split split;
        char *resource_version; /* where to resume; NULL: list first */
        char *continue_token;   /* next page of the list under way */
        mono_ms begun_at;       /* of this watch, 0 while the server has not answered */
        bool had_event;         /* in this watch */
        unsigned refusals;      /* in a row */
        struct backoff backoff;

        /* What the stream itself said, against which the end of the HTTP call does not count. */
        enum err verdict;
        struct errmsg verdict_why;
        mono_ms verdict_after_ms;

        enum err state; /* as last told */
        bool is_synced;
        mono_ms last_byte;
        bool is_busy; /* callbacks run: watch_close() only marks */
        bool is_closing;
};

static struct metric_family invalid_total = {
    .name = "planekeeper_watch_invalid_total",
    .help = "Objects or lines of a list or watch that could not be used, by resource and reason.",
    .type = METRIC_COUNTER,
    .labels = {"resource", "reason"},
};

static void go_on(struct watch *w);

static void count_invalid(struct watch *w, const char *reason)
{
        metric_add(METRIC(&invalid_total, w->config.resource->plural, reason), 1);
}

static void tell(struct watch *w, enum err err, const char *why)
{
        if (w->is_closing || w->state == err)
                return;
        w->state = err;
        w->config.state(w->config.ctx, err, why);
}

static void replace_text(char **text, const char *with)
{
        free(*text);
        *text = with && with[0] ? mem_strdup(with) : NULL;
}

static bool rule(struct watch *w, enum err err, const char *why)
{
        w->verdict = err_set(&w->verdict_why, err, "%s", why);
        return false;
}

static void deliver(struct watch *w, enum watch_change change, const json_t *object)
{
        if (!object_name(object))
                count_invalid(w, "nameless");
        else if (!w->is_closing)
                w->config.object(w->config.ctx, change, object);
}

/* One item of a list. One that cannot be read is never passed over in silence: it would look deleted. */
static bool on_item(void *ctx, const char *text, size_t bytes)
{
        struct watch *w = ctx;
        json_t *object = json_loadb(text, bytes, JSON_ALLOW_NUL, NULL);
        if (!object) {
                count_invalid(w, "syntax");
                return rule(w, ERR_INVALID, "an item of the list is not JSON in UTF-8");
        }
        deliver(w, WATCH_SET, object);
        json_decref(object);
        return !w->is_closing;
}

static void take_event(struct watch *w, const struct watch_line *line)
{
        w->had_event = true;
        backoff_reset(&w->backoff);
        w->refusals = 0;
        if (object_resource_version(line->object))
                replace_text(&w->resource_version, object_resource_version(line->object));
        if (line->kind != LINE_BOOKMARK)
                deliver(w, line->kind == LINE_DELETE ? WATCH_DELETE : WATCH_SET, line->object);
}

static bool take_line(struct watch *w, const struct watch_line *line)
{
        long after_s;
        switch (line->kind) {
        case LINE_SET:
        case LINE_DELETE:
        case LINE_BOOKMARK:
                take_event(w, line);
                return !w->is_closing;
        case LINE_UNKNOWN:
                count_invalid(w, "type");
                return true;
        case LINE_ERROR:
                w->verdict = status_object_class(line->object, &after_s, &w->verdict_why);
                w->verdict_after_ms = (mono_ms)after_s * 1000;
                return false;
        case LINE_NO_JSON:
                break;
        }
        count_invalid(w, "syntax");
        return rule(w, ERR_INVALID, "a line of the watch is not JSON in UTF-8");
}

static bool on_line(void *ctx, const char *text, size_t bytes)
{
        struct watch_line line;
        watch_line_decode(text, bytes, &line);
        bool goes_on = take_line(ctx, &line);
        watch_line_clear(&line);
        return goes_on;
}

static void on_oversized(void *ctx, const char *name, size_t bytes)
{
        struct watch *w = ctx;
        count_invalid(w, "oversized");
        if (!w->is_closing)
                w->config.oversized(w->config.ctx, name, bytes);
}

static void destroy(struct watch *w)
{
        json_split_deinit(&w->split);
        free(w->path);
        free(w->selector);
        free(w->resource_version);
        free(w->continue_token);
        free(w);
}

/* Callbacks may close the watch: from here to leave() it is only marked. */
static void enter(struct watch *w)
{
        w->is_busy = true;
}

static bool leave(struct watch *w)
{
        w->is_busy = false;
        if (!w->is_closing)
                return true;
        destroy(w);
        return false;
}

static bool on_bytes(void *ctx, const char *bytes, size_t count)
{
        struct watch *w = ctx;
        struct errmsg why;
        w->last_byte = loop_now(w->loop);
        enter(w);
        enum err err = json_split_feed(&w->split, bytes, count, &why);
        if (err == ERR_INVALID) {
                count_invalid(w, "syntax");
                (void)rule(w, ERR_INVALID, why.text);
        }
        return leave(w) && err == ERR_OK;
}

static void on_begun(void *ctx)
{
        struct watch *w = ctx;
        w->last_byte = w->begun_at = loop_now(w->loop);
        enter(w);
        if (w->phase == PHASE_WATCHING)
                tell(w, ERR_OK, "");
        (void)leave(w);
}

static mono_ms next_delay(struct watch *w, enum err err)
{
        bool is_routine = err == ERR_EXPIRED && backoff_is_first(&w->backoff);
        mono_ms delay = err == ERR_NOT_FOUND ? backoff_next(&w->backoff, ABSENT_FIRST_MS, ABSENT_MAX_MS)
                                             : backoff_next(&w->backoff, BACKOFF_FIRST_MS, BACKOFF_MAX_MS);
        return is_routine ? backoff_jitter(EXPIRED_SPREAD_MS) : delay;
}

static void wait_and_go_on(struct watch *w, enum err err, mono_ms at_least)
{
        mono_ms delay = next_delay(w, err);
        if (w->is_closing)
                return;
        w->phase = PHASE_WAITING;
        loop_timer_set(w->loop, &w->timer, loop_now(w->loop) + (delay > at_least ? delay : at_least));
}

static void tell_failure(struct watch *w, enum err err, const char *why)
{
        const struct kube_resource *r = w->config.resource;
        struct errmsg text;
        if (err == ERR_EXPIRED)
                return; /* healed by listing again, nothing to tell */
        if (err == ERR_NOT_FOUND && strchr(r->group, '.') && !strstr(r->group, ".k8s.io"))
                (void)err_set(&text, err,
                              "the API server does not know %s.%s/%s: install the CustomResourceDefinition (kubectl "
                              "apply -f crds/)",
                              r->plural, r->group, r->version);
        else
                (void)err_set(&text, err, "%s: %.200s", r->plural, why);
        tell(w, err, text.text);
}

static void fail(struct watch *w, enum err err, const char *why, mono_ms after_ms)
{
        replace_text(&w->continue_token, NULL);
        tell_failure(w, err, why);
        wait_and_go_on(w, err, after_ms);
}

static void end_page(struct watch *w)
{
        json_t *skeleton = json_loads(json_split_skeleton(&w->split), JSON_ALLOW_NUL, NULL);
        const char *version = object_resource_version(skeleton);
        const char *token = json_string_value(json_object_get(json_object_get(skeleton, "metadata"), "continue"));
        if (!json_split_is_whole(&w->split) || !version || (token && strlen(token) > TOKEN_BYTES_MAX)) {
                count_invalid(w, "syntax");
                fail(w, ERR_INVALID, "the answer is not a whole list: is this an API server?", 0);
        } else if (token && token[0]) {
                replace_text(&w->continue_token, token);
                go_on(w);
        } else {
                replace_text(&w->continue_token, NULL);
                replace_text(&w->resource_version, version);
                w->is_synced = true;
                w->config.list_end(w->config.ctx);
                go_on(w);
        }
        json_decref(skeleton);
}

/* Forget the position where it is known to be bad, or where the server refuses it without wanting us back later. */
static void judge_position(struct watch *w, enum err err, bool was_refused)
{
        if (was_refused)
                w->refusals++;
        if (err != ERR_EXPIRED && err != ERR_INVALID && err != ERR_NOT_FOUND && w->refusals < REFUSALS_MAX)
                return;
        replace_text(&w->resource_version, NULL);
        w->refusals = 0;
}

static void end_watch(struct watch *w, enum err err, const char *why, mono_ms after_ms, bool was_answered)
{
        bool was_good = w->begun_at && loop_now(w->loop) - w->begun_at >= STEADY_MS;
        if (was_good) {
                backoff_reset(&w->backoff);
                w->refusals = 0;
        }
        if (err != ERR_OK) {
                judge_position(w, err, was_answered && after_ms == 0);
                fail(w, err, why, after_ms);
        } else if (was_good || w->had_event) {
                go_on(w); /* its time was up */
        } else {
                wait_and_go_on(w, err, 0);
        }
}

static void on_done(void *ctx, const struct kube_reply *reply)
{
        struct watch *w = ctx;
        w->call = NULL;
        if (reply->status != 0)
                w->last_byte = loop_now(w->loop);
        enum err err = w->verdict != ERR_OK ? w->verdict : reply->err;
        const char *why = w->verdict != ERR_OK ? w->verdict_why.text : reply->why.text;
        mono_ms after_ms = reply->retry_after_ms > w->verdict_after_ms ? reply->retry_after_ms : w->verdict_after_ms;
        after_ms = after_ms < RETRY_AFTER_MAX_MS ? after_ms : RETRY_AFTER_MAX_MS;
        enter(w);
        if (w->phase == PHASE_WATCHING)
                end_watch(w, err, why, after_ms, reply->status != 0 || w->verdict != ERR_OK);
        else if (err == ERR_OK)
                end_page(w);
        else
                fail(w, err, why, after_ms);
        (void)leave(w);
}

static void start(struct watch *w, enum phase phase, const char *path, mono_ms idle_ms, mono_ms timeout_ms)
{
        bool is_list = phase == PHASE_LISTING;
        json_split_deinit(&w->split);
        w->split = (struct json_split){
            .mode = is_list ? JSON_SPLIT_LIST : JSON_SPLIT_STREAM,
            .max_object_bytes = OBJECT_BYTES_MAX,
            .object = is_list ? on_item : on_line,
            .oversized = on_oversized,
            .ctx = w,
        };
        w->phase = phase;
        w->verdict = ERR_OK;
        w->verdict_after_ms = 0;
        w->begun_at = 0;
        w->had_event = false;
        const struct kube_stream stream = {
            .path = path,
            .timeout_ms = timeout_ms,
            .idle_timeout_ms = idle_ms,
            .begun = on_begun,
            .bytes = on_bytes,
            .done = on_done,
            .ctx = w,
        };
        w->call = kube_stream(w->kube, &stream);
}

static void start_list(struct watch *w)
{
        if (!w->continue_token)
                w->config.list_begin(w->config.ctx);
        if (w->is_closing)
                return;
        CLEANUP(cleanup_free) char *path = watch_path_of_page(w->path, w->selector, PAGE_ITEMS, w->continue_token);
        start(w, PHASE_LISTING, path, LIST_IDLE_MS, LIST_TIMEOUT_MS);
}

static void start_watch(struct watch *w)
{
        unsigned seconds = WATCH_MIN_S + (unsigned)backoff_jitter(WATCH_SPREAD_S + 1);
        mono_ms idle_ms = (mono_ms)seconds * 1000 + WATCH_GRACE_MS;
        CLEANUP(cleanup_free) char *path = watch_path_of_watch(w->path, w->selector, w->resource_version, seconds);
        start(w, PHASE_WATCHING, path, idle_ms, idle_ms + WATCH_GRACE_MS);
}

static void go_on(struct watch *w)
{
        if (w->is_closing)
                return;
        if (w->resource_version && !w->continue_token)
                start_watch(w);
        else
                start_list(w);
}

static void on_timer(struct loop_timer *timer)
{
        struct watch *w = CONTAINER_OF(timer, struct watch, timer);
        enter(w);
        go_on(w);
        (void)leave(w);
}

struct watch *watch_open(struct loop *loop, struct kube *kube, const struct watch_config *config)
{
        struct watch *w = mem_new(w);
        metrics_register(&invalid_total);
        w->loop = loop;
        w->kube = kube;
        w->config = *config;
        w->path = kube_path(config->resource, config->namespace_name, NULL, NULL);
        w->selector = config->label_selector ? mem_strdup(config->label_selector) : NULL;
        w->config.namespace_name = w->config.label_selector = NULL;
        w->timer.due = on_timer;
        loop_timer_set(loop, &w->timer, loop_now(loop)); /* not from here: the caller has no handle yet */
        return w;
}

void watch_close(struct watch *w)
{
        if (!w || w->is_closing)
                return;
        loop_timer_stop(w->loop, &w->timer);
        kube_cancel(w->call);
        w->call = NULL;
        w->is_closing = true;
        if (!w->is_busy)
                destroy(w);
}

bool watch_is_synced(const struct watch *w)
{
        return w->is_synced;
}

mono_ms watch_last_byte(const struct watch *w)
{
        return w->last_byte;
}
