/*
 * roles.h -- each plane's role by the record, and since when: it says which checks and which failures count. Pure.
 *
 * A standby may answer 503 by design until it is made active, so a check may count in one role only. A plane that has
 * such checks begins each role as at first sight: what failed before says nothing of it, and it has time to pass.
 *
 * The same holds, for all its checks, of a plane that a person moved to although it was not fit: what was known then is
 * not what undoes it.
 *
 * Where the targets show something else than the record, nobody can tell who serves: the plane that is recorded and the
 * one that is shown are in either role. While a switch is under way the plane that it moves to is in either role,
 * because nobody can tell when it takes over; the one that it leaves is active until the first target shows the new
 * epoch.
 */
#ifndef PK_CORE_ROLES_H
#define PK_CORE_ROLES_H

#include "core/view.h"
#include "util/arena.h"

/*
 * The active plane of a policy that may act or not (nothing may be recorded then, and a person moves the targets, so
 * what is live is what is active); NULL: not known. While switching the plane that is becoming active.
 */
const struct plane_view *roles_active(const struct view *view, bool may_act);

/* Whether the policy may record and write at all, whatever the mode in effect: no suspend, no kill switch. */
bool roles_is_stopped(const struct view *view);

/*
 * Begins the role that each plane has now, or goes on with the one that it had: in marks, and in the verdict before.
 * Last of all that is gathered, before anything is judged; the marks are to be given back at the next evaluation.
 */
void roles_begin(struct view *view, struct arena *arena);

#endif
