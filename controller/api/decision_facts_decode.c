/* decision_facts_decode.c -- the facts that a decision rested on, from JSON to a view. */
#include "api/decision_facts.h"

#include <stdlib.h>
#include <string.h>

#include "api/decision_facts_words.h"
#include "api/decode.h"
#include "core/failover.h"
#include "core/maintenance.h"
#include "core/targets.h"
#include "util/text.h"

/* Where the rebuilt monotonic clock stands: far enough from 0 that the longest age is still a point on it. */
enum { LABEL_MAX = 96, FACTS_FENCES_MAX = TARGETS_MAX - 1 };
#define REPLAY_NOW  ((mono_ms)1000000000000000)
#define AGE_MAX     ((mono_ms)100 * 366 * 24 * 3600000)
#define HOUR_MS     ((mono_ms)3600000)
#define STORE_OURS  "k8s/ours/policy"
#define STORE_OTHER "k8s/other/policy"

const char *const facts_modes[2] = {"Advise", "Automatic"};
const char *const facts_failbacks[3] = {"Manual", "Automatic", "Never"};
const char *const facts_drifts[2] = {"Report", "Enforce"};
const char *const facts_verdicts[3] = {"Unknown", "Up", "Down"};
const char *const facts_reaches[3] = {"Never", "Ok", "Failed"};
const char *const facts_stamps[FACTS_STAMP_COUNT] = {"None", "Record", "Ours", "Other", "Unshared", "Unreadable"};
const char *const facts_proofs[3] = {"Proven", "Pending", "Mismatched"};
const char *const facts_roles[3] = {"Either", "Active", "Standby"};
const char *const facts_whens[3] = {"Always", "Active", "Standby"};
static const char *const phases[] = {"Steady", "Switching"};

static mono_ms decode_age(const struct scope *scope, const char *key)
{
        mono_ms age = decode_duration(scope, key, -1, 0, AGE_MAX);
        return age < 0 ? 0 : REPLAY_NOW - age;
}

/* "available/wanted/updated"; each -1 or a count. */
static void decode_replicas(const struct scope *scope, struct check_view *check)
{
        const char *text = decode_text(scope, "replicas", "", FACTS_TEXT_MAX);
        int32_t *const counts[] = {&check->replicas_available, &check->replicas_wanted, &check->replicas_updated};
        bool is_deployment = text[0] != '\0';
        check->role = is_deployment                         ? CHECK_ROLE_REPLICAS
                      : decode_bool(scope, "signal", false) ? CHECK_ROLE_SIGNAL
                                                            : CHECK_ROLE_PATH;
        for (size_t i = 0; i < 3 && is_deployment; i++) {
                char *end;
                long count = strtol(text, &end, 10);
                if (end == text || count < -1 || count > 1000000 || *end != (i < 2 ? '/' : '\0')) {
                        decode_fail(scope, "replicas", "must be available/wanted/updated, such as 3/3/3");
                        return;
                }
                *counts[i] = (int32_t)count;
                text = end + 1;
        }
}

static void decode_check(const struct scope *scope, struct check_view *check, uint32_t *ret_failed_before)
{
        *check = (struct check_view){
            .label = decode_text(scope, "name", "?", LABEL_MAX),
            .when = (enum check_when)decode_choice(scope, "when", CHOICES(facts_whens), WHEN_ALWAYS),
            .fails = (uint32_t)decode_integer(scope, "fails", 0, 0, UINT32_MAX),
            .passes = (uint32_t)decode_integer(scope, "passes", 0, 0, UINT32_MAX),
            .run_since = decode_age(scope, "for"),
            .counted_at = decode_age(scope, "age"),
            .last_unknown = decode_bool(scope, "unknown", false),
            .unknowns = (uint32_t)decode_integer(scope, "unknowns", 0, 0, UINT32_MAX),
            .text = decode_text(scope, "text", "", FACTS_TEXT_MAX),
            .replicas_available = -1,
            .replicas_wanted = -1,
            .replicas_updated = -1,
            .certificate_not_after = decode_time(scope, "certificateExpired", false),
        };
        *ret_failed_before = (uint32_t)decode_integer(scope, "failedBefore", 0, 0, UINT32_MAX);
        if (check->fails && check->passes)
                decode_fail(scope, "passes", "stands beside fails: a run is of one of them");
        check->sampled_at = check->last_unknown ? REPLAY_NOW : check->counted_at;
        decode_replicas(scope, check);
}

