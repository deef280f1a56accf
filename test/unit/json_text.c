/* json_text.c -- JSON in tests. */
#include "json_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/mem.h"

json_t *json_text(const char *format, ...)
{
        char *text;
        va_list args;
        va_start(args, format);
        int bytes = vasprintf(&text, format, args);
        va_end(args);
        INVARIANT(bytes >= 0);
        for (char *c = text; *c; c++)
                if (*c == '\'')
                        *c = '"';
        json_error_t why;
        json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &why);
        if (!json)
                (void)fprintf(stderr, "%s: %s\n", why.text, text);
        free(text);
        INVARIANT(json);
        return json;
}
