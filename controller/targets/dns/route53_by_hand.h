/* route53_by_hand.h -- a name in Amazon Route 53 moved by hand, with AWS's command line. Pure. */
#ifndef PK_TARGETS_DNS_ROUTE53_BY_HAND_H
#define PK_TARGETS_DNS_ROUTE53_BY_HAND_H

#include "targets/target.h"

struct by_hand route53_by_hand(const struct target_config *config, const struct by_hand_write *write,
                               struct arena *arena);

#endif
