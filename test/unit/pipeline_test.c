/* pipeline_test.c -- spec.pipeline of a policy: what it means, and what is refused. */
#include "api/failover_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json_text.h"

#define OBJECT "'apiVersion': 'argoproj.io/v1alpha1', 'resource': 'applications', 'namespace': 'argocd', 'name': 'gloo', 'path': '/spec/x'"
#define ITEM(name, more) "{'name': '" name "', " more "}"

static enum err decode(const char *more, const char *pipeline, struct failover_policy **ret, struct errmsg *why)
{
        json_t *object = json_text("{'metadata': {'namespace': 'mesh', 'name': 'gloo'}, 'spec': {'mode': 'Automatic', 'planes': ['west', "
                                   "'east'], 'dns': {'name': 'a.b', 'rfc2136': {}}%s, 'pipeline': %s}}",
                                   more, pipeline);
        enum err err = failover_policy_decode(object, ret, why);
        json_decref(object);
        return err;
}

static const char *setting(const struct policy_pipeline *pipeline, const char *key)
{
        for (size_t i = 0; i < pipeline->setting_count; i++)
                if (strcmp(pipeline->settings[i].key, key) == 0)
                        return pipeline->settings[i].value;
        return NULL;
}

static void test_an_object_with_a_template(void **state)
{
        struct failover_policy *policy;
        struct errmsg why = {""};
        (void)state;
        assert_int_equal(decode("", "[" ITEM("argo", "'object': {" OBJECT ", 'value': '{clusterName}'}") "]", &policy, &why), ERR_OK);
        assert_int_equal(policy->pipeline_count, 1);
        const struct policy_pipeline *pipeline = &policy->pipelines[0];
        assert_string_equal(pipeline->name, "argo");
        assert_string_equal(pipeline->driver, "object");
        assert_string_equal(pipeline->kube_config.name, "");
        assert_string_equal(pipeline->value, "{clusterName}");
        assert_string_equal(setting(pipeline, "resource"), "applications");
        assert_string_equal(setting(pipeline, "type"), "String");
        assert_int_equal(pipeline->plane_count, 0);
        failover_policy_free(policy);
}

static void test_a_value_for_each_plane_in_another_cluster(void **state)
{
        struct failover_policy *policy;
        struct errmsg why = {""};
        (void)state;
        assert_int_equal(decode("", "[" ITEM("hub", "'kubeConfig': {'secretRef': {'name': 'hub'}}, 'object': {" OBJECT
                                                    ", 'values': {'west': 'a', 'east': '{b}'}}") "]",
                                &policy, &why),
                         ERR_OK);
        const struct policy_pipeline *pipeline = &policy->pipelines[0];
        assert_string_equal(pipeline->kube_config.name, "hub");
        assert_string_equal(pipeline->kube_config.key, "kubeconfig");
        assert_int_equal(pipeline->plane_count, 2);
        assert_string_equal(pipeline->planes[0].plane, "west");
        assert_string_equal(pipeline->planes[1].value, "{b}");
        failover_policy_free(policy);
}

static void test_a_secret_for_each_plane(void **state)
{
        struct failover_policy *policy;
        struct errmsg why = {""};
        (void)state;
        assert_int_equal(decode("", "[" ITEM("flux", "'flux': {'kubeconfigSecret': {'name': 'mgmt', 'planes': [{'plane': 'west', 'secretRef': "
                                                     "{'name': 'w'}}, {'plane': 'east', 'secretRef': {'name': 'e', 'key': 'k'}}]}}") ","
                                    ITEM("argo", "'argoCD': {'applicationField': {'name': 'gloo', 'value': '{name}'}}") "]",
                                &policy, &why),
                         ERR_OK);
        const struct policy_pipeline *pipeline = &policy->pipelines[0];
        assert_string_equal(pipeline->driver, "flux.kubeconfigSecret");
        assert_string_equal(setting(pipeline, "namespace"), "flux-system");
        assert_string_equal(setting(pipeline, "key"), "value");
        assert_string_equal(pipeline->planes[0].secret.key, "value");
        assert_string_equal(pipeline->planes[1].secret.name, "e");
        assert_string_equal(pipeline->planes[1].secret.key, "k");
        assert_string_equal(policy->pipelines[1].driver, "argoCD.applicationField");
        assert_string_equal(setting(&policy->pipelines[1], "field"), "name");
        failover_policy_free(policy);
}

