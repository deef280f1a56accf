/* rules.c -- the failover state machine as a table. */
#include "core/rules.h"

/* Shorter, so that a row is a line. */
enum { NEWS = RULE_NEWS, AUTOMATIC = RULE_AUTOMATIC, ASKED = RULE_ASKED, BARS = RULE_BARS_FAILOVER };

static const struct rule rules[] = {
    /* No record yet: look at the targets and adopt what they show. */
    {PHASE_NONE, FINDING_OBSERVING, DO_WAIT, "Observing", "Observing", MEANS_UNKNOWN, BARS},
    {PHASE_NONE, FINDING_RECORD_UNREADABLE, DO_REPORT, "RecordUnreadable", "Frozen", MEANS_STALLED, NEWS | BARS},
    {PHASE_NONE, FINDING_CREDENTIALS, DO_REPORT, "CredentialsInvalid", "CredentialsInvalid", MEANS_STALLED,
     NEWS | BARS},
    {PHASE_NONE, FINDING_RIVAL, DO_REPORT, "DuplicateTarget", "DuplicateTarget", MEANS_STALLED, NEWS | BARS},
    {PHASE_NONE, FINDING_PLANE_MISSING, DO_WAIT, "PlaneNotFound", "PlaneNotFound", MEANS_PROGRESSING, BARS},
    {PHASE_NONE, FINDING_TARGET_UNAVAILABLE, DO_WAIT, "TargetUnavailable", "TargetUnavailable", MEANS_PROGRESSING,
     NEWS | BARS},
    {PHASE_NONE, FINDING_TARGET_REFUSED, DO_REPORT, "TargetRefused", "TargetRefused", MEANS_REFUSAL, NEWS | BARS},
    {PHASE_NONE, FINDING_FOREIGN_OWNER, DO_REPORT, "ForeignOwner", "ForeignOwner", MEANS_STALLED, NEWS | BARS},
    {PHASE_NONE, FINDING_STAMP_UNREADABLE, DO_REPORT, "StampUnreadable", "StampUnreadable", MEANS_STALLED, NEWS | BARS},
    {PHASE_NONE, FINDING_EPOCHS_EXHAUSTED, DO_REPORT, "EpochsExhausted", "EpochsExhausted", MEANS_STALLED, NEWS | BARS},
    {PHASE_NONE, FINDING_LOOK_OLD, DO_READ, "Observing", "Observing", MEANS_HEALTH, 0},
    {PHASE_NONE, FINDING_UNKNOWN_TARGET, DO_REPORT, "UnknownTarget", "UnknownTarget", MEANS_STALLED, NEWS | BARS},
    {PHASE_NONE, FINDING_ADDRESS_PENDING, DO_WAIT, "AddressPending", "AddressPending", MEANS_PROGRESSING, BARS},
    {PHASE_NONE, FINDING_ADOPTABLE, DO_ADOPT, "Adopted", "Steady", MEANS_UNKNOWN, 0},
    {PHASE_NONE, FINDING_ADOPT_REQUESTED, DO_ADOPT, "AdoptRequested", "Steady", MEANS_PROGRESSING, ASKED},
    {PHASE_NONE, FINDING_SWITCH_REQUESTED, DO_DECIDE, "SwitchRequested", "Switching", MEANS_PROGRESSING, ASKED},
    {PHASE_NONE, FINDING_SWITCH_CONFIRMED, DO_DECIDE, REASON_SWITCH_CONFIRMED, "Switching", MEANS_PROGRESSING, ASKED},
    {PHASE_NONE, FINDING_MAINTENANCE, DO_REPORT, "MaintenanceUntil", "Maintenance", MEANS_UNKNOWN, NEWS},
    {PHASE_NONE, FINDING_ACTIVE_UNKNOWN, DO_WAIT, "ActiveUnobserved", "ActiveUnobserved", MEANS_UNKNOWN, 0},
    {PHASE_NONE, FINDING_ACTIVE_FAILING, DO_WAIT, "ActiveUnhealthy", "ActiveUnhealthy", MEANS_PROGRESSING, NEWS},
    {PHASE_NONE, FINDING_AWAITING_HUMAN, DO_REPORT, "AwaitingHuman", "AwaitingHuman", MEANS_PROGRESSING, NEWS},
    {PHASE_NONE, FINDING_STEADY, DO_WAIT, "Steady", "Steady", MEANS_STEADY, 0},

    {PHASE_STEADY, FINDING_OBSERVING, DO_WAIT, "Observing", "Observing", MEANS_UNKNOWN, BARS},
    {PHASE_STEADY, FINDING_PLAN_MISMATCH, DO_REPORT, "PlanMismatch", "PlanMismatch", MEANS_STALLED, NEWS | BARS},
    {PHASE_STEADY, FINDING_CREDENTIALS, DO_REPORT, "CredentialsInvalid", "CredentialsInvalid", MEANS_STALLED,
     NEWS | BARS},
    {PHASE_STEADY, FINDING_RIVAL, DO_REPORT, "DuplicateTarget", "DuplicateTarget", MEANS_STALLED, NEWS | BARS},
    {PHASE_STEADY, FINDING_PLANE_MISSING, DO_WAIT, "PlaneNotFound", "PlaneNotFound", MEANS_PLANE, BARS},
    {PHASE_STEADY, FINDING_TARGET_UNAVAILABLE, DO_WAIT, "TargetUnavailable", "TargetUnavailable", MEANS_PROGRESSING,
     NEWS | BARS},
    {PHASE_STEADY, FINDING_TARGET_REFUSED, DO_REPORT, "TargetRefused", "TargetRefused", MEANS_REFUSAL, NEWS | BARS},
    {PHASE_STEADY, FINDING_FOREIGN_OWNER, DO_REPORT, "ForeignOwner", "ForeignOwner", MEANS_STALLED, NEWS | BARS},
    {PHASE_STEADY, FINDING_STAMP_UNREADABLE, DO_REPORT, "StampUnreadable", "StampUnreadable", MEANS_STALLED,
     NEWS | BARS},
    {PHASE_STEADY, FINDING_EPOCHS_EXHAUSTED, DO_REPORT, "EpochsExhausted", "EpochsExhausted", MEANS_STALLED,
     NEWS | BARS},
    {PHASE_STEADY, FINDING_RECORD_UNREADABLE, DO_REPORT, "RecordUnreadable", "Frozen", MEANS_STALLED, NEWS | BARS},
    {PHASE_STEADY, FINDING_LOOK_OLD, DO_READ, "ReadingTargets", "ReadingTargets", MEANS_HEALTH, 0},
    {PHASE_STEADY, FINDING_UNKNOWN_TARGET, DO_REPORT, "UnknownTarget", "UnknownTarget", MEANS_STALLED, NEWS | BARS},
    {PHASE_STEADY, FINDING_ADOPTABLE, DO_ADOPT, "Adopted", "Steady", MEANS_UNKNOWN, 0},
    {PHASE_STEADY, FINDING_EPOCH_AHEAD, DO_ADOPT, "EpochAhead", "Steady", MEANS_PROGRESSING, 0},
    {PHASE_STEADY, FINDING_ADOPT_REQUESTED, DO_ADOPT, "AdoptRequested", "Steady", MEANS_PROGRESSING, ASKED},
    {PHASE_STEADY, FINDING_SWITCH_REQUESTED, DO_DECIDE, "SwitchRequested", "Switching", MEANS_PROGRESSING, ASKED},
    {PHASE_STEADY, FINDING_SWITCH_CONFIRMED, DO_DECIDE, REASON_SWITCH_CONFIRMED, "Switching", MEANS_PROGRESSING, ASKED},
    {PHASE_STEADY, FINDING_TARGET_BEHIND, DO_WRITE, "TargetBehind", "Steady", MEANS_HEALTH, 0},
    {PHASE_STEADY, FINDING_DRIFT, DO_REPORT, "Drift", "Drift", MEANS_EDIT, NEWS},
    {PHASE_STEADY, FINDING_NAME_EMPTY, DO_REPORT, "NameEmpty", "NameEmpty", MEANS_STALLED, NEWS},
    {PHASE_STEADY, FINDING_DRIFT_ENFORCED, DO_DECIDE, "DriftEnforced", "Switching", MEANS_PROGRESSING, 0},
    {PHASE_STEADY, FINDING_PLAN_OUTDATED, DO_DECIDE, "PlanOutdated", "Switching", MEANS_PROGRESSING, 0},
    {PHASE_STEADY, FINDING_MAINTENANCE, DO_REPORT, "MaintenanceUntil", "Maintenance", MEANS_UNKNOWN, NEWS},
    {PHASE_STEADY, FINDING_ACTIVE_UNKNOWN, DO_WAIT, "ActiveUnobserved", "ActiveUnobserved", MEANS_UNKNOWN, 0},
    {PHASE_STEADY, FINDING_ACTIVE_FAILING, DO_WAIT, "ActiveUnhealthy", "ActiveUnhealthy", MEANS_PROGRESSING, NEWS},
    {PHASE_STEADY, FINDING_ACTIVE_DOWN, DO_DECIDE, "ThresholdReached", "Switching", MEANS_PROGRESSING, AUTOMATIC},
    {PHASE_STEADY, FINDING_ACTIVE_DOWN_BLOCKED, DO_REPORT, "FailoverHeld", "ActiveUnhealthy", MEANS_PROGRESSING, NEWS},
    {PHASE_STEADY, FINDING_AWAITING_HUMAN, DO_REPORT, "AwaitingHuman", "AwaitingHuman", MEANS_PROGRESSING, NEWS},
    {PHASE_STEADY, FINDING_PREPARABLE, DO_PREPARE, "Preparing", "ActiveUnhealthy", MEANS_HEALTH, 0},
    {PHASE_STEADY, FINDING_PREPARED_UNUSED, DO_GIVE_UP, "PreparedUnused", "Steady", MEANS_HEALTH, 0},
    {PHASE_STEADY, FINDING_PREPARED_LEFT, DO_ADOPT, "PreparedLeft", "Steady", MEANS_PROGRESSING, 0},
    {PHASE_STEADY, FINDING_PREPARED_SHOWN, DO_DECIDE, "ThresholdReached", "Switching", MEANS_PROGRESSING, AUTOMATIC},
    {PHASE_STEADY, FINDING_FAILBACK_DUE, DO_DECIDE, "FailbackDue", "Switching", MEANS_PROGRESSING, AUTOMATIC},
    {PHASE_STEADY, FINDING_STEADY, DO_WAIT, "Steady", "Steady", MEANS_STEADY, 0},
    {PHASE_STEADY, FINDING_UNCONFIRMED, DO_CONFIRM, "TargetBehind", "Steady", MEANS_HEALTH, 0},

    /* A switch under way: the first unmet step, as the targets show it. */
    {PHASE_SWITCHING, FINDING_OBSERVING, DO_WAIT, "Observing", "Switching", MEANS_PROGRESSING, 0},
    {PHASE_SWITCHING, FINDING_PLAN_MISMATCH, DO_REPORT, "PlanMismatch", "Switching", MEANS_STALLED, NEWS},
    {PHASE_SWITCHING, FINDING_CREDENTIALS, DO_REPORT, "CredentialsInvalid", "Switching", MEANS_STALLED, NEWS},
    {PHASE_SWITCHING, FINDING_TARGET_UNAVAILABLE, DO_WAIT, "TargetUnavailable", "Switching", MEANS_PROGRESSING, NEWS},
    {PHASE_SWITCHING, FINDING_TARGET_REFUSED, DO_REPORT, "TargetRefused", "Switching", MEANS_REFUSAL, NEWS},
    {PHASE_SWITCHING, FINDING_FOREIGN_OWNER, DO_REPORT, "ForeignOwner", "Switching", MEANS_STALLED, NEWS},
    {PHASE_SWITCHING, FINDING_STAMP_UNREADABLE, DO_REPORT, "StampUnreadable", "Switching", MEANS_STALLED, NEWS},
    {PHASE_SWITCHING, FINDING_EPOCHS_EXHAUSTED, DO_REPORT, "EpochsExhausted", "Switching", MEANS_STALLED, NEWS},
    {PHASE_SWITCHING, FINDING_RECORD_UNREADABLE, DO_REPORT, "RecordUnreadable", "Frozen", MEANS_STALLED, NEWS},
    {PHASE_SWITCHING, FINDING_LOOK_OLD, DO_READ, "FailoverInProgress", "Switching", MEANS_PROGRESSING, 0},
    {PHASE_SWITCHING, FINDING_UNKNOWN_TARGET, DO_REPORT, "UnknownTarget", "UnknownTarget", MEANS_STALLED, NEWS},
    {PHASE_SWITCHING, FINDING_EPOCH_AHEAD, DO_ADOPT, "EpochAhead", "Switching", MEANS_PROGRESSING, 0},
    {PHASE_SWITCHING, FINDING_ADOPT_REQUESTED, DO_ADOPT, "AdoptRequested", "Switching", MEANS_PROGRESSING, ASKED},
    {PHASE_SWITCHING, FINDING_SWITCH_REQUESTED, DO_DECIDE, "SwitchRequested", "Switching", MEANS_PROGRESSING, ASKED},
    {PHASE_SWITCHING, FINDING_SWITCH_CONFIRMED, DO_DECIDE, REASON_SWITCH_CONFIRMED, "Switching", MEANS_PROGRESSING,
     ASKED},
    {PHASE_SWITCHING, FINDING_DRIFT, DO_REPORT, "Drift", "Switching", MEANS_EDIT, NEWS},
    {PHASE_SWITCHING, FINDING_DRIFT_ENFORCED, DO_DECIDE, "DriftEnforced", "Switching", MEANS_PROGRESSING, 0},
    {PHASE_SWITCHING, FINDING_UNCONFIRMED, DO_CONFIRM, "FailoverInProgress", "Switching", MEANS_PROGRESSING, 0},
    {PHASE_SWITCHING, FINDING_STOPPED_MIDWAY, DO_REPORT, "SuspendedMidSwitch", "SuspendedMidSwitch", MEANS_PROGRESSING,
     NEWS},
    {PHASE_SWITCHING, FINDING_STEP_UNMET, DO_WRITE, "FailoverInProgress", "Switching", MEANS_PROGRESSING, 0},
    {PHASE_SWITCHING, FINDING_STEP_SETTLING, DO_WRITE, "LockNotReplicated", "Switching", MEANS_PROGRESSING, 0},
    {PHASE_SWITCHING, FINDING_STEP_PENDING, DO_WAIT, "StepPending", "Switching", MEANS_PROGRESSING, 0},
    {PHASE_SWITCHING, FINDING_NAME_UNFIT, DO_WAIT, "NameUnfit", "Switching", MEANS_PROGRESSING, NEWS},
    {PHASE_SWITCHING, FINDING_BEGUN_UNRECORDED, DO_WAIT, "FailoverInProgress", "Switching", MEANS_PROGRESSING, 0},
    {PHASE_SWITCHING, FINDING_SERVER_BEHIND, DO_WAIT, "DNSServerBehind", "Switching", MEANS_PROGRESSING, NEWS},
    {PHASE_SWITCHING, FINDING_ALL_MET, DO_COMMIT, "SwitchComplete", "Switching", MEANS_PROGRESSING, 0},
    {PHASE_SWITCHING, FINDING_ACTIVE_RECOVERED, DO_ABORT, "ActiveRecovered", "Switching", MEANS_PROGRESSING, 0},
    {PHASE_SWITCHING, FINDING_TARGET_LOST, DO_DECIDE, "TargetLost", "Switching", MEANS_PROGRESSING, AUTOMATIC},
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

bool action_is_aside(enum action action)
{
        return action == DO_PREPARE || action == DO_GIVE_UP;
}

static const char *meaning_name(enum meaning meaning)
{
        static const char *const names[MEANS_COUNT] = {
            [MEANS_PROGRESSING] = "Progressing", [MEANS_STALLED] = "Stalled",  [MEANS_UNKNOWN] = "Unknown",
            [MEANS_HEALTH] = "by health",        [MEANS_EDIT] = "by edit",     [MEANS_REFUSAL] = "by refusal",
            [MEANS_PLANE] = "by spec",            [MEANS_STEADY] = "by all",
        };
        return names[meaning];
}

static void print_row(const struct rule *rule, struct strbuf *dump)
{
        static const struct {
                enum rule_flag flag;
                const char *word;
        } words[] = {{RULE_NEWS, " news"},
                     {RULE_AUTOMATIC, " automatic"},
                     {RULE_ASKED, " asked"},
                     {RULE_BARS_FAILOVER, " bars-failover"}};
        (void)strbuf_printf(dump, "%-10s %-27s %-12s %-20s %-19s %s%s", phase_name(rule->phase),
                            finding_name(rule->finding), action_name(rule->then), rule->reason, rule->state,
                            meaning_name(rule->means), rule->flags ? "," : "");
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (rule->flags & words[i].flag)
                        (void)strbuf_printf(dump, "%s", words[i].word);
        (void)strbuf_printf(dump, "\n");
}

void rules_print(struct strbuf *dump)
{
        for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
                print_row(&rules[i], dump);
        /* Missing pairs are part of the contract, too: gaining or losing one is a diff. */
        for (unsigned phase = 0; phase < PHASE_COUNT; phase++)
                for (unsigned finding = 0; finding < FINDING_COUNT; finding++)
                        if (!rule_find((enum phase)phase, (enum finding)finding))
                                (void)strbuf_printf(dump, "%-10s %-27s impossible\n", phase_name((enum phase)phase),
                                                    finding_name((enum finding)finding));
}
