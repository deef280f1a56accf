/*
 * fence.h -- what a target shows, held against the decision record: the relation that decides whether it may be
 * written. Pure.
 */
#ifndef PK_CORE_FENCE_H
#define PK_CORE_FENCE_H

#include "core/view.h"

enum fence {
        FENCE_UNREAD,  /* never read yet */
        FENCE_MET,     /* the record's epoch and value, or not part of the plan */
        FENCE_BEHIND,  /* a lower or no epoch with a value that the plan may replace, or half a write: write it */
        FENCE_EMPTY,   /* the name leads nowhere, and that is not our own doing: nobody's value, but a person's edit */
        FENCE_DRIFT,   /* a value that nobody recorded: a person's edit; report it, do not fight it */
        FENCE_AHEAD,   /* a higher epoch of this very policy, or this one under another id: our memory is older */
        FENCE_FOREIGN, /* the stamp is another owner's */
        FENCE_UNREADABLE, /* nothing that we can read, and not said to be another owner's */
};

enum fence fence_dns(const struct record *record, const struct view *view);
enum fence fence_lock(const struct record *record, const struct view *view);

#endif
