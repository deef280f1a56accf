/* maintenance.c -- a plane that a person works on. */
#include "core/maintenance.h"

#include "core/texts.h"
#include "util/text.h"

struct maintenance maintenance_read(const char *text, unix_ms wall)
{
        struct maintenance maintenance = {MAINTENANCE_NONE, 0};
        if (!text[0])
                return maintenance;
        if (text_to_time(text, &maintenance.until) != ERR_OK || maintenance.until <= 0)
                return (struct maintenance){MAINTENANCE_INVALID, 0};
        maintenance.state = maintenance.until <= wall                        ? MAINTENANCE_ENDED
                            : maintenance.until - wall <= MAINTENANCE_MAX_MS ? MAINTENANCE_HOLDS
                                                                             : MAINTENANCE_TOO_LONG;
        return maintenance;
}

void maintenance_set(struct plane_view *plane, const struct maintenance *maintenance, unix_ms wall, mono_ms now)
{
        bool counts = maintenance->state == MAINTENANCE_HOLDS || maintenance->state == MAINTENANCE_ENDED;
        plane->maintenance_until = counts ? maintenance->until : 0;
        mono_ms ended_at = now - (wall - maintenance->until);
        plane->judged_since = maintenance->state == MAINTENANCE_ENDED && ended_at > 0 ? ended_at : 0;
}

bool maintenance_holds(const struct view *view, const struct plane_view *plane)
{
        return plane->maintenance_until > view->wall;
}

mono_ms maintenance_end(const struct view *view, const struct plane_view *plane)
{
        return view->now + (plane->maintenance_until - view->wall);
}

const char *maintenance_phrase(const struct plane_view *plane, struct arena *arena)
{
        return arena_printf(arena, "in maintenance until %s", texts_time(plane->maintenance_until, arena));
}

const char *maintenance_reason(const struct maintenance *maintenance)
{
        static const char *const reasons[] = {[MAINTENANCE_NONE] = "NoMaintenance",
                                              [MAINTENANCE_HOLDS] = "MaintenanceUntil",
                                              [MAINTENANCE_ENDED] = "MaintenanceEnded",
                                              [MAINTENANCE_INVALID] = "MaintenanceInvalid",
                                              [MAINTENANCE_TOO_LONG] = "MaintenanceTooLong"};
        return reasons[maintenance->state];
}

const char *maintenance_message(const struct maintenance *maintenance, const char *text, struct arena *arena)
{
        switch (maintenance->state) {
        case MAINTENANCE_HOLDS:
                return arena_printf(arena, "not judged until %s: neither down nor chosen",
                                    texts_time(maintenance->until, arena));
        case MAINTENANCE_ENDED:
                return arena_printf(arena, "ended %s", texts_time(maintenance->until, arena));
        case MAINTENANCE_INVALID:
                return arena_printf(arena,
                                    "planekeeper.io/maintenance-until=\"%s\" is no time and ignored; write one such as "
                                    "2026-11-23T02:59:11Z",
                                    texts_excerpt(text, MAINTENANCE_TEXT_MAX, arena));
        case MAINTENANCE_TOO_LONG:
                return arena_printf(arena,
                                    "%s is more than 7 days ahead, so it is ignored before %s; write an earlier time",
                                    texts_time(maintenance->until, arena),
                                    texts_time(maintenance->until - MAINTENANCE_MAX_MS, arena));
        default:
                return "none";
        }
}
