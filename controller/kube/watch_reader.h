/*
 * watch_reader.h -- from the bytes of a list page or a watch to the callbacks of watch_config. watch.c decides what is
 * asked next. Private to watch.c.
 *
 * Ownership: reader_begin() starts each answer anew; reader_deinit() frees.
 * Threads:   loop thread only.
 */
#ifndef PK_KUBE_WATCH_READER_H
#define PK_KUBE_WATCH_READER_H

#include "kube/json_split.h"
#include "kube/watch.h"

struct watch_reader {
        const struct watch_config *config;
        bool is_silent; /* the watch is being closed: no callback any more, and the answer is not wanted */
        struct json_split split;
        bool had_event;         /* anything but an ERROR, since reader_begin() */
        char *resource_version; /* of the last event or of the page; NULL: none yet */
        char *continue_token;   /* of the page; NULL: it was the last one */

        /* The error by which the reader ended the answer; ERR_OK: it did not. The end of the HTTP call then does not
         * count. */
        enum err verdict;
        struct errmsg why;
        mono_ms after_ms; /* the server's Retry-After, 0 where there is none */
};

void reader_open(struct watch_reader *reader, const struct watch_config *config);
void reader_begin(struct watch_reader *reader, enum json_split_mode mode);
bool reader_feed(struct watch_reader *reader, const char *bytes, size_t count); /* false: end the call */
/* The page is over: fills resource_version and continue_token. ERR_INVALID where it was no whole list. */
MUST_CHECK enum err reader_end_page(struct watch_reader *reader, struct errmsg *reterr);
void reader_deinit(struct watch_reader *reader);

#endif
