/*
 * state.h -- the state of a name and its stamp, from the answers to three questions, and the records for an update.
 *
 * Ownership: lists are pushed onto, states returned are the caller's.
 * Errors:    ERR_INVALID for what cannot be a state: too many records, names that have no text form.
 * Threads:   no shared state.
 * Source:    rrset texts as in core/types.h; a set of several types is its parts joined by " + ", so it equals no
 *            single type's.
 */
#ifndef PK_TARGETS_DNS_STATE_H
#define PK_TARGETS_DNS_STATE_H

#include "targets/dns/message.h"
#include "targets/dns/names.h"

enum { DNS_RECORDS_MAX = 64 }; /* of one set; more are refused */

/* A CNAME needs no question of its own: it is the answer to both others (RFC 1034 section 3.6.2). */
enum { ASK_A, ASK_AAAA, ASK_STAMP, ASK_COUNT };

enum { STATE_ADDRESS_TYPES = 3 };
extern const ldns_rr_type state_address_types[STATE_ADDRESS_TYPES]; /* A, AAAA, CNAME */

/* Whether an rrset text has records of state_address_types[type]. */
bool state_has_type(const char *rrset, size_t type);

/* The questions, signed with @key or with NULL unsigned. */
void state_ask(const struct names *names, const struct tsig_key *key, struct message ret[static ASK_COUNT]);

/* Their answers, each already judged to be a positive or negative authoritative one. */
MUST_CHECK enum err state_from_answers(const struct message answers[static ASK_COUNT], struct target_state *ret,
                                       struct errmsg *reterr);

/* Parts of it: the addresses by the answers to ASK_A and ASK_AAAA, and the stamp by that to a TXT question. */
MUST_CHECK enum err state_rrset(const struct message answers[static ASK_STAMP], char **ret, uint32_t *ret_ttl_s,
                                struct errmsg *reterr);
MUST_CHECK enum err state_stamp(const struct message *answer, struct stamp *ret, struct errmsg *reterr);
/* Where the name asked for leads as a CNAME; NULL where it is none. */
char *state_alias(const struct message *answer);

/* The strings of @record joined, with what cannot be printed as "?"; NULL where it is no TXT record of @owner. */
char *state_record_text(const ldns_rr *record, const ldns_rdf *owner);

/* Pushes the records of an rrset text onto @list. */
MUST_CHECK enum err state_push_rrset(const ldns_rdf *owner, const char *rrset, uint32_t ttl_s, ldns_rr_list *list,
                                     struct errmsg *reterr);

/* The text of the only TXT record of an answer, "" where there is none; NULL where it has another form than
 * state_push_stamp() writes. */
char *state_only_text(const struct message *answer);

/* Pushes the one TXT record of a stamp text: strings of 255 bytes, the last one shorter. */
void state_push_stamp(const ldns_rdf *owner, const char *text, uint32_t ttl_s, ldns_rr_list *list);

/* A record without data, of which updates are made: "delete the set" and "there is no such set". */
void state_push_empty(const ldns_rdf *owner, ldns_rr_type type, ldns_rr_class class, ldns_rr_list *list);

#endif
