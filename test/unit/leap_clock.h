/*
 * leap_clock.h -- a clock in place of runtime/clock.c that a test moves, so that a minute passes at once. It is linked only with
 * tests that include this.
 */
#ifndef PK_TEST_LEAP_CLOCK_H
#define PK_TEST_LEAP_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>

#include "util/units.h"

extern _Atomic mono_ms leap_ms;         /* how far it was moved */
extern bool clock_stands_still;         /* but for that: else it goes on by itself */
extern _Atomic int64_t clock_wall_step_ms; /* how far the wall clock alone was set forward */

/* What the wall clock says before any leap, 2026-11-23T02:59:52Z; by itself it does not go on. */
#define CLOCK_WALL_FIRST_MS ((unix_ms)1795402792000)

#endif
