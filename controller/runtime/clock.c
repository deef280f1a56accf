/* clock.c -- the one place that asks the kernel for the time. */
#include "runtime/clock.h"

#include <time.h>

#include "util/mem.h"

static int64_t read_clock_us(clockid_t id)
{
        struct timespec now;
        int failed = clock_gettime(id, &now);
        INVARIANT(!failed);
        return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

mono_ms clock_mono(void)
{
        return clock_mono_us() / 1000;
}

int64_t clock_mono_us(void)
{
        return read_clock_us(CLOCK_BOOTTIME);
}

unix_ms clock_wall(void)
{
        return read_clock_us(CLOCK_REALTIME) / 1000;
}
