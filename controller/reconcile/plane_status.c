/* plane_status.c -- the status of a plane, for kubectl: no cell is blank, nothing is True that was never tested. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/rrset.h"
#include "core/election.h"
#include "core/health.h"
#include "core/maintenance.h"
#include "core/signals.h"
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

/* The role in which its policies judge it; ROLE_EITHER where they differ, or where no policy names it. */
static struct role_mark mark_of(const struct plane *plane)
{
        struct role_mark mark = {.is_known = true, .role = ROLE_EITHER};
        for (size_t i = 0; i < plane->user_count; i++) {
                const struct role_mark *one = policy_plane_mark(plane->users[i], plane);
                if (i > 0 && one->role != mark.role)
                        return (struct role_mark){.is_known = true, .role = ROLE_EITHER};
                mark = *one;
        }
        mark.is_known = true;
        return mark;
}

static const char *check_result(const struct check_view *check)
{
        if (check->last_unknown || !check->counted_at)
                return "Unknown";
        return check->fails ? "Fail" : "Pass";
}

/* The error of the first address that does not pass; where all do, of the first. */
static const char *check_error(const struct check *check)
{
        const struct check_run *shown = &check->targets[0].run;
        for (size_t i = 0; i < check->target_count && shown->passes && !shown->last_unknown; i++)
                shown = &check->targets[i].run;
        return shown->sampled_at || shown->last_unknown ? probe_error_name(shown->error) : "unsampled";
}

static const char *check_message(const struct check_view *check, struct arena *arena)
{
        if (!check->text[0])
                return "not sampled yet";
        return check->partial ? arena_printf(arena, "%s; fails at %s", check->text, check->partial) : check->text;
}

/* The message, and a note where the check does not count in the plane's present role. */
static const char *check_text(const struct plane_view *view, const struct check_view *check, struct arena *arena)
{
        const char *message = check_message(check, arena);
        if (health_counts(check, view->mark.role))
                return message;
        return arena_printf(arena, "%s (does not count while the plane is %s)", message,
                            view->mark.role == ROLE_ACTIVE ? "active" : "a standby");
}

/* RFC 3339, whole seconds, as metav1.Time has it. */
static json_t *time_json(unix_ms at)
{
        char text[TEXT_TIME_BYTES + 4];
        text_from_time(at, text);
        return json_string(text);
}

