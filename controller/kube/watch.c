/* watch.c -- list and watch one resource for ever: when to ask for what. */
#include "kube/watch.h"

#include <stdlib.h>
#include <string.h>

#include "kube/backoff.h"
#include "kube/known_version.h"
#include "kube/stream.h"
#include "kube/watch_path.h"
#include "kube/watch_reader.h"
#include "util/cleanup.h"
#include "util/mem.h"

enum {
        PAGE_ITEMS = 25,
        LIST_TIMEOUT_MS = 60 * 1000, /* one page */
        LIST_IDLE_MS = 15 * 1000,
        WATCH_MIN_S = 240, /* the server ends a watch after 240 to 480 s, by chance: not all come back at once */
        WATCH_SPREAD_S = 240,
        WATCH_GRACE_MS = 15 * 1000,  /* a watch that outlives its end by this is a dead connection */
        HEAD_TIMEOUT_MS = 15 * 1000, /* a watch is answered at once, though nothing may change for minutes */
        BACKOFF_FIRST_MS = 250,
        BACKOFF_MAX_MS = 10 * 1000,
        ABSENT_FIRST_MS = 1000, /* no such resource: the CRD may be on its way, so the first retries are quick */
        ABSENT_MAX_MS = 5 * 1000,
        EXPIRED_SPREAD_MS = 100,
        STEADY_MS = 5 * 1000,        /* a watch that lasted this long counts as a success */
        REFUSALS_MAX = 3,            /* then the position is given up for a new list */
        COMPARE_MS = 30 * 60 * 1000, /* even a watch that shows changes is compared with a list so often */
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
        struct loop_timer timer; /* PHASE_WAITING: to go on; PHASE_WATCHING: the head of the answer is overdue */
        struct watch_reader reader;
        char *resource_version; /* where to resume; NULL: list first */
        char *continue_token;   /* next page of the list under way */
        mono_ms begun_at;       /* of this answer, 0 while there is none */

        struct backoff backoff;
        unsigned refusals; /* watches that the server refused, in a row */
        bool has_expired;  /* the position was too old, and no watch has gone well since */
        char *highest;     /* the version that was told last; NULL: none yet */
        bool went_back;    /* a list was of a lower one */
        mono_ms listed_at;

        enum err state; /* as last told */
        bool is_synced;
        bool is_busy; /* callbacks run: watch_close() only marks */
        bool is_closing;
};

static void go_on(struct watch *w);

static void replace_text(char **text, const char *with)
{
        char *copy = with ? mem_strdup(with) : NULL;
        free(*text);
        *text = copy;
}

static void destroy(struct watch *w)
{
        reader_deinit(&w->reader);
        free(w->path);
        free(w->selector);
        free(w->resource_version);
        free(w->highest);
        free(w->continue_token);
        free(w);
}

/* A callback may close the watch. Between enter() and leave() that only sets a mark, and leave() frees. */
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

/* ---- trouble ---- */

static void tell(struct watch *w, enum err err, const char *why)
{
        if (w->is_closing || w->state == err)
                return;
        w->state = err;
        w->config.state(w->config.ctx, err, why);
}

static void tell_failure(struct watch *w, enum err err, const char *why)
{
        const struct kube_resource *r = w->config.resource;
        bool is_custom = strchr(r->group, '.') && !strstr(r->group, ".k8s.io");
        struct errmsg text;
        if (err == ERR_EXPIRED)
                return; /* a new list resolves it */
        if (err == ERR_NOT_FOUND && is_custom)
                (void)err_set(&text, err,
                              "the API server does not know %s.%s/%s: install the CustomResourceDefinition (kubectl "
                              "apply -k crds)",
                              r->plural, r->group, r->version);
        else
                (void)err_set(&text, err, "%s: %.200s", r->plural, why);
        tell(w, err, text.text);
}

/* The first 410 is routine (the position grew too old) and is followed by a list at once; a second one without a good
 * watch between them backs off, or a server that compacts quickly would be listed without end. */
static mono_ms next_delay(struct watch *w, enum err err)
{
        bool is_routine = err == ERR_EXPIRED && !w->has_expired;
        if (is_routine) {
                w->has_expired = true;
                return backoff_jitter(EXPIRED_SPREAD_MS); /* replicas do not list at the same moment */
        }
        if (err == ERR_NOT_FOUND)
                return backoff_next(&w->backoff, ABSENT_FIRST_MS, ABSENT_MAX_MS);
        return backoff_next(&w->backoff, BACKOFF_FIRST_MS, BACKOFF_MAX_MS);
}

