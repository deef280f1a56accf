/* watch_line.c -- decode one event of a watch. */
#include "kube/watch_line.h"

#include <string.h>

#include "kube/answer.h"

/* A version is opaque: nothing says how long one may be, and one that is not taken stops everything. */
enum { VERSION_BYTES_MAX = 4096, NAME_BYTES_MAX = 253, AFTER_MAX_S = 60 };

static enum watch_line_kind kind_of(const char *type)
{
        static const struct {
                const char *type;
                enum watch_line_kind kind;
        } kinds[] = {
            {"ADDED", LINE_SET},         {"MODIFIED", LINE_SET}, {"DELETED", LINE_DELETE},
            {"BOOKMARK", LINE_BOOKMARK}, {"ERROR", LINE_ERROR},
        };
        for (size_t i = 0; type && i < sizeof(kinds) / sizeof(*kinds); i++)
                if (strcmp(type, kinds[i].type) == 0)
                        return kinds[i].kind;
        return LINE_UNKNOWN;
}

void watch_line_decode(const char *text, size_t bytes, struct watch_line *ret)
{
        /* NUL is allowed in texts because the API server allows it: one odd annotation must not stop a watch. */
        json_t *root = json_loadb(text, bytes, JSON_ALLOW_NUL, NULL);
        *ret = (struct watch_line){.kind = LINE_NO_JSON, .root = root};
        if (!root)
                return;
        ret->kind = kind_of(json_string_value(json_object_get(root, "type")));
        ret->object = json_object_get(root, "object");
}

void watch_line_clear(struct watch_line *line)
{
        json_decref(line->root);
        *line = (struct watch_line){0};
}

static const char *metadata_text(const json_t *object, const char *key, size_t bytes_max)
{
        const char *text = json_string_value(json_object_get(json_object_get(object, "metadata"), key));
        return text && text[0] && strlen(text) <= bytes_max ? text : NULL;
}

const char *object_name(const json_t *object)
{
        return metadata_text(object, "name", NAME_BYTES_MAX);
}

const char *object_resource_version(const json_t *object)
{
        return metadata_text(object, "resourceVersion", VERSION_BYTES_MAX);
}

enum err status_object_class(const json_t *status, long *ret_after_s, struct errmsg *reterr)
{
        json_int_t code = json_integer_value(json_object_get(status, "code"));
        json_int_t after_s =
            json_integer_value(json_object_get(json_object_get(status, "details"), "retryAfterSeconds"));
        *ret_after_s = after_s <= 0 ? 0 : after_s < AFTER_MAX_S ? (long)after_s : AFTER_MAX_S;
        return answer_from_status(code >= 400 && code < 600 ? (long)code : 500, status, false, reterr);
}
