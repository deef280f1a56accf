/*
 * sts.h -- AWS's Security Token Service: where it is, and the keys in its answers.
 *
 * Threads: no shared state.
 * Source:  docs.aws.amazon.com/STS/latest/APIReference (2011-06-15)
 */
#ifndef PK_TARGETS_AWS_STS_H
#define PK_TARGETS_AWS_STS_H

#include "targets/aws/source.h"

enum { STS_SESSION_NAME_BYTES = 65, STS_ENDPOINT_BYTES = 256, STS_FORM_MAX_BYTES = 64 * 1024 };

/* The one of @region ("" or NULL: not known), or the one that the environment names. */
MUST_CHECK enum err sts_endpoint(const struct aws_environment *environment, const char *region, char *ret, size_t size,
                                 struct errmsg *reterr);
/* A session's name of the characters that STS takes; @wanted NULL or "": the operator's own. */
void sts_session_name(const char *wanted, char ret[static STS_SESSION_NAME_BYTES]);
/* The keys below @path ("AssumeRoleResult/Credentials"). */
MUST_CHECK enum err sts_keys(const struct exchange_answer *exchanged, const char *path, struct source_result *ret,
                             struct errmsg *reterr);

#endif