static json_t *checks_json(const struct plane *plane, const struct plane_view *view, struct arena *arena)
{
        json_t *checks = json_array();
        for (unsigned i = 0; i < view->check_count; i++) {
                const struct check *check = &plane->checks[i];
                const struct check_view *shown = &view->checks[i];
                json_t *item = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "name", check->spec->name, "type",
                                         check_type_name(check->spec->type), "when",
                                         check_when_name(check->when), "result", check_result(shown), "error",
                                         check_error(check), "message", check_text(view, shown, arena));
                INVARIANT(item);
                if (shown->counted_at && !shown->last_unknown)
                        json_object_set_new(
                            item, "since",
                            time_json((shown->run_since + plane->manager->pace.wall_base) / 1000 * 1000));
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

static const char *first_bad_check(const struct plane_view *view, struct arena *arena)
{
        for (unsigned i = 0; i < view->check_count; i++) {
                const struct check_view *check = &view->checks[i];
                bool is_lacking = check->fails || check->last_unknown || !check->counted_at || check->partial;
                if (is_lacking && health_counts(check, view->mark.role))
                        return arena_printf(arena, "%s: %s", check->label, check_message(check, arena));
        }
        return "";
}

/* The reason why DNS does not lead agents to the addresses that are probed; "" where it does. */
static const char *name_unfit(const struct plane *plane, const struct plane_view *view, struct arena *arena)
{
        const struct view around = {.now = loop_now(plane->manager->loop),
                                    .wall = pace_wall(&plane->manager->pace),
                                    .policy.detection = *detection_of(plane)};
        return election_name_unfit(&around, view, arena);
}

static struct maintenance maintenance_of(const struct plane *plane)
{
        return maintenance_read(plane->maintenance ? plane->maintenance : "", pace_wall(&plane->manager->pace));
}

/* A plane in maintenance is expected to fail, so its Ready is Unknown and not False. */
static struct ready in_maintenance(const struct plane *plane, struct ready ready, struct arena *arena)
{
        const struct maintenance maintenance = maintenance_of(plane);
        if (maintenance.state != MAINTENANCE_HOLDS || ready.status == CONDITION_TRUE || ready.is_stalled)
                return ready;
        return (struct ready){
            CONDITION_UNKNOWN, "MaintenanceUntil",
            arena_printf(arena, "%s; %s", maintenance_message(&maintenance, plane->maintenance, arena), ready.message),
            false};
}

/* Every check without a result fails for its own configuration or credentials, so only a person can end that. */
static bool is_asked_wrongly(const struct plane *plane, const struct plane_view *view)
{
        bool is_wrong = false;
        for (unsigned i = 0; i < view->check_count; i++) {
                const struct check_view *check = &view->checks[i];
                const char *error = check_error(&plane->checks[i]);
                if (check->counted_at && !check->last_unknown)
                        continue;
                is_wrong = strcmp(error, probe_error_name(PROBE_ERROR_CONFIG)) == 0 ||
                           strcmp(error, probe_error_name(PROBE_ERROR_CREDENTIALS)) == 0;
                if (!is_wrong)
                        return false; /* it may have a result later */
        }
        return is_wrong;
}

static struct ready judge(const struct plane *plane, const struct plane_view *view, const struct plane_health *health,
                          struct arena *arena)
{
        if (plane->spec_error)
                return (struct ready){CONDITION_FALSE, "InvalidSpec", plane->spec_error, true};
        if (!plane->address_count && plane->kube_error && plane->kube_needs_person)
                return (struct ready){CONDITION_FALSE, "KubeconfigInvalid", plane->kube_error, true};
        if (!plane->address_count)
                return (struct ready){CONDITION_FALSE, "NoAddress",
                                      plane->address_error ? plane->address_error
                                      : plane->kube_error  ? plane->kube_error
                                                           : "waiting for the Service's address",
                                      plane->address_error && plane->address_is_wrong};
        const char *unfit = name_unfit(plane, view, arena);
        if (unfit[0])
                return (struct ready){view->name_absent ? CONDITION_FALSE : CONDITION_UNKNOWN, "NameUnfit", unfit,
                                      false};
        bool is_unknown = !health->fresh || health->verdict == VERDICT_UNKNOWN;
        if (is_unknown && is_asked_wrongly(plane, view))
                return (struct ready){CONDITION_FALSE, "CheckInvalid", first_bad_check(view, arena), true};
        if (is_unknown)
                return (struct ready){CONDITION_UNKNOWN, "Unobserved", first_bad_check(view, arena), false};
        if (health->verdict == VERDICT_DOWN)
                return (struct ready){CONDITION_FALSE, "ProbesFailed", first_bad_check(view, arena), false};
        if (health->deployment == DEPLOYMENT_UNAVAILABLE)
                return (struct ready){CONDITION_FALSE, "NoReplicas", "no replica of the Deployment is available",
                                      false};
        return (struct ready){CONDITION_TRUE, "ProbesPassed", "agents could be served here", false};
}

static bool is_partial(const struct plane_view *view)
{
        for (unsigned i = 0; i < view->check_count; i++)
                if (view->checks[i].partial)
                        return true;
        return false;
}

static void set_conditions(const struct plane *plane, const struct plane_view *view, struct arena *arena,
                           const struct condition_list *before, struct condition_list *ret)
{
        const struct plane_health judged = health_of(view, detection_of(plane), loop_now(plane->manager->loop));
        const struct plane_health *health = &judged;
        unix_ms now = pace_wall(&plane->manager->pace);
        struct ready ready = in_maintenance(plane, judge(plane, view, health, arena), arena);
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
        bool partial = is_partial(view);
        bool lacking = health->failing_checks || health->unknown_checks || lost || partial;
        const struct check_view *shown = signal_of(view);
        const char *word = shown ? signal_word(shown->signal) : "Redundant";
        const char *text = first_bad_check(view, arena);
        const struct condition_value degraded = {"Degraded", lacking || shown ? CONDITION_TRUE : CONDITION_FALSE,
                                                 lost      ? "ReplicasMissing"
                                                 : partial ? "AddressFailing"
                                                 : lacking ? "CheckLacking"
                                                           : word,
                                                 lost      ? arena_printf(arena, "%d/%d replicas available",
                                                                          (int)health->replicas_available,
                                                                          (int)health->replicas_wanted)
                                                 : text[0] ? text
                                                 : shown   ? signal_phrase(shown, arena)
                                                           : "every check passes",
                                                 plane->generation};
        condition_list_set(ret, before, &degraded, now);
}

/* A process that starts while the Service cannot be read goes on with the addresses in the status. */
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
        int64_t days = (not_after - pace_wall(&plane->manager->pace)) / DAY_MS;
        (void)snprintf(text, sizeof(text), not_after <= pace_wall(&plane->manager->pace) ? "expired" : "%lldd",
                       (long long)days);
        return json_pack("{s:s, s:o}", "text", text, "notAfter", time_json(not_after));
}