static void wait_and_go_on(struct watch *w, enum err err, mono_ms at_least)
{
        if (w->is_closing)
                return;
        mono_ms delay = next_delay(w, err);
        w->phase = PHASE_WAITING;
        loop_timer_set(w->loop, &w->timer, loop_now(w->loop) + (delay > at_least ? delay : at_least));
}

/* A broken list starts again from its first page. A watch is resumed, unless its position was given up. */
static void fail(struct watch *w, enum err err, const char *why, mono_ms after_ms)
{
        replace_text(&w->continue_token, NULL);
        tell_failure(w, err, why);
        wait_and_go_on(w, err, after_ms);
}

static void forget_position(struct watch *w)
{
        replace_text(&w->resource_version, NULL);
        w->refusals = 0;
}

/*
 * The position is forgotten where it is known to be bad, where the server refuses it without asking to wait, and where
 * the server was away: it may come back with an older store, in which the position means something else or lies in the
 * future.
 */
static void judge_position(struct watch *w, enum err err, long status, bool is_busy)
{
        bool is_bad = err == ERR_EXPIRED || err == ERR_INVALID || err == ERR_NOT_FOUND;
        bool was_away = !w->begun_at && (status == 0 || status >= 500);
        if (!is_busy)
                w->refusals++;
        if (is_bad || was_away || w->refusals >= REFUSALS_MAX)
                forget_position(w);
}

/* A watch without a single event proves nothing: its position may be one that the store, since put back, never had. */
static void judge_silence(struct watch *w)
{
        if (!w->reader.had_event || loop_now(w->loop) - w->listed_at >= COMPARE_MS)
                forget_position(w);
}

/* ---- answers ---- */

static void end_page(struct watch *w)
{
        struct errmsg why;
        enum err err = reader_end_page(&w->reader, &why);
        if (err != ERR_OK) {
                fail(w, err, why.text, 0);
                return;
        }
        replace_text(&w->continue_token, w->reader.continue_token);
        if (!w->continue_token) {
                /* A version is opaque: a lower one is only a hint that makes the caches doubtful, and drops nothing. */
                w->went_back |= w->highest && version_is_lower(w->reader.resource_version, w->highest);
                replace_text(&w->highest, w->reader.resource_version);
                replace_text(&w->resource_version, w->reader.resource_version);
                w->listed_at = loop_now(w->loop);
                w->is_synced = true;
                w->config.list_end(w->config.ctx);
        }
        go_on(w);
}

static void end_watch(struct watch *w, enum err err, const char *why, mono_ms after_ms, long status)
{
        bool was_long = w->begun_at && loop_now(w->loop) - w->begun_at >= STEADY_MS;
        if (w->reader.resource_version) {
                replace_text(&w->resource_version, w->reader.resource_version);
                replace_text(&w->highest, w->reader.resource_version);
        }
        if (was_long || w->reader.had_event) {
                backoff_reset(&w->backoff);
                w->refusals = 0;
                w->has_expired = false;
        }
        if (err != ERR_OK) {
                judge_position(w, err, status, status == 0 || after_ms != 0);
                fail(w, err, why, after_ms);
        } else if (was_long) {
                judge_silence(w);
                go_on(w); /* it ended at its own timeoutSeconds */
        } else {
                wait_and_go_on(w, err, 0);
        }
}

static void on_done(void *ctx, const struct kube_reply *reply)
{
        struct watch *w = ctx;
        const struct watch_reader *reader = &w->reader;
        bool is_ruled = reader->verdict != ERR_OK;
        enum err err = is_ruled ? reader->verdict : reply->err;
        struct errmsg why = is_ruled ? reader->why : reply->why;
        mono_ms after_ms = is_ruled ? reader->after_ms : reply->retry_after_ms;
        w->call = NULL;
        loop_timer_stop(w->loop, &w->timer);
        if (after_ms > RETRY_AFTER_MAX_MS)
                after_ms = RETRY_AFTER_MAX_MS;
        enter(w);
        if (w->phase == PHASE_WATCHING)
                end_watch(w, err, why.text, after_ms, is_ruled && !reply->status ? 200 : reply->status);
        else if (err == ERR_OK)
                end_page(w);
        else
                fail(w, err, why.text, after_ms);
        (void)leave(w);
}

