/* explain_text.c -- a saved decision in words, and the core asked again. */
#include "explain/explain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/decision_facts.h"
#include "api/failover_policy.h"
#include "core/election.h"
#include "core/failover.h"
#include "core/maintenance.h"
#include "core/texts.h"
#include "core/targets.h"
#include "util/mem.h"
#include "util/text.h"

/* The input and output of one explanation. */
struct explained {
        const json_t *object;   /* the FailoverPolicy; NULL where only the decision was saved */
        const json_t *decision; /* status.lastDecision */
        struct decision_facts *facts;
        struct arena arena;
        struct strbuf *out;
};

/* ---- saying it ---- */

/* Bytes of the character at @at that a terminal would obey instead of showing; 0: none. */
static size_t control_bytes(const char *at)
{
        const unsigned char first = (unsigned char)at[0], second = (unsigned char)at[1];
        if (first < 0x20 || first == 0x7F)
                return 1;
        return first == 0xC2 && second >= 0x80 && second < 0xA0 ? 2 : 0; /* U+0080 to U+009F */
}

/* One line; whatever was saved, it stays one, and a terminal shows it and nothing else. */
static void say(struct explained *e, const char *format, ...) PRINTF_LIKE(2, 3);

static void say(struct explained *e, const char *format, ...)
{
        char line[2048];
        va_list args;
        va_start(args, format);
        (void)vsnprintf(line, sizeof(line), format, args);
        va_end(args);
        for (const char *at = line; *at;) {
                size_t control = control_bytes(at);
                (void)strbuf_append_char(e->out, control ? '?' : *at);
                at += control ? control : 1;
        }
        (void)strbuf_append_char(e->out, '\n');
}

static const char *text_of(const json_t *object, const char *key, const char *none)
{
        const char *text = json_string_value(json_object_get(object, key));
        return text && text[0] ? text : none;
}

static const char *duration(struct explained *e, mono_ms ms)
{
        char text[TEXT_DURATION_BYTES];
        text_from_duration(ms, text);
        return arena_strdup(&e->arena, text);
}

/* ---- what was saved ---- */

static void say_policy(struct explained *e)
{
        const json_t *meta = json_object_get(e->object, "metadata"), *status = json_object_get(e->object, "status");
        const json_t *condition;
        size_t i;
        if (!e->object)
                return;
        say(e, "FailoverPolicy %s/%s: %s", text_of(meta, "namespace", "-"), text_of(meta, "name", "-"),
            text_of(status, "state", "no operator has looked at it"));
        json_array_foreach(json_object_get(status, "conditions"), i, condition)
            say(e, "  %-16s %-7s %s: %s", text_of(condition, "type", "-"), text_of(condition, "status", "-"),
                text_of(condition, "reason", "-"), text_of(condition, "message", "-"));
        say(e, "%s", "");
}

static void say_decision(struct explained *e)
{
        const json_t *decision = e->decision, *gate;
        size_t i;
        say(e, "%s, epoch %" JSON_INTEGER_FORMAT ", %s -> %s: %s%s%s", text_of(decision, "decision", "-"),
            json_integer_value(json_object_get(decision, "epoch")), text_of(decision, "from", "(nobody)"),
            text_of(decision, "to", "(nobody)"), text_of(decision, "reason", "-"),
            text_of(decision, "at", "")[0] ? ", at " : "", text_of(decision, "at", ""));
        say(e, "  %s", text_of(decision, "message", "-"));
        if (!json_array_size(json_object_get(decision, "gates")))
                return;
        say(e, "%s", "");
        say(e, "Gates");
        json_array_foreach(json_object_get(decision, "gates"), i, gate)
            say(e, "  %-8s %-22s %s", json_is_true(json_object_get(gate, "holds")) ? "passes" : "BLOCKS",
                text_of(gate, "name", "-"), text_of(gate, "message", "-"));
}

