/*
 * prepare.h -- a switch that is recorded before it is needed, so that its first effect waits for no write (decision
 * 051). Pure.
 *
 * Its epoch is taken, its values are fixed, and nothing is done. It is begun by the process that recorded it, and by
 * nobody else: another one decides anew over it, or goes on with it where a target shows that it was begun.
 *
 * The first two are asked only where the classifier has found the targets to be the record's, and the samples fresh.
 */
#ifndef PK_CORE_PREPARE_H
#define PK_CORE_PREPARE_H

#include "core/classify.h"

/*
 * Whether the next failure of the active plane would decide (or the end of its delay, which is as near), every other
 * gate passes, and nothing else is under way. Then the switch to the candidate is prepared, once an outage.
 */
bool prepare_is_due(struct pass *pass);
/*
 * Whether the decision that is due now is the one that is prepared, to the letter, and this process may begin it: then
 * it is recorded beside its first effect instead of before it.
 */
bool prepare_is_usable(const struct view *view, const struct plane_view *to, struct arena *arena);
/*
 * Whether the active plane is left as soon as one more probe of it fails, and not by the end of a delay: every other
 * gate passes. Then what a decision has to read is read beside that probe (decision 057).
 */
bool prepare_decides_next(struct pass *pass);
/* Whether a target carries its epoch and id. */
bool prepare_is_shown(const struct view *view);

/* A switch to @to under @epoch, beside the record in force. */
struct prepared prepare_values(const struct view *view, const struct plane_view *to, epoch_t epoch,
                               struct arena *arena);
/* The plan of what is prepared beside @record. Every value that the targets may show until then is an old one. */
struct plan prepare_plan(const struct record *record);

#endif
