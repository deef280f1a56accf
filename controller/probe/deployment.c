/* deployment.c -- are replicas of the management server available, by the word of that cluster's own API server? */
#include <stdint.h>

#include "probe/object.h"

static int32_t replicas_of(const json_t *parent, const char *key, int32_t absent)
{
        const json_t *value = json_object_get(parent, key);
        json_int_t number = json_integer_value(value);
        return json_is_integer(value) && number >= 0 && number <= INT32_MAX ? (int32_t)number : absent;
}

static void replicas_verdict(const json_t *deployment, struct sample *sample)
{
        const json_t *status = json_object_get(deployment, "status");
        sample->replicas_wanted = replicas_of(json_object_get(deployment, "spec"), "replicas", 1);
        sample->replicas_available = replicas_of(status, "availableReplicas", 0);
        sample->replicas_updated = replicas_of(status, "updatedReplicas", 0);
        /* One available replica serves. A rollout is no failure; the core waits for its end by the other two counts. */
        if (sample->replicas_available == 0)
                sample_fail(sample, PROBE_ERROR_STATUS, "0 of %d replicas available", sample->replicas_wanted);
}

static const struct object_kind deployment = {
    .resource = {.group = "apps", .version = "v1", .plural = "deployments", .kind = "Deployment"},
    .field = "server.deployment",
    .judge = replicas_verdict};

static enum err deployment_open(const struct probe_spec *spec, struct probe **ret, struct errmsg *reterr)
{
        return probe_object_open(&deployment, spec, ret, reterr);
}

const struct probe_driver probe_deployment = {
    .name = "Deployment",
    .silence = PROBE_ERROR_API,
    .open = deployment_open,
    .start = probe_object_start,
    .cancel = probe_object_cancel,
    .close = probe_object_close,
};
