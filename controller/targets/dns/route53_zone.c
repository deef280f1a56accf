/* route53_zone.c -- the longest match. */
#include "targets/dns/route53_zone.h"

#include <string.h>

#include "targets/dns/route53_set.h"

static const char *kind(bool is_private)
{
        return is_private ? "private" : "public";
}

/* The longest that holds @name; *ret_twin is another of the same name, NULL: none. */
static const struct route53_zone *longest(const struct route53_zones *zones, const char *name, bool is_private,
                                          const struct route53_zone **ret_twin)
{
        const struct route53_zone *best = NULL;
        *ret_twin = NULL;
        for (size_t i = 0; i < zones->count; i++) {
                const struct route53_zone *zone = &zones->list[i];
                if (zone->is_private != is_private || !route53_name_is_in(name, zone->name))
                        continue;
                if (best && strlen(zone->name) == strlen(best->name)) {
                        *ret_twin = zone;
                } else if (!best || strlen(zone->name) > strlen(best->name)) {
                        best = zone;
                        *ret_twin = NULL;
                }
        }
        return best;
}

enum err route53_zone_choose(const struct route53_zones *zones, const char *name, bool is_private,
                             const struct route53_zone **ret, struct errmsg *reterr)
{
        const struct route53_zone *twin, *found = longest(zones, name, is_private, &twin);
        if (found && twin)
                return err_set(
                    reterr, ERR_INVALID,
                    "two %s hosted zones are named %.100s, %s and %s: set route53.hostedZoneID to the one that "
                    "agents ask",
                    kind(is_private), found->name, found->id, twin->id);
        if (found) {
                *ret = found;
                return ERR_OK;
        }
        const struct route53_zone *other = longest(zones, name, !is_private, &twin);
        if (other)
                return err_set(reterr, ERR_INVALID,
                               "no %s hosted zone of this account holds %.100s, only the %s one %s (%.100s): set "
                               "route53.private: %s if agents ask that",
                               kind(is_private), name, kind(!is_private), other->id, other->name,
                               is_private ? "false" : "true");
        return err_set(reterr, ERR_INVALID,
                       "no hosted zone of this account holds %.100s (%zu zones looked through): use credentials of the "
                       "account that has it, or set route53.hostedZoneID",
                       name, zones->count);
}
