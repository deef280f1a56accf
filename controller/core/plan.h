/*
 * plan.h -- what the effects of one epoch will use, fixed at the decision. Pure; texts live in the arena or are borrowed from the view.
 */
#ifndef PK_CORE_PLAN_H
#define PK_CORE_PLAN_H

#include "core/view.h"
#include "util/arena.h"

/* The lock's value for @plane under @epoch: {clusterName}, {name}, {uid} and {epoch} in the template are replaced. */
const char *plan_lock_value(const struct view *view, const struct plane_view *plane, epoch_t epoch, struct arena *arena);

/* The plan that makes @to active under @epoch; its old values are what the targets show now and what unfinished epochs may still leave there. */
struct plan plan_for(const struct view *view, const struct plane_view *to, epoch_t epoch, struct arena *arena);

/* Whether the spec or the active plane's address says something else than @record's plan does. */
bool plan_is_outdated(const struct view *view, const struct record *record, const struct plane_view *active);

/* Whether the spec names other targets (name, server, key) than @record's plan: those have to be adopted anew. */
bool plan_names_other_targets(const struct view *view, const struct record *record);

#endif
