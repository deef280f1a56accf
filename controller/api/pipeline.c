/* pipeline.c -- spec.pipeline from JSON. */
#include "api/pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "api/tls_refs.h"
#include "util/text.h"

enum { PATH_BYTES = 512, NAME_BYTES = 253, KEYS_MAX = 6, NAMESPACE_BYTES = 63, JOB_NAME_BYTES = 40, URL_BYTES = 512 };

/* A setting of a form; NULL as fallback: it is required. */
struct form_key {
        const char *key, *fallback;
        size_t max;
};

/* One way to say what follows, by its place in the spec. */
struct form {
        const char *vendor, *form; /* form NULL: all is under the vendor's key */
        const char *driver;
        struct form_key keys[KEYS_MAX];
        /* All else that the driver needs, and the value for each plane. */
        void (*read)(const struct scope *scope, const struct form *form, struct policy_pipeline *pipeline);
        const char *secret_key; /* of each plane's Secret, where none is named; NULL: planes have no Secrets */
};

static void read_values(const struct scope *scope, const struct form *form, struct policy_pipeline *pipeline);
static void read_secrets(const struct scope *scope, const struct form *form, struct policy_pipeline *pipeline);
static void read_job(const struct scope *scope, const struct form *form, struct policy_pipeline *pipeline);
static void read_webhook(const struct scope *scope, const struct form *form, struct policy_pipeline *pipeline);

static const struct form forms[] = {
    {"object", NULL, "object",
     {{"apiVersion", NULL, NAME_BYTES}, {"resource", NULL, NAME_BYTES}, {"namespace", "", NAMESPACE_BYTES},
      {"name", NULL, NAME_BYTES}, {"path", NULL, PATH_BYTES}, {"type", "String", NAMESPACE_BYTES}},
     read_values, NULL},
    {"argoCD", "clusterSecret", "argoCD.clusterSecret",
     {{"namespace", "argocd", NAMESPACE_BYTES}, {"name", NULL, NAME_BYTES}}, read_secrets, ""},
    {"argoCD", "applicationField", "argoCD.applicationField",
     {{"namespace", "argocd", NAMESPACE_BYTES}, {"name", NULL, NAME_BYTES}, {"field", "name", NAMESPACE_BYTES}},
     read_values, NULL},
    {"flux", "kubeconfigSecret", "flux.kubeconfigSecret",
     {{"namespace", "flux-system", NAMESPACE_BYTES}, {"name", NULL, NAME_BYTES}, {"key", "value", NAME_BYTES}},
     read_secrets, "value"},
    {"flux", "kustomizationField", "flux.kustomizationField",
     {{"namespace", "flux-system", NAMESPACE_BYTES}, {"name", NULL, NAME_BYTES}}, read_values, NULL},
    {"job", NULL, "job",
     {{"namespace", NULL, NAMESPACE_BYTES}, {"name", NULL, JOB_NAME_BYTES}}, read_job, NULL},
    {"webhook", NULL, "webhook",
     {{"url", NULL, URL_BYTES}, {"namespace", "", NAMESPACE_BYTES}}, read_webhook, NULL},
};
enum { FORMS = sizeof(forms) / sizeof(forms[0]) };

void template_check(const struct scope *scope, const char *key, const char *template)
{
        static const char *const tokens[] = {"{clusterName}", "{name}", "{uid}", "{epoch}"};
        for (const char *at = strpbrk(template, "{}"); at; at = strpbrk(at, "{}")) {
                size_t length = 0;
                for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++)
                        if (text_has_prefix(at, tokens[i]))
                                length = strlen(tokens[i]);
                if (length == 0) {
                        decode_fail(scope, key, "knows the tokens {clusterName}, {name}, {uid} and {epoch} only");
                        return;
                }
                at += length;
        }
}

/* The object of @form in @item; its JSON is NULL where it is not there. */
static struct scope form_of(const struct scope *item, const struct form *form)
{
        struct scope vendor = decode_object(item, form->vendor);
        return form->form ? decode_object(&vendor, form->form) : vendor;
}

static const struct form *find_form(const struct scope *item)
{
        const struct form *found = NULL;
        for (size_t i = 0; i < FORMS; i++) {
                if (!form_of(item, &forms[i]).json)
                        continue;
                if (found)
                        decode_fail(item, "", "has %s and %s; give one of them an item of its own", found->driver,
                                    forms[i].driver);
                found = &forms[i];
        }
        if (!found)
                decode_fail(item, "", "says nothing to be moved; add one, for example object");
        return found;
}

static void add_setting(struct policy_pipeline *pipeline, const char *key, const char *value)
{
        pipeline->settings[pipeline->setting_count++] = (struct policy_setting){key, value};
}