/* NULL where it is not there. */
static const char *optional_text(const struct scope *scope, const char *key)
{
        return decode_has(scope, key) ? decode_text(scope, key, "", FACTS_TEXT_MAX) : NULL;
}

static void decode_plane(const struct scope *scope, unix_ms wall, struct plane_view *plane)
{
        struct scope checks = decode_array(scope, "checks", CHECKS_MAX);
        const char *name = decode_text(scope, "name", NULL, FACTS_VALUE_MAX);
        *plane = (struct plane_view){
            .name = name,
            .region = decode_text(scope, "region", "", FACTS_VALUE_MAX),
            .cluster_name = decode_text(scope, "clusterName", name, FACTS_VALUE_MAX),
            .uid = decode_text(scope, "uid", "", FACTS_VALUE_MAX),
            .known = !decode_bool(scope, "absent", false),
            .eligible = !decode_bool(scope, "ineligible", false),
            .holds_operator = decode_bool(scope, "holdsOperator", false),
            .port = (uint16_t)decode_integer(scope, "port", 0, 0, UINT16_MAX),
            .rrset = decode_text(scope, "address", "", FACTS_VALUE_MAX),
            .address_error = decode_text(scope, "addressError", "", FACTS_TEXT_MAX),
            .left_out = optional_text(scope, "leftOut"),
            .name_confirmed_at = decode_age(scope, "nameConfirmed"),
            .name_absent = decode_bool(scope, "nameAbsent", false),
            .name_error = optional_text(scope, "nameError"),
            .obstacle = {.why = optional_text(scope, "obstacle"),
                         .reason = decode_text(scope, "obstacleReason", "NoStandby", FACTS_VALUE_MAX),
                         .is_loss = decode_bool(scope, "wouldLose", false),
                         .lost_after = decode_age(scope, "lostAfter")},
            .mark = {.is_known = decode_has(scope, "role"),
                     .is_confirmed = decode_bool(scope, "confirmed", false),
                     .role = (enum plane_role)decode_choice(scope, "role", CHOICES(facts_roles), ROLE_EITHER),
                     .since = decode_age(scope, "roleFor")},
            .was = (enum verdict)decode_choice(scope, "was", CHOICES(facts_verdicts), VERDICT_UNKNOWN),
            .was_since = decode_age(scope, "wasFor"),
            .check_count = (unsigned)decode_count(&checks),
        };
        const unix_ms until = decode_time(scope, "maintenanceUntil", false);
        const struct maintenance maintenance = {!until         ? MAINTENANCE_NONE
                                                : until > wall ? MAINTENANCE_HOLDS
                                                               : MAINTENANCE_ENDED,
                                                until};
        maintenance_set(plane, &maintenance, wall, REPLAY_NOW);
        for (size_t i = 0; i < decode_count(&checks); i++) {
                struct scope check = decode_item(&checks, i);
                decode_check(&check, &plane->checks[i], &plane->mark.fails[i]);
        }
}

static void decode_planes(const struct scope *root, struct view *view)
{
        struct scope planes = decode_array(root, "planes", PLANES_MAX);
        view->plane_count = (unsigned)decode_count(&planes);
        for (size_t i = 0; i < decode_count(&planes); i++) {
                struct scope plane = decode_item(&planes, i);
                decode_plane(&plane, view->wall, &view->planes[i]);
                for (size_t before = 0; before < i; before++)
                        if (strcmp(view->planes[before].name, view->planes[i].name) == 0)
                                decode_fail(&plane, "name", "is there twice");
        }
        if (!view->plane_count)
                decode_fail(&planes, "", "is required: at least one plane");
}

