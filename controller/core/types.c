/* types.c -- names of the protocol's values. */
#include "core/types.h"

#include <string.h>

const char *phase_name(enum phase phase)
{
        static const char *const names[PHASE_COUNT] = {
            [PHASE_NONE] = "None", [PHASE_STEADY] = "Steady", [PHASE_SWITCHING] = "Switching"};
        return (unsigned)phase < PHASE_COUNT ? names[phase] : "Invalid";
}

bool record_is_confirmed(const struct record *record)
{
        return strcmp(record->reason, REASON_SWITCH_CONFIRMED) == 0;
}
