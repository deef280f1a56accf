/* tell.c -- Events, and log lines with the same words. */
#include "reconcile/tell.h"

#include <stdlib.h>
#include <string.h>

#include "core/remedy.h"
#include "core/election.h"
#include "core/texts.h"
#include "reconcile/claims.h"
#include "reconcile/switch_report.h"
#include "reconcile/tell_parts.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "util/mem.h"
#include "util/text.h"

enum { LATE_IS_ONE_MS = 60000 }; /* late turns nearer to each other than this are one fact */

void tell_late(mono_ms late_ms)
{
        tell_metrics_late();
        log_line(LOG_WARN, "manager", "the operator's own loop was late: samples are discarded",
                 LOG_NUMBER_FIELD("late_ms", late_ms));
}

static void tell_kill_switch_of(void *value, void *ctx)
{
        const struct manager *manager = ctx;
        const struct view view = {.operator_namespace = manager->options.own_namespace,
                                  .kill_switch = true,
                                  .kill_switch_why = manager->kill_switch.why};
        struct policy *policy = value;
        struct arena arena = {0};
        if (policy->spec)
                tell_event(policy, true, "KillSwitch", "Judge", texts_kill_switch_remedy(&view, &arena));
        arena_deinit(&arena);
}

void tell_kill_switch(struct manager *manager)
{
        const struct kill_switch *kill_switch = &manager->kill_switch;
        tell_metrics_kill_switch(kill_switch->is_on, kill_switch->why[0] != '\0');
        log_line(kill_switch->is_on ? LOG_WARN : LOG_INFO, "manager",
                 kill_switch->why[0]  ? kill_switch->why
                 : kill_switch->is_on ? "kill switch on: nothing decides anywhere"
                                      : "kill switch off",
                 LOG_TEXT_FIELD("configmap", "planekeeper"),
                 LOG_TEXT_FIELD("namespace", manager->options.own_namespace));
        if (manager->is_leader && kill_switch->is_on)
                map_each(&manager->policies, tell_kill_switch_of, manager);
}

void tell_leading(const struct manager_options *options, bool is_leader)
{
        tell_metrics_leading(options->election_id, is_leader);
        if (options->leader_elect)
                log_line(LOG_INFO, "election", is_leader ? "leading" : "standing by",
                         LOG_TEXT_FIELD("lease", options->election_id), LOG_TEXT_FIELD("identity", options->identity));
        else
                log_line(LOG_INFO, "election", "leading without a Lease, for --leader-elect is off",
                         LOG_TEXT_FIELD("identity", options->identity));
}

static void answer_request(struct policy *policy, const struct view *view, const struct decision *decision,
                           struct arena *arena)
{
        if (!requests_answered(&policy->requests, decision, &view->policy, pace_wall(&policy->manager->pace)))
                return;
        tell_event(policy, false, "RequestAnswered", "Request",
                   arena_printf(arena, "%s: %s", decision->request.text, decision->answer));
        policy_wake(policy); /* the next pass judges without the request */
}

void tell_invalid(struct policy *policy)
{
        tell_metrics_not_ready(policy);
        tell_metrics_judged(policy);
        tell_armed_invalid(policy);
        if (text_equal(policy->told.why, policy->spec_error))
                return;
        free(policy->told.why);
        policy->told.why = mem_strdup(policy->spec_error);
        policy->told.finding = FINDING_COUNT;
        tell_event(policy, true, "InvalidSpec", "Judge", policy->spec_error);
}

/* An entry of the history is an Event, a metric and a log line too, by the one word that says why it was decided. */
static void tell_entry(struct policy *policy, const struct record *record, struct arena *arena)
{
        if (!switch_report_complete(policy, record))
                return;
        mono_ms took = (mono_ms)(record->completed_at - record->started_at);
        tell_metrics_completed(policy, record);
        const char *from =
            record->from[0] && strcmp(record->from, record->to) != 0 ? arena_printf(arena, "%s -> ", record->from) : "";
        tell_event(policy, strcmp(record->reason, "ActiveRecovered") == 0, record->reason, "Record",
                   arena_printf(arena, "epoch %llu: %s%s is active%s", (unsigned long long)record->epoch, from,
                                record->to,
                                took ? arena_printf(arena, ", done in %s", report_duration(took, arena)) : ""));
}

/* The leader that committed a switch may have died before it wrote the status; the record has all that the entry
 * needs. */
static void complete_for_another(struct policy *policy, struct arena *arena)
{
        const struct record *record = policy->keeper.record;
        if (record && record->phase == PHASE_STEADY && record->completed_at >= policy->created_at)
                tell_entry(policy, record, arena);
}

