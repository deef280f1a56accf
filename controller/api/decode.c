/* decode.c -- reading one JSON object of the API into one allocation. */
#include "api/decode.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/object.h"
#include "util/mem.h"
#include "util/text.h"

enum err decoder_run(const char *kind, const json_t *object, void *(*fill)(const struct scope *object), void **ret,
                     struct errmsg *reterr)
{
        const char *namespace_name = object_meta(object, "namespace");
        const char *name = object_meta(object, "name");
        struct decoder decoder = {0};
        struct scope root = {.decoder = &decoder, .json = object};
        (void)fill(&root);
        arena_deinit(&decoder.scratch);
        if (decoder.err == ERR_OK && decoder.used > DECODE_BYTES_MAX)
                decode_fail(&root, "", "more than %d bytes of text; shorten it", (int)DECODE_BYTES_MAX);
        if (decoder.err != ERR_OK)
                return err_set(reterr, decoder.err, "%s%s%.60s%s%.60s: %.160s", kind, name[0] ? " " : "",
                               namespace_name, name[0] ? "/" : "", name, decoder.why.text);
        decoder.capacity = decoder.used;
        decoder.used = 0;
        decoder.block = mem_calloc(1, decoder.capacity);
        void *first = fill(&root);
        INVARIANT(first == (void *)decoder.block && decoder.err == ERR_OK && decoder.used == decoder.capacity);
        *ret = first;
        return ERR_OK;
}

static char *take(struct decoder *decoder, size_t bytes, size_t alignment)
{
        size_t at = (decoder->used + alignment - 1) & ~(alignment - 1);
        decoder->used = at + bytes;
        if (!decoder->block)
                return arena_alloc(&decoder->scratch, bytes);
        INVARIANT(decoder->used <= decoder->capacity);
        return decoder->block + at;
}

void *decode_alloc(struct decoder *decoder, size_t bytes)
{
        return take(decoder, bytes, alignof(void *));
}

char *decode_keep(struct decoder *decoder, const char *text)
{
        size_t bytes = strlen(text) + 1;
        return memcpy(take(decoder, bytes, 1), text, bytes);
}

void decode_fail(const struct scope *scope, const char *key, const char *format, ...)
{
        struct decoder *decoder = scope->decoder;
        if (decoder->err != ERR_OK)
                return;
        char what[160];
        va_list args;
        va_start(args, format);
        (void)vsnprintf(what, sizeof(what), format, args);
        va_end(args);
        const char *dot = scope->path[0] != '\0' && key[0] != '\0' ? "." : "";
        decoder->err = err_set(&decoder->why, ERR_INVALID, "%s%s%.40s: %s", scope->path, dot, key, what);
}

static struct scope child(const struct scope *scope, const char *key)
{
        struct scope inner = {.decoder = scope->decoder};
        (void)snprintf(inner.path, sizeof(inner.path), "%.60s%s%.30s", scope->path, scope->path[0] ? "." : "", key);
        return inner;
}

/* null is what a manifest says for "not given" where the schema let it through. */
static const json_t *field(const struct scope *scope, const char *key)
{
        const json_t *value = json_object_get(scope->json, key);
        return json_is_null(value) ? NULL : value;
}

bool decode_has(const struct scope *scope, const char *key)
{
        return field(scope, key) != NULL;
}

struct scope decode_object(const struct scope *scope, const char *key)
{
        struct scope inner = child(scope, key);
        const json_t *value = field(scope, key);
        if (value && !json_is_object(value))
                decode_fail(&inner, "", "must be an object");
        else
                inner.json = value;
        return inner;
}

struct scope decode_array(const struct scope *scope, const char *key, size_t max)
{
        struct scope inner = child(scope, key);
        const json_t *value = field(scope, key);
        if (value && !json_is_array(value))
                decode_fail(&inner, "", "must be a list");
        else if (json_array_size(value) > max)
                decode_fail(&inner, "", "has %zu items, at most %zu are allowed", json_array_size(value), max);
        else
                inner.json = value;
        return inner;
}

size_t decode_count(const struct scope *array)
{
        return json_array_size(array->json);
}

struct scope decode_item(const struct scope *array, size_t index)
{
        struct scope item = {.decoder = array->decoder, .json = json_array_get(array->json, index)};
        (void)snprintf(item.path, sizeof(item.path), "%.80s[%zu]", array->path, index);
        if (!json_is_object(item.json)) {
                decode_fail(&item, "", "must be an object");
                item.json = NULL;
        }
        return item;
}

/* The text where it is acceptable, else NULL and the error. */
static const char *acceptable(const struct scope *scope, const char *key, const json_t *value, size_t max)
{
        if (!json_is_string(value)) {
                decode_fail(scope, key, "must be a text");
                return NULL;
        }
        const char *text = json_string_value(value);
        size_t bytes = json_string_length(value);
        if (bytes > max) {
                decode_fail(scope, key, "has %zu bytes, at most %zu are allowed", bytes, max);
                return NULL;
        }
        for (size_t i = 0; i < bytes && !scope->decoder->takes_any_text; i++) {
                if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F) {
                        decode_fail(scope, key, "contains a control character; remove it");
                        return NULL;
                }
        }
        return text;
}