static bool on_bytes(void *ctx, const char *bytes, size_t count)
{
        struct watch *w = ctx;
        enter(w);
        bool goes_on = reader_feed(&w->reader, bytes, count);
        return leave(w) && goes_on;
}

static void on_begun(void *ctx)
{
        struct watch *w = ctx;
        w->begun_at = loop_now(w->loop);
        enter(w);
        if (w->phase == PHASE_WATCHING) {
                loop_timer_stop(w->loop, &w->timer);
                tell(w, ERR_OK, "");
        }
        (void)leave(w);
}

/* ---- questions ---- */

static void ask(struct watch *w, enum phase phase, const char *path, mono_ms idle_ms, mono_ms timeout_ms)
{
        reader_begin(&w->reader, phase == PHASE_LISTING ? JSON_SPLIT_LIST : JSON_SPLIT_STREAM);
        w->phase = phase;
        w->begun_at = 0;
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

static void ask_for_page(struct watch *w)
{
        if (!w->continue_token)
                w->config.list_begin(w->config.ctx);
        if (w->is_closing)
                return;
        CLEANUP(cleanup_free) char *path = watch_path_of_page(w->path, w->selector, PAGE_ITEMS, w->continue_token);
        ask(w, PHASE_LISTING, path, LIST_IDLE_MS, LIST_TIMEOUT_MS);
}

/* The server ends the watch after timeoutSeconds, which is spread by chance so that watches do not all come back at
 * once. */
static void ask_for_changes(struct watch *w)
{
        unsigned seconds = WATCH_MIN_S + (unsigned)backoff_jitter(WATCH_SPREAD_S + 1);
        mono_ms idle_ms = (mono_ms)seconds * 1000 + WATCH_GRACE_MS;
        CLEANUP(cleanup_free) char *path = watch_path_of_watch(w->path, w->selector, w->resource_version, seconds);
        ask(w, PHASE_WATCHING, path, idle_ms, idle_ms + WATCH_GRACE_MS);
        loop_timer_set(w->loop, &w->timer, loop_now(w->loop) + HEAD_TIMEOUT_MS);
}

static void go_on(struct watch *w)
{
        if (w->is_closing)
                return;
        if (w->resource_version && !w->continue_token)
                ask_for_changes(w);
        else
                ask_for_page(w);
}

/* The headers of a watch come at once even where nothing changes, so a watch without them is a broken one. */
static void give_up_waiting_for_head(struct watch *w)
{
        kube_cancel(w->call);
        w->call = NULL;
        forget_position(w);
        fail(w, ERR_TRANSIENT, "the watch is not answered", 0);
}

static void on_timer(struct loop_timer *timer)
{
        struct watch *w = CONTAINER_OF(timer, struct watch, timer);
        enter(w);
        if (w->phase == PHASE_WATCHING)
                give_up_waiting_for_head(w);
        else
                go_on(w);
        (void)leave(w);
}

struct watch *watch_open(struct loop *loop, struct kube *kube, const struct watch_config *config)
{
        struct watch *w = mem_new(w);
        w->loop = loop;
        w->kube = kube;
        w->config = *config;
        w->path = kube_path(config->resource, config->namespace_name, NULL, NULL);
        w->selector = config->label_selector ? mem_strdup(config->label_selector) : NULL;
        w->config.namespace_name = w->config.label_selector = NULL;
        reader_open(&w->reader, &w->config);
        w->timer.due = on_timer;
        loop_timer_set(loop, &w->timer, loop_now(loop)); /* in the next turn: the caller has no handle yet */
        return w;
}

void watch_list_anew(struct watch *w)
{
        if (w->is_closing || w->is_busy)
                return;
        kube_cancel(w->call);
        w->call = NULL;
        forget_position(w);
        replace_text(&w->continue_token, NULL);
        w->phase = PHASE_WAITING;
        loop_timer_set(w->loop, &w->timer, loop_now(w->loop) + backoff_jitter(EXPIRED_SPREAD_MS));
}

bool watch_take_fall(struct watch *w)
{
        bool went_back = w->went_back;
        w->went_back = false;
        return went_back;
}

void watch_close(struct watch *w)
{
        if (!w || w->is_closing)
                return;
        loop_timer_stop(w->loop, &w->timer);
        kube_cancel(w->call);
        w->call = NULL;
        w->is_closing = w->reader.is_silent = true;
        if (!w->is_busy)
                destroy(w);
}

bool watch_is_synced(const struct watch *w)
{
        return w->is_synced;
}