static void test_a_job_with_its_template(void **state)
{
        struct failover_policy *policy = NULL;
        struct errmsg why = {""};
        (void)state;
        assert_int_equal(decode("", "[" ITEM("x", "'job': {'namespace': 'ci', 'name': 'run', 'template': {'spec': {'backoffLimit': 1}}}") "]", &policy, &why),
                         ERR_OK);
        const struct policy_pipeline *pipeline = &policy->pipelines[0];
        assert_string_equal(pipeline->driver, "job");
        assert_string_equal(pipeline->value, "{name}");
        assert_string_equal(setting(pipeline, "namespace"), "ci");
        assert_string_equal(setting(pipeline, "template"), "{\"spec\":{\"backoffLimit\":1}}");
        failover_policy_free(policy);
}

static void test_a_webhook_with_its_secrets(void **state)
{
        struct failover_policy *policy = NULL;
        struct errmsg why = {""};
        (void)state;
        assert_int_equal(decode("", "[" ITEM("x", "'webhook': {'url': 'https://a.b/c', 'secretRef': {'name': 's'}, 'tls': {'caSecretRef': {'name': 't'}}}") "]",
                                &policy, &why),
                         ERR_OK);
        const struct policy_pipeline *pipeline = &policy->pipelines[0];
        assert_string_equal(pipeline->driver, "webhook");
        assert_string_equal(pipeline->value, "{name}");
        assert_string_equal(setting(pipeline, "url"), "https://a.b/c");
        assert_int_equal(pipeline->secret_count, 2);
        assert_string_equal(pipeline->secrets[0].ref.name, "s");
        assert_string_equal(pipeline->secrets[0].ref.key, "key");
        assert_string_equal(pipeline->secrets[1].as, "ca.crt");
        assert_string_equal(pipeline->secrets[1].ref.name, "t");
        failover_policy_free(policy);
}

static void test_a_template_is_bounded(void **state)
{
        struct failover_policy *policy = NULL;
        struct errmsg why = {""};
        char text[PIPELINE_TEMPLATE_BYTES + 256], filler[PIPELINE_TEMPLATE_BYTES];
        (void)state;
        memset(filler, 'x', sizeof(filler) - 1);
        filler[sizeof(filler) - 1] = '\0';
        (void)snprintf(text, sizeof(text), "[" ITEM("x", "'job': {'namespace': 'ci', 'name': 'run', 'template': {'spec': {'a': '%s'}}}") "]", filler);
        assert_int_equal(decode("", text, &policy, &why), ERR_INVALID);
        assert_non_null(strstr(why.text, "has more than 16384 bytes as JSON"));
}

