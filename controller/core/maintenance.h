/*
 * maintenance.h -- a plane that a person works on: annotation planekeeper.io/maintenance-until=<RFC 3339>. Until then
 * it is not judged: neither down, nor chosen, nor left by itself. It ends by itself, and failures count from its end
 * on. Pure.
 *
 * Bounds: at most seven days ahead, so that a forgotten one does not leave a plane unwatched.
 */
#ifndef PK_CORE_MAINTENANCE_H
#define PK_CORE_MAINTENANCE_H

#include "core/view.h"
#include "util/arena.h"

enum { MAINTENANCE_MAX_MS = 7 * 24 * 3600 * 1000, MAINTENANCE_TEXT_MAX = 60 };

enum maintenance_state {
        MAINTENANCE_NONE,
        MAINTENANCE_HOLDS,
        MAINTENANCE_ENDED,
        MAINTENANCE_INVALID,  /* no time; ignored */
        MAINTENANCE_TOO_LONG, /* further ahead than it may be; ignored until it is not */
};

struct maintenance {
        enum maintenance_state state;
        unix_ms until; /* 0 where the text is no time */
};

struct maintenance maintenance_read(const char *text, unix_ms wall);
/* The end of the maintenance for the core: only one that is, or was, in force counts. */
void maintenance_set(struct plane_view *plane, const struct maintenance *maintenance, unix_ms wall, mono_ms now);

bool maintenance_holds(const struct view *view, const struct plane_view *plane);
mono_ms maintenance_end(const struct view *view, const struct plane_view *plane);    /* of one that holds */
const char *maintenance_phrase(const struct plane_view *plane, struct arena *arena); /* "in maintenance until …" */
/* The sentence and the word for the annotation; NULL where there is none. */
const char *maintenance_reason(const struct maintenance *maintenance);
const char *maintenance_message(const struct maintenance *maintenance, const char *text, struct arena *arena);

#endif
