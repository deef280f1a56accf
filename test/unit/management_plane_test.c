/* management_plane_test.c -- decoding a ManagementPlane: defaults, every field, and what is refused with which words.
 */
#include "api/management_plane.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json_text.h"
#include "util/mem.h"

#define META "'metadata': {'namespace': 'mesh', 'name': 'west', 'uid': 'u-1', 'resourceVersion': '7', 'generation': 3}"

static struct management_plane *decoded(const char *spec)
{
        json_t *object = json_text("{" META ", 'spec': %s}", spec);
        struct management_plane *plane = NULL;
        struct errmsg why = {""};
        enum err err = management_plane_decode(object, &plane, &why);
        json_decref(object);
        assert_string_equal(why.text, "");
        assert_int_equal(err, ERR_OK);
        return plane;
}

static void test_empty_spec_is_own_cluster(void **state)
{
        (void)state;
        struct management_plane *plane = decoded("{}");
        assert_string_equal(plane->namespace_name, "mesh");
        assert_string_equal(plane->name, "west");
        assert_string_equal(plane->uid, "u-1");
        assert_int_equal(plane->generation, 3);
        assert_false(plane->deleting);
        assert_true(plane->eligible);
        assert_int_equal(plane->access, PLANE_ACCESS_OWN);
        assert_string_equal(plane->cluster_name, "west");
        assert_string_equal(plane->region, "");
        assert_string_equal(plane->address, "");
        assert_string_equal(plane->service_namespace, "gloo-mesh");
        assert_string_equal(plane->service_name, "gloo-mesh-mgmt-server");
        assert_string_equal(plane->service_port, "grpc");
        assert_string_equal(plane->deployment_namespace, "gloo-mesh");
        assert_string_equal(plane->deployment_name, "gloo-mesh-mgmt-server");
        assert_int_equal(plane->check_count, 2);
        assert_string_equal(plane->checks[0].name, "server");
        assert_int_equal(plane->checks[0].type, CHECK_TCP);
        assert_int_equal(plane->checks[0].port, 0);
        assert_string_equal(plane->checks[1].name, "deployment");
        assert_int_equal(plane->checks[1].type, CHECK_DEPLOYMENT);
        management_plane_free(plane);
}

static void test_fixed_address_looks_at_nothing_else(void **state)
{
        (void)state;
        struct management_plane *plane = decoded("{'server': {'address': '198.51.100.7'}}");
        assert_string_equal(plane->address, "198.51.100.7");
        assert_int_equal(plane->port, 9900);
        assert_int_equal(plane->access, PLANE_ACCESS_NONE);
        assert_int_equal(plane->check_count, 1);
        assert_int_equal(plane->checks[0].type, CHECK_TCP);
        management_plane_free(plane);
}

static void test_address_with_kubeconfig_watches_the_deployment(void **state)
{
        (void)state;
        struct management_plane *plane = decoded("{'kubeConfig': {'secretRef': {'name': 'kc'}},"
                                                 " 'server': {'address': 'lb.example.com', 'port': 443}}");
        assert_int_equal(plane->access, PLANE_ACCESS_KUBECONFIG);
        assert_string_equal(plane->kube_config.name, "kc");
        assert_string_equal(plane->kube_config.key, "value");
        assert_int_equal(plane->port, 443);
        assert_int_equal(plane->check_count, 2);
        management_plane_free(plane);
}

static void test_ca_makes_the_default_check_tls(void **state)
{
        (void)state;
        struct management_plane *plane =
            decoded("{'server': {'address': 'h.example.com'}, 'tls': {'caSecretRef': {'name': 'ca', 'key': 'x.pem'},"
                    " 'clientCertificateSecretRef': {'name': 'client'}}}");
        assert_int_equal(plane->check_count, 1);
        assert_int_equal(plane->checks[0].type, CHECK_TLS);
        assert_true(plane->checks[0].uses_tls);
        assert_string_equal(plane->checks[0].tls.ca.name, "ca");
        assert_string_equal(plane->checks[0].tls.ca.key, "x.pem");
        assert_string_equal(plane->checks[0].tls.client_certificate, "client");
        assert_string_equal(plane->checks[0].tls.server_name, "gloo-mesh-mgmt-server.gloo-mesh");
        management_plane_free(plane);
}

