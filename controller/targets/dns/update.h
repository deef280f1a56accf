/*
 * update.h -- the swap as one message: if the stamp and the addresses are exactly as they were read, replace the stamp,
 * and the addresses where they change.
 *
 * RFC 2136 applies an update wholly or not at all, so no other update can come between the check and the change.
 * Threads: no shared state.
 */
#ifndef PK_TARGETS_DNS_UPDATE_H
#define PK_TARGETS_DNS_UPDATE_H

#include "targets/dns/state.h"

/* The name becomes a CNAME, so it may hold nothing else. */
bool update_makes_cname(const struct target_state *expected, const struct target_want *want);

/* Why this very update may be REFUSED whatever the key may do, and what to change; NULL: nothing in it is known for
 * that. */
const char *update_suspect(const struct names *names, const struct target_state *expected,
                           const struct target_want *want);

/* ERR_INVALID where a text is no rrset. *ret is released with ldns_pkt_free() or given to message_update(). */
MUST_CHECK enum err update_new(const struct names *names, const ldns_rdf *zone, const struct target_state *expected,
                               const struct target_want *want, ldns_pkt **ret, struct errmsg *reterr);

/* The same in pieces, for messages of many names: what must hold and what is changed, pushed onto the lists. */
MUST_CHECK enum err update_push(const struct names *names, const struct target_state *expected,
                                const struct target_want *want, ldns_rr_list *prerequisites, ldns_rr_list *changes,
                                struct errmsg *reterr);
/* Copies the lists. */
ldns_pkt *update_pack(const ldns_rdf *zone, ldns_rr_list *prerequisites, ldns_rr_list *changes);

/* If the TXT record at @owner is exactly @expected ("": there is none), let it be @want. */
ldns_pkt *update_text_new(const ldns_rdf *owner, const ldns_rdf *zone, const char *expected, const char *want,
                          uint32_t ttl_s);

/* An update that changes nothing: its prerequisite cannot hold. It deletes, of every type that @values have and of the
 * stamp, a record that nobody has, so that the server has to look whether the key may write those. The caller's. */
ldns_pkt *update_trial_new(const struct names *names, const ldns_rdf *zone, const char *const *values, size_t count);

#endif