static void say_thresholds(struct explained *e)
{
        static const char *const failbacks[] = {"Manual", "Automatic", "Never"};
        const struct policy_view *policy = &e->facts->view.policy;
        const struct detection *detection = &policy->detection;
        say(e, "%s", "");
        say(e, "Thresholds as they were");
        say(e, "  mode %s%s, %s, drift %s", policy->mode == MODE_AUTOMATIC ? "Automatic" : "Advise",
            policy->suspended ? ", suspended" : "", policy->single_writer ? "single writer" : "all clusters written",
            policy->drift == DRIFT_ENFORCE ? "Enforce" : "Report");
        say(e, "  down after %u failures in a row and %s, up after %u passes; a probe every %s, %s long at most",
            detection->failure_threshold, duration(e, gates_failover_delay(&e->facts->view)),
            detection->success_threshold, duration(e, detection->interval_ms), duration(e, detection->timeout_ms));
        say(e, "  cooldown %s, %u automatic switches in 24h; failback %s, stable for %s",
            duration(e, policy->cooldown_ms), policy->max_switches, failbacks[policy->failback],
            duration(e, policy->failback_stable_ms));
}

static void say_check(struct explained *e, const struct plane_view *plane, const struct check_view *check)
{
        const struct view *view = &e->facts->view;
        const char *verb = check->fails ? "failed" : "passed";
        const char *run = check->fails + check->passes
                              ? arena_printf(&e->arena, "%s %u times in a row for %s, last %s before", verb,
                                             check->fails + check->passes, duration(e, view->now - check->run_since),
                                             duration(e, view->now - check->counted_at))
                              : "no sample that counts";
        const char *counts = health_counts(check, plane->mark.role) ? "" : "does not count in this role: ";
        say(e, "    %-14s %s%s%s%s%s", check->label, counts, run, check->last_unknown ? "; unknown since" : "",
            check->text[0] ? ": " : "", check->text);
}

static void say_samples(struct explained *e)
{
        static const char *const verdicts[] = {"unknown", "up", "down"};
        static const char *const roles[] = {"one that is becoming active", "the active plane", "a standby"};
        const struct view *view = &e->facts->view;
        char at[TEXT_TIME_BYTES + 4];
        text_from_time_micro(view->wall, at);
        say(e, "%s", "");
        say(e, "Samples at %s", at);
        for (unsigned i = 0; i < view->plane_count; i++) {
                const struct plane_view *plane = &view->planes[i];
                enum verdict verdict = health_of(plane, &view->policy.detection, view->now).verdict;
                say(e, "  %s: %s%s%s%s%s%s%s, address \"%s\"", plane->name, verdicts[verdict],
                    plane->mark.is_known ? ", judged as " : "", plane->mark.is_known ? roles[plane->mark.role] : "",
                    plane->known ? "" : ", no ManagementPlane", plane->eligible ? "" : ", not eligible",
                    maintenance_holds(view, plane) ? ", " : "",
                    maintenance_holds(view, plane) ? maintenance_phrase(plane, &e->arena) : "", plane->rrset);
                for (unsigned c = 0; c < plane->check_count; c++)
                        say_check(e, plane, &plane->checks[c]);
        }
}

/* ---- asking the core again ---- */

static const char *outcome(struct explained *e, const struct decision *decision)
{
        const char *to = decision->next ? decision->next->to : "";
        const char *did = "would not act";
        if (decision->rule->then == DO_DECIDE)
                did = arena_printf(&e->arena, "would switch to %s", to);
        else if (decision->next)
                did = arena_printf(&e->arena, "would record %s", to);
        else if (decision->finding == FINDING_AWAITING_HUMAN && decision->gates.blocked < 0)
                did = arena_printf(&e->arena, "would only say so: a person would have to move to %s",
                                   decision->candidate->name);
        else if (decision->rule->then == DO_WRITE)
                did = "would write the record to a target";
        return arena_printf(&e->arena, "%s (%s): %s", did, decision->rule->reason, decision->why);
}

static void say_replay(struct explained *e, const struct decision *decision)
{
        bool is_same = text_equal(decision->rule->reason, text_of(e->decision, "reason", ""));
        say(e, "%s", "");
        say(e, "Asked again with these facts, the operator %s", outcome(e, decision));
        if (!is_same)
                say(e, "That is not what was decided: another version decided, or the facts were cut.");
}

static const struct gate_verdict *find_gate(const struct decision *decision, enum gate gate)
{
        for (unsigned i = 0; decision->has_gates && i < decision->gates.count; i++)
                if (decision->gates.verdicts[i].gate == gate)
                        return &decision->gates.verdicts[i];
        return NULL;
}

