/* json_split.c -- cut a stream of JSON into objects while it arrives. */
#include "kube/json_split.h"

#include <string.h>

enum { SKELETON_BYTES_MAX = 64 * 1024, KEEP_BYTES = 16 * 1024 };

static bool is_space(char c)
{
        return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool top_is_map(const struct json_split *split)
{
        return split->level > 0 && (split->is_map >> (split->level - 1) & 1) != 0;
}

/* Between two objects, where only white space and a comma may stand. */
static bool is_between(const struct json_split *split)
{
        if (split->in_object)
                return false;
        return split->mode == JSON_SPLIT_STREAM ? split->level == 0 : split->in_items && split->level == 2;
}

static bool key_is(const struct json_split *split, unsigned level, const char *key)
{
        return strcmp(split->keys[level], key) == 0;
}

/* The value that follows is the name of the object: the last resort for telling a person which object was too large. */
static bool is_at_name(const struct json_split *split)
{
        unsigned first = split->mode == JSON_SPLIT_STREAM ? 2 : 3;
        if (!split->in_object || split->level != first + 1 || !top_is_map(split))
                return false;
        if (split->mode == JSON_SPLIT_STREAM && !key_is(split, 1, "object"))
                return false;
        return key_is(split, first, "metadata") && key_is(split, first + 1, "name");
}

/* Append to a fixed text, dropping what does not fit. */
static void extend(char *text, size_t size, const char *bytes, size_t count)
{
        size_t used = strlen(text);
        if (count > size - 1 - used)
                count = size - 1 - used;
        memcpy(text + used, bytes, count);
        text[used + count] = '\0';
}

static void keep_object(struct json_split *split, size_t count)
{
        split->object_bytes += count;
        if (split->is_oversized || strbuf_append(&split->stored, split->pending, count))
                return;
        split->is_oversized = true;
        strbuf_deinit(&split->stored);
}

/* Store what was scanned up to @end, in the object or in the skeleton, or drop what stands between objects. */
static void keep(struct json_split *split, const char *end)
{
        size_t count = (size_t)(end - split->pending);
        if (split->in_object)
                keep_object(split, count);
        else if (!is_between(split))
                (void)strbuf_append(&split->skeleton, split->pending,
                                    count); /* an overflow is answered at the end of the feed */
        split->pending = end;
}

static enum err end_object(struct json_split *split, const char *end)
{
        bool goes_on = true;
        size_t count = (size_t)(end - split->pending);
        split->in_object = false;
        if (split->stored.bytes == 0 && !split->is_oversized && count <= split->max_object_bytes) {
                goes_on = split->object(split->ctx, split->pending, count); /* whole in one chunk: no copy */
        } else {
                keep_object(split, count);
                if (split->is_oversized)
                        split->oversized(split->ctx, split->name, split->object_bytes);
                else
                        goes_on = split->object(split->ctx, split->stored.text, split->stored.bytes);
                if (split->stored.capacity > KEEP_BYTES)
                        strbuf_deinit(&split->stored);
                else
                        strbuf_clear(&split->stored);
        }
        split->pending = end;
        return goes_on ? ERR_OK : ERR_CANCELLED;
}

/* One object that is too deep is passed over like one that is too large: it must not stop the others. */
static enum err pass_over_depth(struct json_split *split, struct errmsg *reterr)
{
        if (!split->in_object)
                return err_set(reterr, ERR_INVALID, "JSON deeper than %d levels", JSON_SPLIT_LEVELS);
        split->deeper = 1;
        split->is_oversized = true;
        strbuf_deinit(&split->stored);
        return ERR_OK;
}

static enum err open_bracket(struct json_split *split, const char *at, struct errmsg *reterr)
{
        if (split->level == JSON_SPLIT_LEVELS)
                return pass_over_depth(split, reterr);
        if (is_between(split)) {
                split->in_object = true;
                split->is_oversized = false;
                split->object_bytes = 0;
                split->name[0] = '\0';
                split->pending = at;
        }
        bool is_map = *at == '{';
        bool is_items = split->mode == JSON_SPLIT_LIST && split->level == 1 && !is_map && key_is(split, 1, "items");
        uint64_t bit = (uint64_t)1 << split->level;
        split->is_map = is_map ? split->is_map | bit : split->is_map & ~bit;
        split->level++;
        split->expects_key = is_map;
        if (split->level <= JSON_SPLIT_KEY_LEVELS)
                split->keys[split->level][0] = '\0';
        if (is_items && !split->in_object) {
                keep(split, at + 1);
                split->in_items = true;
        }
        return ERR_OK;
}

static enum err close_bracket(struct json_split *split, const char *at, struct errmsg *reterr)
{
        if (split->level == 0 || top_is_map(split) != (*at == '}'))
                return err_set(reterr, ERR_INVALID, "JSON with a stray '%c'", *at);
        if (is_between(split)) {
                split->in_items = false;
                split->pending = at;
        }
        split->level--;
        split->expects_key = false;
        if (split->in_object && split->level == (split->mode == JSON_SPLIT_STREAM ? 0 : 2))
                return end_object(split, at + 1);
        split->is_complete = split->level == 0 && split->mode == JSON_SPLIT_LIST;
        return ERR_OK;
}

static enum err take_byte(struct json_split *split, const char *at, struct errmsg *reterr)
{
        char c = *at;
        if (is_space(c))
                return ERR_OK;
        if (split->deeper) {
                split->deeper += (c == '{' || c == '[') - (unsigned)(c == '}' || c == ']');
                split->in_string = c == '"';
                split->is_key = false;
                return ERR_OK;
        }
        bool separates = c == '{' || (split->mode == JSON_SPLIT_LIST && (c == ',' || c == ']'));
        if (is_between(split) && !separates)
                return err_set(reterr, ERR_INVALID, "JSON with something else where an object should be");
        if (split->mode == JSON_SPLIT_LIST && split->level == 0 && (c != '{' || split->is_complete))
                return err_set(reterr, ERR_INVALID, "not one JSON object");
        switch (c) {
        case '{':
        case '[':
                return open_bracket(split, at, reterr);
        case '}':
        case ']':
                return close_bracket(split, at, reterr);
        case '"':
                split->in_string = true;
                split->is_key = split->expects_key;
                if (split->is_key && split->level <= JSON_SPLIT_KEY_LEVELS)
                        split->keys[split->level][0] = '\0';
                return ERR_OK;
        case ',':
                split->expects_key = top_is_map(split);
                return ERR_OK;
        case ':':
                split->expects_key = false;
                return ERR_OK;
        default:
                return ERR_OK;
        }
}

/* Scan inside a string up to its end or @end; returns where to go on, NULL at a byte that no string may have. */
static const char *take_string(struct json_split *split, const char *at, const char *end)
{
        const char *start = at;
        while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= ' ')
                at++;
        size_t count = (size_t)(at - start);
        if (split->is_key && split->level <= JSON_SPLIT_KEY_LEVELS)
                extend(split->keys[split->level], JSON_SPLIT_KEY_BYTES, start, count);
        else if (!split->is_key && is_at_name(split))
                extend(split->name, sizeof(split->name), start, count);
        if (at == end)
                return at;
        if ((unsigned char)*at < ' ')
                return NULL;
        if (*at == '\\')
                split->is_escaped = true;
        else
                split->in_string = false;
        return at + 1;
}