static void decode_policy(const struct scope *root, struct policy_view *policy)
{
        enum { MINUTE_MS = 60000 };
        struct scope scope = decode_object(root, "policy");
        const mono_ms week = 168 * (mono_ms)HOUR_MS;
        *policy = (struct policy_view){
            .namespace_name = "<namespace>",
            .name = "<policy>",
            .uid = "",
            .mode = (enum mode)decode_choice(&scope, "mode", CHOICES(facts_modes), SIZE_MAX),
            .suspended = decode_bool(&scope, "suspend", false),
            .single_writer = decode_bool(&scope, "singleWriter", false),
            .detection = {.interval_ms = decode_duration(&scope, "interval", 5000, 1, HOUR_MS),
                          .timeout_ms = decode_duration(&scope, "timeout", 3000, 1, HOUR_MS),
                          .failure_threshold = (uint32_t)decode_integer(&scope, "failureThreshold", 3, 1, 20),
                          .success_threshold = (uint32_t)decode_integer(&scope, "successThreshold", 3, 1, 20),
                          .failover_delay_ms = decode_duration(&scope, "failoverDelay", -1, 0, HOUR_MS)},
            .cooldown_ms = decode_duration(&scope, "cooldown", HOUR_MS, 0, week),
            .max_switches = (uint32_t)decode_integer(&scope, "maxSwitches", 2, 1, 100),
            .failback = (enum failback)decode_choice(&scope, "failback", CHOICES(facts_failbacks), FAILBACK_MANUAL),
            .drift = (enum drift_policy)decode_choice(&scope, "drift", CHOICES(facts_drifts), DRIFT_REPORT),
            .failback_stable_ms = decode_duration(&scope, "stableFor", 10 * MINUTE_MS, 0, week),
            .switch_to = decode_text(&scope, "switchTo", "", FACTS_REQUEST_MAX),
            .adopt = decode_text(&scope, "adopt", "", FACTS_REQUEST_MAX),
            .ack = decode_text(&scope, "ack", "", FACTS_VALUE_MAX),
            .takeover = decode_text(&scope, "takeover", "", FACTS_VALUE_MAX),
            .credentials_error = decode_text(&scope, "credentialsError", "", FACTS_TEXT_MAX),
            .rival = decode_text(&scope, "rival", "", FACTS_TEXT_MAX),
        };
}

static void decode_operator(const struct scope *root, struct view *view)
{
        struct scope scope = decode_object(root, "operator");
        view->region = decode_text(&scope, "region", "", FACTS_VALUE_MAX);
        view->arbiter_answered_at = decode_age(&scope, "storeAge");
        view->arbiter_period_ms = decode_duration(&scope, "storePeriod", 3000, 0, AGE_MAX);
        view->record_seen_at = decode_age(&scope, "recordSeen");
        view->late_until =
            decode_has(&scope, "lateFor") ? REPLAY_NOW + decode_duration(&scope, "lateFor", 0, 0, AGE_MAX) : 0;
        view->kill_switch = decode_bool(&scope, "killSwitch", false);
        view->blast_limit_reached = decode_bool(&scope, "rateLimited", false);
        if (view->record && decode_bool(&scope, "confirmed", false))
                view->confirmed_epoch = view->record->epoch;
        view->alive = (struct alive_view){.is_used = decode_bool(&scope, "sharedStore", false),
                                          .seen_at = decode_age(&scope, "aliveAge"),
                                          .read_at = decode_age(&scope, "aliveReadAge"),
                                          .every_ms = decode_duration(&scope, "aliveEvery", 0, 0, HOUR_MS),
                                          .plane = decode_text(&scope, "alivePlane", "", FACTS_VALUE_MAX)};
}

static void decode_record(const struct scope *root, struct decision_facts *facts)
{
        struct record *record = &facts->record;
        struct scope scope = decode_object(root, "record");
        if (!scope.json)
                return;
        facts->view.record = record;
        facts->view.plan_proof = (enum plan_proof)decode_choice(&scope, "plan", CHOICES(facts_proofs), PLAN_PROVEN);
        facts->view.plan_text = decode_text(&scope, "planText", "", FACTS_TEXT_MAX);
        *record = (struct record){
            .version = RECORD_VERSION,
            .epoch = (epoch_t)decode_integer(&scope, "epoch", 1, 1, EPOCH_MAX),
            .id = 1,
            .phase = decode_choice(&scope, "phase", CHOICES(phases), SIZE_MAX) ? PHASE_SWITCHING : PHASE_STEADY,
            .from = decode_text(&scope, "from", "", FACTS_VALUE_MAX),
            .to = decode_text(&scope, "to", NULL, FACTS_VALUE_MAX),
            .reason = decode_text(&scope, "reason", "", FACTS_VALUE_MAX),
            .holder = "",
            .automatic = decode_bool(&scope, "automatic", false),
            .detected_at = decode_time(&scope, "detectedAt", false),
            .started_at = decode_time(&scope, "startedAt", false),
            .completed_at = decode_time(&scope, "completedAt", false),
            .cooldown_until = decode_time(&scope, "cooldownUntil", false),
        };
        record->recent_count = decode_times(&scope, "recent", record->recent, RECENT_SWITCHES_MAX);
        record->enforced_count = decode_times(&scope, "enforced", record->enforced, ENFORCED_MAX);
}

