/*
 * proof.h -- whether a plan of which only the digest is recorded is the one that our own spec and planes give: only then
 * is it ours to carry out. Pure.
 */
#ifndef PK_CORE_PROOF_H
#define PK_CORE_PROOF_H

#include "core/view.h"
#include "util/arena.h"

enum { PLAN_DIGEST_BYTES = 17 }; /* with its final NUL */

struct plan_claim {
        const char *digest; /* as it is recorded */
        bool is_own;        /* our own cluster recorded it: where it differs, it is we who have news since */
        void (*digest_of)(const struct plan *plan, char ret_digest[static PLAN_DIGEST_BYTES]);
};

struct proof {
        enum plan_proof outcome;
        struct plan plan; /* PROVEN only, with the old values that the record carries */
        const char *text; /* what is waited for, or is to be compared; "" where PROVEN */
};

/* @record: read, and not in @view yet. */
struct proof proof_of(const struct view *view, const struct record *record, const struct plan_claim *claim,
                      struct arena *arena);

/* @plan with the old values that @carried has for targets of the same kinds. */
struct plan proof_with_old_values(struct plan plan, const struct plan *carried);

#endif
