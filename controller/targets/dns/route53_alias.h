/*
 * route53_alias.h -- in which hosted zone an AWS balancer's name lives, which an alias to it must name. Pure.
 *
 * Source: docs.aws.amazon.com/general/latest/gr/elb.html ("Route 53 Hosted Zone ID", one column for Application and
 *         Classic Load Balancers, one for Network Load Balancers), and AliasTarget in the Route 53 API Reference
 *         (CloudFront, Global Accelerator).
 */
#ifndef PK_TARGETS_DNS_ROUTE53_ALIAS_H
#define PK_TARGETS_DNS_ROUTE53_ALIAS_H

/* NULL: not published for such a name. */
const char *route53_alias_zone(const char *name);

#endif
