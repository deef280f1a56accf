/* report_why.c -- the sentence of a decision that its store refuses, and durations in words. */
#include "core/report_parts.h"

const char *report_duration(mono_ms duration_ms, struct arena *arena)
{
        if (duration_ms < 10000)
                return arena_printf(arena, "%lld.%llds", (long long)(duration_ms / 1000),
                                    (long long)(duration_ms % 1000 / 100));
        long long seconds = (long long)(duration_ms / 1000);
        if (seconds < 60)
                return arena_printf(arena, "%llds", seconds);
        if (seconds < 3600)
                return arena_printf(arena, "%lldm%llds", seconds / 60, seconds % 60);
        return arena_printf(arena, "%lldh%lldm", seconds / 3600, seconds % 3600 / 60);
}

bool report_is_record_refused(const struct view *view, const struct decision *decision)
{
        return view->record_refusal && (decision->next || decision->finding == FINDING_LOOK_OLD);
}

const char *report_why(const struct view *view, const struct decision *decision, struct arena *arena)
{
        return report_is_record_refused(view, decision)
                   ? arena_printf(arena, "%s; it cannot be recorded: %s", decision->why, view->record_refusal)
                   : decision->why;
}
