/* types.c -- names of the protocol's values. */
#include "core/types.h"

#include <stddef.h>
#include <string.h>

const char *phase_name(enum phase phase)
{
        static const char *const names[PHASE_COUNT] = {
            [PHASE_NONE] = "None", [PHASE_STEADY] = "Steady", [PHASE_SWITCHING] = "Switching"};
        return (unsigned)phase < PHASE_COUNT ? names[phase] : "Invalid";
}

unsigned plan_version(const struct plan *plan)
{
        const unsigned last = plan->target_count - 1;
        bool is_pair = last == 1 && plan->targets[0].ref.kind == TARGET_LOCK;
        bool is_first = (last == 0 || is_pair) && plan->targets[last].ref.kind == TARGET_NAME;
        return is_first && (!is_pair || strcmp(plan->targets[0].ref.driver, TARGET_LOCK_DRIVER) == 0)
                   ? RECORD_VERSION
                   : RECORD_VERSION_LIST;
}

size_t record_bytes(const struct record *record)
{
        return offsetof(struct record, plan.targets) + record->plan.target_count * sizeof(record->plan.targets[0]);
}

struct plan plan_copied(const struct plan *plan)
{
        struct plan value = {.target_count = plan->target_count};
        memcpy(value.targets, plan->targets, plan->target_count * sizeof(plan->targets[0]));
        return value;
}

struct record record_copied(const struct record *record)
{
        struct record value = {0};
        memcpy(&value, record, record_bytes(record));
        return value;
}

unsigned record_version(const struct record *record)
{
        return record->prepared.epoch ? RECORD_VERSION_PREPARED : plan_version(&record->plan);
}

epoch_t record_highest_epoch(const struct record *record)
{
        epoch_t highest = record->epoch > record->given_up ? record->epoch : record->given_up;
        return highest > record->prepared.epoch ? highest : record->prepared.epoch;
}

bool record_is_confirmed(const struct record *record)
{
        return strcmp(record->reason, REASON_SWITCH_CONFIRMED) == 0;
}

bool plan_may_replace(const struct plan_target *planned, const char *value)
{
        for (unsigned i = 0; i < planned->old_count; i++)
                if (strcmp(planned->old[i], value) == 0)
                        return true;
        return false;
}
