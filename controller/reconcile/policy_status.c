/* policy_status.c -- the status of a policy, for kubectl. */
#include "reconcile/policy_status.h"

#include <stdlib.h>
#include <string.h>

#include "api/decision_facts.h"
#include "core/targets.h"
#include "core/verify.h"
#include "reconcile/claims.h"
#include "reconcile/record_store.h"
#include "reconcile/status_fit.h"
#include "reconcile/switch_report.h"
#include "util/mem.h"
#include "util/text.h"

static json_t *text_or_null(const char *text)
{
        return text && text[0] ? json_string(text) : json_null();
}

static json_t *runbook_json(const struct policy *policy, const struct view *view, const struct decision *decision,
                            struct arena *arena)
{
        struct runbook runbook;
        switch_report_runbook(policy, view, decision, arena, &runbook);
        json_t *lines = json_array();
        for (unsigned i = 0; i < runbook.count; i++)
                json_array_append_new(lines, json_string(runbook.lines[i]));
        return lines;
}

static json_t *target_json(const struct wanted_target *wanted, const struct target_view *target)
{
        const struct stamp *stamp = &target->shows.stamp;
        json_t *object = json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:o}", "server", wanted->ref.endpoint, "name",
                                   wanted->ref.name, "value", target->shows.value, "epoch", (json_int_t)stamp->epoch,
                                   "plane", text_or_null(stamp->plane), "owner", text_or_null(stamp->store), "error",
                                   text_or_null(target->health.error));
        INVARIANT(object);
        json_object_set_new(object, "weak", targets_is_weak(target) ? json_true() : json_null());
        return object;
}

static json_t *behind_json(const struct view *view)
{
        json_t *behind = json_array();
        for (unsigned i = 0; i < view->verify_count; i++)
                if (verify_is_lacking(view, &view->verify[i]))
                        json_array_append_new(behind, json_string(view->verify[i].server));
        return behind;
}

static const struct target_view nothing = {.health = {.error = ""},
                                           .shows = {.value = "", .stamp = {.plane = "", .store = "", .raw = ""}}};

/* NULL: it is not in force, as in a switch that was begun before the spec named it. */
static const struct target_view *in_force(const struct view *view, const struct target_ref *ref)
{
        for (unsigned i = 0; i < view->target_count; i++)
                if (target_ref_equal(&view->targets[i].ref, ref))
                        return &view->targets[i];
        return NULL;
}

/* A merge patch takes null for absent in objects, and for null in a list. */
static void drop_nulls(json_t *object)
{
        const char *key;
        json_t *value;
        void *next;
        json_object_foreach_safe(object, next, key, value) if (json_is_null(value)) json_object_del(object, key);
}

/* All of one kind; null where there is none. */
static json_t *list_json(const struct view *view, enum target_kind kind)
{
        json_t *array = json_array();
        for (unsigned i = 0; i < view->policy.target_count; i++) {
                const struct wanted_target *wanted = &view->policy.targets[i];
                if (wanted->ref.kind != kind)
                        continue;
                const struct target_view *target = in_force(view, &wanted->ref);
                json_t *object = target_json(wanted, target ? target : &nothing);
                if (target && target->shows.settling)
                        json_object_set_new(object, "settling", json_true());
                drop_nulls(object);
                json_array_append_new(array, object);
        }
        if (json_array_size(array))
                return array;
        json_decref(array);
        return json_null();
}

/* Null where the spec names none of @kind. */
static json_t *target_or_null(const struct view *view, enum target_kind kind)
{
        const struct wanted_target *wanted = wanted_find(&view->policy, kind);
        const struct target_view *target = targets_find(view, kind);
        return wanted ? target_json(wanted, target ? target : &nothing) : json_null();
}

static json_t *targets_json(const struct policy *policy, const struct view *view)
{
        const struct policy *claimant = view->policy.rival[0] ? NULL : claims_claimant(policy);
        const struct target_view *name = targets_name(view);
        json_t *pipelines = list_json(view, TARGET_PIPELINE), *promotion = target_or_null(view, TARGET_PROMOTION);
        json_t *dns = target_json(wanted_find(&view->policy, TARGET_NAME), name);
        json_object_set_new(dns, "ttl", json_integer((json_int_t)name->shows.ttl_s));
        json_object_set_new(dns, "behind", behind_json(view));
        json_object_set_new(dns, "claimedBy", text_or_null(claimant ? claimant->key : ""));
        return json_pack("{s:o, s:o, s:o, s:o, s:o}", "fence", list_json(view, TARGET_FENCE), "promotion", promotion,
                         "dns", dns, "lock", target_or_null(view, TARGET_LOCK), "pipeline", pipelines);
}