static void test_deployment_follows_the_service(void **state)
{
        (void)state;
        struct management_plane *plane = decoded("{'server': {'service': {'namespace': 'ns', 'port': '9977'}}}");
        assert_string_equal(plane->service_namespace, "ns");
        assert_string_equal(plane->service_port, "9977");
        assert_string_equal(plane->deployment_namespace, "ns");
        management_plane_free(plane);
}

static void test_every_check_type(void **state)
{
        (void)state;
        struct management_plane *plane =
            decoded("{'clusterName': 'gloo', 'region': 'r1', 'eligible': false, 'tls': {'caSecretRef': {'name': "
                    "'ca'}}, 'checks': ["
                    " {'name': 'a', 'type': 'TCP', 'port': 15},"
                    " {'name': 'b', 'type': 'TLS', 'tls': {'serverName': 'other'}},"
                    " {'name': 'c', 'type': 'HTTP', 'http': {'scheme': 'HTTPS', 'method': 'HEAD', 'path': '/z?x=1',"
                    "  'statusCodes': {'min': 200, 'max': 204}}, 'tls': {'caSecretRef': {'name': 'public'}}},"
                    " {'name': 'd', 'type': 'HTTP'},"
                    " {'name': 'e', 'type': 'GRPC', 'grpc': {'service': 'relay'}},"
                    " {'name': 'f', 'type': 'GRPC', 'grpc': {'plaintext': true}},"
                    " {'name': 'g', 'type': 'Deployment'}]}");
        const struct plane_check *c = plane->checks;
        assert_int_equal(plane->check_count, 7);
        assert_false(plane->eligible);
        assert_string_equal(plane->cluster_name, "gloo");
        assert_string_equal(plane->region, "r1");
        assert_int_equal(c[0].port, 15);
        assert_false(c[0].uses_tls);
        assert_string_equal(c[1].tls.server_name, "other");
        assert_string_equal(c[1].tls.ca.name, "ca");
        assert_true(c[2].uses_tls);
        assert_string_equal(c[2].method, "HEAD");
        assert_string_equal(c[2].path, "/z?x=1");
        assert_int_equal(c[2].status_low, 200);
        assert_int_equal(c[2].status_high, 204);
        assert_string_equal(c[2].tls.ca.name, "public");
        assert_string_equal(c[2].tls.ca.key, "ca.crt");
        assert_false(c[3].uses_tls);
        assert_string_equal(c[3].path, "/");
        assert_int_equal(c[3].status_high, 299);
        assert_true(c[4].uses_tls);
        assert_string_equal(c[4].grpc_service, "relay");
        assert_false(c[5].uses_tls);
        assert_int_equal(c[6].type, CHECK_DEPLOYMENT);
        assert_string_equal(check_type_name(c[6].type), "Deployment");
        management_plane_free(plane);
}

