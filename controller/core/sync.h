/* sync.h -- the state of a target against the decision record, which decides whether it may be written. Pure. */
#ifndef PK_CORE_SYNC_H
#define PK_CORE_SYNC_H

#include "core/view.h"

enum sync {
        SYNC_UNREAD,     /* never read yet, or not the record's target */
        SYNC_MET,        /* the record's epoch and value; of a weak target the value alone */
        SYNC_SETTLING,   /* accepted, and true later: it is looked at until it is so, and not written again */
        SYNC_BEHIND,     /* a lower or no epoch with a value that the plan may replace, or half a write: write it */
        SYNC_EMPTY,      /* no value, and not by a half-done write of this policy: a person's edit */
        SYNC_DRIFT,      /* a value that no record has: a person's edit, which is reported and not fought */
        SYNC_AHEAD,      /* a higher epoch of this very policy, or this one under another id: the record is older */
        SYNC_FOREIGN,    /* the stamp is another owner's */
        SYNC_UNREADABLE, /* a stamp that cannot be read, and does not name another owner */
};

/* Of view->targets[i], which must be the i-th of the record's plan. */
enum sync sync_of(const struct view *view, const struct record *record, unsigned i);

#endif
