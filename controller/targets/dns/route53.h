/*
 * route53.h -- the driver for Amazon Route 53. Settings: endpoint, hostedZoneID, private, region.
 *
 * A batch of changes is all or nothing, and deletes only what it names exactly. It cannot demand that a set is absent
 * unless it creates it: an AAAA set that a person adds beside an A set between the last read and the write is seen, and
 * told as a conflict, after the write.
 */
#ifndef PK_TARGETS_DNS_ROUTE53_H
#define PK_TARGETS_DNS_ROUTE53_H

#include "targets/target.h"

extern const struct target_driver route53_driver;

#endif
