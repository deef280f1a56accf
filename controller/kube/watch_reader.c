/* watch_reader.c -- from the bytes of a list page or a watch to callbacks. */
#include "kube/watch_reader.h"

#include <stdlib.h>
#include <string.h>

#include "kube/watch_line.h"
#include "runtime/metrics.h"
#include "util/mem.h"

enum {
        OBJECT_BYTES_MAX = 4 * 1024 * 1024,
        TOKEN_BYTES_MAX = 8 * 1024, /* "continue"; real ones have a few hundred */
};

static struct metric_family invalid_total = {
    .name = "planekeeper_watch_invalid_total",
    .help = "Objects or lines of a list or watch that could not be used, by resource and reason.",
    .type = METRIC_COUNTER,
    .labels = {"resource", "reason"},
};

static void count_invalid(const struct watch_reader *reader, const char *reason)
{
        metric_add(METRIC(&invalid_total, reader->config->resource->plural, reason), 1);
}

static bool refuse(struct watch_reader *reader, const char *why)
{
        count_invalid(reader, "syntax");
        reader->verdict = err_set(&reader->why, ERR_INVALID, "%s", why);
        return false;
}

static void replace_text(char **text, const char *with)
{
        char *copy = with ? mem_strdup(with) : NULL;
        free(*text);
        *text = copy;
}

static void pass_over(struct watch_reader *reader, const char *reason, const char *name, size_t bytes, const char *why)
{
        count_invalid(reader, reason);
        if (!reader->is_silent)
                reader->config->passed_over(reader->config->ctx, name, bytes, why,
                                            reader->split.mode == JSON_SPLIT_STREAM);
}

static void deliver(struct watch_reader *reader, enum watch_change change, const json_t *object)
{
        if (!object_name(object))
                pass_over(reader, "nameless", reader->split.name, reader->split.object_bytes,
                          "has no name that an object may have");
        else if (!reader->is_silent)
                reader->config->object(reader->config->ctx, change, object);
}

static const char unreadable[] = "is not JSON in UTF-8";

static bool on_item(void *ctx, const char *text, size_t bytes)
{
        struct watch_reader *reader = ctx;
        json_t *object = json_loadb(text, bytes, JSON_ALLOW_NUL, NULL);
        if (!object) {
                pass_over(reader, "unreadable", reader->split.name, bytes, unreadable);
                return !reader->is_silent;
        }
        deliver(reader, WATCH_SET, object);
        json_decref(object);
        return !reader->is_silent;
}

static void take_event(struct watch_reader *reader, const struct watch_line *line)
{
        const char *version = object_resource_version(line->object);
        reader->had_event = true;
        if (version)
                replace_text(&reader->resource_version, version);
        if (line->kind != LINE_BOOKMARK)
                deliver(reader, line->kind == LINE_DELETE ? WATCH_DELETE : WATCH_SET, line->object);
}

static bool take_error(struct watch_reader *reader, const json_t *status)
{
        long after_s;
        reader->verdict = status_object_class(status, &after_s, &reader->why);
        reader->after_ms = (mono_ms)after_s * 1000;
        return false;
}

static bool take_line(struct watch_reader *reader, const struct watch_line *line)
{
        switch (line->kind) {
        case LINE_SET:
        case LINE_DELETE:
        case LINE_BOOKMARK:
                take_event(reader, line);
                return !reader->is_silent;
        case LINE_UNKNOWN:
                count_invalid(reader, "type");
                return true;
        case LINE_ERROR:
                return take_error(reader, line->object);
        case LINE_NO_JSON:
                break;
        }
        if (!reader->split.name[0])
                return refuse(reader, "a line of the watch is not JSON in UTF-8");
        pass_over(reader, "unreadable", reader->split.name, 0, unreadable);
        return !reader->is_silent;
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
        pass_over(ctx, "oversized", name, bytes, "is too large or too deep");
}

void reader_open(struct watch_reader *reader, const struct watch_config *config)
{
        metrics_register(&invalid_total);
        *reader = (struct watch_reader){.config = config};
}

void reader_begin(struct watch_reader *reader, enum json_split_mode mode)
{
        const struct watch_config *config = reader->config;
        reader_deinit(reader);
        *reader = (struct watch_reader){
            .config = config,
            .split = {.mode = mode,
                      .max_object_bytes = OBJECT_BYTES_MAX,
                      .object = mode == JSON_SPLIT_LIST ? on_item : on_line,
                      .oversized = on_oversized,
                      .ctx = reader},
        };
}

bool reader_feed(struct watch_reader *reader, const char *bytes, size_t count)
{
        struct errmsg why;
        enum err err = json_split_feed(&reader->split, bytes, count, &why);
        if (err == ERR_INVALID)
                return refuse(reader, why.text);
        return err == ERR_OK;
}

enum err reader_end_page(struct watch_reader *reader, struct errmsg *reterr)
{
        json_t *skeleton = json_loads(json_split_skeleton(&reader->split), JSON_ALLOW_NUL, NULL);
        const char *version = object_resource_version(skeleton);
        const char *token = json_string_value(json_object_get(json_object_get(skeleton, "metadata"), "continue"));
        bool is_list = json_split_is_whole(&reader->split) && version && (!token || strlen(token) <= TOKEN_BYTES_MAX);
        if (is_list) {
                replace_text(&reader->resource_version, version);
                replace_text(&reader->continue_token, token && token[0] ? token : NULL);
        }
        json_decref(skeleton);
        if (is_list)
                return ERR_OK;
        count_invalid(reader, "syntax");
        return err_set(reterr, ERR_INVALID, "the answer is not a whole list: is this an API server?");
}

void reader_deinit(struct watch_reader *reader)
{
        json_split_deinit(&reader->split);
        free(reader->resource_version);
        free(reader->continue_token);
        reader->resource_version = reader->continue_token = NULL;
}
