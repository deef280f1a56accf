/* probe_deployment_test.c -- Deployment checks through the real client, against an API server that the test scripts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "kube/client.h"
#include "probe_peer.h"
#include "probe_rig.h"
#include "util/mem.h"

static struct sample sample_from(uint16_t port, mono_ms timeout_ms)
{
        char server[64];
        (void)snprintf(server, sizeof(server), "http://127.0.0.1:%u", (unsigned)port);
        struct kube_config config = {.server = mem_strdup(server), .namespace_name = mem_strdup("default")};
        secret_set(&config.token, "token", 5);
        struct kube *kube = kube_open(the_rig.loop, the_rig.http, the_rig.executor, &config);
        const struct probe_spec spec = {.kind = PROBE_DEPLOYMENT,
                                        .kube = kube,
                                        .namespace_name = "gloo-mesh",
                                        .object_name = "gloo-mesh-mgmt-server"};
        struct sample sample = probe_rig_once(&the_rig, &spec, timeout_ms);
        kube_close(kube);
        return sample;
}

static struct sample sample_of(const char *status, const char *body)
{
        char answer[2048];
        int count = snprintf(
            answer, sizeof(answer),
            "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
            status, strlen(body), body);
        struct probe_peer *peer =
            probe_peer_open(&(const struct peer_script){.act = PEER_ANSWER, .bytes = answer, .count = (size_t)count});
        struct sample sample = sample_from(probe_peer_port(peer), 5000);
        char request[256];
        probe_peer_request(peer, request, sizeof(request));
        static const char line[] = "GET /apis/apps/v1/namespaces/gloo-mesh/deployments/gloo-mesh-mgmt-server";
        assert_memory_equal(request, line, sizeof(line) - 1);
        probe_peer_close(peer);
        return sample;
}

#define DEPLOYMENT(spec, status)                                                                            \
        "{\"kind\":\"Deployment\",\"apiVersion\":\"apps/v1\",\"metadata\":{\"name\":\"x\"},\"spec\":{" spec \
        "},\"status\":{" status "}}"

static void replicas_are_counted(void **state)
{
        (void)state;
        struct sample sample = sample_of(
            "200 OK", DEPLOYMENT("\"replicas\":3", "\"replicas\":3,\"availableReplicas\":3,\"updatedReplicas\":3"));
        assert_string_equal(sample.text, "ok");
        assert_int_equal(sample.result, PROBE_PASS);
        assert_int_equal(sample.replicas_available, 3);
        assert_int_equal(sample.replicas_wanted, 3);
        assert_int_equal(sample.replicas_updated, 3);
        sample = sample_of("200 OK", DEPLOYMENT("\"replicas\":3", "\"availableReplicas\":1,\"updatedReplicas\":2"));
        assert_int_equal(sample.result, PROBE_PASS); /* one lost replica is for the core to call Degraded */
        assert_int_equal(sample.replicas_available, 1);
        assert_int_equal(sample.replicas_wanted, 3);
        assert_int_equal(sample.replicas_updated, 2);
}

static void none_available_fails(void **state)
{
        (void)state;
        struct sample sample =
            sample_of("200 OK", DEPLOYMENT("\"replicas\":2", "\"replicas\":2,\"unavailableReplicas\":2"));
        assert_int_equal(sample.result, PROBE_FAIL);
        assert_int_equal(sample.error, PROBE_ERROR_STATUS);
        assert_string_equal(sample.text, "0 of 2 replicas available");
        assert_int_equal(sample.replicas_available, 0);
        assert_int_equal(sample_of("200 OK", DEPLOYMENT("", "")).replicas_wanted, 1); /* the API's default */
}

static void odd_objects_are_survived(void **state)
{
        (void)state;
        assert_int_equal(sample_of("200 OK", "{\"spec\":[],\"status\":\"x\"}").error, PROBE_ERROR_STATUS);
        assert_int_equal(sample_of("200 OK", DEPLOYMENT("\"replicas\":-7", "\"availableReplicas\":9999999999")).error,
                         PROBE_ERROR_STATUS);
        assert_int_equal(sample_of("200 OK", "[]").error, PROBE_ERROR_API);
        assert_int_equal(sample_of("200 OK", "not JSON").error, PROBE_ERROR_API);
        assert_int_equal(sample_of("200 OK", "").error, PROBE_ERROR_API);
}

#define STATUS(code, message)                                                                                          \
        "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"" message "\",\"code\":" code \
        "}"

static const char *arena_status(const char *message)
{
        static char body[512];
        (void)snprintf(body, sizeof(body), STATUS("403", "%s"), message);
        return body;
}