static void test_refusals_name_object_field_and_remedy(void **state)
{
        (void)state;
        static const struct {
                const char *spec;
                const char *text;
        } cases[] = {
            {"{'server': {'address': 'h.example.com', 'service': {}}}",
             "spec.server.service: give either address or service, not both"},
            {"{'redis': {}}", "spec.redis.address: is required"},
            {"{'redis': {'address': 'h:1', 'elastiCache': {'region': 'eu-west-1'}}}",
             "spec.redis.elastiCache.replicationGroupID: is required"},
            {"{'redis': {'address': 'h:1', 'elastiCache': {'region': 'eu west', 'replicationGroupID': 'a'}}}",
             "spec.redis.elastiCache.region: has a space in it"},
            {"{'checks': [{'name': 'a', 'type': 'TCP'}, {'name': 'b', 'type': 'Kustomization'}]}",
             "spec.checks[1].object: is required: it says what is read in the plane's cluster"},
            {"{'checks': [{'name': 'b', 'type': 'Application', 'object': {'namespace': 'n', 'name': 'x'}}]}",
             "spec.checks: none checks the path that agents use; add one of type TCP, TLS, HTTP or GRPC"},
            {"{'redis': {'address': 'h.example.com'}}", "spec.redis.address: is not host:port or [v6]:port"},
            {"{'redis': {'address': '2001:db8::1:6379'}}", "spec.redis.address: is not host:port or [v6]:port"},
            {"{'server': {'address': 'h:9900'}}",
             "spec.server.address: is neither an IP address nor a host name; give the port in server.port"},
            {"{'server': {'address': '127.0.15618'}}", "spec.server.address: ends in a number: resolvers read it as an "
                                                       "address, DNS does not; write four numbers from 0 to "
                                                       "255, or a host name"},
            {"{'server': {'address': '0x7f000001'}}", "spec.server.address: ends in a number: resolvers read it as an "
                                                      "address, DNS does not; write four numbers from 0 to "
                                                      "255, or a host name"},
            {"{'server': {'address': 'mgmt.gloo.svc.cluster.local'}}",
             "spec.server.address: is known inside one cluster or machine alone: agents elsewhere find nothing there; "
             "write an IP address, or a name that DNS has everywhere"},
            {"{'server': {'address': 5}}", "spec.server.address: must be a text"},
            {"{'server': 'h'}", "spec.server: must be an object"},
            {"{'server': {'address': 'h.example.com', 'port': 0}}", "spec.server.port: must be a whole number from 1 to 65535"},
            {"{'server': {'address': 'h.example.com', 'port': 1.5}}", "spec.server.port: must be a whole number from 1 to 65535"},
            {"{'eligible': 'yes'}", "spec.eligible: must be true or false"},
            {"{'kubeConfig': {'secretRef': {}}}", "spec.kubeConfig.secretRef.name: is required"},
            {"{'region': 'a\\u0007b'}", "spec.region: contains a control character; remove it"},
            {"{'checks': {}}", "spec.checks: must be a list"},
            {"{'checks': [1]}", "spec.checks[0]: must be an object"},
            {"{'checks': [{'name': 'a'}]}", "spec.checks[0].type: must be one of TCP, TLS, HTTP, GRPC, Deployment, Kustomization, Application"},
            {"{'checks': [{'name': '', 'type': 'TCP'}]}", "spec.checks[0].name: must not be empty"},
            {"{'checks': [{'name': 'a', 'type': 'UDP'}]}",
             "spec.checks[0].type: must be one of TCP, TLS, HTTP, GRPC, Deployment, Kustomization, Application"},
            {"{'checks': [{'name': 'a', 'type': 'TCP'}, {'name': 'a', 'type': 'TCP'}]}",
             "spec.checks[1].name: is used twice; give each check its own name"},
            {"{'checks': [{'name': 'a', 'type': 'Deployment'}]}",
             "spec.checks: none checks the path that agents use; add one of type TCP, TLS, HTTP or GRPC"},
            {"{'checks': [{'name': 'a', 'type': 'TCP', 'when': 'active'}]}",
             "spec.checks[0].when: must be one of Always, Active, Standby"},
            {"{'checks': [{'name': 'a', 'type': 'TCP', 'when': 'Active'}, {'name': 'd', 'type': 'Deployment'}]}",
             "spec.checks: no check of the path (TCP, TLS, HTTP or GRPC) counts while the plane is a standby; add one with "
             "when: Standby, or leave out when"},
            {"{'checks': [{'name': 'a', 'type': 'TCP', 'when': 'Standby'}]}",
             "spec.checks: no check of the path (TCP, TLS, HTTP or GRPC) counts while the plane is active; add one with "
             "when: Active, or leave out when"},
            {"{'checks': [{'name': 'a', 'type': 'HTTP', 'http': {'path': 'z'}}]}",
             "spec.checks[0].http.path: must begin with / and contain no space"},
            {"{'checks': [{'name': 'a', 'type': 'HTTP', 'http': {'statusCodes': {'min': 300}}}]}",
             "spec.checks[0].http.statusCodes.min: is above max: no status could pass"},
            {"{'checks': [{},{},{},{},{},{},{},{},{}]}", "spec.checks: has 9 items, at most 8 are allowed"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                json_t *object = json_text("{" META ", 'spec': %s}", cases[i].spec);
                struct management_plane *plane = NULL;
                struct errmsg why = {""};
                assert_int_equal(management_plane_decode(object, &plane, &why), ERR_INVALID);
                assert_null(plane);
                char expected[256];
                (void)snprintf(expected, sizeof(expected), "managementplane mesh/west: %s", cases[i].text);
                assert_string_equal(why.text, expected);
                json_decref(object);
        }
}

static void test_oversized_text_is_refused(void **state)
{
        (void)state;
        char *huge = mem_calloc(70001, 1);
        memset(huge, 'a', 70000);
        json_t *object = json_text("{" META ", 'spec': {'region': '%s'}}", huge);
        struct management_plane *plane = NULL;
        struct errmsg why;
        assert_int_equal(management_plane_decode(object, &plane, &why), ERR_INVALID);
        assert_string_equal(why.text,
                            "managementplane mesh/west: spec.region: has 70000 bytes, at most 63 are allowed");
        assert_int_equal(management_plane_decode(object, &plane, NULL), ERR_INVALID);
        json_decref(object);
        free(huge);
}

static void test_object_without_anything(void **state)
{
        (void)state;
        static const char *const objects[] = {"{}", "[]", "{'metadata': 1}", "{'metadata': {'name': 'x'}, 'spec': {}}"};
        for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
                json_t *object = json_text("%s", objects[i]);
                struct management_plane *plane = NULL;
                struct errmsg why;
                assert_int_equal(management_plane_decode(object, &plane, &why), ERR_INVALID);
                json_decref(object);
        }
        management_plane_free(NULL);
}

