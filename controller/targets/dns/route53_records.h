/*
 * route53_records.h -- from the resource record sets of a name to the texts of core/types.h, and back to sets. Pure.
 *
 * A name whose address sets are chosen among by weight, latency or place cannot be moved at once, so it is refused; an
 * alias is read as "ALIAS <name>".
 *
 * Ownership: states returned are the caller's; sets made live in the arena.
 * Errors:    ERR_INVALID, with what is to be mended.
 * Threads:   no shared state.
 */
#ifndef PK_TARGETS_DNS_ROUTE53_RECORDS_H
#define PK_TARGETS_DNS_ROUTE53_RECORDS_H

#include "targets/dns/route53_set.h"
#include "targets/target.h"
#include "util/arena.h"

/* The names that a register lives under, without escapes and final dot. */
struct route53_names {
        char address[ROUTE53_NAME_BYTES];
        char stamp[ROUTE53_NAME_BYTES]; /* _planekeeper.<name> */
        char alive[ROUTE53_NAME_BYTES]; /* _planekeeper-alive.<name>; "" where there is no room for it */
        const char *alias_zone; /* of names that no table knows, as the policy says; NULL: it does not */
};
MUST_CHECK enum err route53_names_init(const char *name, struct route53_names *ret, struct errmsg *reterr);

struct route53_sets {
        struct route53_set *list;
        size_t count;
};

/* Of @all, what a swap replaces: the address sets of the name and its stamp, in @arena. */
struct route53_sets route53_own(const struct route53_sets *all, const struct route53_names *names, struct arena *arena);

/* The state of the name in @sets; `version` stays empty. */
MUST_CHECK enum err route53_state(const struct route53_sets *sets, const struct route53_names *names,
                                  struct target_state *ret, struct errmsg *reterr);

/* The type of a set at the name that a CNAME cannot stand beside; NULL: there is none. */
const char *route53_company(const struct route53_sets *sets, const struct route53_names *names);

/*
 * The text of the only TXT record at @name, "" where there is none; NULL where what is there is not one readable
 * record. The caller's.
 */
char *route53_only_text(const struct route53_sets *sets, const char *name);

/*
 * The sets that an rrset text names, as they are to be created. Where it names an alias, its hosted zone is that of the
 * same alias among @old, else the one that AWS publishes for such a name.
 */
MUST_CHECK enum err route53_sets_from_text(const char *rrset, const struct route53_names *names, uint32_t ttl_s,
                                           const struct route53_sets *old, struct arena *arena,
                                           struct route53_sets *ret, struct errmsg *reterr);
struct route53_set route53_text_set(const char *name, const char *text, uint32_t ttl_s, struct arena *arena);

#endif