static const char *gate_word(const struct gate_verdict *verdict)
{
        return !verdict ? "not asked" : verdict->passes ? "passes" : "BLOCKS";
}

static void say_gates_that_differ(struct explained *e, const struct decision *before, const struct decision *after)
{
        for (unsigned gate = 0; gate < GATE_COUNT; gate++) {
                const struct gate_verdict *was = find_gate(before, (enum gate)gate);
                const struct gate_verdict *is = find_gate(after, (enum gate)gate);
                if ((!was && !is) || (was && is && was->passes == is->passes && strcmp(was->text, is->text) == 0))
                        continue;
                say(e, "  %-22s %s -> %s%s%s", gate_name((enum gate)gate), gate_word(was), gate_word(is),
                    is ? ": " : "", is ? is->text : "");
        }
}

static const char *dump(struct explained *e, const json_t *value)
{
        char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        const char *kept = arena_strdup(&e->arena, text ? text : "-");
        free(text);
        return kept;
}

/* The fields of the record that the changed policy would fill otherwise. */
static void say_changes(struct explained *e, const struct view *before, const struct view *after)
{
        json_t *was = decision_facts_encode(before), *is = decision_facts_encode(after);
        json_t *old = json_object_get(was, "policy"), *value;
        const char *key;
        json_object_foreach(json_object_get(is, "policy"), key, value)
        {
                if (!json_equal(value, json_object_get(old, key)))
                        say(e, "  %s: %s -> %s", key, dump(e, json_object_get(old, key)), dump(e, value));
        }
        json_decref(was);
        json_decref(is);
}

/* Planes as the changed policy names them; of one that was not there before nothing is known. */
static void take_planes(struct explained *e, const struct failover_policy *policy, struct view *view)
{
        const struct view *saved = &e->facts->view;
        view->plane_count = (unsigned)policy->plane_count;
        for (unsigned i = 0; i < view->plane_count; i++) {
                const struct plane_view *known = view_plane(saved, policy->planes[i]);
                view->planes[i] = known ? *known
                                        : (struct plane_view){.name = policy->planes[i],
                                                              .region = "",
                                                              .cluster_name = policy->planes[i],
                                                              .uid = "",
                                                              .rrset = "",
                                                              .address_error = ""};
                if (!known)
                        say(e, "  plane %s was not part of it: nothing is known of it", policy->planes[i]);
                else if (known != &saved->planes[i])
                        say(e, "  plane %s is now number %u", known->name, i + 1);
        }
        for (unsigned i = 0; i < saved->plane_count; i++)
                if (!view_plane(view, saved->planes[i].name))
                        say(e, "  plane %s is not part of it any more", saved->planes[i].name);
}

static void take_policy(struct explained *e, const struct failover_policy *policy, struct view *view)
{
        struct policy_view *to = &view->policy;
        to->mode = policy->mode;
        to->suspended = policy->suspend;
        to->single_writer = policy->write_mode == WRITE_SINGLE_CLUSTER;
        to->detection = policy->detection;
        to->cooldown_ms = policy->cooldown_ms;
        to->max_switches = policy->max_switches;
        to->failback = policy->failback;
        to->drift = policy->drift;
        to->failback_stable_ms = policy->stable_for_ms;
        for (unsigned i = 0; i < to->target_count; i++) {
                struct wanted_target *target = &to->targets[i];
                bool is_name = target->ref.kind == TARGET_NAME;
                if (target->ref.kind == TARGET_FENCE) /* it is in its own plane */
                        continue;
                target->ttl_s = is_name ? policy->dns.ttl_s : 0;
                target->plane = is_name ? policy->dns.plane : policy->redis.plane;
        }
        say_changes(e, &e->facts->view, view);
        take_planes(e, policy, view);
        if (strlen(policy->dns.name) <= FACTS_VALUE_MAX &&
            strcmp(policy->dns.name, wanted_find(to, TARGET_NAME)->ref.name) != 0)
                say(e, "  it names another DNS name, %s: what that shows was not saved; judged as if it were the same",
                    policy->dns.name);
}

