/*
 * webhook_message.h -- the document and headers that a webhook is sent, and the meaning of its answer. Pure.
 *
 * Source: www.standardwebhooks.com (headers webhook-id, webhook-timestamp and webhook-signature: "v1," and the base64
 *         of an HMAC-SHA256 of "<id>.<timestamp>.<body>"); draft-ietf-httpapi-idempotency-key-header; RFC 9110
 *         (Retry-After)
 */
#ifndef PK_TARGETS_KUBE_WEBHOOK_MESSAGE_H
#define PK_TARGETS_KUBE_WEBHOOK_MESSAGE_H

#include "runtime/http.h"
#include "targets/kube/facts.h"

enum {
        WEBHOOK_KEY_MIN = 24,          /* bytes, as the specification wants */
        WEBHOOK_ANSWER_BYTES = 16384,
        WEBHOOK_ID_BYTES = 256,
        WEBHOOK_HEADERS = 6,
        WEBHOOK_HEADER_BYTES = 320,
};

/* The document, one line of JSON; the caller's. The same facts give the same bytes. */
char *webhook_document(const struct fact facts[static FACTS]);

/* "<policy>/<pipeline>/<epoch>-<id>" */
void webhook_id(const struct fact facts[static FACTS], char ret[static WEBHOOK_ID_BYTES]);

/* The header lines of one sending; .list is NULL-terminated and points into the struct. */
struct webhook_headers {
        char lines[WEBHOOK_HEADERS][WEBHOOK_HEADER_BYTES];
        const char *list[WEBHOOK_HEADERS + 1];
};
void webhook_sign(const struct secret *key, const char *id, unix_ms now, const char *body, struct webhook_headers *ret);

enum webhook_verdict {
        WEBHOOK_DONE,
        WEBHOOK_PENDING, /* accepted, and done later */
        WEBHOOK_FAILED,  /* asked again, since a person or time may change it */
};

/* *ret_why says of what failed which field mends it. */
enum webhook_verdict webhook_judge(const struct http_response *response, struct errmsg *ret_why);

#endif
