/*
 * reply.h -- replies of a Redis server, read in bounded memory whatever it sends, and what its error words mean.
 *
 * Ownership: reply_reader_deinit() frees; replies are the caller's, released with freeReplyObject().
 * Threads:   one at a time.
 * Source:    RESP2 (redis.io, protocol specification), read by hiredis 0.14 to 1.2.
 */
#ifndef PK_TARGETS_REDIS_REPLY_H
#define PK_TARGETS_REDIS_REPLY_H

#include <hiredis/hiredis.h>
#include <stdbool.h>

#include "util/err.h"

enum {
        REPLY_MAX_BYTES = 1 << 20,
        REPLY_MAX_ELEMENTS = 16, /* of one array; the script's have three */
};

struct reply_reader {
        redisReader *reader;
        redisReplyObjectFunctions plain; /* hiredis' own, which allocate whatever length the server announces */
        redisReplyObjectFunctions
            bounded;  /* the same with a limit on arrays; the reader points here, so do not move this struct */
        size_t bytes; /* fed since the last reply */
};

void reply_reader_init(struct reply_reader *self);
void reply_reader_deinit(struct reply_reader *self);

/* ERR_INVALID: not the Redis protocol, or more than a reply may hold; the reader is of no more use. */
MUST_CHECK enum err reply_feed(struct reply_reader *self, const char *bytes, size_t count, struct errmsg *reterr);

/* *ret is NULL while the reply is not whole. ERR_INVALID as above. */
MUST_CHECK enum err reply_take(struct reply_reader *self, redisReply **ret, struct errmsg *reterr);

/* The class of an error reply ("-READONLY You can't ...") and the text with its remedy. @server is only named. */
MUST_CHECK enum err reply_error(const char *server, const char *text, struct errmsg *reterr);

bool reply_is_text(const redisReply *reply); /* a bulk or status text */

#endif