/* The operator sets these by itself: a Job is run once for each epoch, and stays as the sign of it. */
static void check_job(const struct scope *spec)
{
        if (!json_is_object(spec->json))
                decode_fail(spec, "", "is required: a Job's spec");
        if (decode_has(spec, "ttlSecondsAfterFinished"))
                decode_fail(spec, "ttlSecondsAfterFinished",
                            "leave it out: a Job that is gone would be run again; older ones are removed in an hour");
        if (decode_has(spec, "suspend"))
                decode_fail(spec, "suspend", "leave it out: the operator starts the Job");
}

/* The template as one text, which the driver reads. */
static void read_job(const struct scope *scope, const struct form *form, struct policy_pipeline *pipeline)
{
        const struct scope template = decode_object(scope, "template"), spec = decode_object(&template, "spec");
        char *text = template.json ? json_dumps(template.json, JSON_COMPACT) : NULL;
        (void)form;
        check_job(&spec);
        pipeline->value = "{name}";
        if (text && strlen(text) > PIPELINE_TEMPLATE_BYTES)
                decode_fail(&template, "", "has more than %d bytes as JSON: move what is long to a ConfigMap",
                            (int)PIPELINE_TEMPLATE_BYTES);
        add_setting(pipeline, "template", text ? decode_keep(scope->decoder, text) : "");
        free(text);
}

static void add_secret(struct policy_pipeline *pipeline, const char *field, const char *as, struct secret_key_ref ref)
{
        pipeline->secrets[pipeline->secret_count++] = (struct pipeline_secret){field, as, ref};
}

static void read_webhook(const struct scope *scope, const struct form *form, struct policy_pipeline *pipeline)
{
        const struct scope tls = decode_object(scope, "tls");
        const struct secret_key_ref key = decode_secret_ref(scope, "secretRef", "key");
        const struct secret_key_ref ca = decode_secret_ref(&tls, "caSecretRef", "ca.crt");
        (void)form;
        pipeline->value = "{name}";
        if (!key.name[0])
                decode_fail(scope, "secretRef", "is required");
        add_secret(pipeline, "webhook.secretRef", "key", key);
        if (ca.name[0])
                add_secret(pipeline, "webhook.tls.caSecretRef", "ca.crt", ca);
}

static bool is_named(const char *plane, const char *const *planes, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (text_equal(planes[i], plane))
                        return true;
        return false;
}

static const struct pipeline_plane *plane_of(const struct policy_pipeline *pipeline, const char *plane)
{
        for (size_t i = 0; i < pipeline->plane_count; i++)
                if (text_equal(pipeline->planes[i].plane, plane))
                        return &pipeline->planes[i];
        return NULL;
}

static struct pipeline_plane *add_plane(const struct scope *scope, struct policy_pipeline *pipeline, const char *plane)
{
        static struct pipeline_plane none;
        if (pipeline->plane_count == PLANES_MAX || plane_of(pipeline, plane)) {
                decode_fail(scope, "", "names %.60s twice, or more than %d planes", plane, (int)PLANES_MAX);
                none = (struct pipeline_plane){0};
                return &none;
        }
        struct pipeline_plane *added = &pipeline->planes[pipeline->plane_count++];
        *added = (struct pipeline_plane){.plane = plane, .value = "", .secret = {"", ""}};
        return added;
}

/* values: {<plane>: <value>} */
static void read_values(const struct scope *scope, const struct form *form, struct policy_pipeline *pipeline)
{
        struct scope values = decode_object(scope, "values");
        const char *key;
        json_t *value;
        (void)form;
        pipeline->value = decode_text(scope, "value", "", PIPELINE_VALUE_BYTES);
        template_check(scope, "value", pipeline->value);
        json_object_foreach((json_t *)values.json, key, value)
        {
                if (strlen(key) > DECODE_NAME_MAX) {
                        decode_fail(&values, "", "names a plane with more than %d characters", (int)DECODE_NAME_MAX);
                        return;
                }
                add_plane(&values, pipeline, decode_keep(values.decoder, key))->value =
                    decode_text(&values, key, NULL, PIPELINE_VALUE_BYTES);
        }
}

/* planes: [{plane, secretRef: {name, key}}] */
static void read_secrets(const struct scope *scope, const struct form *form, struct policy_pipeline *pipeline)
{
        struct scope planes = decode_array(scope, "planes", PLANES_MAX);
        for (size_t i = 0; i < decode_count(&planes); i++) {
                struct scope item = decode_item(&planes, i);
                const char *plane = decode_text(&item, "plane", NULL, DECODE_NAME_MAX);
                const struct secret_key_ref secret = decode_secret_ref(&item, "secretRef", form->secret_key);
                if (!secret.name[0])
                        decode_fail(&item, "secretRef", "is required");
                add_plane(&planes, pipeline, plane)->secret = secret;
        }
}

