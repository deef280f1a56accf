/*
 * client.h -- one blocking, signed call to an AWS service: method, path, parameters and body in, status and XML tree
 * out.
 *
 * A client is the session of one mechanism (a service's endpoint and a credential): it keeps the connection warm and
 * temporary keys until shortly before they expire.
 *
 * Signing:   libcurl signs (SigV4) what it sends. Parameters are encoded and sorted here, because libcurl 7.88 signs
 *            them as they stand; a path holds only unreserved characters and "/", because versions of libcurl differ in
 *            how they encode others.
 * TLS:       1.2 or later, verified with the system's trust store. An http:// endpoint is taken only on loopback: a
 *            signature keeps a request from being changed, but nothing keeps an answer from being forged.
 * Proxies:   none, as for all connections of the operator: HTTPS_PROXY is not looked at. An endpoint inside the network
 *            (VPC endpoint) is named by a setting.
 * Ownership: aws_open() copies what it needs of the configuration but for the environment, which outlives all clients;
 *            a request is borrowed for the call; an answer is cleared by aws_answer_clear().
 * Errors:    what the caller should do, as in targets/target.h:
 *            ERR_TRANSIENT  nothing was changed: no connection, throttled (retry_after_ms where the service said so), a
 *                           read without an answer or with a 5xx
 *            ERR_UNKNOWN    a change was sent and no answer, or a 5xx, came: read before acting. A kept connection that
 *                           turns out to be closed is replaced and the request sent once more, so that a change may
 *                           arrive twice
 *            ERR_DENIED     keys or rights were refused, with the IAM action that is missing; or this machine's clock
 *                           is off, with by how much
 *            ERR_INVALID    any other 4xx: answer.code says which, and the caller knows better what it means
 *                           (InvalidChangeBatch, NoSuchHostedZone)
 * Threads:   executor jobs only, one thread at a time per client.
 * Source:    docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html; CURLOPT_AWS_SIGV4(3)
 */
#ifndef PK_TARGETS_AWS_CLIENT_H
#define PK_TARGETS_AWS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "targets/aws/credentials.h"
#include "targets/aws/xml.h"
#include "util/err.h"
#include "util/strbuf.h"
#include "util/units.h"

struct aws_client;

struct aws_config {
        const char *service; /* as signed: "route53", "elasticache" */
        const char *region;  /* as signed: Route 53 is always "us-east-1" (but for China and the isolated partitions) */
        const char *endpoint; /* "https://route53.amazonaws.com", with a port if need be, without a path */
        const struct target_credential *credentials; /* of the policy's Secret; none: another source */
        size_t credential_count;
        const struct aws_environment *environment; /* NULL: the Secret is the only source */
        const char *role_arn, *external_id;        /* assumed with the keys; NULL or "": none */
};

/* One parameter; neither text is encoded. */
struct aws_parameter {
        const char *name;
        const char *value;
};

struct aws_request {
        const char *method;                     /* GET, POST, PUT, DELETE */
        const char *path;                       /* "/2013-04-01/hostedzone/Z1/rrset" */
        const struct aws_parameter *parameters; /* of the query, in any order */
        size_t parameter_count;
        const char *body; /* NULL: none */
        size_t body_bytes;
        const char *content_type; /* of the body: "application/xml" */
        const char *action;       /* IAM's name of it, for people: "route53:ChangeResourceRecordSets" */
        bool changes;             /* something is changed by it: no answer is ERR_UNKNOWN */
};

struct aws_answer {
        long status;            /* of HTTP; 0: there was no answer */
        struct xml xml;         /* of a 2xx; root is NULL where the body is empty */
        char code[64];          /* of an error: "Throttling"; "" where none was told */
        char message[384];      /* of an error, for people: all messages of a batch, cut */
        char request_id[64];    /* for AWS's support */
        int64_t retry_after_ms; /* the service's Retry-After, 0: none */
};
void aws_answer_clear(struct aws_answer *answer); /* also right for CLEANUP(aws_answer_clear) */

/* ERR_INVALID: the endpoint or a key of the Secret is malformed. Nobody is asked. */
MUST_CHECK enum err aws_open(const struct aws_config *config, struct aws_client **ret, struct errmsg *reterr);
/*
 * aws_call() - send @request and wait for its answer, @deadline at most.
 *
 * @answer is filled whatever comes, so that status, code and retry_after_ms can be looked at beside the error; it is
 * the caller's to clear, also then.
 */
MUST_CHECK enum err aws_call(struct aws_client *client, const struct aws_request *request, mono_ms deadline,
                             struct aws_answer *answer, struct errmsg *reterr);
void aws_close(struct aws_client *client); /* NULL is a no-op */

/* How long all calls with these keys are to wait after one that ended so; 0: they need not. */
mono_ms aws_retry_after(enum err err, const struct aws_answer *answer);

/* "a=1&b=x%20y", sorted by name and then by value: a query, or the body of a call by the Query protocol (STS,
 * ElastiCache). False where @ret is too small. */
MUST_CHECK bool aws_encode(const struct aws_parameter *parameters, size_t count, struct strbuf *ret);

#endif
