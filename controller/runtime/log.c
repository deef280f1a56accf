/* log.c -- one line per fact on stderr. */
#include "runtime/log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "runtime/log_writer.h"
#include "util/strbuf.h"
#include "util/text.h"

enum {
        LINE_MAX_BYTES = 32 * 1024,
        VALUE_MAX_BYTES = 2048, /* of one text, before escaping */
};

/* Set once at start, before there is a second thread. */
static enum log_level minimum_level = LOG_INFO;
static enum log_encoding line_encoding = LOG_JSON;

static const char *const level_words[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"};
static const char *const level_marks[] = {
    [LOG_DEBUG] = "DEBUG", [LOG_INFO] = "INFO", [LOG_WARN] = "WARN", [LOG_ERROR] = "ERROR"};

void log_setup(enum log_level level, enum log_encoding encoding)
{
        minimum_level = level;
        line_encoding = encoding;
}

/* Only JSON escapes: in plain text a command can be pasted as it is. */
static const char in_quotes[] = "\"\\";
static const char in_plain_text[] = "";

static void append_escaped_char(struct strbuf *line, char c, const char *special)
{
        static const char controls[] = "\b\f\n\r\t";
        static const char letters[] = "bfnrt";
        const char *found = c ? strchr(controls, c) : NULL;
        if (found)
                (void)strbuf_printf(line, "\\%c", letters[found - controls]);
        else if (c && strchr(special, c))
                (void)strbuf_printf(line, "\\%c", c);
        else if ((unsigned char)c < 0x20 || c == 0x7F)
                (void)strbuf_printf(line, "\\u%04x", (unsigned)(unsigned char)c);
        else
                (void)strbuf_append_char(line, c);
}

/* On one line, and what is no UTF-8 becomes U+FFFD, for one bad byte makes a collector drop the line. */
static void append_escaped(struct strbuf *line, const char *text, const char *special)
{
        size_t count = strnlen(text, VALUE_MAX_BYTES);
        for (size_t at = 0; at < count;) {
                size_t step = text_utf8_step(text + at, count - at);
                if (step == 1)
                        append_escaped_char(line, text[at], special);
                else if (step == 0)
                        (void)strbuf_append_text(line, "\xEF\xBF\xBD");
                else
                        (void)strbuf_append(line, text + at, step);
                at += step ? step : 1;
        }
        if (text[count] != '\0')
                (void)strbuf_append_text(line, "\xE2\x80\xA6");
}

static void append_quoted(struct strbuf *line, const char *text)
{
        (void)strbuf_append_char(line, '"');
        append_escaped(line, text, in_quotes);
        (void)strbuf_append_char(line, '"');
}

/* A value that could be taken for two, or for another key, is quoted. */
static bool needs_quotes(const char *text)
{
        if (*text == '\0')
                return true;
        for (const char *c = text; *c; c++)
                if ((unsigned char)*c <= ' ' || *c == '"' || *c == '=' || *c == '\\' || *c == 0x7F)
                        return true;
        return strlen(text) > VALUE_MAX_BYTES || !text_is_utf8(text, strlen(text));
}

static void append_json_field(struct strbuf *line, const struct log_field *field)
{
        (void)strbuf_append_text(line, ",");
        append_quoted(line, field->key);
        (void)strbuf_append_text(line, ":");
        if (field->text)
                append_quoted(line, field->text);
        else
                (void)strbuf_printf(line, "%lld", (long long)field->number);
}

static void append_text_field(struct strbuf *line, const struct log_field *field)
{
        (void)strbuf_printf(line, " %s=", field->key);
        if (!field->text)
                (void)strbuf_printf(line, "%lld", (long long)field->number);
        else if (needs_quotes(field->text))
                append_quoted(line, field->text);
        else
                (void)strbuf_append_text(line, field->text);
}

/* A field that does not fit is left out as a whole, so that the line stays valid. */
static void append_fields(struct strbuf *line, const struct log_field *fields)
{
        for (const struct log_field *field = fields; field && field->key; field++) {
                size_t before = line->bytes;
                if (line_encoding == LOG_JSON)
                        append_json_field(line, field);
                else
                        append_text_field(line, field);
                if (!line->overflowed)
                        continue;
                line->overflowed = false;
                line->bytes = before;
                line->text[before] = '\0';
        }
}

static void append_head(struct strbuf *line, enum log_level level, const char *logger, const char *message)
{
        char micro[TEXT_TIME_BYTES + 4];
        text_from_time_micro(clock_wall(), micro);
        int millis = (int)sizeof("2026-11-23T02:59:11.412") - 1;
        if (line_encoding == LOG_TEXT) {
                (void)strbuf_printf(line, "%.*sZ %s %s ", millis, micro, level_marks[level], logger);
                append_escaped(line, message, in_plain_text);
                return;
        }
        (void)strbuf_printf(line, "{\"level\":\"%s\",\"ts\":\"%.*sZ\",\"logger\":", level_words[level], millis, micro);
        append_quoted(line, logger);
        (void)strbuf_append_text(line, ",\"msg\":");
        append_quoted(line, message);
}

/* Before log_start(). */
static void write_all(const char *bytes, size_t count)
{
        while (count > 0) {
                ssize_t written = write(STDERR_FILENO, bytes, count);
                if (written < 0 && errno != EINTR)
                        return; /* stderr is gone, and a failure to log cannot be logged */
                if (written > 0) {
                        bytes += written;
                        count -= (size_t)written;
                }
        }
}

static void append_line(struct strbuf *line, enum log_level level, const char *logger, const char *message,
                        const struct log_field *fields)
{
        const char *end = line_encoding == LOG_JSON ? "}\n" : "\n";
        append_head(line, level, logger, message);
        append_fields(line, fields);
        line->max += strlen(end);
        (void)strbuf_append_text(line, end);
}

static size_t say_dropped(uint64_t count, char *ret_line, size_t size)
{
        struct strbuf line = STRBUF_INIT(size / 2);
        append_line(&line, LOG_WARN, "log", "nobody read these lines in time: they are missing",
                    (const struct log_field[]){LOG_NUMBER_FIELD("lines", (int64_t)count), {.key = NULL}});
        size_t bytes = line.bytes;
        memcpy(ret_line, line.text, bytes);
        strbuf_deinit(&line);
        return bytes;
}

void log_start(void)
{
        log_writer_start(STDERR_FILENO, say_dropped);
}

void log_stop(void)
{
        enum { FLUSH_MS = 200 };
        log_writer_stop(FLUSH_MS);
}

uint64_t log_dropped(void)
{
        return log_writer_dropped();
}

void log_write(enum log_level level, const char *logger, const char *message, const struct log_field *fields)
{
        if (level < minimum_level)
                return;
        struct strbuf line = STRBUF_INIT(LINE_MAX_BYTES);
        append_line(&line, level, logger, message, fields);
        if (!log_writer_put(line.text, line.bytes))
                write_all(line.text, line.bytes);
        strbuf_deinit(&line);
}
