/*
 * pipeline.h -- spec.pipeline of a FailoverPolicy: all that follows the name in a switch.
 *
 * Ownership: all texts are of the decoder's block (decode.h).
 * Bounds:    PIPELINES_MAX pipelines, PIPELINE_SETTINGS_MAX settings each, values of PIPELINE_VALUE_BYTES bytes,
 *            a Job's template of PIPELINE_TEMPLATE_BYTES.
 */
#ifndef PK_API_PIPELINE_H
#define PK_API_PIPELINE_H

#include "api/decode.h"
#include "api/object.h"
#include "core/view.h"

enum {
        PIPELINES_MAX = 4,
        PIPELINE_SETTINGS_MAX = 8,
        PIPELINE_SECRETS_MAX = 2,
        PIPELINE_VALUE_BYTES = 512,
        PIPELINE_TEMPLATE_BYTES = 16 << 10
};

/* One scalar field under the provider's key, as text ("nameserver" = "192.0.2.53"). */
struct policy_setting {
        const char *key;
        const char *value;
};

/* Of one plane: its value, or the Secret that the value is made of. */
struct pipeline_plane {
        const char *plane;
        const char *value; /* "" = none */
        struct secret_key_ref secret;
};

/* A Secret that its driver needs, whichever plane is active. */
struct pipeline_secret {
        const char *field; /* "webhook.secretRef", for people */
        const char *as;    /* its entry, as the driver calls it */
        struct secret_key_ref ref;
};

struct policy_pipeline {
        const char *name;
        const char *driver; /* its way below spec.pipeline: "argoCD.clusterSecret" */
        struct secret_key_ref kube_config; /* of the cluster that has the object; "" = the operator's own */
        struct policy_setting settings[PIPELINE_SETTINGS_MAX];
        size_t setting_count;
        struct pipeline_secret secrets[PIPELINE_SECRETS_MAX];
        size_t secret_count;
        const char *value; /* template for planes without one of their own; "" = none */
        struct pipeline_plane planes[PLANES_MAX];
        size_t plane_count;
};

/* spec.pipeline; each of @planes has to have a value in each. */
const struct policy_pipeline *pipelines_decode(const struct scope *spec, const char *const *planes, size_t plane_count,
                                               size_t *ret_count);

/* The Job of another field, below @parent, whose kubeConfig is a field of its own; NULL: there is none. */
const struct policy_pipeline *pipeline_decode_job(const struct scope *parent);

/* Refuses tokens that plan_value() does not know, so that no target ever holds a literal "{nmae}". */
void template_check(const struct scope *scope, const char *key, const char *template);

#endif