/* The record that the first policy which chose its type would write; NULL: the one that the addresses make by
 * themselves. */
static const char *shown_record(const struct plane *plane, struct arena *arena)
{
        for (size_t i = 0; i < plane->user_count; i++) {
                enum rrset_type type = policy_record_type(plane->users[i]);
                char *text;
                if (type == RRSET_AUTO || rrset_from_addresses(type, (const char *const *)plane->addresses,
                                                               plane->address_count, &text, NULL) != ERR_OK)
                        continue;
                const char *copy = arena_strdup(arena, text);
                free(text);
                return copy;
        }
        return NULL;
}

json_t *plane_status_build(struct status_mark *mark, struct condition_list *ret_conditions)
{
        struct plane *plane = CONTAINER_OF(mark, struct plane, status);
        if (!plane->spec && !plane->spec_error)
                return NULL;
        struct arena arena = {0};
        struct plane_view view;
        const struct detection *detection = detection_of(plane);
        plane_view_fill(plane, shown_record(plane, &arena), &arena, &view);
        view.mark = mark_of(plane);
        view.was = plane->was;
        struct plane_health health = health_of(&view, detection, loop_now(plane->manager->loop));
        plane->was = health.verdict;
        set_conditions(plane, &view, &arena, &mark->conditions, ret_conditions);
        const char *replicas =
            health.replicas_available < 0
                ? "-"
                : arena_printf(&arena, "%d/%d", (int)health.replicas_available, (int)health.replicas_wanted);
        json_t *status = json_pack("{s:I, s:s, s:s, s:s, s:s, s:o, s:i, s:s, s:o, s:o, s:o, s:o}", "observedGeneration",
                                   (json_int_t)plane->generation, "region", view.region[0] ? view.region : "-", "role",
                                   role_of(plane), "eligible",
                                   maintenance_of(plane).state == MAINTENANCE_HOLDS ? "Maintenance"
                                   : view.eligible                                  ? "True"
                                                                                    : "False",
                                   "address", plane->address_count ? plane->addresses[0] : "-", "addresses",
                                   addresses_json(plane), "port", (int)plane->port, "replicas", replicas, "certificate",
                                   certificate_json(plane, health.certificate_not_after), "checks",
                                   checks_json(plane, &view, &arena), "judgedAt",
                                   time_json(pace_wall(&plane->manager->pace) / 1000 * 1000), "conditions",
                                   condition_list_encode(ret_conditions));
        INVARIANT(status);
        arena_deinit(&arena);
        return status;
}
