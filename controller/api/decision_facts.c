/* decision_facts.c -- the facts that a decision rested on, as JSON. */
#include "api/decision_facts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/decision_facts_words.h"
#include "core/plan.h"
#include "core/targets.h"
#include "util/mem.h"
#include "util/text.h"

static void set(json_t *object, const char *key, json_t *value)
{
        INVARIANT(value && json_object_set_new(object, key, value) == 0);
}

static void set_flag(json_t *object, const char *key, bool is_set)
{
        if (is_set)
                set(object, key, json_true());
}

/* At most @max bytes, cut between characters; a text that is not there is left out. */
static void set_text(json_t *object, const char *key, const char *text, size_t max)
{
        char kept[FACTS_REQUEST_MAX + 1];
        INVARIANT(max < sizeof(kept));
        (void)text_copy(kept, max + 1, text ? text : "");
        size_t bytes = strlen(kept);
        if (bytes)
                set(object, key, text_is_utf8(kept, bytes) ? json_string(kept) : json_string("(not UTF-8)"));
}

/* Equal values stay equal, and different ones stay different. */
static void set_value(json_t *object, const char *key, const char *value)
{
        enum { HASHED = sizeof("...#0123456789abcdef") - 1 };
        char kept[FACTS_VALUE_MAX + 1];
        if (!text_copy(kept, sizeof(kept), value)) {
                (void)text_copy(kept, sizeof(kept) - HASHED, value);
                size_t bytes = strlen(kept);
                (void)snprintf(kept + bytes, sizeof(kept) - bytes, "...#%016" PRIx64, text_hash(value));
        }
        set_text(object, key, kept, FACTS_VALUE_MAX);
}

static void set_duration(json_t *object, const char *key, mono_ms duration)
{
        char text[TEXT_DURATION_BYTES];
        text_from_duration(duration, text);
        set(object, key, json_string(text));
}

/* A point in time as the milliseconds until now; 0 (never) is left out. */
static void set_age(json_t *object, const char *key, const struct view *view, mono_ms at)
{
        if (at)
                set_duration(object, key, view->now - at);
}

static json_t *time_json(unix_ms at)
{
        char text[TEXT_TIME_BYTES + 4];
        text_from_time_micro(at, text);
        return json_string(text);
}

static void set_time(json_t *object, const char *key, unix_ms at)
{
        if (at)
                set(object, key, time_json(at));
}

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The status is written by a merge patch: a field that is gone has to be set to null. */
static void null_absent(json_t *object, const char *const *keys)
{
        for (; *keys; keys++)
                if (!json_object_get(object, *keys))
                        set(object, *keys, json_null());
}

static json_t *check_json(const struct view *view, const struct check_view *check, uint32_t failed_before)
{
        json_t *object = json_object();
        set_text(object, "name", check->label, FACTS_TEXT_MAX);
        if (check->when != WHEN_ALWAYS)
                set(object, "when", json_string(facts_whens[check->when]));
        if (failed_before)
                set(object, "failedBefore", json_integer(failed_before));
        if (check->fails)
                set(object, "fails", json_integer(check->fails));
        if (check->passes)
                set(object, "passes", json_integer(check->passes));
        set_age(object, "for", view, check->run_since);
        set_age(object, "age", view, check->counted_at);
        set_flag(object, "unknown", check->last_unknown);
        if (check->unknowns)
                set(object, "unknowns", json_integer(check->unknowns));
        set_flag(object, "signal", check->role == CHECK_ROLE_SIGNAL);
        if (check->role == CHECK_ROLE_REPLICAS) {
                char text[48];
                (void)snprintf(text, sizeof(text), "%d/%d/%d", (int)check->replicas_available,
                               (int)check->replicas_wanted, (int)check->replicas_updated);
                set(object, "replicas", json_string(text));
        }
        /* Only whether it is over plays a part in a decision. */
        if (check->certificate_not_after && check->certificate_not_after <= view->wall)
                set_time(object, "certificateExpired", check->certificate_not_after);
        set_text(object, "text", check->text, FACTS_TEXT_MAX);
        return object;
}

static void set_obstacle(json_t *object, const struct view *view, const struct obstacle *obstacle)
{
        if (!obstacle->why)
                return;
        set_text(object, "obstacle", obstacle->why, FACTS_TEXT_MAX);
        set_text(object, "obstacleReason", obstacle->reason, FACTS_VALUE_MAX);
        set_flag(object, "wouldLose", obstacle->is_loss);
        set_age(object, "lostAfter", view, obstacle->lost_after);
}

