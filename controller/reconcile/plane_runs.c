/* plane_runs.c -- the runs of samples of a plane's checks, per address and per check. */
#include <stdlib.h>
#include <string.h>

#include "core/addresses.h"
#include "core/health.h"
#include "core/maintenance.h"
#include "reconcile/plane_parts.h"
#include "reconcile/policy.h"
#include "reconcile/secret_cache.h"
#include "runtime/metrics.h"
#include "util/mem.h"

/* Runs longer than this change no verdict any more (thresholds are bounded by the schema). */
enum { LONGEST_RUN = 101, DEFAULT_THRESHOLD = 3 };

static struct metric_family check_up = {
    .name = "planekeeper_check_up",
    .help = "Whether a check passes: at one address of the plane at least, by the last counted sample of each",
    .type = METRIC_GAUGE,
    .labels = {"namespace", "plane", "check"},
};

void plane_run_set_text(struct check_run *run, const char *text)
{
        if (run->text && strcmp(run->text, text) == 0)
                return;
        free(run->text);
        run->text = mem_strdup(text);
}

static bool goes_on(const struct plane *plane, mono_ms last, mono_ms next)
{
        return health_run_goes_on(last, next, plane->cadence.interval_ms, plane->cadence.timeout_ms);
}

/* A new address that fails at its first sample joins the outage of its check. Else a name whose addresses change every
 * minute would never have a run that is long enough to count as down. */
static void join_outage(const struct check *check, struct check_run *run, mono_ms started_at)
{
        if (run->counted_at || !check->plane->lookup || !check->failing_since ||
            !goes_on(check->plane, check->failed_at, started_at))
                return;
        run->fails = check->failing;
        run->run_since = check->failing_since;
}

/* Whether anything that a decision could rest on is new. */
static bool count_sample(const struct check *check, struct check_run *run, const struct sample *sample)
{
        bool was_unknown = run->last_unknown;
        run->sampled_at = sample->ended_at;
        run->last_unknown = sample->result == PROBE_UNKNOWN;
        if (sample->certificate_not_after)
                run->certificate_not_after = sample->certificate_not_after;
        run->unknowns = run->last_unknown ? run->unknowns + (run->unknowns < UINT32_MAX) : 0;
        if (run->last_unknown)
                return !was_unknown || run->unknowns <= LONGEST_RUN;
        if (run->counted_at && !goes_on(check->plane, run->counted_at, sample->started_at))
                run->fails = run->passes = 0;
        if (sample->result == PROBE_FAIL)
                join_outage(check, run, sample->started_at);
        uint32_t *length = sample->result == PROBE_PASS ? &run->passes : &run->fails;
        uint32_t *other = sample->result == PROBE_PASS ? &run->fails : &run->passes;
        if (*length == 0)
                run->run_since = sample->started_at;
        *length += *length < UINT32_MAX;
        *other = 0;
        run->counted_at = sample->ended_at;
        run->began_us = sample->started_us;
        bool is_new = was_unknown || *length <= LONGEST_RUN || sample->replicas_available != run->replicas_available ||
                      sample->replicas_updated != run->replicas_updated ||
                      sample->replicas_wanted != run->replicas_wanted;
        run->replicas_available = sample->replicas_available;
        run->replicas_wanted = sample->replicas_wanted;
        run->replicas_updated = sample->replicas_updated;
        return is_new;
}

static bool run_may_matter(const struct check_target *target)
{
        const struct plane *plane = target->check->plane;
        uint32_t run = target->run.fails + target->run.passes;
        if (run <= DEFAULT_THRESHOLD)
                return true;
        for (size_t i = 0; i < plane->user_count; i++) {
                const struct detection *detection = policy_detection(plane->users[i]);
                if (detection && (run <= detection->failure_threshold || run <= detection->success_threshold))
                        return true;
        }
        return false;
}

/* A person may have replaced the Secret together with the certificate, and the cache may not show it yet. */
static void look_at_secrets_again(const struct check *check, enum probe_error error)
{
        const struct plane *plane = check->plane;
        struct secret_cache *secrets = plane->manager->secrets;
        const struct tls_refs *tls = &check->spec->tls;
        if (error != PROBE_ERROR_CREDENTIALS && error != PROBE_ERROR_CERTIFICATE)
                return;
        if (check->role != CHECK_ROLE_PATH && plane->spec->access == PLANE_ACCESS_KUBECONFIG)
                secret_cache_refresh(secrets, plane->namespace_name, plane->spec->kube_config.name);
        if (check->spec->uses_tls && tls->ca.name[0])
                secret_cache_refresh(secrets, plane->namespace_name, tls->ca.name);
        if (check->spec->uses_tls && tls->client_certificate[0])
                secret_cache_refresh(secrets, plane->namespace_name, tls->client_certificate);
}

static bool passes_anywhere(const struct check *check)
{
        for (size_t i = 0; i < check->target_count; i++)
                if (check->targets[i].run.passes)
                        return true;
        return false;
}

