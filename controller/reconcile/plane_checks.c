/* plane_checks.c -- a plane's probes: one for each check and each address of the record that would be written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/addresses.h"
#include "reconcile/plane_parts.h"
#include "reconcile/secret_cache.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

static enum probe_kind kind_of(enum check_type type)
{
        static const enum probe_kind kinds[CHECK_TYPE_COUNT] = {
            [CHECK_TCP] = PROBE_TCP,
            [CHECK_TLS] = PROBE_TLS,
            [CHECK_HTTP] = PROBE_HTTP,
            [CHECK_GRPC] = PROBE_GRPC,
            [CHECK_DEPLOYMENT] = PROBE_DEPLOYMENT,
            [CHECK_KUSTOMIZATION] = PROBE_KUSTOMIZATION,
            [CHECK_APPLICATION] = PROBE_APPLICATION,
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

/* The host name that leads to the addresses; NULL: they are the plane's own. */
static const char *host_of(const struct plane *plane)
{
        return plane->lookup ? plane->addresses[0] : NULL;
}

static enum err check_may_run(const struct plane *plane, const struct check_target *target, struct errmsg *reterr)
{
        if (target->check->role != CHECK_ROLE_PATH)
                return !plane->kube_error ? ERR_OK
                                          : err_set(reterr, plane->kube_needs_person ? ERR_INVALID : ERR_TRANSIENT,
                                                    "%s", plane->kube_error);
        if (target->address[0])
                return ERR_OK;
        if (!plane->lookup)
                return err_set(reterr, ERR_INVALID, "no address to check yet");
        return err_set(reterr, ERR_TRANSIENT, "%.100s does not resolve: %s", plane->addresses[0],
                       plane->name_error ? plane->name_error : "DNS has not answered yet");
}

static enum err open_probe(struct plane *plane, struct check_target *target, struct errmsg *reterr)
{
        struct check *check = target->check;
        const struct plane_check *spec = check->spec;
        enum err err = check_may_run(plane, target, reterr);
        if (err != ERR_OK)
                return err;
        const bool is_deployment = spec->type == CHECK_DEPLOYMENT;
        const struct probe_spec probe = {
            .kind = kind_of(spec->type),
            .address = target->address,
            .host = host_of(plane),
            .port = spec->port ? spec->port : plane->port,
            .tls = spec->uses_tls ? &check->tls : NULL,
            .wants_http2 = spec->wants_http2,
            .verify = !secret_is_empty(&check->tls.ca),
            .method = spec->method,
            .path = spec->path,
            .status_low = spec->status_low,
            .status_high = spec->status_high,
            .grpc_service = spec->grpc_service,
            .kube = check->role != CHECK_ROLE_PATH ? plane_kube(plane) : NULL,
            .namespace_name = is_deployment ? plane->spec->deployment_namespace : spec->object_namespace,
            .object_name = is_deployment ? plane->spec->deployment_name : spec->object_name,
        };
        return probe_open(plane->manager->prober, &probe, &plane->cadence, plane_run_sampled, target, &target->probe,
                          reterr);
}

/*
 * A hash of all that a sample depends on, without the address and the content of Secrets: a new certificate or
 * kubeconfig does not void the samples that were taken with the old one.
 */
static uint64_t subject_of(const struct plane *plane, const struct plane_check *spec)
{
        struct strbuf text = STRBUF_INIT(8192);
        const struct management_plane *of = plane->spec;
        (void)strbuf_printf(&text, "%s %s ", spec->name, check_type_name(spec->type));
        if (check_type_role(spec->type) != CHECK_ROLE_PATH)
                (void)strbuf_printf(&text, "%d %s/%s %s/%s %s/%s", (int)of->access, of->kube_config.name,
                                    of->kube_config.key, of->deployment_namespace, of->deployment_name,
                                    spec->object_namespace, spec->object_name);
        else
                (void)strbuf_printf(&text, "%s %u %d %s %s %s %s %s %u-%u %s", host_of(plane) ? host_of(plane) : "",
                                    spec->port ? spec->port : plane->port, (int)spec->uses_tls, spec->tls.server_name,
                                    spec->tls.ca.name, spec->tls.client_certificate, spec->method, spec->path,
                                    spec->status_low, spec->status_high, spec->grpc_service);
        uint64_t hash = text_hash(strbuf_text(&text));
        strbuf_deinit(&text);
        return hash;
}

static void free_check(struct check *check)
{
        for (size_t i = 0; i < check->target_count; i++)
                free(check->targets[i].run.text);
        free(check->targets);
}

static void forget_kept(struct plane *plane)
{
        for (size_t i = 0; i < plane->kept_count; i++)
                free_check(&plane->kept[i]);
        free(plane->kept);
        plane->kept = NULL;
        plane->kept_count = 0;
}