static json_t *plane_json(const struct view *view, const struct plane_view *plane)
{
        json_t *object = json_object(), *checks = json_array();
        const struct wanted_target *lock = wanted_find(&view->policy, TARGET_LOCK);
        const struct wanted_target *promotion = wanted_find(&view->policy, TARGET_PROMOTION);
        bool by_uid = lock && strstr(lock->value, "{uid}");
        set_text(object, "name", plane->name, FACTS_VALUE_MAX);
        set_text(object, "region", plane->region, FACTS_VALUE_MAX);
        if (strcmp(plane->cluster_name, plane->name) != 0)
                set_value(object, "clusterName", plane->cluster_name);
        set_text(object, "uid", by_uid ? plane->uid : "", FACTS_VALUE_MAX);
        set_flag(object, "absent", !plane->known);
        set_flag(object, "ineligible", !plane->eligible);
        set_flag(object, "holdsOperator", plane->holds_operator);
        set_time(object, "maintenanceUntil", plane->maintenance_until);
        set(object, "port", json_integer(plane->port));
        set_value(object, "address", plane->rrset);
        for (unsigned i = 0; promotion && i < promotion->value_count; i++)
                if (strcmp(promotion->values[i].plane, plane->name) == 0)
                        set_value(object, "redis", promotion->values[i].value);
        set_text(object, "addressError", plane->address_error, FACTS_TEXT_MAX);
        set_text(object, "leftOut", plane->left_out, FACTS_TEXT_MAX);
        set_age(object, "nameConfirmed", view, plane->name_confirmed_at);
        set_flag(object, "nameAbsent", plane->name_absent);
        set_text(object, "nameError", plane->name_error, FACTS_TEXT_MAX);
        set_obstacle(object, view, &plane->obstacle);
        if (plane->mark.is_known) {
                set(object, "role", json_string(facts_roles[plane->mark.role]));
                set_flag(object, "confirmed", plane->mark.is_confirmed);
                set_age(object, "roleFor", view, plane->mark.since);
        }
        set(object, "was", json_string(facts_verdicts[plane->was]));
        set_age(object, "wasFor", view, plane->was_since);
        for (unsigned i = 0; i < plane->check_count; i++)
                INVARIANT(json_array_append_new(checks, check_json(view, &plane->checks[i], plane->mark.fails[i])) ==
                          0);
        set(object, "checks", checks);
        return object;
}

/* A request that was answered for good plays no part in a decision. */
static const char *unless_handled(const struct policy_view *policy, enum request_key key, const char *text)
{
        return policy->past[key] == REQUEST_NEW ? text : "";
}

static json_t *policy_json(const struct policy_view *policy)
{
        json_t *object = json_object();
        const struct detection *detection = &policy->detection;
        set(object, "mode", json_string(facts_modes[policy->mode]));
        set_flag(object, "suspend", policy->suspended);
        set_flag(object, "singleWriter", policy->single_writer);
        set_duration(object, "interval", detection->interval_ms);
        set_duration(object, "timeout", detection->timeout_ms);
        set(object, "failureThreshold", json_integer(detection->failure_threshold));
        set(object, "successThreshold", json_integer(detection->success_threshold));
        if (detection->failover_delay_ms >= 0)
                set_duration(object, "failoverDelay", detection->failover_delay_ms);
        set_duration(object, "cooldown", policy->cooldown_ms);
        set(object, "maxSwitches", json_integer(policy->max_switches));
        set(object, "failback", json_string(facts_failbacks[policy->failback]));
        set_duration(object, "stableFor", policy->failback_stable_ms);
        set(object, "drift", json_string(facts_drifts[policy->drift]));
        set(object, "recordTTL", json_integer(wanted_find(policy, TARGET_NAME)->ttl_s));
        set_text(object, "switchTo", unless_handled(policy, REQUEST_KEY_SWITCH, policy->switch_to), FACTS_REQUEST_MAX);
        set_text(object, "adopt", unless_handled(policy, REQUEST_KEY_ADOPT, policy->adopt), FACTS_REQUEST_MAX);
        set_text(object, "ack", unless_handled(policy, REQUEST_KEY_ACK, policy->ack), FACTS_VALUE_MAX);
        set_text(object, "takeover",
                 unless_handled(policy, REQUEST_KEY_TAKEOVER, policy->takeover ? policy->takeover : ""),
                 FACTS_VALUE_MAX);
        set_text(object, "credentialsError", policy->credentials_error, FACTS_TEXT_MAX);
        set_text(object, "rival", policy->rival, FACTS_TEXT_MAX);
        null_absent(object, KEYS("suspend", "singleWriter", "failoverDelay", "switchTo", "adopt", "ack", "takeover",
                                 "credentialsError", "rival"));
        return object;
}