static enum err decode_class(const struct scope *scope)
{
        const char *names[ERR_COUNT];
        for (size_t i = 0; i < ERR_COUNT; i++)
                names[i] = err_name((enum err)i);
        return (enum err)decode_choice(scope, "errorClass", CHOICES(names), ERR_OK);
}

static struct target_health decode_health(const struct scope *scope)
{
        const mono_ms read_at = decode_age(scope, "age"), look = read_at ? REPLAY_NOW : 0;
        const bool is_doubtful = decode_bool(scope, "doubtful", false);
        return (struct target_health){
            .reach = (enum reach)decode_choice(scope, "reach", CHOICES(facts_reaches), REACH_NEVER),
            .error_class = decode_class(scope),
            .error = decode_text(scope, "error", "", FACTS_TEXT_MAX),
            .read_at = read_at,
            .looked_at = is_doubtful ? 0 : decode_has(scope, "lookAge") ? decode_age(scope, "lookAge") : look,
            .failed_since = decode_age(scope, "failedFor"),
        };
}

static struct stamp decode_stamp(const struct scope *scope, const struct view *view)
{
        size_t word = decode_choice(scope, "stamp", CHOICES(facts_stamps), FACTS_STAMP_NONE);
        struct stamp stamp = {
            .epoch = (epoch_t)decode_integer(scope, "epoch", 0, 0, EPOCH_MAX),
            .id = word == FACTS_STAMP_RECORD ? 1 : 2,
            .plane = decode_text(scope, "plane", "", FACTS_VALUE_MAX),
            .store = "",
            .raw = "",
        };
        if (word == FACTS_STAMP_NONE)
                return stamp;
        stamp.presence = word == FACTS_STAMP_OTHER        ? STAMP_FOREIGN
                         : word == FACTS_STAMP_UNREADABLE ? STAMP_UNREADABLE
                                                          : STAMP_OURS;
        stamp.store = word == FACTS_STAMP_OTHER      ? "another owner's"
                      : word == FACTS_STAMP_UNSHARED ? STORE_OTHER
                                                     : STORE_OURS;
        if (word == FACTS_STAMP_RECORD && (!view->record || stamp.epoch != view->record->epoch))
                decode_fail(scope, "epoch", "is not the record's, though the ownership record is said to be");
        return stamp;
}

static const char *decode_other(const struct scope *scope, const char *key, const char *wanted)
{
        const char *recorded = decode_text(scope, key, wanted, FACTS_VALUE_MAX);
        return strcmp(recorded, "-") == 0 ? "" : recorded;
}

/* The record's plan for a target: it may replace the value shown, or says nothing. */
static void decode_planned(const struct scope *scope, const struct target_view *target, struct plan_target *ret)
{
        ret->to = decode_text(scope, "recorded", "", FACTS_VALUE_MAX);
        ret->old_count = decode_bool(scope, "replaceable", false);
        ret->old[0] = target->shows.value;
        ret->ref.endpoint = decode_other(scope, "recordedServer", target->ref.endpoint);
}

static void decode_dns(const struct scope *root, struct decision_facts *facts, struct wanted_target *ret_wanted)
{
        struct view *view = &facts->view;
        struct scope policy = decode_object(root, "policy"), operator = decode_object(root, "operator");
        const uint32_t ttl_s = (uint32_t)decode_integer(&policy, "recordTTL", 30, 1, DNS_TTL_MAX_S);
        const bool was_seen = decode_bool(&operator, "nameSeen", false);
        struct scope scope = decode_object(root, "dns");
        const char *value = decode_text(&scope, "value", "", FACTS_VALUE_MAX);
        struct target_view target = {
            .ref = {.kind = TARGET_NAME,
                    .driver = decode_text(&scope, "provider", "", FACTS_VALUE_MAX),
                    .endpoint = decode_text(&scope, "server", "", FACTS_VALUE_MAX),
                    .name = decode_text(&scope, "name", "", FACTS_VALUE_MAX)},
            .health = decode_health(&scope),
            .shows = {.present = value[0], .value = value, .ttl_s = ttl_s, .stamp = decode_stamp(&scope, view)},
            .met_epoch = was_seen && view->record ? view->record->epoch : 0};
        *ret_wanted = (struct wanted_target){.ref = target.ref,
                                             .ttl_s = ttl_s,
                                             .plane = decode_text(&scope, "inside", "", FACTS_VALUE_MAX)};
        struct plan_target planned = {
            .ref = {.kind = TARGET_NAME,
                    .driver = decode_other(&scope, "recordedProvider", target.ref.driver),
                    .name = decode_other(&scope, "recordedName", target.ref.name)},
            .ttl_s = (uint32_t)decode_integer(&scope, "recordedTTL", ttl_s, 0, INT32_MAX)};
        decode_planned(&scope, &target, &planned);
        view->targets[view->target_count++] = target;
        facts->record.plan.targets[facts->record.plan.target_count++] = planned;
}

