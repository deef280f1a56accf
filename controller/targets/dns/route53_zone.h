/*
 * route53_zone.h -- which of an account's hosted zones a name lives in. Pure.
 *
 * Ownership: texts are borrowed.
 * Threads:   no shared state.
 */
#ifndef PK_TARGETS_DNS_ROUTE53_ZONE_H
#define PK_TARGETS_DNS_ROUTE53_ZONE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/err.h"

enum { ROUTE53_ZONES_MAX = 2000 }; /* that are looked through; the service's own quota is 500 an account */

struct route53_zone {
        const char *id;   /* "Z2FDTNDATAQYW2", without /hostedzone/ */
        const char *name; /* as Route 53 writes it */
        bool is_private;
};

struct route53_zones {
        struct route53_zone *list; /* room for ROUTE53_ZONES_MAX */
        size_t count;
};

/*
 * route53_zone_choose() - the zone with the longest name that holds @name, private or public as wanted: a shorter one
 * is not asked for names below a longer one.
 *
 * ERR_INVALID: there is none, or there are two and nothing tells which; the text names what there is.
 */
MUST_CHECK enum err route53_zone_choose(const struct route53_zones *zones, const char *name, bool is_private,
                                        const struct route53_zone **ret, struct errmsg *reterr);

#endif
