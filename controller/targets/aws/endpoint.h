/*
 * endpoint.h -- where a service of AWS is in a region. Pure.
 *
 * Errors: ERR_INVALID: the text is not a region.
 * Source: docs.aws.amazon.com/general/latest/gr/rande.html
 */
#ifndef PK_TARGETS_AWS_ENDPOINT_H
#define PK_TARGETS_AWS_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>

#include "util/err.h"

enum { AWS_ENDPOINT_BYTES = 256 };

bool aws_is_region(const char *text); /* its form alone: which regions there are is not known here */

/* "https://<service>.<region>.amazonaws.com", or as the partition of @region has it. */
MUST_CHECK enum err aws_endpoint(const char *service, const char *region, char ret[static AWS_ENDPOINT_BYTES],
                                 struct errmsg *reterr);

#endif
