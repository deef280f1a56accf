/*
 * exchange.h -- one blocking HTTP request by libcurl, signed by AWS Signature Version 4 where keys are given: what
 * drivers of targets behind an HTTP API send and receive by.
 *
 * Bounds:    1 MiB of body, 64 KiB of headers. Redirects and proxies are not followed.
 * Ownership: an exchange keeps its connections between requests; an answer is wiped and freed by
 *            exchange_answer_clear().
 * Errors:    ERR_OK: there is an answer, of whatever status. ERR_UNKNOWN: a request that changes something was sent,
 *            and none came. ERR_INVALID: it cannot be sent as it is. Else ERR_TRANSIENT. Texts name the host.
 * Threads:   one at a time per exchange.
 */
#ifndef PK_TARGETS_EXCHANGE_H
#define PK_TARGETS_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"
#include "util/secret.h"
#include "util/units.h"

struct exchange;

struct exchange_signature {
        const char *service, *region;
        const struct secret *key_id, *key;
        const struct secret *session_token; /* may be empty */
};

struct exchange_request {
        const char *method;
        const char *url;
        const char *const *headers; /* "Name: value" texts, NULL-terminated; NULL: none. Wiped here after use */
        const char *body;           /* NULL: none */
        size_t body_bytes;
        const struct exchange_signature *signature; /* NULL: unsigned */
        bool changes;                               /* it is sent once, on a connection of its own */
        mono_ms deadline;
};

struct exchange_answer {
        long status;
        char *body; /* NUL-terminated; NULL: empty */
        size_t body_bytes;
        size_t body_room;
        size_t head_bytes;
        int64_t retry_after_ms; /* 0: none was asked for */
        unix_ms date;           /* of the server, 0: it did not say */
        char request_id[64]; /* the server's own, for its support */
};
void exchange_answer_clear(struct exchange_answer *answer); /* also right for CLEANUP(exchange_answer_clear) */

struct exchange *exchange_open(void);
MUST_CHECK enum err exchange_run(struct exchange *exchange, const struct exchange_request *request,
                                 struct exchange_answer *ret, struct errmsg *reterr);
void exchange_close(struct exchange *exchange); /* NULL is a no-op */

/*
 * exchange_check_url() - may requests go to @url? https:// anywhere; http:// to loopback and to the hosts of
 * @plain_hosts (NULL-terminated literals; NULL: none). @what names the setting, for people. With @is_endpoint there may
 * be no path.
 */
MUST_CHECK enum err exchange_check_url(const char *url, const char *what, const char *const *plain_hosts,
                                       bool is_endpoint, struct errmsg *reterr);

#endif
