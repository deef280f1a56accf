/*
 * verify.h -- the answers of the other authoritative servers of the name. Pure.
 *
 * An answer counts while it is fresh, until the next answer or until VERIFY_MISSES_MAX questions in a row had none: a
 * single lost answer takes nothing back.
 */
#ifndef PK_CORE_VERIFY_H
#define PK_CORE_VERIFY_H

#include "core/view.h"
#include "util/arena.h"

enum verify_word {
        VERIFY_UNASKED, /* no question was asked yet */
        VERIFY_SHOWS,   /* the recorded value */
        VERIFY_BEHIND,  /* something else */
        VERIFY_SILENT,  /* no answer that still counts */
};

enum { VERIFY_MISSES_MAX = 3, VERIFY_COUNTS_MS = 120000 /* four looks in a steady state */ };

enum verify_word verify_word(const struct view *view, const struct verify_view *verify);
bool verify_is_lacking(const struct view *view, const struct verify_view *verify); /* BEHIND or SILENT */

/* Whether it shows an address that belongs to no plane, or none. */
bool verify_leads_astray(const struct view *view, const struct verify_view *verify);

/* "DNS server 192.0.2.54:53 still answers old data: ..." and the remedy, of one that is lacking. */
const char *verify_phrase(const struct view *view, const struct verify_view *verify, struct arena *arena);

#endif
