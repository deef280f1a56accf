/*
 * answer.h -- from an HTTP answer to an error class and a text a person can act on. Private to client.c.
 *
 * Source: meta/v1 Status (kubernetes.io/docs/reference/kubernetes-api/common-definitions/status)
 */
#ifndef PK_KUBE_ANSWER_H
#define PK_KUBE_ANSWER_H

#include <jansson.h>

#include "runtime/http.h"
#include "util/err.h"

/* Of a call to @host ("name:port") that got no HTTP answer. */
enum err answer_from_transport(const struct http_response *response, const char *host, struct errmsg *reterr);

/* Of one that got it; ERR_OK for 2xx. @body is the decoded answer, NULL where it was no JSON. */
enum err answer_from_status(long status, const json_t *body, bool is_write, struct errmsg *reterr);

#endif
