/*
 * enforce.h -- whether a person's edit of a target may be put back now (drift: Enforce). Pure.
 *
 * Once a minute at most, so that a writer that repeats an edit is not fought. After three times within ten minutes the
 * enforcement limit is reached: edits are only reported for a day, unless a person decides something or acknowledges.
 * The times are in the record, so a restart or another replica counts on.
 */
#ifndef PK_CORE_ENFORCE_H
#define PK_CORE_ENFORCE_H

#include "core/view.h"
#include "util/arena.h"

enum { ENFORCE_PAUSE_MS = 60000, ENFORCE_WINDOW_MS = 600000, ENFORCE_LIMIT_MS = 24 * 3600 * 1000 };

struct enforcement {
        const char *why_not; /* "" when it may be put back */
        mono_ms wake_at;     /* when it may be by the passing of time alone; 0 unknown */
};

struct enforcement enforce_drift(const struct view *view, struct arena *arena);

#endif