static void check_planes(const struct scope *form, const struct policy_pipeline *pipeline, const char *const *planes,
                         size_t count)
{
        for (size_t i = 0; i < pipeline->plane_count; i++)
                if (!is_named(pipeline->planes[i].plane, planes, count))
                        decode_fail(form, "", "names %.63s, which spec.planes does not", pipeline->planes[i].plane);
        for (size_t i = 0; i < count && !pipeline->value[0]; i++)
                if (!plane_of(pipeline, planes[i]))
                        decode_fail(form, "", "has nothing for plane %.63s", planes[i]);
}

static void decode_form(const struct scope *item, const struct form *form, struct policy_pipeline *pipeline)
{
        struct scope scope = form_of(item, form);
        pipeline->driver = form->driver;
        for (size_t i = 0; i < KEYS_MAX && form->keys[i].key; i++)
                add_setting(pipeline, form->keys[i].key,
                            decode_text(&scope, form->keys[i].key, form->keys[i].fallback, form->keys[i].max));
        form->read(&scope, form, pipeline);
}

static void decode_hub(const struct scope *item, struct policy_pipeline *pipeline)
{
        struct scope hub = decode_object(item, "kubeConfig");
        if (!hub.json)
                return;
        pipeline->kube_config = decode_secret_ref(&hub, "secretRef", "kubeconfig");
        if (!pipeline->kube_config.name[0])
                decode_fail(&hub, "secretRef", "is required");
}

const struct policy_pipeline *pipeline_decode_job(const struct scope *parent)
{
        const struct scope scope = decode_object(parent, "job");
        if (!scope.json)
                return NULL;
        struct policy_pipeline *job = decode_alloc(parent->decoder, sizeof(*job));
        *job = (struct policy_pipeline){.name = "", .driver = "", .value = "", .kube_config = {"", ""}};
        for (size_t i = 0; i < FORMS; i++)
                if (forms[i].read == read_job)
                        decode_form(parent, &forms[i], job);
        decode_hub(&scope, job);
        return job;
}

static void decode_pipeline(const struct scope *item, struct policy_pipeline *pipeline, const char *const *planes,
                            size_t count)
{
        *pipeline = (struct policy_pipeline){.driver = "", .value = "", .kube_config = {"", ""}};
        pipeline->name = decode_text(item, "name", NULL, DECODE_NAME_MAX);
        decode_hub(item, pipeline);
        const struct form *form = find_form(item);
        if (!form)
                return;
        decode_form(item, form, pipeline);
        const struct scope scope = form_of(item, form);
        check_planes(&scope, pipeline, planes, count);
}

/* Two that write one object would take turns in its stamp. */
static bool is_same_object(const struct policy_pipeline *a, const struct policy_pipeline *b)
{
        static const char *const keys[] = {"apiVersion", "resource", "namespace", "name", "url"};
        bool is_same = text_equal(a->driver, b->driver) && text_equal(a->kube_config.name, b->kube_config.name) &&
                       text_equal(a->kube_config.key, b->kube_config.key);
        for (size_t i = 0; i < a->setting_count && is_same; i++)
                for (size_t at = 0; at < sizeof(keys) / sizeof(keys[0]); at++)
                        is_same &= !text_equal(a->settings[i].key, keys[at]) ||
                                   text_equal(a->settings[i].value, b->settings[i].value);
        return is_same;
}

const struct policy_pipeline *pipelines_decode(const struct scope *spec, const char *const *planes, size_t plane_count,
                                               size_t *ret_count)
{
        struct scope array = decode_array(spec, "pipeline", PIPELINES_MAX);
        const size_t count = decode_count(&array);
        struct policy_pipeline *pipelines = decode_alloc(spec->decoder, count * sizeof(*pipelines));
        for (size_t i = 0; i < count; i++) {
                struct scope item = decode_item(&array, i);
                decode_pipeline(&item, &pipelines[i], planes, plane_count);
                for (size_t before = 0; before < i; before++) {
                        if (text_equal(pipelines[before].name, pipelines[i].name))
                                decode_fail(&item, "name", "%.63s is given twice", pipelines[i].name);
                        if (is_same_object(&pipelines[before], &pipelines[i]))
                                decode_fail(&item, "", "is the same object as that of %.63s: name each object once",
                                            pipelines[before].name);
                }
        }
        *ret_count = count;
        return pipelines;
}
