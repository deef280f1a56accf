/* plane_checks.c -- a plane's probes and the runs of their samples. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/maintenance.h"
#include "reconcile/plane_parts.h"
#include "reconcile/policy.h"
#include "reconcile/secret_cache.h"
#include "runtime/metrics.h"
#include "util/mem.h"
#include "util/text.h"

/* Runs longer than this change no verdict any more (thresholds are bounded by the schema). */
enum { LONGEST_RUN = 101, DEFAULT_THRESHOLD = 3 };

static struct metric_family check_up = {
    .name = "planekeeper_check_up",
    .help = "Whether the last counted sample of a check passed",
    .type = METRIC_GAUGE,
    .labels = {"namespace", "plane", "check"},
};

static void set_text(struct check *check, const char *text)
{
        if (check->run.text && strcmp(check->run.text, text) == 0)
                return;
        free(check->run.text);
        check->run.text = mem_strdup(text);
}

/* Whether anything that a decision could rest on is new. */
static bool count_sample(struct check *check, const struct sample *sample)
{
        bool was_unknown = check->run.last_unknown;
        check->run.sampled_at = sample->ended_at;
        check->run.last_unknown = sample->result == PROBE_UNKNOWN;
        if (sample->certificate_not_after)
                check->run.certificate_not_after = sample->certificate_not_after;
        check->run.unknowns = check->run.last_unknown ? check->run.unknowns + (check->run.unknowns < UINT32_MAX) : 0;
        if (check->run.last_unknown)
                return !was_unknown || check->run.unknowns <= LONGEST_RUN;
        uint32_t *run = sample->result == PROBE_PASS ? &check->run.passes : &check->run.fails;
        uint32_t *other = sample->result == PROBE_PASS ? &check->run.fails : &check->run.passes;
        if (*run == 0)
                check->run.run_since = sample->started_at;
        *run += *run < UINT32_MAX;
        *other = 0;
        check->run.counted_at = sample->ended_at;
        bool is_new = was_unknown || *run <= LONGEST_RUN ||
                      sample->replicas_available != check->run.replicas_available ||
                      sample->replicas_updated != check->run.replicas_updated ||
                      sample->replicas_wanted != check->run.replicas_wanted;
        check->run.replicas_available = sample->replicas_available;
        check->run.replicas_wanted = sample->replicas_wanted;
        check->run.replicas_updated = sample->replicas_updated;
        return is_new;
}

static bool run_may_matter(const struct check *check)
{
        uint32_t run = check->run.fails + check->run.passes;
        if (run <= DEFAULT_THRESHOLD)
                return true;
        for (size_t i = 0; i < check->plane->user_count; i++) {
                const struct detection *detection = policy_detection(check->plane->users[i]);
                if (detection && (run <= detection->failure_threshold || run <= detection->success_threshold))
                        return true;
        }
        return false;
}

/* What is cached of a Secret may be older than what a person has put there together with the new certificate. */
static void look_at_secrets_again(const struct check *check, enum probe_error error)
{
        const struct plane *plane = check->plane;
        struct secret_cache *secrets = plane->manager->secrets;
        const struct tls_refs *tls = &check->spec->tls;
        if (error != PROBE_ERROR_CREDENTIALS && error != PROBE_ERROR_CERTIFICATE)
                return;
        if (check->spec->type == CHECK_DEPLOYMENT && plane->spec->access == PLANE_ACCESS_KUBECONFIG)
                secret_cache_refresh(secrets, plane->namespace_name, plane->spec->kube_config.name);
        if (check->spec->uses_tls && tls->ca.name[0])
                secret_cache_refresh(secrets, plane->namespace_name, tls->ca.name);
        if (check->spec->uses_tls && tls->client_certificate[0])
                secret_cache_refresh(secrets, plane->namespace_name, tls->client_certificate);
}

static void on_sample(void *ctx, const struct sample *sample)
{
        struct check *check = ctx;
        struct plane *plane = check->plane;
        bool first_of_run =
            (sample->result == PROBE_PASS && !check->run.passes) || (sample->result == PROBE_FAIL && !check->run.fails);
        bool is_new = count_sample(check, sample);
        bool new_text = !check->run.text || strcmp(check->run.text, sample->text) != 0;
        check->run.error = sample->error;
        set_text(check, sample->text);
        if (first_of_run)
                metric_set(METRIC(&check_up, plane->namespace_name, plane->name, check->spec->name),
                           sample->result == PROBE_PASS);
        if (is_new && (first_of_run || new_text || check->run.last_unknown || run_may_matter(check)))
                plane_wake_users(plane);
        if (first_of_run || new_text || run_may_matter(check))
                status_request(&plane->status);
        look_at_secrets_again(check, sample->error);
}