/* A decision that waits is shown as the one that would be taken: in Advise that is all that the operator does. */
static json_t *decision_json(const struct policy *policy, const struct view *view, const struct decision *decision)
{
        if (!decision->has_gates || decision->next || !decision->active)
                return account_load(&policy->account.last_decision);
        bool would = decision->gates.blocked < 0 && decision->candidate;
        json_t *report = json_pack(
            "{s:I, s:s, s:s, s:o, s:s, s:o, s:b, s:n, s:o, s:o}", "epoch", (json_int_t)decision->epoch + 1, "decision",
            would ? "WouldSwitch" : "Hold", "from", decision->active->name, "to",
            text_or_null(decision->candidate ? decision->candidate->name : ""), "reason", decision->rule->reason,
            "message", switch_report_text(decision->why), "automatic", (int)(decision->mode.mode == MODE_AUTOMATIC),
            "at", "gates", switch_report_gates(decision), "facts", decision_facts_encode(view));
        INVARIANT(report);
        return report;
}

static void set_conditions(const struct policy *policy, const struct report *report,
                           const struct condition_list *before, struct condition_list *ret)
{
        static const enum condition_status statuses[] = {
            [REPORT_FALSE] = CONDITION_FALSE, [REPORT_TRUE] = CONDITION_TRUE, [REPORT_UNKNOWN] = CONDITION_UNKNOWN};
        for (unsigned i = 0; i < report->condition_count; i++) {
                const struct report_condition *condition = &report->conditions[i];
                const struct condition_value value = {condition->type, statuses[condition->status], condition->reason,
                                                      condition->message, policy->generation};
                condition_list_set(ret, before, &value, pace_wall(&policy->manager->pace));
        }
}

/* With the time of the judgement a reader tells a status of an hour ago from one of now. */
static json_t *judged_at(const struct policy *policy)
{
        return switch_report_time(pace_wall(&policy->manager->pace) / 1000 * 1000);
}

/* A policy whose spec cannot be decoded gets a status that names the field and the remedy. */
json_t *policy_status_invalid(const struct policy *policy, struct condition_list *ret_conditions)
{
        static const char *const types[] = {"Ready", "Stalled", "Armed"};
        for (size_t i = 0; i < 3; i++) {
                const struct condition_value value = {types[i], i == 1 ? CONDITION_TRUE : CONDITION_FALSE,
                                                      "InvalidSpec", policy->spec_error, policy->generation};
                condition_list_set(ret_conditions, &policy->status.conditions, &value,
                                   pace_wall(&policy->manager->pace));
        }
        return json_pack("{s:I, s:s, s:s, s:s, s:o, s:o}", "observedGeneration",
                         (json_int_t)policy->generation, "state", "InvalidSpec", "armed", "InvalidSpec", "message",
                         policy->spec_error, "judgedAt", judged_at(policy), "conditions",
                         condition_list_encode(ret_conditions));
}

static const char *text_of(const json_t *object, const char *field, const char *none)
{
        const char *text = json_string_value(json_object_get(object, field));
        return text && text[0] ? text : none;
}

/* Of the last failover, however many switches by hand there were since. */
static const char *last_rto(const json_t *history)
{
        size_t index;
        const json_t *entry;
        json_array_foreach((json_t *)history, index, entry)
        {
                const char *rto = text_of(entry, "rto", NULL);
                if (rto)
                        return rto;
        }
        return "-";
}

/* kubectl's own date columns cannot say Never, so this is text, coarse enough that it is not rewritten every minute for
 * ever. */
static const char *ago(const struct policy *policy, const char *completed, struct arena *arena)
{
        unix_ms at;
        if (text_to_time(completed, &at) != ERR_OK)
                return "Never";
        int64_t minutes = (pace_wall(&policy->manager->pace) - at) / 60000;
        if (minutes < 1)
                return "<1m";
        if (minutes < 60)
                return arena_printf(arena, "%lldm", (long long)(minutes < 10 ? minutes : minutes / 10 * 10));
        return minutes < 48 * 60 ? arena_printf(arena, "%lldh", (long long)(minutes / 60))
                                 : arena_printf(arena, "%lldd", (long long)(minutes / 1440));
}