static void recall_runs(struct check *check, struct check *kept, mono_ms since)
{
        for (size_t i = 0; i < check->target_count; i++)
                for (size_t j = 0; j < kept->target_count; j++) {
                        struct check_target *now = &check->targets[i], *before = &kept->targets[j];
                        if (before->run.sampled_at < since || strcmp(now->address, before->address) != 0)
                                continue;
                        now->run = before->run;
                        before->run.text = NULL; /* moved */
                }
}

/* The outage that the check was in at the addresses that it had. */
static void recall_outage(struct check *check, const struct check *kept, mono_ms since)
{
        struct arena arena = {0};
        const struct check_view was = plane_check_view(kept, "", &arena);
        if (was.fails && was.sampled_at >= since) {
                check->failing = was.fails;
                check->failing_since = was.run_since;
                check->failed_at = was.counted_at;
        } else if (!was.passes && kept->failing_since) {
                check->failing = kept->failing;
                check->failing_since = kept->failing_since;
                check->failed_at = kept->failed_at;
        }
        arena_deinit(&arena);
}

/* A run goes on only where no sample was missed: samples before and after a gap are not consecutive (decision 025). */
static void recall(struct check *check)
{
        struct plane *plane = check->plane;
        mono_ms since = loop_now(plane->manager->loop) - plane->cadence.interval_ms - plane->cadence.timeout_ms;
        for (size_t i = 0; i < plane->kept_count; i++) {
                if (plane->kept[i].subject != check->subject)
                        continue;
                recall_outage(check, &plane->kept[i], since);
                recall_runs(check, &plane->kept[i], since);
        }
}

static char *label_of(const struct plane *plane, const struct plane_check *spec)
{
        char label[96];
        if (spec->type == CHECK_DEPLOYMENT)
                (void)snprintf(label, sizeof(label), "Deployment");
        else if (spec->object_name[0])
                (void)snprintf(label, sizeof(label), "%s %.30s/%.45s", check_type_name(spec->type),
                               spec->object_namespace, spec->object_name);
        else
                (void)snprintf(label, sizeof(label), "%s :%u", check_type_name(spec->type),
                               spec->port ? spec->port : plane->port);
        return mem_strdup(label);
}

static void set_up_targets(struct plane *plane, struct check *check)
{
        char addresses[SERVICE_ADDRESSES_MAX][PLANE_TEXT_BYTES] = {""};
        size_t count = check->role == CHECK_ROLE_PATH ? plane_targets(plane, addresses) : 0;
        check->target_count = count ? count : 1;
        check->targets = mem_calloc(check->target_count, sizeof(*check->targets));
        for (size_t i = 0; i < check->target_count; i++) {
                struct check_target *target = &check->targets[i];
                target->check = check;
                (void)TEXT_COPY(target->address, addresses[i]);
                target->run.replicas_available = target->run.replicas_wanted = target->run.replicas_updated = -1;
        }
}

static void start_probes(struct plane *plane, struct check *check)
{
        struct errmsg why;
        enum err tls = check->spec->uses_tls ? load_tls(plane, check, &why) : ERR_OK;
        for (size_t i = 0; i < check->target_count; i++) {
                struct check_target *target = &check->targets[i];
                enum err err = tls == ERR_OK ? open_probe(plane, target, &why) : tls;
                if (err == ERR_OK)
                        continue;
                target->run.last_unknown = true;
                target->run.error = err != ERR_TRANSIENT ? PROBE_ERROR_CONFIG
                                    : tls == ERR_OK && check->role == CHECK_ROLE_PATH
                                        ? PROBE_ERROR_RESOLVE
                                        : PROBE_ERROR_API; /* a Secret that is being read */
                plane_run_set_text(&target->run, why.text);
        }
}

void plane_checks_build(struct plane *plane)
{
        plane_name_start(plane);
        plane->families = plane_families(plane);
        plane->check_count = plane->spec->check_count;
        plane->checks = mem_calloc(plane->check_count, sizeof(*plane->checks));
        for (size_t i = 0; i < plane->check_count; i++) {
                struct check *check = &plane->checks[i];
                *check = (struct check){.plane = plane, .spec = &plane->spec->checks[i]};
                check->role = check_type_role(check->spec->type);
                check->when = check->spec->when;
                check->label = label_of(plane, check->spec);
                check->subject = subject_of(plane, check->spec);
                set_up_targets(plane, check);
                recall(check);
                start_probes(plane, check);
        }
        forget_kept(plane);
}

void plane_checks_clear(struct plane *plane)
{
        if (!plane->checks)
                return; /* taken down already; what is kept stays */
        for (size_t i = 0; i < plane->check_count; i++) {
                struct check *check = &plane->checks[i];
                for (size_t j = 0; j < check->target_count; j++) {
                        probe_close(check->targets[j].probe);
                        check->targets[j].probe = NULL;
                }
                http_tls_clear(&check->tls);
                free(check->label);
                check->label = NULL;
                check->spec = NULL; /* it may be gone before the next build */
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
        plane_runs_forget(plane);
}
