/*
 * role.h -- a further role that the keys of any source may assume: of another account, mostly.
 *
 * Ownership: the role's texts are borrowed for the call.
 * Threads:   on a worker, until the deadline at most.
 * Source:    AssumeRole in the STS API Reference; "external ID" in the IAM User Guide.
 */
#ifndef PK_TARGETS_AWS_ROLE_H
#define PK_TARGETS_AWS_ROLE_H

#include "targets/aws/source.h"

struct aws_role {
        const char *arn;
        const char *external_id; /* NULL or "": none */
        const char *region;      /* of STS, where the environment names none */
};

/* The keys of the role in the place of *ret, which are those of @source. */
MUST_CHECK enum err role_assume(const struct source_request *request, const struct aws_role *role, const char *source,
                                struct source_result *ret, struct errmsg *reterr);

#endif
