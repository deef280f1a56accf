/*
 * proof.h -- whether a plan of which only the digest is recorded is the one that this operator derives from its spec
 * and planes: only then may it carry the plan out. Pure.
 */
#ifndef PK_CORE_PROOF_H
#define PK_CORE_PROOF_H

#include "core/view.h"
#include "util/arena.h"

enum { PLAN_DIGEST_BYTES = 17 }; /* with its final NUL */

struct plan_claim {
        const char *digest; /* as it is recorded */
        /* the operator's own cluster recorded it: where it differs, the inputs have changed here since */
        bool is_own;
        void (*digest_of)(const struct plan *plan, char ret_digest[static PLAN_DIGEST_BYTES]);
};

struct proof {
        enum plan_proof outcome;
        struct plan plan; /* PROVEN only, with the old values that the record carries */
        const char *text; /* the reason, and what to compare; "" where PROVEN */
};

/* @record: read, and not in @view yet. */
struct proof proof_of(const struct view *view, const struct record *record, const struct plan_claim *claim,
                      struct arena *arena);

/* @plan with the old values that @carried has for targets of the same kinds. */
struct plan proof_with_old_values(struct plan plan, const struct plan *carried);

#endif
