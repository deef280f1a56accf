/* strbuf.c -- a growing text with a hard maximum. */
#include "util/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

static bool reserve(struct strbuf *buf, size_t count)
{
        if (buf->overflowed || count > buf->max - buf->bytes) {
                buf->overflowed = true;
                return false;
        }
        size_t need = buf->bytes + count + 1;
        if (need > buf->capacity) {
                size_t grown = buf->capacity ? buf->capacity * 2 : 64;
                if (grown < need)
                        grown = need;
                if (grown - 1 > buf->max)
                        grown = buf->max + 1;
                buf->text = mem_realloc(buf->text, grown, 1);
                buf->capacity = grown;
        }
        return true;
}

bool strbuf_append(struct strbuf *buf, const void *bytes, size_t count)
{
        if (!reserve(buf, count))
                return false;
        if (count)
                memcpy(buf->text + buf->bytes, bytes, count);
        buf->bytes += count;
        buf->text[buf->bytes] = '\0';
        return true;
}

bool strbuf_append_text(struct strbuf *buf, const char *text)
{
        return strbuf_append(buf, text, strlen(text));
}

bool strbuf_append_char(struct strbuf *buf, char c)
{
        return strbuf_append(buf, &c, 1);
}

bool strbuf_printf(struct strbuf *buf, const char *format, ...)
{
        va_list args;
        va_start(args, format);
        int count = vsnprintf(NULL, 0, format, args);
        va_end(args);
        if (count < 0 || !reserve(buf, (size_t)count))
                return false;
        va_start(args, format);
        (void)vsnprintf(buf->text + buf->bytes, (size_t)count + 1, format, args);
        va_end(args);
        buf->bytes += (size_t)count;
        return true;
}

const char *strbuf_text(const struct strbuf *buf)
{
        return buf->text ? buf->text : "";
}

void strbuf_clear(struct strbuf *buf)
{
        buf->bytes = 0;
        buf->overflowed = false;
        if (buf->text)
                buf->text[0] = '\0';
}

char *strbuf_take(struct strbuf *buf)
{
        char *text = buf->text ? buf->text : mem_strdup("");
        *buf = STRBUF_INIT(buf->max);
        return text;
}

void strbuf_deinit(struct strbuf *buf)
{
        free(buf->text);
        *buf = STRBUF_INIT(buf->max);
}
