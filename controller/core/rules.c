/* rules.c -- the failover state machine as a table. */
#include "core/rules.h"

static const struct rule rules[] = {
    /* No record yet: look at the targets and adopt what they show. */
    {PHASE_NONE, FINDING_OBSERVING, DO_WAIT, "Observing", "Observing"},
    {PHASE_NONE, FINDING_RECORD_UNREADABLE, DO_HOLD, "RecordUnreadable", "Frozen"},
    {PHASE_NONE, FINDING_CREDENTIALS, DO_HOLD, "CredentialsInvalid", "CredentialsInvalid"},
    {PHASE_NONE, FINDING_RIVAL, DO_HOLD, "DuplicateTarget", "DuplicateTarget"},
    {PHASE_NONE, FINDING_PLANE_MISSING, DO_WAIT, "PlaneNotFound", "PlaneNotFound"},
    {PHASE_NONE, FINDING_TARGET_UNAVAILABLE, DO_WAIT, "TargetUnavailable", "TargetUnavailable"},
    {PHASE_NONE, FINDING_TARGET_REFUSED, DO_HOLD, "TargetRefused", "TargetRefused"},
    {PHASE_NONE, FINDING_FOREIGN_OWNER, DO_HOLD, "ForeignOwner", "ForeignOwner"},
    {PHASE_NONE, FINDING_STAMP_UNREADABLE, DO_HOLD, "StampUnreadable", "StampUnreadable"},
    {PHASE_NONE, FINDING_EPOCHS_EXHAUSTED, DO_HOLD, "EpochsExhausted", "EpochsExhausted"},
    {PHASE_NONE, FINDING_LOOK_OLD, DO_READ, "Observing", "Observing"},
    {PHASE_NONE, FINDING_UNKNOWN_TARGET, DO_HOLD, "UnknownTarget", "UnknownTarget"},
    {PHASE_NONE, FINDING_ADDRESS_PENDING, DO_WAIT, "AddressPending", "AddressPending"},
    {PHASE_NONE, FINDING_ADOPTABLE, DO_ADOPT, "Adopted", "Steady"},
    {PHASE_NONE, FINDING_ADOPT_REQUESTED, DO_ADOPT, "AdoptRequested", "Steady"},
    {PHASE_NONE, FINDING_SWITCH_REQUESTED, DO_DECIDE, "SwitchRequested", "Switching"},
    {PHASE_NONE, FINDING_MAINTENANCE, DO_HOLD, "MaintenanceUntil", "Maintenance"},
    {PHASE_NONE, FINDING_ACTIVE_UNKNOWN, DO_WAIT, "ActiveUnobserved", "ActiveUnobserved"},
    {PHASE_NONE, FINDING_ACTIVE_FAILING, DO_WAIT, "ActiveUnhealthy", "ActiveUnhealthy"},
    {PHASE_NONE, FINDING_AWAITING_HUMAN, DO_HOLD, "AwaitingHuman", "AwaitingHuman"},
    {PHASE_NONE, FINDING_STEADY, DO_WAIT, "Steady", "Steady"},

    {PHASE_STEADY, FINDING_OBSERVING, DO_WAIT, "Observing", "Observing"},
    {PHASE_STEADY, FINDING_PLAN_MISMATCH, DO_HOLD, "PlanMismatch", "PlanMismatch"},
    {PHASE_STEADY, FINDING_CREDENTIALS, DO_HOLD, "CredentialsInvalid", "CredentialsInvalid"},
    {PHASE_STEADY, FINDING_RIVAL, DO_HOLD, "DuplicateTarget", "DuplicateTarget"},
    {PHASE_STEADY, FINDING_PLANE_MISSING, DO_WAIT, "PlaneNotFound", "PlaneNotFound"},
    {PHASE_STEADY, FINDING_TARGET_UNAVAILABLE, DO_WAIT, "TargetUnavailable", "TargetUnavailable"},
    {PHASE_STEADY, FINDING_TARGET_REFUSED, DO_HOLD, "TargetRefused", "TargetRefused"},
    {PHASE_STEADY, FINDING_FOREIGN_OWNER, DO_HOLD, "ForeignOwner", "ForeignOwner"},
    {PHASE_STEADY, FINDING_STAMP_UNREADABLE, DO_HOLD, "StampUnreadable", "StampUnreadable"},
    {PHASE_STEADY, FINDING_EPOCHS_EXHAUSTED, DO_HOLD, "EpochsExhausted", "EpochsExhausted"},
    {PHASE_STEADY, FINDING_RECORD_UNREADABLE, DO_HOLD, "RecordUnreadable", "Frozen"},
    {PHASE_STEADY, FINDING_LOOK_OLD, DO_READ, "ReadingTargets", "ReadingTargets"},
    {PHASE_STEADY, FINDING_UNKNOWN_TARGET, DO_HOLD, "UnknownTarget", "UnknownTarget"},
    {PHASE_STEADY, FINDING_ADOPTABLE, DO_ADOPT, "Adopted", "Steady"},
    {PHASE_STEADY, FINDING_EPOCH_AHEAD, DO_ADOPT, "EpochAhead", "Steady"},
    {PHASE_STEADY, FINDING_ADOPT_REQUESTED, DO_ADOPT, "AdoptRequested", "Steady"},
    {PHASE_STEADY, FINDING_SWITCH_REQUESTED, DO_DECIDE, "SwitchRequested", "Switching"},
    {PHASE_STEADY, FINDING_TARGET_BEHIND, DO_WRITE, "TargetBehind", "Steady"},
    {PHASE_STEADY, FINDING_DRIFT, DO_HOLD, "Drift", "Drift"},
    {PHASE_STEADY, FINDING_NAME_EMPTY, DO_HOLD, "NameEmpty", "NameEmpty"},
    {PHASE_STEADY, FINDING_DRIFT_ENFORCED, DO_DECIDE, "DriftEnforced", "Switching"},
    {PHASE_STEADY, FINDING_PLAN_OUTDATED, DO_DECIDE, "PlanOutdated", "Switching"},
    {PHASE_STEADY, FINDING_MAINTENANCE, DO_HOLD, "MaintenanceUntil", "Maintenance"},
    {PHASE_STEADY, FINDING_ACTIVE_UNKNOWN, DO_WAIT, "ActiveUnobserved", "ActiveUnobserved"},
    {PHASE_STEADY, FINDING_ACTIVE_FAILING, DO_WAIT, "ActiveUnhealthy", "ActiveUnhealthy"},
    {PHASE_STEADY, FINDING_ACTIVE_DOWN, DO_DECIDE, "ThresholdReached", "Switching"},
    {PHASE_STEADY, FINDING_ACTIVE_DOWN_HELD, DO_HOLD, "FailoverHeld", "ActiveUnhealthy"},
    {PHASE_STEADY, FINDING_AWAITING_HUMAN, DO_HOLD, "AwaitingHuman", "AwaitingHuman"},
    {PHASE_STEADY, FINDING_FAILBACK_DUE, DO_DECIDE, "FailbackDue", "Switching"},
    {PHASE_STEADY, FINDING_STEADY, DO_WAIT, "Steady", "Steady"},
    {PHASE_STEADY, FINDING_UNCONFIRMED, DO_CONFIRM, "TargetBehind", "Steady"},

    /* A switch under way: the first unmet step, as the targets show it. */
    {PHASE_SWITCHING, FINDING_OBSERVING, DO_WAIT, "Observing", "Switching"},
    {PHASE_SWITCHING, FINDING_PLAN_MISMATCH, DO_HOLD, "PlanMismatch", "Switching"},
    {PHASE_SWITCHING, FINDING_CREDENTIALS, DO_HOLD, "CredentialsInvalid", "Switching"},
    {PHASE_SWITCHING, FINDING_TARGET_UNAVAILABLE, DO_WAIT, "TargetUnavailable", "Switching"},
    {PHASE_SWITCHING, FINDING_TARGET_REFUSED, DO_HOLD, "TargetRefused", "Switching"},
    {PHASE_SWITCHING, FINDING_FOREIGN_OWNER, DO_HOLD, "ForeignOwner", "Switching"},
    {PHASE_SWITCHING, FINDING_STAMP_UNREADABLE, DO_HOLD, "StampUnreadable", "Switching"},
    {PHASE_SWITCHING, FINDING_EPOCHS_EXHAUSTED, DO_HOLD, "EpochsExhausted", "Switching"},
    {PHASE_SWITCHING, FINDING_RECORD_UNREADABLE, DO_HOLD, "RecordUnreadable", "Frozen"},
    {PHASE_SWITCHING, FINDING_LOOK_OLD, DO_READ, "FailoverInProgress", "Switching"},
    {PHASE_SWITCHING, FINDING_UNKNOWN_TARGET, DO_HOLD, "UnknownTarget", "UnknownTarget"},
    {PHASE_SWITCHING, FINDING_EPOCH_AHEAD, DO_ADOPT, "EpochAhead", "Switching"},
    {PHASE_SWITCHING, FINDING_ADOPT_REQUESTED, DO_ADOPT, "AdoptRequested", "Switching"},
    {PHASE_SWITCHING, FINDING_SWITCH_REQUESTED, DO_DECIDE, "SwitchRequested", "Switching"},
    {PHASE_SWITCHING, FINDING_DRIFT, DO_HOLD, "Drift", "Switching"},
    {PHASE_SWITCHING, FINDING_DRIFT_ENFORCED, DO_DECIDE, "DriftEnforced", "Switching"},
    {PHASE_SWITCHING, FINDING_UNCONFIRMED, DO_CONFIRM, "FailoverInProgress", "Switching"},
    {PHASE_SWITCHING, FINDING_STOPPED_MIDWAY, DO_HOLD, "SuspendedMidSwitch", "SuspendedMidSwitch"},
    {PHASE_SWITCHING, FINDING_STEP_UNMET, DO_WRITE, "FailoverInProgress", "Switching"},
    {PHASE_SWITCHING, FINDING_STEP_SETTLING, DO_WRITE, "LockNotReplicated", "Switching"},
    {PHASE_SWITCHING, FINDING_NAME_UNFIT, DO_WAIT, "NameUnfit", "Switching"},
    {PHASE_SWITCHING, FINDING_SERVER_BEHIND, DO_WAIT, "DNSServerBehind", "Switching"},
    {PHASE_SWITCHING, FINDING_ALL_MET, DO_COMMIT, "SwitchComplete", "Switching"},
    {PHASE_SWITCHING, FINDING_ACTIVE_RECOVERED, DO_ABORT, "ActiveRecovered", "Switching"},
    {PHASE_SWITCHING, FINDING_TARGET_LOST, DO_DECIDE, "TargetLost", "Switching"},
};