static void test_deletion_is_seen(void **state)
{
        (void)state;
        json_t *object = json_text(
            "{'metadata': {'namespace': 'n', 'name': 'x', 'deletionTimestamp': '2026-11-23T00:00:00Z'}, 'spec': {}}");
        struct management_plane *plane;
        assert_int_equal(management_plane_decode(object, &plane, NULL), ERR_OK);
        assert_true(plane->deleting);
        management_plane_free(plane);
        json_decref(object);
}

static void test_two_thousand_fit(void **state)
{
        (void)state;
        struct management_plane *plane =
            decoded("{'clusterName': 'gloo', 'region': 'eu-west-1', 'eligible': true,"
                    " 'kubeConfig': {'secretRef': {'name': 'eu-west-1-kubeconfig', 'key': 'value'}},"
                    " 'tls': {'caSecretRef': {'name': 'relay-ca', 'key': 'ca.crt'}}}");
        assert_true(malloc_usable_size(plane) <= 1024);
        management_plane_free(plane);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_empty_spec_is_own_cluster),
            cmocka_unit_test(test_fixed_address_looks_at_nothing_else),
            cmocka_unit_test(test_address_with_kubeconfig_watches_the_deployment),
            cmocka_unit_test(test_ca_makes_the_default_check_tls),
            cmocka_unit_test(test_deployment_follows_the_service),
            cmocka_unit_test(test_every_check_type),
            cmocka_unit_test(test_refusals_name_object_field_and_remedy),
            cmocka_unit_test(test_oversized_text_is_refused),
            cmocka_unit_test(test_object_without_anything),
            cmocka_unit_test(test_deletion_is_seen),
            cmocka_unit_test(test_two_thousand_fit),
        };
        return cmocka_run_group_tests_name("management_plane", tests, NULL, NULL);
}