/* The switch that the next failure would begin; null where none is recorded. */
static json_t *prepared_json(const struct view *view)
{
        const struct prepared *prepared = view->record ? &view->record->prepared : NULL;
        if (!prepared || !prepared->epoch)
                return json_null();
        return json_pack("{s:I, s:s, s:o}", "epoch", (json_int_t)prepared->epoch, "to", prepared->to, "at",
                         switch_report_time(prepared->at));
}

static json_t *cooldown_json(const struct view *view)
{
        mono_ms end = gates_cooldown_end(view);
        return switch_report_time(end ? (view->wall + end - view->now) / 1000 * 1000 : 0);
}

json_t *policy_status_of(const struct policy *policy, const struct view *view, const struct decision *decision,
                         struct arena *arena, struct condition_list *ret_conditions)
{
        struct report report;
        report_build(view, decision, arena, &report);
        set_conditions(policy, &report, &policy->status.conditions, ret_conditions);
        json_t *last_switch = account_load(&policy->account.last_switch);
        json_t *history = policy->account.history.bytes ? account_load(&policy->account.history) : json_array();
        const char *completed = text_of(last_switch, "completedAt", "Never");
        json_t *status = json_pack(
            "{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:s}", "observedGeneration",
            (json_int_t)policy->generation, "effectiveMode", report.mode, "effectiveModeReason", decision->mode.reason,
            "effectiveModeMessage", decision->mode.message, "state", report.state, "armed", report.armed, "activePlane",
            report.active, "standby", report.standby, "epoch", (json_int_t)report.epoch, "step", report.step,
            "failover", report.failover, "lastSwitchText", ago(policy, completed, arena), "rtoLast", last_rto(history),
            "store", policy->keeper.store->name, "message", report.message);
        INVARIANT(status);
        json_object_set_new(status, "judgedAt", judged_at(policy));
        json_object_set_new(status, "cooldownUntil", cooldown_json(view));
        json_object_set_new(status, "prepared", prepared_json(view));
        json_object_set_new(status, "lastSwitchTime",
                            strcmp(completed, "Never") ? json_string(completed) : json_null());
        json_object_set_new(status, "lastSwitch", last_switch);
        json_object_set_new(status, "history", history);
        json_object_set_new(status, "lastDecision", decision_json(policy, view, decision));
        json_object_set_new(status, "lastRequest", requests_last_json(&policy->requests));
        json_object_set_new(status, "handledRequests", requests_handled_json(&policy->requests));
        json_object_set_new(status, "runbook", runbook_json(policy, view, decision, arena));
        json_object_set_new(status, "targets", targets_json(policy, view));
        json_object_set_new(status, "conditions", condition_list_encode(ret_conditions));
        status_fit(status);
        return status;
}

enum { KEPT_BYTES_MAX = 16384 };

/* Nothing where it is absent, of another type, or larger than any that is written. */
static void restore(struct packed *packed, const json_t *status, const char *field, json_type type)
{
        json_t *value = json_object_get(status, field);
        const bool is_right = value && json_typeof(value) == type && json_array_size(value) <= HISTORY_MAX &&
                              json_dumpb(value, NULL, 0, JSON_COMPACT) <= KEPT_BYTES_MAX;
        account_keep(packed, is_right ? json_incref(value) : NULL);
}

/* The former leader has reported this word already. */
static void restore_armed(struct policy *policy, const json_t *status)
{
        const char *word = json_string_value(json_object_get(status, "armed"));
        free(policy->told.armed_told);
        policy->told.armed_told = NULL;
        if (word && strlen(word) < 64 && strcmp(word, "Unknown") != 0)
                policy->told.armed_told = mem_strdup(strcmp(word, "True") == 0 ? "Armed" : word);
}

void policy_status_restore(struct policy *policy, const json_t *object)
{
        if (policy->has_seen_status && policy->manager->is_leader)
                return;
        policy->has_seen_status = true;
        const json_t *status = json_object_get(object, "status");
        restore(&policy->account.history, status, "history", JSON_ARRAY);
        restore(&policy->account.last_switch, status, "lastSwitch", JSON_OBJECT);
        restore(&policy->account.last_decision, status, "lastDecision", JSON_OBJECT);
        policy->account.newest_epoch = (epoch_t)json_integer_value(
            json_object_get(json_array_get(json_object_get(status, "history"), 0), "epoch"));
        restore_armed(policy, status);
        requests_restore(&policy->requests, status);
}