static void set_alive(json_t *object, const struct view *view)
{
        const struct alive_view *alive = &view->alive;
        set_flag(object, "sharedStore", alive->is_used);
        if (!alive->is_used || !alive->seen_at)
                return;
        set_age(object, "aliveAge", view, alive->seen_at);
        set_age(object, "aliveReadAge", view, alive->read_at);
        set_duration(object, "aliveEvery", alive->every_ms);
        set_text(object, "alivePlane", alive->plane, FACTS_VALUE_MAX);
}

static json_t *operator_json(const struct view *view)
{
        json_t *object = json_object();
        set_text(object, "region", view->region, FACTS_VALUE_MAX);
        set_age(object, "storeAge", view, view->arbiter_answered_at);
        set_duration(object, "storePeriod", view->arbiter_period_ms);
        set_age(object, "recordSeen", view, view->record_seen_at);
        if (view->late_until > view->now)
                set_duration(object, "lateFor", view->late_until - view->now);
        set_flag(object, "killSwitch", view->kill_switch);
        set_flag(object, "rateLimited", view->blast_limit_reached);
        set_flag(object, "confirmed", view->record && view->confirmed_epoch == view->record->epoch);
        set_flag(object, "nameSeen", view->record && targets_name(view)->met_epoch == view->record->epoch);
        set_alive(object, view);
        null_absent(object, KEYS("region", "storeAge", "recordSeen", "lateFor", "killSwitch", "rateLimited",
                                 "confirmed", "nameSeen", "sharedStore", "aliveAge", "aliveReadAge", "aliveEvery",
                                 "alivePlane"));
        return object;
}

static json_t *times_json(const unix_ms *times, unsigned count)
{
        json_t *array = json_array();
        for (unsigned i = 0; i < count; i++)
                INVARIANT(json_array_append_new(array, time_json(times[i])) == 0);
        return array;
}

static json_t *record_json(const struct view *view)
{
        const struct record *record = view->record;
        json_t *object = json_object();
        if (view->plan_proof != PLAN_PROVEN) {
                set(object, "plan", json_string(facts_proofs[view->plan_proof]));
                set_text(object, "planText", view->plan_text, FACTS_TEXT_MAX);
        }
        set(object, "epoch", json_integer((json_int_t)record->epoch));
        set(object, "phase", json_string(phase_name(record->phase)));
        set_text(object, "from", record->from, FACTS_VALUE_MAX);
        set_text(object, "to", record->to, FACTS_VALUE_MAX);
        set_text(object, "reason", record->reason, FACTS_VALUE_MAX);
        set_flag(object, "automatic", record->automatic);
        set_time(object, "detectedAt", record->detected_at);
        set_time(object, "startedAt", record->started_at);
        set_time(object, "completedAt", record->completed_at);
        set_time(object, "cooldownUntil", record->cooldown_until);
        set(object, "recent", times_json(record->recent, record->recent_count));
        set(object, "enforced", times_json(record->enforced, record->enforced_count));
        null_absent(object, KEYS("plan", "planText", "from", "reason", "automatic", "detectedAt", "startedAt",
                                 "completedAt", "cooldownUntil"));
        return object;
}

static const char *stamp_word(const struct view *view, const struct stamp *stamp)
{
        bool is_recorded = view->record && stamp->epoch == view->record->epoch && stamp->id == view->record->id;
        if (stamp->presence == STAMP_ABSENT)
                return facts_stamps[FACTS_STAMP_NONE];
        if (targets_stamp_splits(view, stamp))
                return facts_stamps[FACTS_STAMP_UNSHARED];
        if (targets_stamp_is_foreign(view, stamp))
                return facts_stamps[FACTS_STAMP_OTHER];
        if (stamp->presence == STAMP_UNREADABLE)
                return facts_stamps[FACTS_STAMP_UNREADABLE];
        return facts_stamps[is_recorded ? FACTS_STAMP_RECORD : FACTS_STAMP_OURS];
}

