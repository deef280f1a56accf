/* err.c -- error classes and their text. */
#include "util/err.h"

#include <stdio.h>
#include <string.h>

#include "util/text.h"

const char *err_name(enum err err)
{
        static const char *const names[] = {
#define ERR_NAME(name, text) [name] = text,
                ERR_LIST(ERR_NAME)
#undef ERR_NAME
        };
        return (unsigned)err < ERR_COUNT ? names[err] : "invalid error class";
}

/* The text ends in a condition, an Event or a log line, and a peer's bytes in it must not break those. */
static void make_presentable(struct errmsg *reterr)
{
        size_t count = strlen(reterr->text);
        for (size_t at = 0; at < count;) {
                char *c = reterr->text + at;
                size_t step = text_utf8_step(c, count - at);
                if (step == 0)
                        *c = '?';
                else if ((unsigned char)*c < ' ' || *c == 0x7F)
                        *c = ' ';
                at += step ? step : 1;
        }
}

enum err err_set(struct errmsg *reterr, enum err err, const char *format, ...)
{
        if (reterr) {
                va_list args;
                va_start(args, format);
                (void)vsnprintf(reterr->text, sizeof(reterr->text), format, args);
                va_end(args);
                make_presentable(reterr);
        }
        return err;
}

enum err err_wrap(struct errmsg *reterr, enum err err, const char *format, ...)
{
        if (reterr) {
                char inner[sizeof(reterr->text)];
                memcpy(inner, reterr->text, sizeof(inner));
                va_list args;
                va_start(args, format);
                int n = vsnprintf(reterr->text, sizeof(reterr->text), format, args);
                va_end(args);
                if (n >= 0 && (size_t)n < sizeof(reterr->text) - 2)
                        (void)snprintf(reterr->text + n, sizeof(reterr->text) - (size_t)n, ": %.*s",
                                       (int)(sizeof(reterr->text) - (size_t)n - 3), inner);
                make_presentable(reterr);
        }
        return err;
}