static void test_refusals(void **state)
{
        static const struct {
                const char *more, *pipeline, *why;
        } rows[] = {
            {"", "[{'name': 'x'}]", "says nothing to be moved; add one, for example object"},
            {"", "[" ITEM("x", "'object': {" OBJECT "}") "]", "has nothing for plane west"},
            {"", "[" ITEM("x", "'object': {" OBJECT ", 'values': {'west': 'a'}}") "]", "has nothing for plane east"},
            {"", "[" ITEM("x", "'object': {" OBJECT ", 'value': 'a', 'values': {'south': 'a'}}") "]",
             "names south, which spec.planes does not"},
            {"", "[" ITEM("x", "'object': {" OBJECT ", 'value': '{nmae}'}") "]", "knows the tokens"},
            {"", "[" ITEM("x", "'object': {'name': 'a', 'value': 'b'}") "]", "apiVersion: is required"},
            {"", "[" ITEM("x", "'kubeConfig': {}, 'object': {" OBJECT ", 'value': 'a'}") "]", "kubeConfig.secretRef: is required"},
            {"", "[" ITEM("x", "'object': {" OBJECT ", 'value': 'a'}") "," ITEM("y", "'object': {" OBJECT ", 'value': 'b'}") "]",
             "is the same object as that of x"},
            {"", "[" ITEM("x", "'object': {" OBJECT ", 'value': 'a'}") "," ITEM("x", "'object': {" OBJECT ", 'value': 'b'}") "]",
             "x is given twice"},
            {"", "[" ITEM("x", "'argoCD': {'clusterSecret': {'name': 'm', 'planes': [{'plane': 'west', 'secretRef': {'name': 'w'}}]}}") "]",
             "has nothing for plane east"},
            {"", "[" ITEM("x", "'argoCD': {'clusterSecret': {'name': 'm', 'planes': [{'plane': 'west'}]}}") "]", "secretRef: is required"},
            {"", "[" ITEM("x", "'job': {'namespace': 'ci', 'name': 'run', 'template': {}}") "]", "spec: is required"},
            {"", "[" ITEM("x", "'webhook': {'url': 'https://a.b'}") "]", "secretRef: is required"},
            {"", "[" ITEM("x", "'webhook': {'url': 'https://a.b', 'secretRef': {'name': 's'}}") ","
                     ITEM("y", "'webhook': {'url': 'https://a.b', 'secretRef': {'name': 't'}}") "]", "is the same object as that of x"},
            {"", "[" ITEM("x", "'job': {'namespace': 'ci', 'name': 'run', 'template': {'spec': {'ttlSecondsAfterFinished': 1}}}") "]",
             "would be run again"},
            {"", "[" ITEM("x", "'job': {'namespace': 'ci', 'name': 'run', 'template': {'spec': {'suspend': true}}}") "]", "the operator starts the Job"},
            {"", "[" ITEM("x", "'job': {'namespace': 'ci', 'name': 'run', 'template': {'spec': {}}}") ","
                     ITEM("y", "'job': {'namespace': 'ci', 'name': 'run', 'template': {'spec': {}}}") "]", "is the same object as that of x"},
            {"", "[" ITEM("x", "'argoCD': {'applicationField': {'name': 'm', 'value': 'a'}}, 'object': {" OBJECT ", 'value': 'a'}") "]",
             "give one of them an item of its own"},
            {", 'decisionStore': 'DNS'",
             "[" ITEM("x", "'kubeConfig': {'secretRef': {'name': 'h'}}, 'argoCD': {'clusterSecret': {'name': 'm', 'planes': [{'plane': 'west', "
                           "'secretRef': {'name': 'w'}}, {'plane': 'east', 'secretRef': {'name': 'w'}}]}}") "]",
             "takes no value from Secrets"},
            {", 'decisionStore': 'DNS'", "[" ITEM("x", "'object': {" OBJECT ", 'value': 'a'}") "]",
             "with decisionStore DNS x needs kubeConfig"},
        };
        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct failover_policy *policy = NULL;
                struct errmsg why = {""};
                assert_int_equal(decode(rows[i].more, rows[i].pipeline, &policy, &why), ERR_INVALID);
                if (!strstr(why.text, rows[i].why))
                        fail_msg("%s: not %s", why.text, rows[i].why);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_an_object_with_a_template),
            cmocka_unit_test(test_a_value_for_each_plane_in_another_cluster),
            cmocka_unit_test(test_a_secret_for_each_plane),
            cmocka_unit_test(test_a_job_with_its_template),
            cmocka_unit_test(test_a_webhook_with_its_secrets),
            cmocka_unit_test(test_a_template_is_bounded),
            cmocka_unit_test(test_refusals),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
