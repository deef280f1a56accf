/* status_content.c -- hashes of a status. */
#include "reconcile/status_content.h"

#include <string.h>

#include "util/text.h"

/* The finalizer of splitmix64: every bit of what goes in changes half of what comes out. */
static uint64_t spread(uint64_t value)
{
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9U;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EBU;
        return value ^ (value >> 31);
}

static uint64_t joined(uint64_t before, uint64_t next)
{
        return spread(before + 0x9E3779B97F4A7C15U) + next;
}

static uint64_t scalar(const json_t *value)
{
        switch (json_typeof(value)) {
        case JSON_STRING:
                return text_hash(json_string_value(value));
        case JSON_INTEGER:
                return (uint64_t)json_integer_value(value);
        case JSON_REAL: {
                double real = json_real_value(value);
                uint64_t bits;
                memcpy(&bits, &real, sizeof(bits));
                return bits;
        }
        default:
                return 0; /* true, false and null: the type says it */
        }
}

static struct status_content content_of(const json_t *value)
{
        uint64_t type = joined((uint64_t)json_typeof(value), scalar(value));
        struct status_content content = {type, type};
        const char *key;
        json_t *item;
        size_t i;
        json_object_foreach((json_t *)value, key, item)
        {
                if (json_is_null(item) || strcmp(key, "facts") == 0 || strcmp(key, "judgedAt") == 0)
                        continue; /* a merge patch removes what is null: it is not stored */
                struct status_content member = content_of(item);
                uint64_t name = text_hash(key);
                content.whole += spread(joined(name, member.whole));
                content.facts += strcmp(key, "message") == 0 ? 0 : spread(joined(name, member.facts));
        }
        json_array_foreach(value, i, item)
        {
                struct status_content member = content_of(item);
                content.whole = joined(content.whole, member.whole);
                content.facts = joined(content.facts, member.facts);
        }
        return content;
}

struct status_content status_content_of(const json_t *status)
{
        struct status_content content = {0};
        if (status)
                content = content_of(status);
        if (status && !content.whole)
                content.whole = 1;
        return content;
}
