/*
 * route53_answer.h -- Route 53's answers, from XML to structs. Pure.
 *
 * Ownership: what is decoded lives in the caller's arena, but the texts of sets in the XML tree.
 * Errors:    ERR_INVALID where an answer lacks what the service promises.
 * Threads:   no shared state.
 * Source:    Route 53 API Reference 2013-04-01: ListResourceRecordSets, GetHostedZone, ListHostedZonesByName.
 */
#ifndef PK_TARGETS_DNS_ROUTE53_ANSWER_H
#define PK_TARGETS_DNS_ROUTE53_ANSWER_H

#include "targets/aws/xml.h"
#include "targets/dns/route53_records.h"
#include "targets/dns/route53_zone.h"

/* The sets below @root/ResourceRecordSets. */
MUST_CHECK enum err route53_answer_sets(const struct xml_node *root, struct arena *arena, struct route53_sets *ret,
                                        struct errmsg *reterr);
/* Whether more follow; in doubt they do. */
bool route53_answer_goes_on(const struct xml_node *root);

/* "Z2FDTNDATAQYW2" of "/hostedzone/Z2FDTNDATAQYW2"; NULL where it is no id. */
const char *route53_zone_id(const char *text);

/* The zone of a HostedZone element, copied into @arena. */
MUST_CHECK enum err route53_answer_zone(const struct xml_node *hosted_zone, struct arena *arena,
                                        struct route53_zone *ret, struct errmsg *reterr);
/* Appends the zones below @root/HostedZones, copied into @arena. */
MUST_CHECK enum err route53_answer_zones(const struct xml_node *root, struct arena *arena, struct route53_zones *zones,
                                         struct errmsg *reterr);

#endif
