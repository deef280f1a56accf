/*
 * log.h -- one line per fact on stderr, as JSON or text. Only reconcile/, runtime/ and main log; libraries return
 * errors.
 *
 * Fields:  level, ts (RFC 3339 with milliseconds), logger, msg, then the pairs. Values are escaped, made valid UTF-8
 *          and cut at 2 KiB; secrets never come here.
 * Threads: any; a line is written whole.
 */
#ifndef PK_RUNTIME_LOG_H
#define PK_RUNTIME_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_encoding { LOG_JSON, LOG_TEXT };

struct log_field {
        const char *key;  /* NULL ends the list */
        const char *text; /* where NULL, number is printed */
        int64_t number;
};
static inline struct log_field log_text_field(const char *key, const char *text)
{
        return (struct log_field){.key = key, .text = text ? text : ""};
}
#define LOG_TEXT_FIELD(k, v)   log_text_field((k), (v))
#define LOG_NUMBER_FIELD(k, v) ((struct log_field){.key = (k), .number = (v)})

void log_setup(enum log_level level, enum log_encoding encoding);
/* From here on no caller waits for the reader of stderr. log_stop() gives the lines that still wait a moment. */
void log_start(void);
void log_stop(void);
uint64_t log_dropped(void); /* lines that the reader of stderr was too slow for */

/* log_line(LOG_INFO, "kube", "watch started", LOG_TEXT_FIELD("resource", "leases"), LOG_NUMBER_FIELD("items", 3));
 * one field at least */
#define log_line(level, logger, message, ...) \
        log_write((level), (logger), (message), (const struct log_field[]){__VA_ARGS__, {.key = NULL}})
#define log_plain(level, logger, message) log_write((level), (logger), (message), NULL)
void log_write(enum log_level level, const char *logger, const char *message, const struct log_field *fields);

#endif