/* The state that a target showed, and the record's plan for it: its value, and whether that may replace this state. */
static json_t *target_json(const struct view *view, const struct target_view *target)
{
        const struct target_health *health = &target->health;
        const struct stamp *stamp = &target->shows.stamp;
        json_t *object = json_object();
        set(object, "reach", json_string(facts_reaches[health->reach]));
        if (health->reach == REACH_FAILED)
                set(object, "errorClass", json_string(err_name(health->error_class)));
        set_text(object, "error", health->error, FACTS_TEXT_MAX);
        set_age(object, "age", view, health->read_at);
        if (health->looked_at != view->now)
                set_age(object, "lookAge", view, health->looked_at);
        set_flag(object, "doubtful", health->read_at && !health->looked_at);
        set_age(object, "failedFor", view, health->failed_since);
        set_value(object, "value", target->shows.value);
        set(object, "stamp", json_string(stamp_word(view, stamp)));
        if (stamp->presence == STAMP_OURS)
                set(object, "epoch", json_integer((json_int_t)stamp->epoch));
        set_text(object, "plane", stamp->plane, FACTS_VALUE_MAX);
        null_absent(object,
                    KEYS("errorClass", "error", "age", "lookAge", "doubtful", "failedFor", "value", "epoch", "plane"));
        return object;
}

/* Where the record's own target is, where the spec names another by now; none at all is "-". */
static void set_other(json_t *object, const char *key, const char *recorded, const char *wanted)
{
        if (strcmp(recorded, wanted) != 0)
                set_value(object, key, recorded[0] ? recorded : "-");
}

/* The record's plan for the target: its value, and whether that may replace the state shown. */
static void set_plan(json_t *object, const struct target_view *target, const struct plan_target *planned,
                     const struct target_ref *wanted)
{
        set_value(object, "recorded", planned->to);
        set_flag(object, "replaceable", plan_may_replace(planned, target->shows.value));
        set_other(object, "recordedServer", planned->ref.endpoint, wanted->endpoint);
}

static const struct wanted_target nothing_wanted = {
    .ref = {.driver = "", .endpoint = "", .name = ""}, .value = "", .plane = ""};

static json_t *dns_json(const struct view *view)
{
        const struct wanted_target *wanted = wanted_find(&view->policy, TARGET_NAME);
        const struct target_view *target = targets_name(view);
        json_t *object = target_json(view, target);
        set_value(object, "server", wanted->ref.endpoint);
        set_value(object, "name", wanted->ref.name);
        set_value(object, "provider", wanted->ref.driver);
        set_value(object, "inside", wanted->plane);
        if (view->record) {
                const struct plan_target *planned = plan_find(&view->record->plan, TARGET_NAME);
                set_plan(object, target, planned, &wanted->ref);
                set(object, "recordedTTL", json_integer(planned->ttl_s));
                set_other(object, "recordedName", planned->ref.name, wanted->ref.name);
                set_other(object, "recordedProvider", planned->ref.driver, wanted->ref.driver);
        }
        null_absent(object, KEYS("server", "inside", "recorded", "recordedTTL", "replaceable", "recordedServer",
                                 "recordedName", "recordedProvider"));
        return object;
}

static json_t *lock_json(const struct view *view)
{
        static const struct target_view nothing = {
            .health = {.error = ""}, .shows = {.value = "", .stamp = {.plane = "", .store = "", .raw = ""}}};
        static const struct plan_target unplanned = {.ref = {.driver = "", .endpoint = "", .name = ""}, .to = ""};
        const struct wanted_target *wanted = wanted_find(&view->policy, TARGET_LOCK);
        const struct target_view *target = targets_find(view, TARGET_LOCK);
        wanted = wanted ? wanted : &nothing_wanted;
        target = target ? target : &nothing;
        json_t *object = target_json(view, target);
        set_value(object, "server", wanted->ref.endpoint);
        set_value(object, "key", wanted->ref.name);
        set_value(object, "template", wanted->value);
        set_value(object, "inside", wanted->plane);
        set_flag(object, "moved", wanted->is_moved);
        set_flag(object, "present", target->shows.present);
        set_flag(object, "settling",
                 target->shows.settling && view->record &&
                     (view->record->phase == PHASE_SWITCHING || target->shows.is_half));
        set_flag(object, "half", target->shows.is_half);
        set_flag(object, "weak", target->is_weak);
        if (view->record) {
                const struct plan_target *planned = plan_find(&view->record->plan, TARGET_LOCK);
                planned = planned ? planned : &unplanned;
                set_plan(object, target, planned, &wanted->ref);
                set_other(object, "recordedKey", planned->ref.name, wanted->ref.name);
                if (planned->ref.db != wanted->ref.db)
                        set(object, "recordedDB", json_integer(planned->ref.db));
        }
        set(object, "db", json_integer(wanted->ref.db));
        null_absent(object, KEYS("server", "key", "template", "inside", "moved", "present", "half", "weak", "recorded",
                                 "replaceable", "recordedServer", "recordedKey", "recordedDB"));
        return object;
}