static void decode_lock(const struct scope *root, struct decision_facts *facts, struct wanted_target *ret_wanted)
{
        struct view *view = &facts->view;
        struct scope scope = decode_object(root, "lock");
        struct target_view target = {.ref = {.kind = TARGET_LOCK,
                                             .driver = TARGET_LOCK_DRIVER,
                                             .endpoint = decode_text(&scope, "server", "", FACTS_VALUE_MAX),
                                             .name = decode_text(&scope, "key", "", FACTS_VALUE_MAX),
                                             .db = (uint32_t)decode_integer(&scope, "db", 0, 0, LOCK_DB_MAX)},
                                     .health = decode_health(&scope),
                                     .is_weak = decode_bool(&scope, "weak", false),
                                     .shows = {.present = decode_bool(&scope, "present", false),
                                               .value = decode_text(&scope, "value", "", FACTS_VALUE_MAX),
                                               .stamp = decode_stamp(&scope, view),
                                               .settling = decode_bool(&scope, "settling", false),
                                               .is_half = decode_bool(&scope, "half", false)}};
        *ret_wanted = (struct wanted_target){.ref = target.ref,
                                             .value = decode_text(&scope, "template", "", FACTS_VALUE_MAX),
                                             .plane = decode_text(&scope, "inside", "", FACTS_VALUE_MAX),
                                             .is_moved = decode_bool(&scope, "moved", false)};
        struct plan_target planned = {
            .ref = {.kind = TARGET_LOCK,
                    .driver = TARGET_LOCK_DRIVER,
                    .name = decode_other(&scope, "recordedKey", target.ref.name),
                    .db = (uint32_t)decode_integer(&scope, "recordedDB", target.ref.db, 0, LOCK_DB_MAX)}};
        decode_planned(&scope, &target, &planned);
        view->targets[view->target_count++] = target;
        if (planned.ref.endpoint[0])
                facts->record.plan.targets[facts->record.plan.target_count++] = planned;
}

/* Each plane's own value stands with the plane. */
static void decode_primaries(const struct scope *root, struct wanted_target *ret_wanted)
{
        struct scope planes = decode_array(root, "planes", PLANES_MAX);
        for (size_t i = 0; i < decode_count(&planes); i++) {
                struct scope plane = decode_item(&planes, i);
                ret_wanted->values[ret_wanted->value_count++] =
                    (struct wanted_value){decode_text(&plane, "name", "", FACTS_VALUE_MAX),
                                          decode_text(&plane, "redis", "", FACTS_VALUE_MAX)};
        }
}

static void decode_promotion(const struct scope *root, struct decision_facts *facts, struct wanted_target *ret_wanted)
{
        struct view *view = &facts->view;
        struct scope scope = decode_object(root, "promotion");
        *ret_wanted = (struct wanted_target){.ref = {.kind = TARGET_PROMOTION,
                                                     .driver = decode_text(&scope, "way", "", FACTS_VALUE_MAX),
                                                     .endpoint = decode_text(&scope, "server", "", FACTS_VALUE_MAX),
                                                     .name = decode_text(&scope, "name", "", FACTS_VALUE_MAX)},
                                             .plane = ""};
        if (!scope.json)
                return;
        decode_primaries(root, ret_wanted);
        struct target_view target = {.ref = ret_wanted->ref,
                                     .moves_itself = decode_bool(&scope, "movesItself", false),
                                     .health = decode_health(&scope),
                                     .shows = {.present = decode_bool(&scope, "present", false),
                                               .value = decode_text(&scope, "value", "", FACTS_VALUE_MAX),
                                               .stamp = decode_stamp(&scope, view),
                                               .settling = decode_bool(&scope, "settling", false)}};
        struct plan_target planned = {.ref = target.ref};
        decode_planned(&scope, &target, &planned);
        view->targets[view->target_count++] = target;
        if (planned.to[0])
                facts->record.plan.targets[facts->record.plan.target_count++] = planned;
}

