/* enforce.c -- whether a person's edit of a target may be put back now. */
#include "core/enforce.h"

#include "core/texts.h"
#include "core/remedy.h"
#include "core/request.h"

/* Of @span since the newest; a wall clock that jumped back makes it no longer than @span from when it was first seen.
 */
static int64_t time_left(const struct view *view, int64_t span)
{
        int64_t left = view->record->enforced[0] + span - view->wall;
        if (left > 0 && view->record_seen_at) {
                int64_t at_most = view->record_seen_at + span - view->now;
                left = left < at_most ? left : at_most;
        }
        return left;
}

static bool is_fought(const struct record *record)
{
        return record->enforced_count == ENFORCED_MAX &&
               record->enforced[0] - record->enforced[ENFORCED_MAX - 1] <= ENFORCE_WINDOW_MS;
}

struct enforcement enforce_drift(const struct view *view, struct arena *arena)
{
        const struct record *record = view->record;
        if (!record->enforced_count || request_is_acknowledged(view))
                return (struct enforcement){.why_not = ""};
        int64_t limit = is_fought(record) ? time_left(view, ENFORCE_LIMIT_MS) : 0;
        if (limit > 0)
                return (struct enforcement){
                    .why_not =
                        arena_printf(arena,
                                     "it was put back %d times within 10m and written again: somebody, who is "
                                     "not known here, fights back, and is let until %s%s",
                                     (int)ENFORCED_MAX, texts_instant(view, view->now + limit, arena),
                                     remedy_ack(view, "; to put it back once more: ", arena)),
                    .wake_at = view->now + limit};
        int64_t pause = time_left(view, ENFORCE_PAUSE_MS);
        if (pause > 0)
                return (struct enforcement){.why_not = arena_printf(arena, "put back at most once a minute, so at %s",
                                                                    texts_instant(view, view->now + pause, arena)),
                                            .wake_at = view->now + pause};
        return (struct enforcement){.why_not = ""};
}
