/* types.c -- names of the protocol's values. */
#include "core/types.h"

const char *step_name(enum step step)
{
        static const char *const names[STEP_COUNT] = {
            [STEP_INTENT] = "Intent", [STEP_LOCK] = "Lock", [STEP_ROUTE] = "Route", [STEP_COMMIT] = "Commit"};
        return (unsigned)step < STEP_COUNT ? names[step] : "Invalid";
}

const char *phase_name(enum phase phase)
{
        static const char *const names[PHASE_COUNT] = {
            [PHASE_NONE] = "None", [PHASE_STEADY] = "Steady", [PHASE_SWITCHING] = "Switching"};
        return (unsigned)phase < PHASE_COUNT ? names[phase] : "Invalid";
}
