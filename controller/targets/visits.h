/*
 * visits.h -- the visits of one call for many names: which of them are still open.
 *
 * A driver that takes several visits at once ends each of them by one of these, in any order; struct target_visit's
 * has_ended is its note of that, false when the call begins. Nothing here is allocated; one thread at a time.
 */
#ifndef PK_TARGETS_VISITS_H
#define PK_TARGETS_VISITS_H

#include "targets/target.h"

void open_visit_end(struct target_visit *visit, enum err err);
void open_visit_leave(struct target_visit *visit); /* TARGET_LEFT */

/* The place of the first open one; @count where there is none. */
size_t visits_first_open(const struct target_visit *visits, size_t count);
size_t visits_open(const struct target_visit *visits, size_t count); /* how many are */
/* Ends all that are open alike. */
void visits_end_open(struct target_visit *visits, size_t count, enum err err, mono_ms retry_after_ms,
                     const struct errmsg *why);

#endif
