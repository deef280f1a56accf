/*
 * source.h -- one place that keys may come from. Private to aws/: a new source is one file and one row in
 * credentials.c.
 *
 * Errors:  ERR_NOT_FOUND: it is not configured, and the text says what is lacking; the next one is asked. Any other
 *          error is final: what is configured and does not work is told, not passed over.
 * Threads: executor jobs only; a fetch blocks until its deadline. A token file is read in the same thread: where its
 *          file system hangs, the worker hangs with it, past the deadline, until the kernel gives up (tokens are
 *          projected volumes in memory, which do not).
 */
#ifndef PK_TARGETS_AWS_SOURCE_H
#define PK_TARGETS_AWS_SOURCE_H

#include "targets/aws/credentials.h"
#include "targets/exchange.h"

enum { SOURCE_TOKEN_MAX_BYTES = 16 * 1024 };

struct source_request {
        const struct target_credential *entries; /* of the Secret */
        size_t entry_count;
        const struct aws_environment *environment;
        struct exchange *exchange;
        mono_ms deadline;
};

struct source_result {
        struct aws_keys keys;
        int64_t valid_ms; /* from now on, by the clock of the service that gave them; 0: they do not expire */
};

struct source {
        const char *name; /* for people */
        MUST_CHECK enum err (*fetch)(const struct source_request *request, struct source_result *ret,
                                     struct errmsg *reterr);
};

extern const struct source source_secret, source_environment, source_web_identity, source_container, source_instance;

static inline bool source_is_set(const char *text)
{
        return text && text[0] != '\0';
}

/* Whether @keys can be used in a header: only printable characters, no space, no line break. @what names where they are
 * from. */
MUST_CHECK enum err source_check_keys(const struct aws_keys *keys, const char *what, struct errmsg *reterr);

/* The texts of an answer that holds keys; NULL where one is absent. */
struct source_texts {
        const char *access_key_id, *secret_access_key, *session_token;
        const char *expiration; /* RFC 3339 */
};
/*
 * Keys are good for as long as they were when they were given, by the service's own clock (@server_date; 0: it did not
 * say, then by this machine's), so that a clock that is off here does not make them look expired.
 */
MUST_CHECK enum err source_take(const struct source_texts *texts, const char *what, unix_ms server_date,
                                struct source_result *ret, struct errmsg *reterr);
/* The same of the JSON that agents and the instance metadata answer. */
MUST_CHECK enum err source_take_json(const struct exchange_answer *exchanged, const char *what,
                                     struct source_result *ret, struct errmsg *reterr);
void source_make_header(const char *name, const struct secret *value, struct secret *ret); /* "Name: " and the value */

#endif