const struct rule *rule_at(size_t index)
{
        return index < sizeof(rules) / sizeof(rules[0]) ? &rules[index] : NULL;
}

const struct rule *rule_find(enum phase phase, enum finding finding)
{
        for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
                if (rules[i].phase == phase && rules[i].finding == finding)
                        return &rules[i];
        return NULL;
}

const char *finding_name(enum finding finding)
{
        static const char *const names[] = {
#define FINDING_NAME(name) [name] = #name,
            FINDING_LIST(FINDING_NAME)
#undef FINDING_NAME
        };
        return (unsigned)finding < FINDING_COUNT ? names[finding] : "FINDING_INVALID";
}

const char *action_name(enum action action)
{
        static const char *const names[] = {
#define DO_NAME(name) [name] = #name,
            DO_LIST(DO_NAME)
#undef DO_NAME
        };
        return (unsigned)action < DO_COUNT ? names[action] : "DO_INVALID";
}

void rules_print(struct strbuf *dump)
{
        for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
                (void)strbuf_printf(dump, "%-10s %-27s %-12s %-20s %s\n", phase_name(rules[i].phase),
                                    finding_name(rules[i].finding), action_name(rules[i].then), rules[i].reason,
                                    rules[i].state);
        /* What is missing is part of the contract too: gaining or losing a pair is a diff. */
        for (unsigned phase = 0; phase < PHASE_COUNT; phase++)
                for (unsigned finding = 0; finding < FINDING_COUNT; finding++)
                        if (!rule_find((enum phase)phase, (enum finding)finding))
                                (void)strbuf_printf(dump, "%-10s %-27s impossible\n", phase_name((enum phase)phase),
                                                    finding_name((enum finding)finding));
}
