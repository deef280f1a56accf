/* switch_report.c -- decisions and switches as JSON for status and as lines for the log. */
#include "reconcile/switch_report.h"

#include <stdlib.h>
#include <string.h>

#include "api/decision_facts.h"
#include "reconcile/target_config.h"
#include "runtime/log.h"
#include "util/mem.h"
#include "util/text.h"

enum { SENTENCE_BYTES_MAX = 512 };

json_t *switch_report_text(const char *text)
{
        char kept[SENTENCE_BYTES_MAX + 1];
        (void)TEXT_COPY(kept, text ? text : "");
        return json_string(kept);
}

json_t *switch_report_time(unix_ms at)
{
        if (!at)
                return json_null();
        char text[TEXT_TIME_BYTES + 4];
        text_from_time_micro(at, text);
        return json_string(text);
}

json_t *switch_report_gates(const struct decision *decision)
{
        json_t *gates = json_array();
        for (unsigned i = 0; decision->has_gates && i < decision->gates.count; i++) {
                const struct gate_verdict *verdict = &decision->gates.verdicts[i];
                json_array_append_new(gates,
                                      json_pack("{s:s, s:b, s:o}", "name", gate_name(verdict->gate), "holds",
                                                (int)verdict->passes, "message", switch_report_text(verdict->text)));
        }
        return gates;
}

json_t *switch_report_decision(const struct record *next, const struct view *view, const struct decision *decision)
{
        json_t *report =
            json_pack("{s:I, s:s, s:s, s:s, s:s, s:o, s:b, s:o, s:o, s:o}", "epoch", (json_int_t)next->epoch,
                      "decision", next->phase == PHASE_SWITCHING ? "Switch" : "Record", "from", next->from, "to",
                      next->to, "reason", next->reason, "message", switch_report_text(decision->why), "automatic",
                      (int)next->automatic, "at", switch_report_time(next->started_at), "gates",
                      switch_report_gates(decision), "facts", decision_facts_encode(view));
        INVARIANT(report);
        return report;
}

static void add_step(json_t *steps, const char *name, int64_t from_us, int64_t to_us)
{
        if (from_us && to_us && to_us >= from_us)
                json_array_append_new(steps, json_pack("{s:s, s:I}", "name", name, "durationMilliseconds",
                                                       (json_int_t)((to_us - from_us + 500) / 1000)));
}

/* The times of steps that another process took are not known here, and are left out. */
static json_t *steps_json(const struct policy *policy, const struct record *record)
{
        json_t *steps = json_array();
        const struct step_times *times = &policy->account.times;
        if (times->epoch != record->epoch)
                return steps;
        add_step(steps, "Intent", times->decided_us, times->recorded_us);
        int64_t before = times->confirmed_us ? times->confirmed_us : times->recorded_us;
        for (unsigned step = STEP_INTENT + 1; step < STEP_COMMIT; step++) {
                add_step(steps, step_name((enum step)step), before, times->met_us[step]);
                before = times->met_us[step] ? times->met_us[step] : before;
        }
        return steps;
}

/* From the first failure to the new DNS answer; a switch without a failure has none. A process that did not write the
 * name knows only the commit, which is later where other DNS servers are waited for. */
static json_t *rto_json(const struct policy *policy, const struct record *record, struct arena *arena)
{
        const struct step_times *times = &policy->account.times;
        if (!record->automatic || !record->detected_at)
                return json_null();
        bool is_known = times->epoch == record->epoch && times->met_us[STEP_ROUTE];
        unix_ms answered =
            is_known ? policy->manager->pace.wall_base + times->met_us[STEP_ROUTE] / 1000 : record->completed_at;
        return json_string(report_duration(answered - record->detected_at, arena));
}

static void add_to_history(struct policy *policy, json_t *report)
{
        json_t *history = policy->account.history.bytes ? account_load(&policy->account.history) : json_array();
        json_array_insert(history, 0, report);
        while (json_array_size(history) > HISTORY_MAX)
                json_array_remove(history, HISTORY_MAX);
        account_keep(&policy->account.history, history);
}

/* An abort or an adoption is complete as soon as it is recorded, and new values for the same plane move nobody. */
static bool is_switch(const struct record *record)
{
        return record->completed_at > record->started_at && strcmp(record->from, record->to) != 0;
}

bool switch_report_complete(struct policy *policy, const struct record *record)
{
        if (record->epoch <= policy->account.newest_epoch || record->phase != PHASE_STEADY ||
            (!record->from[0] && !is_switch(record)))
                return false;
        policy->account.newest_epoch = record->epoch;
        struct arena arena = {0};
        json_t *report = json_pack(
            "{s:I, s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:I, s:o, s:o}", "epoch", (json_int_t)record->epoch, "from",
            record->from, "to", record->to, "reason", record->reason, "automatic", (int)record->automatic, "detectedAt",
            switch_report_time(record->detected_at), "decidedAt", switch_report_time(record->started_at), "startedAt",
            switch_report_time(record->started_at), "completedAt", switch_report_time(record->completed_at),
            "durationMilliseconds", (json_int_t)(record->completed_at - record->started_at), "rto",
            rto_json(policy, record, &arena), "steps", steps_json(policy, record));
        INVARIANT(report);
        arena_deinit(&arena);
        add_to_history(policy, report);
        if (is_switch(record))
                account_keep(&policy->account.last_switch, json_incref(report));
        json_decref(report);
        return true;
}

struct tools {
        struct by_hand_tools base;
        const struct policy *policy;
};

static struct by_hand tell(const struct by_hand_tools *base, const struct by_hand_write *write, struct arena *arena)
{
        const struct tools *tools = (const struct tools *)base; /* its first member */
        struct target_config config;
        target_config_settings(tools->policy, &write->target->ref, arena, &config);
        return target_by_hand(&config, write, arena);
}

void switch_report_runbook(const struct policy *policy, const struct view *view, const struct decision *decision,
                           struct arena *arena, struct runbook *ret)
{
        const struct tools tools = {{tell}, policy};
        runbook_build(view, decision, &tools.base, arena, ret);
}

void switch_report_log_runbook(struct policy *policy, const struct view *view, const struct decision *decision,
                               struct arena *arena)
{
        struct runbook runbook;
        switch_report_runbook(policy, view, decision, arena, &runbook);
        for (unsigned i = 0; i < runbook.count; i++)
                log_line(LOG_INFO, "runbook", runbook.lines[i], LOG_TEXT_FIELD("policy", policy->key),
                         LOG_NUMBER_FIELD("line", i + 1));
}
