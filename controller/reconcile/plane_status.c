/* plane_status.c -- what kubectl shows of a plane: no cell blank, nothing True that was never tested. */
#include <stdio.h>
#include <string.h>

#include "core/health.h"
#include "core/maintenance.h"
#include "reconcile/plane_parts.h"
#include "reconcile/policy.h"
#include "util/arena.h"
#include "util/mem.h"
#include "util/text.h"

#define DAY_MS ((int64_t)86400000)

static const struct detection default_detection = {
    .interval_ms = 5000, .timeout_ms = 3000, .failure_threshold = 3, .success_threshold = 3, .failover_delay_ms = -1};

static const struct detection *detection_of(const struct plane *plane)
{
        for (size_t i = 0; i < plane->user_count; i++)
                if (policy_detection(plane->users[i]))
                        return policy_detection(plane->users[i]);
        return &default_detection;
}

static const char *role_of(const struct plane *plane)
{
        bool is_named = false;
        for (size_t i = 0; i < plane->user_count; i++) {
                const char *active = policy_active_plane(plane->users[i]);
                if (active && strcmp(active, plane->name) == 0)
                        return "Active";
                is_named = true;
        }
        return is_named ? "Standby" : "Unassigned";
}

static const char *check_result(const struct check *check)
{
        if (check->run.last_unknown || !check->run.counted_at)
                return "Unknown";
        return check->run.fails ? "Fail" : "Pass";
}

/* The schema wants a time; a run that has not begun began when we looked. */
static json_t *time_json(unix_ms at)
{
        char text[TEXT_TIME_BYTES + 4];
        text_from_time(at, text);
        return json_string(text);
}

static json_t *checks_json(const struct plane *plane)
{
        json_t *checks = json_array();
        for (size_t i = 0; i < plane->check_count; i++) {
                const struct check *check = &plane->checks[i];
                bool is_counted = check->run.counted_at && !check->run.last_unknown;
                json_t *item = json_pack(
                    "{s:s, s:s, s:s, s:s, s:s}", "name", check->spec->name, "type", check_type_name(check->spec->type),
                    "result", check_result(check), "error",
                    check->run.sampled_at || check->run.last_unknown ? probe_error_name(check->run.error) : "unsampled",
                    "message", check->run.text ? check->run.text : "not sampled yet");
                INVARIANT(item);
                if (is_counted)
                        json_object_set_new(
                            item, "since", time_json((check->run.run_since + plane->manager->wall_base) / 1000 * 1000));
                json_array_append_new(checks, item);
        }
        return checks;
}

struct ready {
        enum condition_status status;
        const char *reason;
        const char *message;
        bool is_stalled;
};

static const char *first_bad_check(const struct plane *plane, struct arena *arena)
{
        for (size_t i = 0; i < plane->check_count; i++) {
                const struct check *check = &plane->checks[i];
                if (check->run.fails || check->run.last_unknown || !check->run.counted_at)
                        return arena_printf(arena, "%s: %s", check->label,
                                            check->run.text ? check->run.text : "not sampled yet");
        }
        return "";
}

static struct maintenance maintenance_of(const struct plane *plane)
{
        return maintenance_read(plane->maintenance ? plane->maintenance : "", manager_wall(plane->manager));
}

/* Whoever works on it knows that it is down; nobody else needs to hear it. */
static struct ready spare(const struct plane *plane, struct ready ready, struct arena *arena)
{
        const struct maintenance maintenance = maintenance_of(plane);
        if (maintenance.state != MAINTENANCE_HOLDS || ready.status == CONDITION_TRUE || ready.is_stalled)
                return ready;
        return (struct ready){
            CONDITION_UNKNOWN, "MaintenanceUntil",
            arena_printf(arena, "%s; %s", maintenance_message(&maintenance, plane->maintenance, arena), ready.message),
            false};
}

static struct ready judge(const struct plane *plane, const struct plane_health *health, struct arena *arena)
{
        if (plane->spec_error)
                return (struct ready){CONDITION_FALSE, "InvalidSpec", plane->spec_error, true};
        if (!plane->address_count && plane->kube_error && plane->kube_needs_person)
                return (struct ready){CONDITION_FALSE, "KubeconfigInvalid", plane->kube_error, true};
        if (!plane->address_count)
                return (struct ready){CONDITION_FALSE, "NoAddress",
                                      plane->address_error ? plane->address_error : "waiting for the Service's address",
                                      false};
        if (!health->fresh || health->verdict == VERDICT_UNKNOWN)
                return (struct ready){CONDITION_UNKNOWN, "Unobserved", first_bad_check(plane, arena), false};
        if (health->verdict == VERDICT_DOWN)
                return (struct ready){CONDITION_FALSE, "ProbesFailed", first_bad_check(plane, arena), false};
        if (health->deployment == DEPLOYMENT_UNAVAILABLE)
                return (struct ready){CONDITION_FALSE, "NoReplicas", "no replica of the Deployment is available",
                                      false};
        return (struct ready){CONDITION_TRUE, "ProbesPassed", "agents could be served here", false};
}

