/*
 * record_text.h -- the decision record as the text of one TXT record, where DNS is the arbiter.
 *
 * Wire:      v=pk1 e=<epoch> id=<16 hex> p=<to> s=<store> r=<epoch of the addresses> phase=<Steady|Switching> and,
 *            where not empty, from= reason= holder= author= auto=1 detected= started= completed= cooldown=
 *            (milliseconds since 1970) recent=<ms>,... enforced=<ms>,... plan=<16 hex> old=<16 hex>,... locks=<16
 *            hex>,... Unknown fields are ignored.
 *            Of a plan that is a list (record.h, v=2) targets=<kind>,... in step order and olda= oldb= ... take the
 *            place of old= and locks=; an operator that does not know them derives another digest, and freezes.
 * Plan:      only digests of it travel, because anybody can read a TXT record: each operator derives the plan from its
 *            own spec and planes and compares. Old values are digests, too; one that is not known in the clear is
 *            carried on as "sha256:<16 hex>", which equals no value of a register.
 * Ownership: a decoded record is released with record_free().
 * Errors:    ERR_NOT_FOUND: a stamp, and no record. ERR_INVALID: malformed; the text says what.
 * Threads:   no shared state.
 */
#ifndef PK_API_RECORD_TEXT_H
#define PK_API_RECORD_TEXT_H

#include "core/proof.h"
#include "core/types.h"
#include "util/err.h"

enum { RECORD_TEXT_BYTES = 2048, RECORD_DIGEST_BYTES = PLAN_DIGEST_BYTES, RECORD_MARK_BYTES = 7 + RECORD_DIGEST_BYTES };

struct record_text {
        struct record *record;            /* of its plan only the old values of each kind, as marks */
        epoch_t routed;                   /* the epoch that the addresses carry; 0: none yet */
        char digest[RECORD_DIGEST_BYTES]; /* of the plan */
        char author[64];                  /* the cluster of the operator that decided; "" where not said */
        char store[512];
};

/* @author and @store have no spaces. */
MUST_CHECK enum err record_text_encode(const struct record *record, epoch_t routed, const char *store,
                                       const char *author, char ret_text[static RECORD_TEXT_BYTES],
                                       struct errmsg *reterr);
MUST_CHECK enum err record_text_decode(const char *text, struct record_text *ret, struct errmsg *reterr);

/*
 * The digest of what a plan does: name, TTL, addresses, lock and its value, or all that of each of a list. How the DNS
 * server is reached is not part of it: the record was read there.
 */
void record_text_digest(const struct plan *plan, char ret_digest[static RECORD_DIGEST_BYTES]);

/* "sha256:<16 hex>" of @value, or @value itself where it is such a mark already. */
void record_text_mark(const char *value, char ret_mark[static RECORD_MARK_BYTES]);

#endif
