/* units.h -- the two time scales of the program. Durations are always milliseconds. */
#ifndef PK_UTIL_UNITS_H
#define PK_UTIL_UNITS_H

#include <stdint.h>

typedef int64_t
    mono_ms; /* CLOCK_BOOTTIME in milliseconds: only differences mean anything, never persisted, 0 = never */
typedef int64_t
    unix_ms; /* wall time in milliseconds since 1970-01-01T00:00:00Z: only for people and records, 0 = none */

#define MONO_NEVER INT64_MAX

#endif
