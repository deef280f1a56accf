/* probe_delivery_test.c -- checks of what a pipeline delivers, through the real client, against a scripted API server. */
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

static struct sample sample_of(enum probe_kind kind, const char *path, const char *status, const char *body)
{
        char answer[2048], server[64], request[256];
        int count = snprintf(
            answer, sizeof(answer),
            "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
            status, strlen(body), body);
        struct probe_peer *peer =
            probe_peer_open(&(const struct peer_script){.act = PEER_ANSWER, .bytes = answer, .count = (size_t)count});
        (void)snprintf(server, sizeof(server), "http://127.0.0.1:%u", (unsigned)probe_peer_port(peer));
        struct kube_config config = {.server = mem_strdup(server), .namespace_name = mem_strdup("default")};
        secret_set(&config.token, "token", 5);
        struct kube *kube = kube_open(the_rig.loop, the_rig.http, the_rig.executor, &config);
        const struct probe_spec spec = {.kind = kind, .kube = kube, .namespace_name = "ci", .object_name = "gloo"};
        struct sample sample = probe_rig_once(&the_rig, &spec, 5000);
        kube_close(kube);
        probe_peer_request(peer, request, sizeof(request));
        assert_memory_equal(request, path, strlen(path));
        probe_peer_close(peer);
        return sample;
}

static struct sample flux(const char *body)
{
        return sample_of(PROBE_KUSTOMIZATION,
                         "GET /apis/kustomize.toolkit.fluxcd.io/v1/namespaces/ci/kustomizations/gloo", "200 OK", body);
}

static struct sample argo(const char *body)
{
        return sample_of(PROBE_APPLICATION, "GET /apis/argoproj.io/v1alpha1/namespaces/ci/applications/gloo", "200 OK",
                         body);
}

#define READY(status, more) "{\"status\":{\"conditions\":[{\"type\":\"Healthy\",\"status\":\"False\"}," \
                            "{\"type\":\"Ready\",\"status\":\"" status "\"" more "}]}}"

static void a_kustomization_is_in_sync_unless_its_controller_says_no(void **state)
{
        (void)state;
        assert_int_equal(flux(READY("True", "")).result, PROBE_PASS);
        assert_int_equal(flux(READY("Unknown", ",\"reason\":\"Progressing\"")).result, PROBE_PASS); /* at work */
        struct sample sample = flux(READY("False", ",\"reason\":\"BuildFailed\",\"message\":\"no such file\""));
        assert_int_equal(sample.result, PROBE_FAIL);
        assert_int_equal(sample.error, PROBE_ERROR_STATUS);
        assert_string_equal(sample.text, "not in sync, BuildFailed: no such file");
}

static void a_kustomization_that_nobody_delivers_is_behind(void **state)
{
        (void)state;
        struct sample sample = flux("{\"spec\":{\"suspend\":true},\"status\":{\"conditions\":[{\"type\":\"Ready\","
                                    "\"status\":\"True\"}]}}");
        assert_int_equal(sample.result, PROBE_FAIL);
        assert_non_null(strstr(sample.text, "suspended"));
        sample = flux("{\"status\":{}}");
        assert_int_equal(sample.result, PROBE_FAIL);
        assert_non_null(strstr(sample.text, "no controller has said yet"));
}

#define APPLICATION(sync, operation) "{\"status\":{\"sync\":{\"status\":\"" sync "\",\"revision\":\"abc\"}," \
                                     "\"operationState\":{\"phase\":\"" operation "\",\"message\":\"one failed\"}}}"

static void an_application_is_in_sync_or_being_synced(void **state)
{
        (void)state;
        assert_int_equal(argo(APPLICATION("Synced", "Failed")).result, PROBE_PASS);
        assert_int_equal(argo(APPLICATION("OutOfSync", "Running")).result, PROBE_PASS); /* at work */
        struct sample sample = argo(APPLICATION("OutOfSync", "Failed"));
        assert_int_equal(sample.result, PROBE_FAIL);
        assert_string_equal(sample.text, "not in sync, OutOfSync at revision abc: one failed");
        assert_int_equal(argo(APPLICATION("Unknown", "Succeeded")).result, PROBE_FAIL);
        assert_non_null(strstr(argo("{\"status\":[]}").text, "no controller has said yet"));
}

static void what_cannot_be_read_accuses_nobody(void **state)
{
        (void)state;
        static const char path[] = "GET /apis/kustomize.toolkit.fluxcd.io/v1/namespaces/ci/kustomizations/gloo";
        struct sample sample = sample_of(PROBE_KUSTOMIZATION, path, "404 Not Found",
                                         "{\"kind\":\"Status\",\"code\":404,\"reason\":\"NotFound\"}");
        assert_int_equal(sample.result, PROBE_UNKNOWN);
        assert_string_equal(sample.text, "no Kustomization ci/gloo: correct the object of the check");
        sample = sample_of(PROBE_KUSTOMIZATION, path, "403 Forbidden",
                           "{\"kind\":\"Status\",\"code\":403,\"reason\":\"Forbidden\",\"message\":\"cannot get\"}");
        assert_int_equal(sample.result, PROBE_UNKNOWN);
        assert_int_equal(sample.error, PROBE_ERROR_CREDENTIALS);
        assert_int_equal(flux("[]").error, PROBE_ERROR_API);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(a_kustomization_is_in_sync_unless_its_controller_says_no, probe_rig_setup, probe_rig_teardown),
            cmocka_unit_test_setup_teardown(a_kustomization_that_nobody_delivers_is_behind, probe_rig_setup, probe_rig_teardown),
            cmocka_unit_test_setup_teardown(an_application_is_in_sync_or_being_synced, probe_rig_setup, probe_rig_teardown),
            cmocka_unit_test_setup_teardown(what_cannot_be_read_accuses_nobody, probe_rig_setup, probe_rig_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