/* The Event goes to the rival as well, or its owner would never learn of the claim. */
static void tell_rival(struct policy *policy, struct arena *arena)
{
        const char *what;
        struct policy *rival = claims_find(policy, &what, arena);
        if (!rival)
                return;
        status_request(&rival->status);
        tell_event(
            rival, true, "DuplicateTarget", "Judge",
            arena_printf(arena, "policy %s claims the same %s; it waits, this one goes on", policy->key, what));
}

/* One Event for a row of late turns. */
static void tell_doubt(struct policy *policy, const struct view *view, struct arena *arena)
{
        if (view->now >= view->late_until)
                return;
        bool is_told = policy->told.late_until >= view->now;
        policy->told.late_until = view->late_until + LATE_IS_ONE_MS;
        if (!is_told)
                tell_event(
                    policy, true, "LoopLate", "Judge",
                    arena_printf(
                        arena,
                        "the operator's own loop was %s late: samples are discarded and counted anew, nothing is "
                        "decided on them",
                        report_duration(view->late_by, arena)));
}

void tell_pass(struct policy *policy, const struct view *view, const struct decision *decision, struct arena *arena)
{
        tell_metrics_policy(policy, view, decision, arena);
        tell_armed(policy, view, decision, arena);
        tell_doubt(policy, view, arena);
        complete_for_another(policy, arena);
        answer_request(policy, view, decision, arena);
        const char *blocked = report_blocked_by(view, decision), *why = report_why(view, decision, arena);
        const char *reason = blocked ? blocked : decision->rule->reason;
        /* A finding is news when its reason is; the runbook is logged with it, because the API server may be gone when
         * it is needed. */
        bool is_news = blocked || decision->rule->flags & RULE_NEWS, 
             is_a_look = decision->finding == FINDING_LOOK_OLD || action_is_aside(decision->rule->then);
        if (is_a_look && !blocked)
                return; /* over in an instant; the finding behind it is reported next */
        enum finding finding = is_a_look ? policy->told.finding : decision->finding;
        bool is_told = policy->told.finding == finding && text_equal(policy->told.reason, reason);
        policy->told.finding = finding;
        if (is_told && (!is_news || text_equal(policy->told.why, why)))
                return;
        bool only_text = is_told;
        if (!only_text)
                status_urge(&policy->status);
        free(policy->told.reason);
        free(policy->told.why);
        policy->told.reason = mem_strdup(reason);
        policy->told.why = mem_strdup(why);
        if (decision->finding == FINDING_RIVAL && !only_text)
                tell_rival(policy, arena);
        if (is_news && !only_text) {
                tell_event(policy, true, reason, "Judge", why);
                switch_report_log_runbook(policy, view, decision, arena);
        } else if (decision->finding == FINDING_STEADY || is_news) {
                log_line(LOG_INFO, "policy", why, LOG_TEXT_FIELD("policy", policy->key),
                         LOG_TEXT_FIELD("reason", reason));
        } else {
                log_line(LOG_DEBUG, "policy", why, LOG_TEXT_FIELD("policy", policy->key),
                         LOG_TEXT_FIELD("reason", reason));
        }
}

/* NULL: nobody has moved, or nobody is to return. */
static char *way_back(const struct view *view)
{
        const struct plane_view *from = view_plane(view, view->record->from);
        if (!from || strcmp(view->record->from, view->record->to) == 0 || view->policy.failback == FAILBACK_NEVER)
                return NULL;
        struct arena arena = {0};
        char *text = mem_strdup(remedy_to_return(view, from, &arena));
        arena_deinit(&arena);
        return text;
}

void tell_decided(struct policy *policy, const struct view *view, const struct decision *decision)
{
        struct record_write *write = &policy->keeper.write;
        if (write->action == DO_COMMIT)
                write->way_back = way_back(view);
        if (write->action == DO_COMMIT || action_is_aside(write->action))
                return;
        policy->account.times = (struct step_times){.epoch = write->record->epoch, .decided_us = clock_mono_us()};
        write->report = switch_report_decision(write->record, view, decision);
        write->gates_passed = decision->has_gates ? decision->gates.passed : 0;
        write->gate_count = decision->has_gates ? decision->gates.count : 0;
}

