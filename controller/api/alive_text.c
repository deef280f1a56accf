/* alive_text.c -- the heartbeat of the operator inside the active plane, as a text. */
#include "api/alive_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "util/fields.h"

void alive_text_print(const struct alive_text *alive, char ret_text[static ALIVE_TEXT_BYTES])
{
        (void)snprintf(ret_text, ALIVE_TEXT_BYTES, "v=pk1 n=%" PRIu64 " every=%" PRId64 " p=%s by=%s", alive->counter,
                       alive->every_ms, alive->plane, alive->by);
}

static bool take(const char **at, const char *key, struct field *ret)
{
        return fields_next(at, ret) && field_is(ret, key);
}

bool alive_text_parse(const char *text, struct alive_text *ret)
{
        struct field version, counter, every, plane, by, further;
        struct alive_text alive = {0};
        uint64_t every_ms = 0;
        const char *at = text;
        *ret = alive;
        if (!take(&at, "v", &version) || !take(&at, "n", &counter) || !take(&at, "every", &every) ||
            !take(&at, "p", &plane) || !take(&at, "by", &by))
                return false;
        while (fields_next(&at, &further))
                ;
        bool is_ours = *at == '\0' && version.value_bytes == 3 && memcmp(version.value, "pk1", 3) == 0 &&
                       field_number(&counter, INT64_MAX, &alive.counter) &&
                       field_number(&every, ALIVE_EVERY_MAX_MS, &every_ms) && every_ms >= ALIVE_EVERY_MIN_MS &&
                       field_copy(&plane, alive.plane, sizeof(alive.plane)) && alive.plane[0] &&
                       field_copy(&by, alive.by, sizeof(alive.by)) && alive.by[0];
        alive.every_ms = (mono_ms)every_ms;
        if (is_ours)
                *ret = alive;
        return is_ours;
}
