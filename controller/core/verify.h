/*
 * verify.h -- what the other authoritative servers of the name are known to show. Pure.
 *
 * An answer counts until another one is heard, or until as many questions in a row went unanswered as would be needed to
 * call the server silent: one that is lost says nothing. And it counts only as long as it is fresh.
 */
#ifndef PK_CORE_VERIFY_H
#define PK_CORE_VERIFY_H

#include "core/view.h"
#include "util/arena.h"

enum verify_word {
        VERIFY_UNASKED, /* nothing was heard, and nothing was missed */
        VERIFY_SHOWS,   /* what is recorded */
        VERIFY_BEHIND,  /* something else */
        VERIFY_SILENT,  /* nothing that would still count */
};

enum { VERIFY_MISSES_MAX = 3, VERIFY_COUNTS_MS = 120000 /* four looks in a steady state */ };

enum verify_word verify_word(const struct view *view, const struct verify_view *verify);
bool verify_is_lacking(const struct view *view, const struct verify_view *verify); /* BEHIND or SILENT */

/* Whether it shows an address that belongs to no plane, or none. */
bool verify_leads_astray(const struct view *view, const struct verify_view *verify);

/* "DNS server 192.0.2.54:53 still answers old data: ..." and the remedy, of one that is lacking. */
const char *verify_phrase(const struct view *view, const struct verify_view *verify, struct arena *arena);

#endif