enum err json_split_feed(struct json_split *split, const char *bytes, size_t count, struct errmsg *reterr)
{
        const char *end = bytes + count;
        split->pending = bytes;
        split->stored.max = split->max_object_bytes;
        split->skeleton.max = SKELETON_BYTES_MAX;
        for (const char *at = bytes; at < end;) {
                if (split->is_escaped) {
                        split->is_escaped = false;
                        at++;
                } else if (split->in_string) {
                        at = take_string(split, at, end);
                        if (!at)
                                return err_set(reterr, ERR_INVALID, "JSON with a control character in a text");
                } else {
                        enum err err = take_byte(split, at++, reterr);
                        if (err != ERR_OK)
                                return err;
                }
        }
        keep(split, end);
        split->pending = NULL;
        if (split->in_object && split->object_bytes > JSON_SPLIT_ENDLESS_BYTES)
                return err_set(reterr, ERR_INVALID, "an object without end");
        if (split->skeleton.overflowed)
                return err_set(reterr, ERR_INVALID, "list with more than %d bytes around its items",
                               SKELETON_BYTES_MAX);
        return ERR_OK;
}

bool json_split_is_whole(const struct json_split *split)
{
        return split->mode == JSON_SPLIT_STREAM ? split->level == 0 : split->is_complete;
}

const char *json_split_skeleton(const struct json_split *split)
{
        return strbuf_text(&split->skeleton);
}

void json_split_deinit(struct json_split *split)
{
        strbuf_deinit(&split->stored);
        strbuf_deinit(&split->skeleton);
}