static enum probe_kind kind_of(enum check_type type)
{
        static const enum probe_kind kinds[CHECK_TYPE_COUNT] = {
            [CHECK_TCP] = PROBE_TCP,
            [CHECK_TLS] = PROBE_TLS,
            [CHECK_HTTP] = PROBE_HTTP,
            [CHECK_GRPC] = PROBE_GRPC,
            [CHECK_DEPLOYMENT] = PROBE_DEPLOYMENT,
        };
        return kinds[type];
}

static enum err load_key(struct plane *plane, const char *secret, const char *key, struct secret *to,
                         struct errmsg *reterr)
{
        const struct secret_object *object;
        const struct secret *value;
        enum err err = secret_cache_get(plane->manager->secrets, plane->namespace_name, secret, &object, reterr);
        if (err == ERR_OK)
                err = secret_object_require(object, key, &value, reterr);
        if (err == ERR_OK)
                secret_copy(to, value);
        return err;
}

static enum err load_tls(struct plane *plane, struct check *check, struct errmsg *reterr)
{
        const struct tls_refs *refs = &check->spec->tls;
        enum err err = ERR_OK;
        if (refs->server_name[0])
                check->tls.server_name = mem_strdup(refs->server_name);
        if (refs->ca.name[0])
                err = load_key(plane, refs->ca.name, refs->ca.key, &check->tls.ca, reterr);
        if (err == ERR_OK && refs->client_certificate[0])
                err = load_key(plane, refs->client_certificate, "tls.crt", &check->tls.certificate, reterr);
        if (err == ERR_OK && refs->client_certificate[0])
                err = load_key(plane, refs->client_certificate, "tls.key", &check->tls.key, reterr);
        return err;
}

static enum err open_probe(struct plane *plane, struct check *check, struct errmsg *reterr)
{
        const struct plane_check *spec = check->spec;
        if (spec->type != CHECK_DEPLOYMENT && !plane->address_count)
                return err_set(reterr, ERR_INVALID, "no address to check yet");
        if (spec->type == CHECK_DEPLOYMENT && plane->kube_error)
                return err_set(reterr, ERR_INVALID, "%s", plane->kube_error);
        if (spec->uses_tls) {
                enum err err = load_tls(plane, check, reterr);
                if (err != ERR_OK)
                        return err;
        }
        const struct probe_spec probe = {
            .kind = kind_of(spec->type),
            .address = plane->address_count ? plane->addresses[0] : "",
            .port = spec->port ? spec->port : plane->port,
            .tls = spec->uses_tls ? &check->tls : NULL,
            .verify = !secret_is_empty(&check->tls.ca),
            .method = spec->method,
            .path = spec->path,
            .status_low = spec->status_low,
            .status_high = spec->status_high,
            .grpc_service = spec->grpc_service,
            .kube = spec->type == CHECK_DEPLOYMENT ? plane_kube(plane) : NULL,
            .namespace_name = plane->spec->deployment_namespace,
            .deployment = plane->spec->deployment_name,
        };
        return probe_open(plane->manager->prober, &probe, &plane->cadence, on_sample, check, &check->probe, reterr);
}

/*
 * Everything that a sample depends on, but for what the Secrets hold: a new certificate or kubeconfig says nothing
 * against what was measured with the old one.
 */
static uint64_t subject_of(const struct plane *plane, const struct plane_check *spec)
{
        struct strbuf text = STRBUF_INIT(8192);
        const struct management_plane *of = plane->spec;
        (void)strbuf_printf(&text, "%s %s ", spec->name, check_type_name(spec->type));
        if (spec->type == CHECK_DEPLOYMENT)
                (void)strbuf_printf(&text, "%d %s/%s %s/%s", (int)of->access, of->kube_config.name, of->kube_config.key,
                                    of->deployment_namespace, of->deployment_name);
        else
                (void)strbuf_printf(&text, "%s %u %d %s %s %s %s %s %u-%u %s",
                                    plane->address_count ? plane->addresses[0] : "",
                                    spec->port ? spec->port : plane->port, (int)spec->uses_tls, spec->tls.server_name,
                                    spec->tls.ca.name, spec->tls.client_certificate, spec->method, spec->path,
                                    spec->status_low, spec->status_high, spec->grpc_service);
        uint64_t hash = text_hash(strbuf_text(&text));
        strbuf_deinit(&text);
        return hash;
}

