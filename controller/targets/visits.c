/* visits.c -- the visits of one call for many names: which of them are still open. */
#include "targets/visits.h"

void open_visit_end(struct target_visit *visit, enum err err)
{
        visit->err = err;
        visit->has_ended = true;
}

void open_visit_leave(struct target_visit *visit)
{
        visit->fate = TARGET_LEFT;
        visit->has_ended = true;
}

size_t visits_first_open(const struct target_visit *visits, size_t count)
{
        size_t i = 0;
        while (i < count && visits[i].has_ended)
                i++;
        return i;
}

size_t visits_open(const struct target_visit *visits, size_t count)
{
        size_t open = 0;
        for (size_t i = 0; i < count; i++)
                open += visits[i].has_ended ? 0 : 1;
        return open;
}

void visits_end_open(struct target_visit *visits, size_t count, enum err err, mono_ms retry_after_ms,
                     const struct errmsg *why)
{
        for (size_t i = 0; i < count; i++) {
                if (visits[i].has_ended)
                        continue;
                visits[i].why = *why;
                visits[i].retry_after_ms = retry_after_ms;
                open_visit_end(&visits[i], err);
        }
}
