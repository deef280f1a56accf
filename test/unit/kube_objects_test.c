/* kube_objects_test.c -- what is read from Secrets and Services, and the record set that addresses become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/rrset.h"
#include "api/secret_object.h"
#include "api/service_object.h"
#include "json_text.h"
#include "util/mem.h"
#include "util/text.h"

static void test_secret_values_are_decoded(void **state)
{
        (void)state;
        json_t *json = json_text("{'metadata': {'namespace': 'n', 'name': 's', 'resourceVersion': '5'},"
                                 " 'data': {'password': 'czNjcjN0', 'empty': '', 'binary': 'AAEC'}}");
        struct secret_object *secret;
        assert_int_equal(secret_object_decode(json, &secret, NULL), ERR_OK);
        assert_string_equal(secret->resource_version, "5");
        assert_int_equal(secret->count, 3);
        assert_string_equal(secret_object_find(secret, "password")->bytes, "s3cr3t");
        assert_int_equal(secret_object_find(secret, "binary")->count, 3);
        assert_memory_equal(secret_object_find(secret, "binary")->bytes, "\0\1\2", 3);
        assert_int_equal(secret_object_find(secret, "empty")->count, 0);
        assert_null(secret_object_find(secret, "other"));
        const struct secret *value;
        struct errmsg why;
        assert_int_equal(secret_object_require(secret, "password", &value, &why), ERR_OK);
        assert_int_equal(secret_object_require(secret, "other", &value, &why), ERR_NOT_FOUND);
        assert_string_equal(why.text, "Secret n/s: key other is missing; its keys: password, empty, binary");
        assert_int_equal(secret_object_require(secret, "empty", &value, &why), ERR_NOT_FOUND);
        assert_non_null(strstr(why.text, "key empty is empty"));
        secret_object_free(secret);
        secret_object_free(NULL);
        json_decref(json);
}

static void test_secret_without_data(void **state)
{
        (void)state;
        json_t *json = json_text("{'metadata': {'namespace': 'n', 'name': 's'}}");
        struct secret_object *secret;
        const struct secret *value;
        struct errmsg why;
        assert_int_equal(secret_object_decode(json, &secret, NULL), ERR_OK);
        assert_int_equal(secret_object_require(secret, "k", &value, &why), ERR_NOT_FOUND);
        assert_string_equal(why.text, "Secret n/s: key k is missing; its keys: none");
        secret_object_free(secret);
        json_decref(json);
}

static void test_bad_secrets_name_the_key_and_never_the_value(void **state)
{
        (void)state;
        static const struct {
                const char *data;
                const char *why;
        } cases[] = {
            {"{'good': 'czNjcjN0', 'bad': 's3cr3t!!'}", "Secret n/s: key bad is not base64"},
            {"{'bad': 's3cr3'}", "Secret n/s: key bad is not base64"},
            {"{'bad': 5}", "Secret n/s: key bad is not a text"},
            {"['s3cr3t']", "Secret n/s: data is not an object"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                json_t *json = json_text("{'metadata': {'namespace': 'n', 'name': 's'}, 'data': %s}", cases[i].data);
                struct secret_object *secret = NULL;
                struct errmsg why;
                assert_int_equal(secret_object_decode(json, &secret, &why), ERR_INVALID);
                assert_string_equal(why.text, cases[i].why);
                assert_null(secret);
                json_decref(json);
        }
}

static void test_large_secrets_are_bounded(void **state)
{
        (void)state;
        json_t *json = json_text("{'metadata': {'namespace': 'n', 'name': 's'}, 'data': {}}");
        json_t *data = json_object_get(json, "data");
        for (int i = 0; i < SECRET_ENTRIES_MAX + 1; i++) {
                char key[24];
                (void)snprintf(key, sizeof(key), "k%d", i);
                json_object_set_new(data, key, json_string(""));
        }
        struct secret_object *secret = NULL;
        struct errmsg why;
        assert_int_equal(secret_object_decode(json, &secret, &why), ERR_INVALID);
        assert_string_equal(why.text, "Secret n/s: has 65 keys, at most 64 are read");
        json_object_clear(data);
        char *big = mem_calloc((1 << 21) + 1, 1);
        memset(big, 'A', 1 << 21);
        json_object_set_new(data, "big", json_string(big));
        assert_int_equal(secret_object_decode(json, &secret, &why), ERR_INVALID);
        assert_string_equal(why.text, "Secret n/s: is larger than 1048576 bytes");
        free(big);
        json_decref(json);
}

static json_t *service(const char *ingress, const char *type)
{
        return json_text(
            "{'metadata': {'namespace': 'gloo-mesh', 'name': 'srv'}, 'spec': {'type': '%s', 'ports': ["
            "{'name': 'http', 'port': 8090}, {'name': 'grpc', 'port': 9900}, {'name': 'bad', 'port': 70000}]},"
            " 'status': {'loadBalancer': {'ingress': %s}}}",
            type, ingress);
}

static void test_service_prefers_addresses(void **state)
{
        (void)state;
        json_t *json = service(
            "[{'hostname': 'lb.example.com'}, {'ip': '198.51.100.8'}, {'ip': '2001:db8::1'}, {'ip': 'nonsense'}]",
            "LoadBalancer");
        struct service_ingress ingress;
        assert_int_equal(service_ingress_decode(json, "grpc", &ingress, NULL), ERR_OK);
        assert_int_equal(ingress.count, 2);
        assert_string_equal(ingress.addresses[0], "198.51.100.8");
        assert_string_equal(ingress.addresses[1], "2001:db8::1");
        assert_int_equal(ingress.port, 9900);
        service_ingress_clear(&ingress);
        assert_int_equal(service_ingress_decode(json, "8090", &ingress, NULL), ERR_OK);
        assert_int_equal(ingress.port, 8090);
        service_ingress_clear(&ingress);
        json_decref(json);
}

static void test_service_with_a_host_name(void **state)
{
        (void)state;
        static const struct {
                const char *ingress, *others;
        } cases[] = {
            {"[{'hostname': 'lb.example.com'}]", NULL},
            {"[{'hostname': 'lb.example.com'}, {'hostname': 'LB.example.com'}]", NULL},
            {"[{'hostname': 'lb.example.com'}, {'hostname': 'other.example.com'}]", "other.example.com"},
            {"[{'hostname': 'svc'}, {'hostname': 'lb.example.com'}, {'hostname': 'b.example.com'}, "
             "{'hostname': 'c.example.com'}]",
             "b.example.com, c.example.com"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                json_t *json = service(cases[i].ingress, "LoadBalancer");
                struct service_ingress ingress;
                assert_int_equal(service_ingress_decode(json, "grpc", &ingress, NULL), ERR_OK);
                assert_int_equal(ingress.count, 1);
                assert_string_equal(ingress.addresses[0], "lb.example.com");
                assert_true(text_equal(ingress.other_names, cases[i].others));
                service_ingress_clear(&ingress);
                json_decref(json);
        }
}

static void test_service_that_gives_no_address(void **state)
{
        (void)state;
        static const struct {
                const char *ingress, *type, *port;
                enum err err;
                const char *why;
        } cases[] = {
            {"[]", "LoadBalancer", "grpc", ERR_NOT_FOUND,
             "Service gloo-mesh/srv has no ingress yet: its load balancer was not assigned an address"},
            {"null", "LoadBalancer", "grpc", ERR_NOT_FOUND,
             "Service gloo-mesh/srv has no ingress yet: its load balancer was not assigned an address"},
            {"[{'hostname': 'not a name'}]", "LoadBalancer", "grpc", ERR_INVALID,
             "Service gloo-mesh/srv: status.loadBalancer.ingress says \"not a name\", which is neither an IP address "
             "nor a host "
             "name; correct the load balancer, or give server.address"},
            {"[{'hostname': '127.1'}]", "LoadBalancer", "grpc", ERR_INVALID,
             "Service gloo-mesh/srv: status.loadBalancer.ingress says \"127.1\", which ends in a number: resolvers "
             "read it as an "
             "address, DNS does not; write four numbers from 0 to 255, or a host name; correct the load balancer, or "
             "give "
             "server.address"},
            {"[{'hostname': 'mgmt.gloo-mesh.svc.cluster.local'}]", "LoadBalancer", "grpc", ERR_INVALID,
             "Service gloo-mesh/srv: status.loadBalancer.ingress says \"mgmt.gloo-mesh.svc.cluster.local\", which is "
             "known inside one cluster or machine alone: agents elsewhere find nothing there; write an IP address, or a "
             "name that DNS has everywhere; correct the load balancer, or give server.address"},
            {"[{'ip': '127.0.15618'}]", "LoadBalancer", "grpc", ERR_INVALID,
             "Service gloo-mesh/srv: status.loadBalancer.ingress says \"127.0.15618\", which is not an IP address; "
             "correct the "
             "load balancer, or give server.address"},
            {"[]", "ClusterIP", "grpc", ERR_INVALID,
             "Service gloo-mesh/srv is of type ClusterIP: it has no ingress; use a LoadBalancer or give "
             "server.address"},
            {"[]", "LoadBalancer", "relay", ERR_INVALID,
             "Service gloo-mesh/srv has no port relay; name one of its ports in server.service.port"},
            {"[]", "LoadBalancer", "bad", ERR_INVALID,
             "Service gloo-mesh/srv has no port bad; name one of its ports in server.service.port"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                json_t *json = service(cases[i].ingress, cases[i].type);
                struct service_ingress ingress = {0};
                struct errmsg why;
                assert_int_equal(service_ingress_decode(json, cases[i].port, &ingress, &why), cases[i].err);
                assert_string_equal(why.text, cases[i].why);
                assert_int_equal(ingress.count, 0);
                json_decref(json);
        }
}

static void test_rrset_is_canonical(void **state)
{
        (void)state;
        static const struct {
                enum rrset_type type;
                const char *addresses[4];
                const char *text;
        } cases[] = {
            {RRSET_AUTO, {"198.51.100.8", "198.51.100.7"}, "A 198.51.100.7,198.51.100.8"},
            {RRSET_AUTO, {"198.51.100.7", "198.51.100.7"}, "A 198.51.100.7"},
            {RRSET_AUTO, {"2001:DB8:0::1", "198.51.100.7"}, "A 198.51.100.7"},
            {RRSET_AUTO, {"2001:DB8:0::1"}, "AAAA 2001:db8::1"},
            {RRSET_AUTO, {"LB.Example.com."}, "CNAME lb.example.com"},
            {RRSET_AAAA, {"2001:db8::2", "198.51.100.7", "2001:db8::1"}, "AAAA 2001:db8::1,2001:db8::2"},
            {RRSET_A, {"198.51.100.7"}, "A 198.51.100.7"},
            {RRSET_CNAME, {"lb.example.com"}, "CNAME lb.example.com"},
            {RRSET_ALIAS, {"LB.example.com."}, "ALIAS lb.example.com"},
            {RRSET_ALIAS, {"dualstack.lb.example.com"}, "ALIAS dualstack.lb.example.com + ALIAS6 dualstack.lb.example.com"},
        };
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                size_t count = 0;
                while (count < 4 && cases[i].addresses[count])
                        count++;
                char *text;
                assert_int_equal(rrset_from_addresses(cases[i].type, cases[i].addresses, count, &text, NULL), ERR_OK);
                assert_string_equal(text, cases[i].text);
                free(text);
        }
}

static void test_rrset_that_cannot_be(void **state)
{
        (void)state;
        static const char *const host[] = {"lb.example.com"};
        static const char *const two[] = {"a.example.com", "b.example.com"};
        static const char *const bad[] = {"not a name"};
        const char *many[RRSET_VALUES_MAX + 1];
        for (size_t i = 0; i <= RRSET_VALUES_MAX; i++)
                many[i] = "198.51.100.7";
        char *text = NULL;
        struct errmsg why;
        assert_int_equal(rrset_from_addresses(RRSET_AUTO, host, 0, &text, &why), ERR_INVALID);
        assert_string_equal(why.text, "no address is known");
        assert_int_equal(rrset_from_addresses(RRSET_A, host, 1, &text, &why), ERR_INVALID);
        assert_string_equal(
            why.text,
            "record type A does not fit address lb.example.com; change dns.recordType or the plane's address");
        assert_int_equal(rrset_from_addresses(RRSET_CNAME, two, 2, &text, &why), ERR_INVALID);
        assert_string_equal(why.text, "a CNAME holds one name, there are 2: a.example.com, b.example.com");
        assert_int_equal(rrset_from_addresses(RRSET_ALIAS, two, 2, &text, &why), ERR_INVALID);
        assert_string_equal(why.text, "an ALIAS holds one name, there are 2: a.example.com, b.example.com");
        assert_int_equal(rrset_from_addresses(RRSET_AUTO, bad, 1, &text, &why), ERR_INVALID);
        assert_int_equal(rrset_from_addresses(RRSET_AUTO, many, RRSET_VALUES_MAX + 1, &text, &why), ERR_INVALID);
        assert_string_equal(why.text, "17 addresses, at most 16 go into one record");
        assert_null(text);
        assert_string_equal(rrset_type_name(RRSET_AAAA), "AAAA");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_secret_values_are_decoded),
            cmocka_unit_test(test_secret_without_data),
            cmocka_unit_test(test_bad_secrets_name_the_key_and_never_the_value),
            cmocka_unit_test(test_large_secrets_are_bounded),
            cmocka_unit_test(test_service_prefers_addresses),
            cmocka_unit_test(test_service_with_a_host_name),
            cmocka_unit_test(test_service_that_gives_no_address),
            cmocka_unit_test(test_rrset_is_canonical),
            cmocka_unit_test(test_rrset_that_cannot_be),
        };
        return cmocka_run_group_tests_name("kube_objects", tests, NULL, NULL);
}