static void what_the_server_refuses_is_unknown(void **state)
{
        (void)state;
        struct sample sample =
            sample_of("404 Not Found", STATUS("404", "deployments.apps \\\"gloo-mesh-mgmt-server\\\" not found"));
        assert_int_equal(sample.result, PROBE_UNKNOWN);
        assert_int_equal(sample.error, PROBE_ERROR_CONFIG);
        assert_string_equal(sample.text, "no Deployment gloo-mesh/gloo-mesh-mgmt-server: correct server.deployment");
        assert_int_equal(sample.replicas_available, -1);

        sample = sample_of("403 Forbidden", STATUS("403", "deployments.apps is forbidden"));
        assert_int_equal(sample.result, PROBE_UNKNOWN);
        assert_int_equal(sample.error, PROBE_ERROR_CREDENTIALS);
        assert_string_equal(sample.text,
                            "Deployment gloo-mesh/gloo-mesh-mgmt-server: 403: server.deployment may be misspelt, or the "
                            "right is missing: kubectl auth can-i get "
                            "deployments.apps/gloo-mesh-mgmt-server -n gloo-mesh; a Role with apiGroups [\"apps\"], "
                            "resources [deployments], verbs [get] grants it");
        static const char said[] = "User \\\"system:serviceaccount:gloo-mesh:planekeeper\\\" cannot get it";
        sample = sample_of("403 Forbidden", arena_status(said));
        assert_non_null(strstr(sample.text, " -n gloo-mesh --as=system:serviceaccount:gloo-mesh:planekeeper; a Role"));
        sample = sample_of("403 Forbidden", arena_status("User \\\"$(reboot)\\\" cannot get it"));
        assert_null(strstr(sample.text, "--as"));

        sample = sample_of("401 Unauthorized", STATUS("401", "Unauthorized"));
        assert_int_equal(sample.error, PROBE_ERROR_CREDENTIALS);

        sample = sample_of("500 Internal Server Error", STATUS("500", "etcdserver: leader changed"));
        assert_int_equal(sample.result, PROBE_UNKNOWN);
        assert_int_equal(sample.error, PROBE_ERROR_API);
        assert_non_null(strstr(sample.text, "etcdserver: leader changed"));
}

static void an_unreachable_server_is_unknown(void **state)
{
        (void)state;
        struct sample sample = sample_from(probe_peer_refused_port(), 5000);
        assert_int_equal(sample.result, PROBE_UNKNOWN);
        assert_int_equal(sample.error, PROBE_ERROR_API);

        struct probe_peer *peer = probe_peer_open(&(const struct peer_script){.act = PEER_HOLD});
        sample = sample_from(probe_peer_port(peer), 300);
        assert_int_equal(sample.result, PROBE_UNKNOWN);
        assert_int_equal(sample.error, PROBE_ERROR_API);
        probe_peer_close(peer);
}

static void without_a_kubeconfig_nothing_can_be_said(void **state)
{
        (void)state;
        const struct probe_spec spec = {
            .kind = PROBE_DEPLOYMENT, .namespace_name = "gloo-mesh", .object_name = "gloo-mesh-mgmt-server"};
        struct sample sample = probe_rig_once(&the_rig, &spec, 5000);
        assert_int_equal(sample.result, PROBE_UNKNOWN);
        assert_int_equal(sample.error, PROBE_ERROR_CONFIG);
        assert_non_null(strstr(sample.text, "kubeconfig"));
}

static void both_names_are_needed(void **state)
{
        (void)state;
        const struct probe_spec specs[] = {
            {.kind = PROBE_DEPLOYMENT, .namespace_name = "gloo-mesh"},
            {.kind = PROBE_DEPLOYMENT, .object_name = "gloo-mesh-mgmt-server", .namespace_name = ""},
        };
        const struct probe_cadence cadence = {.interval_ms = 1000, .timeout_ms = 1000};
        for (size_t i = 0; i < 2; i++) {
                struct probe *probe = NULL;
                struct errmsg why;
                assert_int_equal(probe_open(the_rig.prober, &specs[i], &cadence, probe_rig_on_sample, &the_rig, &probe, &why),
                                 ERR_INVALID);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(replicas_are_counted),
            cmocka_unit_test(none_available_fails),
            cmocka_unit_test(odd_objects_are_survived),
            cmocka_unit_test(what_the_server_refuses_is_unknown),
            cmocka_unit_test(an_unreachable_server_is_unknown),
            cmocka_unit_test(without_a_kubeconfig_nothing_can_be_said),
            cmocka_unit_test(both_names_are_needed),
        };
        return cmocka_run_group_tests(tests, probe_rig_setup, probe_rig_teardown);
}