static void tell_begun(struct policy *policy, struct record_write *write, struct arena *arena)
{
        const struct record *record = write->record;
        policy->account.times.recorded_us = clock_mono_us();
        account_keep(&policy->account.last_decision, write->report);
        write->report = NULL;
        tell_metrics_decided(policy, record);
        if (record->automatic)
                pace_count_switch(&policy->manager->pace);
        const char *gates =
            write->gate_count ? arena_printf(arena, "; %u/%u gates pass", write->gates_passed, write->gate_count) : "";
        if (record->phase == PHASE_SWITCHING && strcmp(record->from, record->to) == 0)
                tell_event(policy, false, record->reason, "Decide",
                           arena_printf(arena,
                                        "epoch %llu: %s stays active, what is recorded of it is brought up to date",
                                        (unsigned long long)record->epoch, record->to));
        else if (record->phase == PHASE_SWITCHING)
                tell_event(policy, record->automatic, "FailoverDecided", "Decide",
                           arena_printf(arena, "epoch %llu: %s -> %s (%s)%s; record in status.lastDecision",
                                        (unsigned long long)record->epoch, record->from[0] ? record->from : "(unknown)",
                                        record->to, record->reason, gates));
        else if (record->from[0])
                tell_entry(policy, record, arena);
        else
                tell_event(
                    policy, false, record->reason, "Record",
                    arena_printf(arena, "epoch %llu: %s is active", (unsigned long long)record->epoch, record->to));
}

static void tell_complete(struct policy *policy, const struct record_write *write, struct arena *arena)
{
        const struct record *record = write->record;
        mono_ms took = (mono_ms)(record->completed_at - record->started_at);
        tell_metrics_switched(took);
        tell_entry(policy, record, arena);
        if (strcmp(record->from, record->to) == 0)
                return; /* the agents stay where they are */
        const char *detected = record->detected_at
                                   ? arena_printf(arena, " after %s of detection",
                                                  report_duration(record->started_at - record->detected_at, arena))
                                   : "";
        tell_event(policy, false, "FailoverComplete", "Commit",
                   arena_printf(arena, "epoch %llu in %s%s%s", (unsigned long long)record->epoch,
                                report_duration(took, arena), detected, write->way_back ? write->way_back : ""));
}

/* Neither is a decision, so a log line and a metric have to do. */
static void tell_aside(struct policy *policy, const struct record_write *write)
{
        const bool is_prepared = write->action == DO_PREPARE;
        const struct record *record = write->record;
        tell_metrics_prepared(policy, is_prepared ? "recorded" : "given-up");
        log_line(LOG_INFO, "record", is_prepared ? "switch prepared" : "prepared switch given up",
                 LOG_TEXT_FIELD("policy", policy->key),
                 LOG_NUMBER_FIELD("epoch", (int64_t)record_highest_epoch(record)));
}

void tell_recorded(struct policy *policy, struct record_write *write)
{
        struct arena arena = {0};
        if (action_is_aside(write->action))
                tell_aside(policy, write);
        else if (write->action == DO_COMMIT)
                tell_complete(policy, write, &arena);
        else
                tell_begun(policy, write, &arena);
        arena_deinit(&arena);
}

/* A target that settles is written once more before the next step, which is no step of its own. */
static bool is_told_already(const struct policy *policy, const struct effect *effect)
{
        bool is_switching = policy->keeper.record && policy->keeper.record->phase == PHASE_SWITCHING;
        const struct target_traits *traits = target_traits(effect->ref.kind);
        return is_switching && traits->settles_by_writing && policy->account.times.epoch == effect->epoch &&
               policy->account.times.met_us[traits->step];
}

void tell_effect_done(struct policy *policy, const struct effect *effect)
{
        if (effect->kind != EFFECT_WRITE || effect->err == ERR_PENDING || is_told_already(policy, effect))
                return;
        int64_t took_us = effect->ended_us - effect->started_us;
        const enum step at = target_traits(effect->ref.kind)->step;
        const char *step = step_name(at);
        tell_metrics_step(step, took_us);
        if (policy->account.times.epoch == effect->epoch)
                policy->account.times.met_us[at] = clock_mono_us();
        struct arena arena = {0};
        const char *tail =
            effect->want.ttl_s
                ? arena_printf(&arena, " ; clients follow within TTL %us", (unsigned)effect->want.ttl_s)
                : "";
        tell_event(policy, false, "StepDone", step,
                   arena_printf(&arena, "%s %lldms: %s -> %s%s", step, (long long)((took_us + 500) / 1000),
                                effect->ref.name, effect->want.value, tail));
        arena_deinit(&arena);
}

void tell_effect_failed(struct policy *policy, const struct effect *effect)
{
        const char *word = target_traits(effect->ref.kind)->word;
        tell_metrics_visit_failed(word, effect->err);
        /* The first of a row is reported; the others are the same fact. */
        log_line(effect->slot->failures <= 1 ? LOG_WARN : LOG_DEBUG, "target", effect->why.text,
                 LOG_TEXT_FIELD("policy", policy->key), LOG_TEXT_FIELD("target", word),
                 LOG_TEXT_FIELD("class", err_name(effect->err)));
}