/* Its own plane has one value, and all others have the other. */
static void decode_fence(const struct scope *scope, const struct scope *planes, struct decision_facts *facts)
{
        struct view *view = &facts->view;
        struct target_view target = {.ref = {.kind = TARGET_FENCE,
                                             .driver = decode_text(scope, "way", "", FACTS_VALUE_MAX),
                                             .endpoint = decode_text(scope, "server", "", FACTS_VALUE_MAX),
                                             .name = decode_text(scope, "name", "", FACTS_VALUE_MAX)},
                                     .health = decode_health(scope),
                                     .shows = {.present = decode_bool(scope, "present", false),
                                               .value = decode_text(scope, "value", "", FACTS_VALUE_MAX),
                                               .stamp = decode_stamp(scope, view)}};
        struct wanted_target wanted = {.ref = target.ref, .plane = decode_text(scope, "inside", "", FACTS_VALUE_MAX)};
        const char *active = decode_text(scope, "whileActive", "", FACTS_VALUE_MAX);
        const char *standby = decode_text(scope, "whileStandby", "", FACTS_VALUE_MAX);
        for (size_t i = 0; i < decode_count(planes); i++) {
                const struct scope plane = decode_item(planes, i);
                const char *name = decode_text(&plane, "name", "", FACTS_VALUE_MAX);
                wanted.values[wanted.value_count++] =
                    (struct wanted_value){name, strcmp(name, wanted.plane) == 0 ? active : standby};
        }
        struct plan_target planned = {.ref = target.ref};
        decode_planned(scope, &target, &planned);
        view->policy.targets[view->policy.target_count++] = wanted;
        view->targets[view->target_count++] = target;
        if (planned.to[0])
                facts->record.plan.targets[facts->record.plan.target_count++] = planned;
}

static void decode_fences(const struct scope *root, struct decision_facts *facts)
{
        struct scope planes = decode_array(root, "planes", PLANES_MAX);
        struct scope fences = decode_array(root, "fence", FACTS_FENCES_MAX);
        for (size_t i = 0; i < decode_count(&fences); i++) {
                const struct scope fence = decode_item(&fences, i);
                decode_fence(&fence, &planes, facts);
        }
}

/* In step order, and then those in force. */
static void decode_targets(const struct scope *root, struct decision_facts *facts)
{
        struct wanted_target promotion, lock, name;
        struct policy_view *policy = &facts->view.policy;
        decode_fences(root, facts);
        decode_promotion(root, facts, &promotion);
        decode_lock(root, facts, &lock);
        decode_dns(root, facts, &name);
        if (promotion.ref.endpoint[0])
                policy->targets[policy->target_count++] = promotion;
        if (lock.ref.endpoint[0])
                policy->targets[policy->target_count++] = lock;
        policy->targets[policy->target_count++] = name;
        targets_place(&facts->view);
}

static void *fill(const struct scope *root)
{
        struct decision_facts *facts = decode_alloc(root->decoder, sizeof(*facts));
        struct view *view = &facts->view;
        root->decoder->takes_any_text = true; /* a lock's value and a server's answer are free text */
        (void)decode_integer(root, "version", 0, FACTS_VERSION, FACTS_VERSION);
        if (!decode_has(root, "version"))
                decode_fail(root, "version", "is required");
        *view = (struct view){
            .decide = failover_decide,
            .record_read = !decode_bool(root, "recordUnread", false),
            .record_error = decode_text(root, "recordError", "", FACTS_TEXT_MAX),
            .now = REPLAY_NOW,
            .wall = decode_time(root, "at", true),
            .identity = "explain",
            .store = STORE_OURS,
            .fresh_id = 3,
        };
        facts->record = (struct record){.from = "", .to = "", .reason = "", .holder = ""};
        decode_record(root, facts);
        decode_policy(root, &view->policy);
        decode_operator(root, view);
        decode_planes(root, view);
        decode_targets(root, facts);
        return facts;
}

enum err decision_facts_decode(const json_t *facts, struct decision_facts **ret, struct errmsg *reterr)
{
        if (!json_is_object(facts))
                return err_set(reterr, ERR_INVALID, "facts: must be an object");
        void *decoded;
        enum err err = decoder_run("facts", facts, fill, &decoded, reterr);
        if (err == ERR_OK)
                *ret = decoded;
        return err;
}

void decision_facts_free(struct decision_facts *facts)
{
        free(facts);
}
