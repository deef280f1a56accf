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
        REPLY_ARRAY_MAX = 128,     /* elements of one array; Sentinel tells some 45 of a server */
        REPLY_MAX_ELEMENTS = 4096, /* of all arrays of one reply; the lock's script answers three */
};

struct reply_reader {
        redisReader *reader;
        redisReplyObjectFunctions plain; /* hiredis' own, which allocate whatever length the server announces */
        redisReplyObjectFunctions
            bounded;  /* the same with a limit on arrays; the reader points here, so do not move this struct */
        size_t bytes;    /* fed since the last reply */
        size_t elements; /* announced since the last reply */
};

void reply_reader_init(struct reply_reader *self);
void reply_reader_deinit(struct reply_reader *self);

/* ERR_INVALID: not the Redis protocol, or more than a reply may hold; the reader is of no more use. */
MUST_CHECK enum err reply_feed(struct reply_reader *self, const char *bytes, size_t count, struct errmsg *reterr);

/* *ret is NULL while the reply is not whole. ERR_INVALID as above. */
MUST_CHECK enum err reply_take(struct reply_reader *self, redisReply **ret, struct errmsg *reterr);

/* The fields that a person mends where credentials or rights are refused. Static texts. */
struct reply_remedies {
        const char *secret_field; /* "redis.authSecretRef" */
        const char *rights;       /* "grant the user +role ..." */
};

#define REPLY_REMEDIES_OF_LOCK                                                                                         \
        {                                                                                                              \
                .secret_field = "redis.authSecretRef",                                                                 \
                .rights = "grant the user +eval +type +pttl +get +mset +select +info +wait on the lock's key and its " \
                          ":planekeeper companion"                                                                     \
        }

/* The class of an error reply ("-READONLY You can't ...") and the text with its remedy. @server is only named. */
MUST_CHECK enum err reply_error_for(const char *server, const struct reply_remedies *remedies, const char *text,
                                    struct errmsg *reterr);
/* The same of the lock's server. */
MUST_CHECK enum err reply_error(const char *server, const char *text, struct errmsg *reterr);

bool reply_is_text(const redisReply *reply); /* a bulk or status text */

#endif