static void forget_kept(struct plane *plane)
{
        for (size_t i = 0; i < plane->kept_count; i++)
                free(plane->kept[i].run.text);
        free(plane->kept);
        plane->kept = NULL;
        plane->kept_count = 0;
}

/* A run goes on only where no sample was missed: what was seen before a gap and after it is not in a row. */
static void recall_run(struct check *check)
{
        struct plane *plane = check->plane;
        mono_ms since = loop_now(plane->manager->loop) - plane->cadence.interval_ms - plane->cadence.timeout_ms;
        for (size_t i = 0; i < plane->kept_count; i++) {
                if (plane->kept[i].subject != check->subject || plane->kept[i].run.sampled_at < since)
                        continue;
                check->run = plane->kept[i].run;
                plane->kept[i].run.text = NULL; /* moved */
                return;
        }
}

static char *label_of(const struct plane *plane, const struct plane_check *spec)
{
        char label[96];
        if (spec->type == CHECK_DEPLOYMENT)
                (void)snprintf(label, sizeof(label), "Deployment");
        else
                (void)snprintf(label, sizeof(label), "%s :%u", check_type_name(spec->type),
                               spec->port ? spec->port : plane->port);
        return mem_strdup(label);
}

void plane_checks_build(struct plane *plane)
{
        metrics_register(&check_up);
        plane->check_count = plane->spec->check_count;
        plane->checks = mem_calloc(plane->check_count, sizeof(*plane->checks));
        for (size_t i = 0; i < plane->check_count; i++) {
                struct check *check = &plane->checks[i];
                struct errmsg why;
                *check = (struct check){.plane = plane, .spec = &plane->spec->checks[i]};
                check->run.replicas_available = check->run.replicas_wanted = check->run.replicas_updated = -1;
                check->label = label_of(plane, check->spec);
                check->subject = subject_of(plane, check->spec);
                recall_run(check);
                if (open_probe(plane, check, &why) != ERR_OK) {
                        check->run.last_unknown = true;
                        check->run.error = PROBE_ERROR_CONFIG;
                        set_text(check, why.text);
                }
        }
        forget_kept(plane);
}

void plane_checks_clear(struct plane *plane)
{
        if (!plane->checks)
                return; /* taken down already; what is kept stays */
        for (size_t i = 0; i < plane->check_count; i++) {
                struct check *check = &plane->checks[i];
                probe_close(check->probe);
                http_tls_clear(&check->tls);
                free(check->label);
        }
        forget_kept(plane);
        plane->kept = plane->checks;
        plane->kept_count = plane->check_count;
        plane->checks = NULL;
        plane->check_count = 0;
}

void plane_checks_forget(struct plane *plane)
{
        forget_kept(plane);
        metrics_forget(&check_up, "plane", plane->name);
}

void plane_discard_samples(struct plane *plane)
{
        for (size_t i = 0; i < plane->check_count; i++)
                plane->checks[i].run.fails = plane->checks[i].run.passes = 0;
}

static const char *region_of(const struct plane *plane)
{
        return plane->spec ? plane->spec->region : "";
}

void plane_view_fill(const struct plane *plane, const char *record_type_rrset, struct plane_view *ret)
{
        *ret = (struct plane_view){
            .name = plane->name,
            .region = region_of(plane),
            .cluster_name = plane->spec ? plane->spec->cluster_name : "",
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
        };
        const unix_ms wall = manager_wall(plane->manager);
        const struct maintenance maintenance = maintenance_read(plane->maintenance ? plane->maintenance : "", wall);
        maintenance_set(ret, &maintenance, wall, loop_now(plane->manager->loop));
        ret->check_count = plane->check_count < CHECKS_MAX ? (unsigned)plane->check_count : CHECKS_MAX;
        for (unsigned i = 0; i < ret->check_count; i++) {
                const struct check *check = &plane->checks[i];
                ret->checks[i] = (struct check_view){
                    .label = check->label,
                    .is_path = check->spec->type != CHECK_DEPLOYMENT,
                    .fails = check->run.fails,
                    .passes = check->run.passes,
                    .run_since = check->run.run_since,
                    .counted_at = check->run.counted_at,
                    .sampled_at = check->run.sampled_at,
                    .last_unknown = check->run.last_unknown,
                    .unknowns = check->run.unknowns,
                    .text = check->run.text ? check->run.text : "",
                    .replicas_available = check->run.replicas_available,
                    .replicas_wanted = check->run.replicas_wanted,
                    .replicas_updated = check->run.replicas_updated,
                    .certificate_not_after = check->run.certificate_not_after,
                };
        }
}