static void set_conditions(const struct plane *plane, const struct plane_health *health, struct arena *arena,
                           const struct condition_list *before, struct condition_list *ret)
{
        unix_ms now = manager_wall(plane->manager);
        struct ready ready = spare(plane, judge(plane, health, arena), arena);
        const struct condition_value value = {"Ready", ready.status, ready.reason, ready.message, plane->generation};
        condition_list_set(ret, before, &value, now);
        if (ready.status != CONDITION_TRUE) {
                const struct condition_value why = {ready.is_stalled ? "Stalled" : "Reconciling", CONDITION_TRUE,
                                                    ready.reason, ready.message, plane->generation};
                condition_list_set(ret, before, &why, now);
        }
        if (plane->maintenance) {
                const struct maintenance maintenance = maintenance_of(plane);
                const struct condition_value what = {
                    "Maintenance", maintenance.state == MAINTENANCE_HOLDS ? CONDITION_TRUE : CONDITION_FALSE,
                    maintenance_reason(&maintenance), maintenance_message(&maintenance, plane->maintenance, arena),
                    plane->generation};
                condition_list_set(ret, before, &what, now);
        }
        bool lost = health->replicas_available >= 0 && health->replicas_available < health->replicas_wanted;
        bool lacking = health->failing_checks || health->unknown_checks || lost;
        const char *text = first_bad_check(plane, arena);
        const struct condition_value degraded = {"Degraded", lacking ? CONDITION_TRUE : CONDITION_FALSE,
                                                 lost      ? "ReplicasMissing"
                                                 : lacking ? "CheckLacking"
                                                           : "Redundant",
                                                 lost      ? arena_printf(arena, "%d/%d replicas available",
                                                                          (int)health->replicas_available,
                                                                          (int)health->replicas_wanted)
                                                 : text[0] ? text
                                                           : "every check passes",
                                                 plane->generation};
        condition_list_set(ret, before, &degraded, now);
}

/* All of them, where address is the first: a process that starts while the Service cannot be asked goes on from here.
 */
static json_t *addresses_json(const struct plane *plane)
{
        json_t *addresses = json_array();
        for (size_t i = 0; i < plane->address_count; i++)
                json_array_append_new(addresses, json_string(plane->addresses[i]));
        return addresses;
}

static json_t *certificate_json(const struct plane *plane, unix_ms not_after)
{
        if (!not_after)
                return json_pack("{s:s, s:n}", "text", "-", "notAfter");
        char text[32];
        int64_t days = (not_after - manager_wall(plane->manager)) / DAY_MS;
        (void)snprintf(text, sizeof(text), not_after <= manager_wall(plane->manager) ? "expired" : "%lldd",
                       (long long)days);
        return json_pack("{s:s, s:o}", "text", text, "notAfter", time_json(not_after));
}

json_t *plane_status_build(struct status_mark *mark, struct condition_list *ret_conditions)
{
        struct plane *plane = CONTAINER_OF(mark, struct plane, status);
        if (!plane->spec && !plane->spec_error)
                return NULL;
        struct arena arena = {0};
        struct plane_view view;
        const struct detection *detection = detection_of(plane);
        plane_view_fill(plane, NULL, &view);
        view.was = plane->was;
        struct plane_health health = health_of(&view, detection, loop_now(plane->manager->loop));
        plane->was = health.verdict;
        set_conditions(plane, &health, &arena, &mark->conditions, ret_conditions);
        const char *replicas =
            health.replicas_available < 0
                ? "-"
                : arena_printf(&arena, "%d/%d", (int)health.replicas_available, (int)health.replicas_wanted);
        json_t *status = json_pack("{s:I, s:s, s:s, s:s, s:s, s:o, s:i, s:s, s:o, s:o, s:o}", "observedGeneration",
                                   (json_int_t)plane->generation, "region", view.region[0] ? view.region : "-", "role",
                                   role_of(plane), "eligible",
                                   maintenance_of(plane).state == MAINTENANCE_HOLDS ? "Maintenance"
                                   : view.eligible                                  ? "True"
                                                                                    : "False",
                                   "address", plane->address_count ? plane->addresses[0] : "-", "addresses",
                                   addresses_json(plane), "port", (int)plane->port, "replicas", replicas, "certificate",
                                   certificate_json(plane, health.certificate_not_after), "checks", checks_json(plane),
                                   "conditions", condition_list_encode(ret_conditions));
        INVARIANT(status);
        arena_deinit(&arena);
        return status;
}
