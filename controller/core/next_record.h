/*
 * next_record.h -- the records that a decision writes: always a higher epoch, never an edited old one (but for the
 * commit, and for what is prepared beside it). Pure.
 */
#ifndef PK_CORE_NEXT_RECORD_H
#define PK_CORE_NEXT_RECORD_H

#include "core/failover.h"

/* A switch to @to for the reason of the decision's rule. */
const struct record *next_switch(const struct view *view, const struct decision *decision, const struct plane_view *to,
                                 struct arena *arena);
/* The switch that is prepared beside the record, as it is begun: under its own epoch. */
const struct record *next_begun(const struct view *view, const struct decision *decision, struct arena *arena);
/* The record in force, with a switch to @to prepared beside it; and with that given up. Neither decides anything. */
const struct record *next_prepared(const struct view *view, const struct decision *decision,
                                   const struct plane_view *to, struct arena *arena);
const struct record *next_given_up(const struct view *view, struct arena *arena);
/* The state of the targets, under a new epoch; it changes no target. */
const struct record *next_adoption(const struct view *view, const struct decision *decision,
                                   const struct adoption *adoption, struct arena *arena);
/* Back to where an unfinished switch came from, under a new epoch. */
const struct record *next_abort(const struct view *view, const struct decision *decision, const struct plane_view *from,
                                struct arena *arena);
/* The same epoch, completed. */
const struct record *next_commit(const struct view *view, struct arena *arena);

#endif
