/* object.c -- one object read on the plane's own API server: the parts that are the same whatever it is. */
#include "probe/object.h"

#include <stdlib.h>

#include "kube/denied.h"
#include "util/mem.h"

struct object_probe {
        struct probe probe; /* first */
        const struct object_kind *kind;
        struct kube *kube; /* NULL: this cluster cannot be observed */
        struct kube_call *call;
        char *path;
        char *namespace_name;
        char *name;
};

static struct object_probe *object_of(struct probe *probe)
{
        return CONTAINER_OF(probe, struct object_probe, probe);
}

static void denied_verdict(const struct object_probe *self, const char *why, struct sample *sample)
{
        char text[DENIED_TEXT_BYTES];
        const struct denied_object object = {&self->kind->resource, self->namespace_name, self->name,
                                             self->kind->field};
        denied_print(&object, why, text);
        sample_fail(sample, PROBE_ERROR_CREDENTIALS, "%s", text);
}

static void object_done(void *ctx, const struct kube_reply *reply)
{
        struct object_probe *self = ctx;
        const char *word = self->kind->resource.kind;
        struct sample sample = sample_pass();
        self->call = NULL;
        sample.latency_us = reply->latency_us;
        if (reply->err == ERR_OK && json_is_object(reply->body))
                self->kind->judge(reply->body, &sample);
        else if (reply->err == ERR_OK)
                sample_fail(&sample, PROBE_ERROR_API, "the API server's answer is not a %s", word);
        else if (reply->err == ERR_NOT_FOUND)
                sample_fail(&sample, PROBE_ERROR_CONFIG, "no %s %s/%s: correct %s", word, self->namespace_name,
                            self->name, self->kind->field);
        else if (reply->err == ERR_DENIED && reply->status == 403)
                denied_verdict(self, reply->why.text, &sample);
        else if (reply->err == ERR_DENIED)
                sample_fail(&sample, PROBE_ERROR_CREDENTIALS, "the API server refused the kubeconfig's credentials: %s",
                            reply->why.text);
        else
                sample_fail(&sample, PROBE_ERROR_API, "API server: %s", reply->why.text);
        probe_finish(&self->probe, &sample);
}

/* An object without a client is UNKNOWN and not FAIL: nothing was observed of the plane. */
void probe_object_start(struct probe *probe)
{
        struct object_probe *self = object_of(probe);
        if (self->kube == NULL) {
                struct sample sample = sample_pass();
                sample_fail(&sample, PROBE_ERROR_CONFIG,
                            "no usable kubeconfig for this cluster: %s %s/%s cannot be observed",
                            self->kind->resource.kind, self->namespace_name, self->name);
                probe_finish(probe, &sample);
                return;
        }
        self->call = kube_get(self->kube, self->path, probe->cadence.timeout_ms, object_done, self);
}

void probe_object_cancel(struct probe *probe)
{
        struct object_probe *self = object_of(probe);
        kube_cancel(self->call);
        self->call = NULL;
}

void probe_object_close(struct probe *probe)
{
        struct object_probe *self = object_of(probe);
        free(self->path);
        free(self->namespace_name);
        free(self->name);
        free(self);
}

enum err probe_object_open(const struct object_kind *kind, const struct probe_spec *spec, struct probe **ret,
                           struct errmsg *reterr)
{
        if (spec->namespace_name == NULL || spec->namespace_name[0] == '\0' || spec->object_name == NULL ||
            spec->object_name[0] == '\0')
                return err_set(reterr, ERR_INVALID, "%s check needs a namespace and a name", kind->resource.kind);
        struct object_probe *self = mem_new(self);
        self->kind = kind;
        self->namespace_name = mem_strdup(spec->namespace_name);
        self->name = mem_strdup(spec->object_name);
        self->kube = spec->kube;
        self->path = kube_path(&kind->resource, spec->namespace_name, spec->object_name, NULL);
        *ret = &self->probe;
        return ERR_OK;
}
