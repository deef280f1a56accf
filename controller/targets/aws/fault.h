/*
 * fault.h -- the meaning of an error answer of AWS: its code and texts, and the product's error class. Private to aws/.
 *
 * Threads: no shared state.
 * Source:  docs.aws.amazon.com: Route 53 and STS "Common Errors"; the error documents of REST-XML and of the Query
 *          protocol
 */
#ifndef PK_TARGETS_AWS_FAULT_H
#define PK_TARGETS_AWS_FAULT_H

#include "targets/aws/client.h"
#include "targets/exchange.h"

/* Fills code, message and request id from the error document, as far as there is one. */
void fault_read(const struct exchange_answer *exchanged, struct aws_answer *answer);
/* The class and the text of an answer whose status is no 2xx. @source: of the keys, for people. */
MUST_CHECK enum err fault_judge(const struct aws_request *request, const struct aws_answer *answer, unix_ms server_date,
                                const char *source, struct errmsg *reterr);
bool fault_is_expired_token(const struct aws_answer *answer);

#endif
