/*
 * next_record.h -- the records that a decision writes: always a higher epoch, never an edited old one (but for the
 * commit). Pure.
 */
#ifndef PK_CORE_NEXT_RECORD_H
#define PK_CORE_NEXT_RECORD_H

#include "core/failover.h"

/* A switch to @to for the reason of the decision's rule. */
const struct record *next_switch(const struct view *view, const struct decision *decision, const struct plane_view *to,
                                 struct arena *arena);
/* The state of the targets, under a new epoch; it changes no target. */
const struct record *next_adoption(const struct view *view, const struct decision *decision,
                                   const struct adoption *adoption, struct arena *arena);
/* Back to where an unfinished switch came from, under a new epoch. */
const struct record *next_abort(const struct view *view, const struct decision *decision, const struct plane_view *from,
                                struct arena *arena);
/* The same epoch, completed. */
const struct record *next_commit(const struct view *view, struct arena *arena);

#endif
