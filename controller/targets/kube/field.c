/* field.c -- one field of an object, by a JSON pointer. */
#include "targets/kube/field.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

enum { HASH_BYTES = sizeof("...#0123456789abcdef") - 1, NUMBER_DIGITS_MAX = 18 };

enum err field_check(const char *pointer, struct errmsg *reterr)
{
        unsigned steps = 0;
        for (const char *at = pointer; *at; at++) {
                steps += *at == '/';
                bool is_escape = *at == '~';
                if (is_escape && at[1] != '0' && at[1] != '1')
                        return err_set(reterr, ERR_INVALID, "\"%.100s\" has ~ before something else than 0 or 1",
                                       pointer);
        }
        if (pointer[0] != '/' || !pointer[1])
                return err_set(reterr, ERR_INVALID,
                               "\"%.100s\" is not a JSON pointer: write for example /spec/destination/name", pointer);
        if (steps > FIELD_STEPS_MAX)
                return err_set(reterr, ERR_INVALID, "\"%.100s\" has more than %d steps", pointer,
                               (int)FIELD_STEPS_MAX);
        return ERR_OK;
}

/* ~1 is a slash, ~0 is a tilde. */
static char *unescape(const char *from, char *to)
{
        for (; *from && *from != '/'; from++) {
                if (*from == '~')
                        *to++ = *++from == '1' ? '/' : '~';
                else
                        *to++ = *from;
        }
        *to++ = '\0';
        return to;
}

char *field_steps(const char *pointer, const char *ret_steps[static FIELD_STEPS_MAX], unsigned *ret_count)
{
        char *block = mem_calloc(strlen(pointer) + 1, 1), *to = block;
        *ret_count = 0;
        for (const char *at = pointer; at && *ret_count < FIELD_STEPS_MAX; at = strchr(at + 1, '/')) {
                ret_steps[(*ret_count)++] = to;
                to = unescape(at + 1, to);
        }
        return block;
}

enum err field_find(const json_t *object, const char *pointer, const json_t **ret, struct errmsg *reterr)
{
        const char *steps[FIELD_STEPS_MAX];
        unsigned count;
        char *block = field_steps(pointer, steps, &count);
        const json_t *at = object;
        enum err err = ERR_OK;
        for (unsigned i = 0; i < count && at && err == ERR_OK; i++) {
                if (!json_is_object(at))
                        err = err_set(reterr, ERR_INVALID,
                                      "%.200s leads through something that is not an object at \"%.60s\": it cannot be "
                                      "set by itself",
                                      pointer, steps[i]);
                at = json_object_get(at, steps[i]);
        }
        free(block);
        if (err == ERR_OK)
                *ret = json_is_null(at) ? NULL : at;
        return err;
}

char *field_text(const json_t *value)
{
        char *text = json_is_string(value) ? mem_strdup(json_string_value(value))
                                           : json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
        INVARIANT(text);
        if (strlen(text) <= FIELD_VALUE_BYTES)
                return text;
        char kept[FIELD_VALUE_BYTES + 1 - HASH_BYTES];
        struct strbuf cut = STRBUF_INIT(FIELD_VALUE_BYTES + 1);
        (void)TEXT_COPY(kept, text);
        (void)strbuf_printf(&cut, "%s...#%016" PRIx64, kept, text_hash(text));
        free(text);
        return strbuf_take(&cut);
}

static bool is_integer(const char *text)
{
        const char *digits = text + (text[0] == '-');
        const size_t count = strspn(digits, "0123456789");
        bool is_canonical = digits[0] != '0' || (count == 1 && digits == text);
        return count > 0 && count <= NUMBER_DIGITS_MAX && !digits[count] && is_canonical;
}

enum err field_value(enum field_type type, const char *text, json_t **ret, struct errmsg *reterr)
{
        json_t *value = NULL;
        if (type == FIELD_STRING)
                value = json_string(text);
        else if (type == FIELD_BOOLEAN && (text_equal(text, "true") || text_equal(text, "false")))
                value = json_boolean(text[0] == 't');
        else if (type == FIELD_INTEGER && is_integer(text))
                value = json_integer(strtoll(text, NULL, 10));
        if (!value)
                return err_set(reterr, ERR_INVALID, "\"%.100s\" is not %s", text,
                               type == FIELD_STRING    ? "UTF-8"
                               : type == FIELD_BOOLEAN ? "true or false"
                                                       : "an integer");
        *ret = value;
        return ERR_OK;
}

void field_set(json_t *patch, const char *pointer, json_t *value)
{
        const char *steps[FIELD_STEPS_MAX];
        unsigned count;
        char *block = field_steps(pointer, steps, &count);
        json_t *at = patch;
        for (unsigned i = 0; i + 1 < count; i++) {
                json_t *next = json_object_get(at, steps[i]);
                if (!next) {
                        next = json_object();
                        INVARIANT(json_object_set_new(at, steps[i], next) == 0);
                }
                at = next;
        }
        INVARIANT(json_object_set_new(at, steps[count - 1], value) == 0);
        free(block);
}
