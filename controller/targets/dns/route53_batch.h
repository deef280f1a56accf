/*
 * route53_batch.h -- the body of ChangeResourceRecordSets: all or nothing, so that a DELETE of exactly what was read
 * makes a compare-and-swap of the CREATE beside it. Pure.
 *
 * Ownership: bodies are appended to the caller's buffer.
 * Threads:   no shared state.
 * Source:    Route 53 API Reference 2013-04-01, ChangeResourceRecordSets.
 */
#ifndef PK_TARGETS_DNS_ROUTE53_BATCH_H
#define PK_TARGETS_DNS_ROUTE53_BATCH_H

#include "targets/dns/route53_records.h"

enum {
        ROUTE53_BATCH_MAX_BYTES = 4 * ROUTE53_SET_MAX_BYTES,
        ROUTE53_BATCH_CHANGES = 1000,
        ROUTE53_BATCH_RECORDS = 1000,
        ROUTE53_BATCH_CHARACTERS = 32000 /* of all values */
};

/* Changes of several names in one request, within the bounds that the service has for it. */
struct route53_batch {
        struct strbuf body;
        size_t names, changes, records, characters;
};
void route53_batch_begin(struct route53_batch *batch, const char *comment);
/*
 * route53_batch_add() - the changes of one name, as route53_batch_swap() has them. @ret_after: the sets of the name as
 * they are then, in @arena. @ret_fits is false, and nothing is added, where the batch has no room beside other names.
 */
MUST_CHECK enum err route53_batch_add(struct route53_batch *batch, const struct route53_sets *own,
                                      const struct target_state *expected, const struct target_want *want,
                                      const struct route53_names *names, struct arena *arena,
                                      struct route53_sets *ret_after, bool *ret_fits, struct errmsg *reterr);
void route53_batch_end(struct route53_batch *batch);
void route53_batch_clear(struct route53_batch *batch);

/*
 * route53_batch_swap() - delete @own, exactly as they were read, and create what @want names. The health check of an
 * address set that is replaced goes on to the one that takes its place. Addresses that stay are deleted and created as
 * they are, so that the batch is refused where they were changed meanwhile.
 */
MUST_CHECK enum err route53_batch_swap(const struct route53_sets *own, const struct target_state *expected,
                                       const struct target_want *want, const struct route53_names *names,
                                       struct strbuf *ret, struct errmsg *reterr);

/* The same for one TXT record at @name, in place of the one among @sets. */
void route53_batch_text(const struct route53_sets *sets, const char *name, const char *text, uint32_t ttl_s,
                        struct strbuf *ret);

/*
 * Changes that must be refused, so that they change nothing: of the stamp's name and of every type that @values have
 * they delete a set that nobody has. False, and nothing is added, where the batch has no room beside other names.
 */
MUST_CHECK bool route53_batch_try(struct route53_batch *batch, const char *const *values, size_t count,
                                  const struct route53_names *names);

#endif
