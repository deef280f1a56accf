/*
 * delivery.c -- is the configuration that a pipeline delivers to this cluster in sync, by the word of the controller
 * there: Flux of a Kustomization, Argo CD of an Application?
 *
 * A controller that is at work says so, and is not behind: each new commit would be a fault for the seconds that it
 * takes. It is behind when it has given up, was suspended, or has stopped short of what Git has.
 *
 * Source: fluxcd.io/flux/components/kustomize/kustomizations (status), argo-cd.readthedocs.io/en/stable
 *         (operator-manual/argocd-cm, status.sync and status.operationState of an Application)
 */
#include "probe/object.h"
#include "util/text.h"

static const char *text_of(const json_t *object, const char *key)
{
        const char *text = json_string_value(json_object_get(object, key));
        return text ? text : "";
}

static const json_t *condition_of(const json_t *status, const char *type)
{
        size_t i;
        json_t *condition;
        json_array_foreach(json_object_get(status, "conditions"), i, condition)
        {
                if (text_equal(text_of(condition, "type"), type))
                        return condition;
        }
        return NULL;
}

/* Ready is Unknown while the controller is at work. */
static void kustomization_verdict(const json_t *object, struct sample *sample)
{
        const json_t *ready = condition_of(json_object_get(object, "status"), "Ready");
        if (json_is_true(json_object_get(json_object_get(object, "spec"), "suspend")))
                sample_fail(sample, PROBE_ERROR_STATUS, "suspended: nothing is delivered until spec.suspend is false");
        else if (!ready)
                sample_fail(sample, PROBE_ERROR_STATUS, "no controller has said yet whether it is delivered");
        else if (text_equal(text_of(ready, "status"), "False"))
                sample_fail(sample, PROBE_ERROR_STATUS, "not in sync, %.60s: %.200s", text_of(ready, "reason"),
                            text_of(ready, "message"));
}

static void application_verdict(const json_t *object, struct sample *sample)
{
        const json_t *status = json_object_get(object, "status");
        const json_t *sync = json_object_get(status, "sync"), *operation = json_object_get(status, "operationState");
        const char *word = text_of(sync, "status");
        if (text_equal(word, "Synced") || text_equal(text_of(operation, "phase"), "Running"))
                return;
        if (!word[0])
                sample_fail(sample, PROBE_ERROR_STATUS, "no controller has said yet whether it is delivered");
        else
                sample_fail(sample, PROBE_ERROR_STATUS, "not in sync, %.60s at revision %.60s%s%.200s", word,
                            text_of(sync, "revision"), text_of(operation, "message")[0] ? ": " : "",
                            text_of(operation, "message"));
}

#define FIELD "the object of the check"

static const struct object_kind kustomization = {.resource = {.group = "kustomize.toolkit.fluxcd.io",
                                                              .version = "v1",
                                                              .plural = "kustomizations",
                                                              .kind = "Kustomization"},
                                                 .field = FIELD,
                                                 .judge = kustomization_verdict};
static const struct object_kind application = {
    .resource = {.group = "argoproj.io", .version = "v1alpha1", .plural = "applications", .kind = "Application"},
    .field = FIELD,
    .judge = application_verdict};

static enum err kustomization_open(const struct probe_spec *spec, struct probe **ret, struct errmsg *reterr)
{
        return probe_object_open(&kustomization, spec, ret, reterr);
}

static enum err application_open(const struct probe_spec *spec, struct probe **ret, struct errmsg *reterr)
{
        return probe_object_open(&application, spec, ret, reterr);
}

const struct probe_driver probe_kustomization = {
    .name = "Kustomization",
    .silence = PROBE_ERROR_API,
    .open = kustomization_open,
    .start = probe_object_start,
    .cancel = probe_object_cancel,
    .close = probe_object_close,
};

const struct probe_driver probe_application = {
    .name = "Application",
    .silence = PROBE_ERROR_API,
    .open = application_open,
    .start = probe_object_start,
    .cancel = probe_object_cancel,
    .close = probe_object_close,
};
