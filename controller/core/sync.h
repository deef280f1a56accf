/*
 * sync.h -- what a target shows, held against the decision record: the relation that decides whether it may be written.
 * Pure.
 */
#ifndef PK_CORE_SYNC_H
#define PK_CORE_SYNC_H

#include "core/view.h"

enum sync {
        SYNC_UNREAD,     /* never read yet, or not the record's target */
        SYNC_MET,        /* the record's epoch and value; of a weak target the value alone */
        SYNC_SETTLING,   /* accepted, and true later: it is looked at until it is so, and not written again */
        SYNC_BEHIND,     /* a lower or no epoch with a value that the plan may replace, or half a write: write it */
        SYNC_EMPTY,      /* no value, and that is not our own doing: nobody's value, but a person's edit */
        SYNC_DRIFT,      /* a value that nobody recorded: a person's edit; report it, do not fight it */
        SYNC_AHEAD,      /* a higher epoch of this very policy, or this one under another id: our memory is older */
        SYNC_FOREIGN,    /* the stamp is another owner's */
        SYNC_UNREADABLE, /* nothing that we can read, and not said to be another owner's */
};

/* Of view->targets[i], which must be the i-th of the record's plan. */
enum sync sync_of(const struct view *view, const struct record *record, unsigned i);

#endif
