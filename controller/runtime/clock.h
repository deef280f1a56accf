/*
 * clock.h -- the one place that asks the kernel for the time.
 *
 * Threads: any.
 */
#ifndef PK_RUNTIME_CLOCK_H
#define PK_RUNTIME_CLOCK_H

#include "util/units.h"

mono_ms clock_mono(void);     /* CLOCK_BOOTTIME: goes on while the machine sleeps */
int64_t clock_mono_us(void);  /* the same clock in microseconds, for latency metrics only */
unix_ms clock_wall(void);     /* CLOCK_REALTIME: for people and records only */

#endif