/* A manifest may leave the namespace to kubectl. */
static enum err decode_changed(const json_t *changed, struct failover_policy **ret, struct errmsg *reterr)
{
        json_t *object = json_deep_copy(changed);
        json_t *meta = json_object_get(object, "metadata");
        if (json_is_object(meta) && !json_object_get(meta, "namespace"))
                INVARIANT(json_object_set_new(meta, "namespace", json_string("default")) == 0);
        enum err err = failover_policy_decode(object, ret, reterr);
        json_decref(object);
        return err;
}

static enum err say_changed(struct explained *e, const json_t *changed, const struct decision *before,
                            struct errmsg *reterr)
{
        struct failover_policy *policy = NULL;
        enum err err = decode_changed(changed, &policy, reterr);
        if (err != ERR_OK)
                return err;
        struct view view = e->facts->view;
        struct decision after;
        say(e, "%s", "");
        say(e, "What is changed");
        take_policy(e, policy, &view);
        failover_decide(&view, &e->arena, &after);
        say(e, "%s", "");
        say(e, "Under the changed policy the operator %s", outcome(e, &after));
        say_gates_that_differ(e, before, &after);
        failover_policy_free(policy);
        return ERR_OK;
}

/* ---- what was given ---- */

static enum err find_decision(const json_t *given, struct explained *e, struct errmsg *reterr)
{
        const json_t *items = json_object_get(given, "items");
        if (json_is_array(items) && json_array_size(items) != 1)
                return err_set(reterr, ERR_INVALID, "items: %zu objects; name one: kubectl get fop NAME -o json",
                               json_array_size(items));
        const json_t *object = json_is_array(items) ? json_array_get(items, 0) : given;
        const json_t *status = json_object_get(object, "status");
        bool is_object = json_is_object(json_object_get(object, "metadata"));
        e->object = is_object ? object : NULL;
        e->decision = is_object ? json_object_get(status, "lastDecision") : object;
        if (is_object && json_is_object(json_object_get(object, "spec")) && !json_is_object(e->decision))
                return err_set(reterr, ERR_INVALID,
                               "status.lastDecision: is not there: nothing was ever decided or held");
        if (!json_is_object(e->decision) || !json_is_string(json_object_get(e->decision, "decision")))
                return err_set(reterr, ERR_INVALID,
                               "%sdecision: is not there: give a FailoverPolicy with its status, or its lastDecision",
                               is_object ? "status.lastDecision." : "");
        return ERR_OK;
}

static void name_policy(struct explained *e)
{
        const json_t *meta = json_object_get(e->object, "metadata");
        e->facts->view.policy.name = text_of(meta, "name", "<policy>");
        e->facts->view.policy.namespace_name = text_of(meta, "namespace", "<namespace>");
}

static enum err explain(struct explained *e, const json_t *given, const json_t *changed, struct errmsg *reterr)
{
        enum err err = find_decision(given, e, reterr);
        if (err != ERR_OK)
                return err;
        const json_t *facts = json_object_get(e->decision, "facts");
        bool has_facts = facts && !json_is_null(facts);
        if (!has_facts && changed)
                return err_set(reterr, ERR_INVALID, "facts: are not there, so nothing can be replayed");
        if (has_facts)
                err = decision_facts_decode(facts, &e->facts, reterr);
        if (err != ERR_OK)
                return err;
        say_policy(e);
        say_decision(e);
        if (!has_facts) {
                say(e, "What it rested on was not saved: an older version decided, or it did not fit.");
                return ERR_OK;
        }
        struct decision replayed;
        name_policy(e);
        say_samples(e);
        say_thresholds(e);
        failover_decide(&e->facts->view, &e->arena, &replayed);
        say_replay(e, &replayed);
        return changed ? say_changed(e, changed, &replayed, reterr) : ERR_OK;
}

enum err explain_text(const json_t *object, const json_t *changed, struct strbuf *text, struct errmsg *reterr)
{
        struct explained e = {.out = text};
        enum err err = explain(&e, object, changed, reterr);
        decision_facts_free(e.facts);
        arena_deinit(&e.arena);
        if (err == ERR_OK && text->overflowed)
                err = err_set(reterr, ERR_INVALID, "more than %d bytes to say", (int)EXPLAIN_TEXT_MAX);
        return err;
}