/* NULL: the primary is not moved, or is not in force yet. */
static json_t *promotion_json(const struct view *view)
{
        const struct wanted_target *wanted = wanted_find(&view->policy, TARGET_PROMOTION);
        const struct target_view *target = targets_find(view, TARGET_PROMOTION);
        if (!wanted || !target)
                return NULL;
        json_t *object = target_json(view, target);
        set_value(object, "server", wanted->ref.endpoint);
        set_value(object, "name", wanted->ref.name);
        set_value(object, "way", wanted->ref.driver);
        set_flag(object, "movesItself", target->moves_itself);
        set_flag(object, "present", target->shows.present);
        set_flag(object, "settling", target->shows.settling);
        const struct plan_target *planned = view->record ? plan_find(&view->record->plan, TARGET_PROMOTION) : NULL;
        if (planned)
                set_plan(object, target, planned, &wanted->ref);
        null_absent(object, KEYS("movesItself", "present", "settling", "recorded", "replaceable", "recordedServer"));
        return object;
}

/* A merge patch takes null for absent in objects, and for null in a list. */
static void drop_nulls(json_t *object)
{
        const char *key;
        json_t *value;
        void *next;
        json_object_foreach_safe(object, next, key, value) if (json_is_null(value)) json_object_del(object, key);
}

/* One fence; the values of its own plane and of any other are those while it is active, and while another is. */
static json_t *fence_json(const struct view *view, const struct target_view *target)
{
        const struct wanted_target *wanted = targets_wanted(view, target);
        const struct plan_target *planned = view->record ? targets_planned(view, target) : NULL;
        json_t *object = target_json(view, target);
        set_value(object, "server", target->ref.endpoint);
        set_value(object, "name", target->ref.name);
        set_value(object, "way", target->ref.driver);
        set_flag(object, "present", target->shows.present);
        for (unsigned i = 0; wanted && i < wanted->value_count; i++)
                set_value(object, strcmp(wanted->values[i].plane, wanted->plane) == 0 ? "whileActive" : "whileStandby",
                          wanted->values[i].value);
        set_value(object, "inside", wanted ? wanted->plane : "");
        if (planned)
                set_plan(object, target, planned, &target->ref);
        drop_nulls(object);
        return object;
}

/* NULL: the policy has none. */
static json_t *fences_json(const struct view *view)
{
        json_t *fences = json_array();
        for (unsigned i = 0; i < view->target_count; i++)
                if (view->targets[i].ref.kind == TARGET_FENCE)
                        INVARIANT(json_array_append_new(fences, fence_json(view, &view->targets[i])) == 0);
        if (json_array_size(fences))
                return fences;
        json_decref(fences);
        return NULL;
}

json_t *decision_facts_encode(const struct view *view)
{
        json_t *fences = fences_json(view);
        json_t *promotion = promotion_json(view);
        json_t *facts = json_object(), *planes = json_array();
        set(facts, "version", json_integer(FACTS_VERSION));
        set(facts, "at", time_json(view->wall));
        set(facts, "policy", policy_json(&view->policy));
        set(facts, "operator", operator_json(view));
        if (view->record)
                set(facts, "record", record_json(view));
        set_text(facts, "recordError", view->record_error, FACTS_TEXT_MAX);
        set_flag(facts, "recordUnread", !view->record_read);
        set(facts, "dns", dns_json(view));
        if (fences)
                set(facts, "fence", fences);
        if (promotion)
                set(facts, "promotion", promotion);
        if (wanted_find(&view->policy, TARGET_LOCK) || (view->record && plan_find(&view->record->plan, TARGET_LOCK)))
                set(facts, "lock", lock_json(view));
        for (unsigned i = 0; i < view->plane_count; i++)
                INVARIANT(json_array_append_new(planes, plane_json(view, &view->planes[i])) == 0);
        set(facts, "planes", planes);
        null_absent(facts, KEYS("record", "recordError", "recordUnread", "fence", "lock", "promotion"));
        return facts;
}