void plane_run_sampled(void *ctx, const struct sample *sample)
{
        struct check_target *target = ctx;
        struct check_run *run = &target->run;
        struct check *check = target->check;
        struct plane *plane = check->plane;
        bool first_of_run =
            (sample->result == PROBE_PASS && !run->passes) || (sample->result == PROBE_FAIL && !run->fails);
        bool is_new = count_sample(check, run, sample);
        bool is_signal_new = sample->result == PROBE_PASS && sample->signal != run->signal;
        bool new_text = !run->text || strcmp(run->text, sample->text) != 0 || is_signal_new;
        if (sample->result == PROBE_PASS)
                check->failing = 0, check->failing_since = 0;
        run->error = sample->error;
        run->signal = sample->result == PROBE_PASS ? sample->signal : run->signal;
        plane_run_set_text(run, sample->text);
        if (first_of_run) {
                metrics_register(&check_up);
                metric_set(METRIC(&check_up, plane->namespace_name, plane->name, check->spec->name),
                           passes_anywhere(check));
        }
        if ((is_new || is_signal_new) && (first_of_run || new_text || run->last_unknown || run_may_matter(target)))
                plane_wake_users(plane);
        if (first_of_run || new_text || run_may_matter(target))
                status_request(&plane->status);
        look_at_secrets_again(check, sample->error);
}

static int64_t latest_on_path(const struct plane *plane, int64_t (*of)(const struct check_target *target))
{
        int64_t latest = 0;
        for (size_t i = 0; i < plane->check_count; i++) {
                const struct check *check = &plane->checks[i];
                for (size_t j = 0; j < check->target_count && check->role == CHECK_ROLE_PATH; j++) {
                        const int64_t began_us = of(&check->targets[j]);
                        latest = began_us > latest ? began_us : latest;
                }
        }
        return latest;
}

static int64_t counted_us(const struct check_target *target)
{
        return target->run.began_us;
}

static int64_t under_way_us(const struct check_target *target)
{
        return target->probe ? probe_began_us(target->probe) : 0;
}

int64_t plane_began_us(const struct plane *plane)
{
        return latest_on_path(plane, counted_us);
}

int64_t plane_begins_us(const struct plane *plane)
{
        return latest_on_path(plane, under_way_us);
}

void plane_runs_forget(struct plane *plane)
{
        metrics_forget(&check_up, "plane", plane->name);
}

void plane_discard_samples(struct plane *plane)
{
        for (size_t i = 0; i < plane->check_count; i++) {
                struct check *check = &plane->checks[i];
                check->failing = 0, check->failing_since = 0;
                for (size_t j = 0; j < check->target_count; j++)
                        check->targets[j].run.fails = check->targets[j].run.passes = 0;
        }
}

static struct check_view view_of(const struct check *check, const struct check_run *run)
{
        return (struct check_view){
            .label = check->label,
            .role = check->role,
            .when = check->when,
            .fails = run->fails,
            .passes = run->passes,
            .run_since = run->run_since,
            .counted_at = run->counted_at,
            .sampled_at = run->sampled_at,
            .last_unknown = run->last_unknown,
            .unknowns = run->unknowns,
            .text = run->text ? run->text : "",
            .signal = run->signal,
            .replicas_available = run->replicas_available,
            .replicas_wanted = run->replicas_wanted,
            .replicas_updated = run->replicas_updated,
            .certificate_not_after = run->certificate_not_after,
        };
}

/* The addresses of this record have no sample yet. */
static const struct check_run unseen = {.replicas_available = -1, .replicas_wanted = -1, .replicas_updated = -1};

struct check_view plane_check_view(const struct check *check, const char *rrset, struct arena *arena)
{
        struct address_view each[SERVICE_ADDRESSES_MAX];
        unsigned count = 0;
        for (size_t i = 0; i < check->target_count; i++) {
                const struct check_target *target = &check->targets[i];
                if (plane_target_is_of(target->address, rrset))
                        each[count++] = (struct address_view){target->address, view_of(check, &target->run)};
        }
        return count ? addresses_join(each, count, arena) : view_of(check, &unseen);
}

static const char *region_of(const struct plane *plane)
{
        return plane->spec ? plane->spec->region : "";
}

void plane_view_fill(const struct plane *plane, const char *record_type_rrset, struct arena *arena,
                     struct plane_view *ret)
{
        *ret = (struct plane_view){
            .name = plane->name,
            .region = region_of(plane),
            .cluster_name = plane->spec ? plane->spec->cluster_name : "",
            .says_cluster_name = plane->spec && strcmp(plane->spec->cluster_name, plane->name) != 0,
            .uid = plane->uid ? plane->uid : "",
            .known = plane->spec != NULL && !plane->spec->deleting,
            .eligible = plane->spec && plane->spec->eligible,
            .holds_operator = plane_holds_operator(plane),
            .port = plane->port,
            .rrset = record_type_rrset ? record_type_rrset
                     : plane->rrset    ? plane->rrset
                                       : "",
            .address_error = plane->spec_error      ? plane->spec_error
                             : plane->address_error ? plane->address_error
                             : plane->kube_error    ? plane->kube_error
                                                    : "",
            .address_is_wrong = plane->spec_error || (plane->address_error && plane->address_is_wrong) ||
                                (!plane->address_error && plane->kube_error && plane->kube_needs_person),
            .name_confirmed_at = plane->name_confirmed_at,
            .name_absent = plane->name_absent,
            .name_error = plane->name_error,
        };
        ret->left_out = plane_left_out(plane, ret->rrset, arena);
        const unix_ms wall = pace_wall(&plane->manager->pace);
        const struct maintenance maintenance = maintenance_read(plane->maintenance ? plane->maintenance : "", wall);
        maintenance_set(ret, &maintenance, wall, loop_now(plane->manager->loop));
        ret->check_count = plane->check_count < CHECKS_MAX ? (unsigned)plane->check_count : CHECKS_MAX;
        for (unsigned i = 0; i < ret->check_count; i++)
                ret->checks[i] = plane_check_view(&plane->checks[i], ret->rrset, arena);
}
