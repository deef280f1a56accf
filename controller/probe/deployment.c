/* deployment.c -- are replicas of the management server available, by the word of that cluster's own API server? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kube/client.h"
#include "kube/denied.h"
#include "probe/driver.h"
#include "util/mem.h"

struct deployment_probe {
        struct probe probe; /* first */
        struct kube *kube;  /* NULL: this cluster cannot be observed */
        struct kube_call *call;
        char *path;
        char *namespace_name;
        char *name;
};

static const struct kube_resource deployments = {
    .group = "apps", .version = "v1", .plural = "deployments", .kind = "Deployment"};

static struct deployment_probe *deployment_of(struct probe *probe)
{
        return CONTAINER_OF(probe, struct deployment_probe, probe);
}

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

static void denied_verdict(const struct deployment_probe *deployment, const char *why, struct sample *sample)
{
        char text[DENIED_TEXT_BYTES];
        const struct denied_object object = {&deployments, deployment->namespace_name, deployment->name,
                                             "server.deployment"};
        denied_print(&object, why, text);
        sample_fail(sample, PROBE_ERROR_CREDENTIALS, "%s", text);
}

static void deployment_done(void *ctx, const struct kube_reply *reply)
{
        struct deployment_probe *deployment = ctx;
        struct sample sample = sample_pass();
        deployment->call = NULL;
        sample.latency_us = reply->latency_us;
        if (reply->err == ERR_OK && json_is_object(reply->body))
                replicas_verdict(reply->body, &sample);
        else if (reply->err == ERR_OK)
                sample_fail(&sample, PROBE_ERROR_API, "the API server's answer is not a Deployment");
        else if (reply->err == ERR_NOT_FOUND)
                sample_fail(&sample, PROBE_ERROR_CONFIG, "no Deployment %s/%s: correct server.deployment",
                            deployment->namespace_name, deployment->name);
        else if (reply->err == ERR_DENIED && reply->status == 403)
                denied_verdict(deployment, reply->why.text, &sample);
        else if (reply->err == ERR_DENIED)
                sample_fail(&sample, PROBE_ERROR_CREDENTIALS, "the API server refused the kubeconfig's credentials: %s",
                            reply->why.text);
        else
                sample_fail(&sample, PROBE_ERROR_API, "API server: %s", reply->why.text);
        probe_finish(&deployment->probe, &sample);
}

/* A Deployment without a client is UNKNOWN and not FAIL: nothing was observed of the plane. */
static void deployment_start(struct probe *probe)
{
        struct deployment_probe *deployment = deployment_of(probe);
        if (deployment->kube == NULL) {
                struct sample sample = sample_pass();
                sample_fail(&sample, PROBE_ERROR_CONFIG,
                            "no usable kubeconfig for this cluster: Deployment %s/%s cannot be observed",
                            deployment->namespace_name, deployment->name);
                probe_finish(probe, &sample);
                return;
        }
        deployment->call =
            kube_get(deployment->kube, deployment->path, probe->cadence.timeout_ms, deployment_done, deployment);
}

static void deployment_cancel(struct probe *probe)
{
        struct deployment_probe *deployment = deployment_of(probe);
        kube_cancel(deployment->call);
        deployment->call = NULL;
}

static void deployment_close(struct probe *probe)
{
        struct deployment_probe *deployment = deployment_of(probe);
        free(deployment->path);
        free(deployment->namespace_name);
        free(deployment->name);
        free(deployment);
}

static enum err deployment_open(const struct probe_spec *spec, struct probe **ret, struct errmsg *reterr)
{
        if (spec->namespace_name == NULL || spec->namespace_name[0] == '\0' || spec->deployment == NULL ||
            spec->deployment[0] == '\0')
                return err_set(reterr, ERR_INVALID, "Deployment check needs a namespace and a name");
        struct deployment_probe *deployment = mem_new(deployment);
        deployment->namespace_name = mem_strdup(spec->namespace_name);
        deployment->name = mem_strdup(spec->deployment);
        deployment->kube = spec->kube;
        deployment->path = kube_path(&deployments, spec->namespace_name, spec->deployment, NULL);
        *ret = &deployment->probe;
        return ERR_OK;
}

const struct probe_driver probe_deployment = {
    .name = "Deployment",
    .silence = PROBE_ERROR_API,
    .open = deployment_open,
    .start = deployment_start,
    .cancel = deployment_cancel,
    .close = deployment_close,
};
