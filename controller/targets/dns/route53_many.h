/*
 * route53_many.h -- several visits of one verb in few requests, as targets/target.h has it: one batch of changes within
 * the service's bounds, and the sets of a whole zone, page by page, in place of a request for each name.
 *
 * Threads: on a worker, one at a time per session.
 * Source:  Route 53 API Reference 2013-04-01, ChangeResourceRecordSets: 1,000 records and 32,000 characters a request
 */
#ifndef PK_TARGETS_DNS_ROUTE53_MANY_H
#define PK_TARGETS_DNS_ROUTE53_MANY_H

#include "targets/dns/route53_session.h"

void route53_swap_all(struct route53 *self, struct target_visit *visits, size_t count);
void route53_read_all(struct route53 *self, struct target_visit *visits, size_t count);

#endif