const char *decode_text(const struct scope *scope, const char *key, const char *fallback, size_t max)
{
        const json_t *value = field(scope, key);
        if (!value && !fallback)
                decode_fail(scope, key, "is required");
        const char *text = value ? acceptable(scope, key, value, max) : NULL;
        if (text && !fallback && text[0] == '\0') {
                decode_fail(scope, key, "must not be empty");
                text = NULL;
        }
        if (!text)
                return fallback ? fallback : "";
        return fallback && strcmp(text, fallback) == 0 ? fallback : decode_keep(scope->decoder, text);
}

const char *decode_annotation(const struct scope *annotations, const char *key)
{
        char kept[DECODE_ANNOTATION_BYTES];
        const char *text = json_string_value(json_object_get(annotations->json, key));
        if (!text)
                return "";
        (void)TEXT_COPY(kept, text);
        for (char *at = kept; *at; at++)
                if ((unsigned char)*at < 0x20 || *at == 0x7F)
                        *at = '?';
        return decode_keep(annotations->decoder, kept);
}

const char *decode_text_item(const struct scope *array, size_t index, size_t max)
{
        const json_t *value = json_array_get(array->json, index);
        const char *text = acceptable(array, "", value, max);
        return text ? decode_keep(array->decoder, text) : "";
}

bool decode_bool(const struct scope *scope, const char *key, bool fallback)
{
        const json_t *value = field(scope, key);
        if (value && !json_is_boolean(value))
                decode_fail(scope, key, "must be true or false");
        return json_is_boolean(value) ? json_is_true(value) : fallback;
}

int64_t decode_integer(const struct scope *scope, const char *key, int64_t fallback, int64_t min, int64_t max)
{
        const json_t *value = field(scope, key);
        if (!value)
                return fallback;
        if (!json_is_integer(value) || json_integer_value(value) < min || json_integer_value(value) > max) {
                decode_fail(scope, key, "must be a whole number from %" PRId64 " to %" PRId64, min, max);
                return fallback;
        }
        return json_integer_value(value);
}

mono_ms decode_duration(const struct scope *scope, const char *key, mono_ms fallback, mono_ms min, mono_ms max)
{
        const json_t *value = field(scope, key);
        if (!value)
                return fallback;
        int64_t duration = json_is_string(value) ? text_to_duration(json_string_value(value)) : -1;
        if (duration < min || duration > max) {
                decode_fail(scope, key,
                            "must be a duration such as 5s, 200ms or 1h30m, from %" PRId64 " ms to %" PRId64 " s", min,
                            max / 1000);
                return fallback;
        }
        return duration;
}

static void choice_fail(const struct scope *scope, const char *key, struct choices choices)
{
        char known[96] = "";
        for (size_t i = 0, at = 0; i < choices.count && at < sizeof(known); i++)
                at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s", i ? ", " : "", choices.names[i]);
        decode_fail(scope, key, "must be one of %s", known);
}

static bool time_of(const json_t *value, unix_ms *ret_time)
{
        const unix_ms end_of_9999 = 253402300799999;
        const char *text = json_string_value(value);
        unix_ms time;
        if (!text || text_to_time(text, &time) != ERR_OK || time < 0 || time > end_of_9999)
                return false;
        *ret_time = time;
        return true;
}

unix_ms decode_time(const struct scope *scope, const char *key, bool is_required)
{
        unix_ms time = 0;
        if ((is_required || decode_has(scope, key)) && !time_of(json_object_get(scope->json, key), &time))
                decode_fail(scope, key, "must be a time such as 2026-11-23T02:59:11.412Z");
        return time;
}

unsigned decode_times(const struct scope *scope, const char *key, unix_ms *ret_times, size_t max)
{
        struct scope times = decode_array(scope, key, max);
        for (size_t i = 0; i < decode_count(&times); i++)
                if (!time_of(json_array_get(times.json, i), &ret_times[i]))
                        decode_fail(&times, "", "item %zu must be a time", i);
        return (unsigned)decode_count(&times);
}

size_t decode_choice(const struct scope *scope, const char *key, struct choices choices, size_t fallback)
{
        const json_t *value = field(scope, key);
        bool is_required = fallback == SIZE_MAX;
        if (!value && !is_required)
                return fallback;
        for (size_t i = 0; i < choices.count; i++)
                if (text_equal(json_string_value(value), choices.names[i]))
                        return i;
        choice_fail(scope, key, choices);
        return is_required ? 0 : fallback;
}

const char *decode_endpoint(const struct scope *scope, const char *key, const char *fallback)
{
        const char *given = decode_text(scope, key, fallback, DECODE_TEXT_MAX);
        char *text = decode_keep(scope->decoder, given);
        for (char *c = text; *c; c++)
                *c = (char)tolower((unsigned char)*c);
        const char *colon = strrchr(text, ':');
        bool has_port = colon && colon > text && colon[1] && strspn(colon + 1, "0123456789") == strlen(colon + 1);
        bool is_bare_v6 = has_port && text[0] != '[' && strchr(text, ':') != colon;
        if (text[0] && (!has_port || is_bare_v6))
                decode_fail(scope, key, "is not host:port or [v6]:port");
        return text;
}
