/*
 * adopt.h -- the active plane as the live targets name it, when there is no record, or the record is older than the
 * targets. Pure.
 */
#ifndef PK_CORE_ADOPT_H
#define PK_CORE_ADOPT_H

#include "core/view.h"
#include "util/arena.h"

enum adoption_outcome {
        ADOPTION_NAMED,   /* exactly one plane */
        ADOPTION_UNKNOWN, /* none, or not exactly one: a person has to say */
        ADOPTION_FOREIGN, /* a stamp of another owner */
        ADOPTION_UNREADABLE, /* a stamp that cannot be read */
        ADOPTION_THEIRS,  /* the Planekeeper of another cluster decides for this very policy, and names one plane */
};

struct adoption {
        enum adoption_outcome outcome;
        const struct plane_view *plane; /* NAMED and THEIRS only; known, with an address */
        bool complete;                  /* every target already shows that plane's value */
        const char *text;               /* the finding and the remedy; "" where NAMED */
};

/* The targets in force must have been read. */
struct adoption adopt_inquire(const struct view *view, struct arena *arena);

/* The known plane whose address set the record shows; NULL where not exactly one does. */
const struct plane_view *adopt_plane_shown(const struct view *view);

/* Whether the live values already are @plane's: the address exactly, and the lock (where used) its value or absent. */
/* The first of those that name a plane whose value is neither @plane's nor nobody's; NULL: none. */
const struct target_view *adopt_dissenter(const struct view *view, const struct plane_view *plane, struct arena *arena);
bool adopt_matches(const struct view *view, const struct plane_view *plane, struct arena *arena);

/* A plane that a person could still move the targets to: any with an address, @active last; NULL: none. */
const struct plane_view *adopt_by_hand(const struct view *view, const struct plane_view *active, struct arena *arena);
/* "follow status.runbook", or that there is nothing in it. */
const char *adopt_runbook_text(const struct view *view, const struct plane_view *active, struct arena *arena);

#endif
