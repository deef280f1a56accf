/* leap_clock.c -- a clock that a test moves. */
#include "leap_clock.h"

#include <time.h>

#include "runtime/clock.h"

enum { STANDS_AT_S = 3600 };

_Atomic mono_ms leap_ms;
bool clock_stands_still;
_Atomic int64_t clock_wall_step_ms;

int64_t clock_mono_us(void)
{
        struct timespec now = {.tv_sec = STANDS_AT_S};
        if (!clock_stands_still)
                (void)clock_gettime(CLOCK_BOOTTIME, &now);
        return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 + leap_ms * 1000;
}

mono_ms clock_mono(void)
{
        return clock_mono_us() / 1000;
}

unix_ms clock_wall(void)
{
        return CLOCK_WALL_FIRST_MS + leap_ms + clock_wall_step_ms;
}
