/* probe_tls_test.c -- TLS checks, and HTTP over TLS, against certificates that are good, old, foreign and misnamed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe_peer.h"
#include "probe_pki.h"
#include "probe_rig.h"
#include "runtime/clock.h"
#include "util/mem.h"
#include "util/text.h"

enum { DAY_S = 86400 };
#define NAME "mgmt.example.test"

static struct probe_rig rig;
static struct pki ca, other_ca;

static int open_all(void **state)
{
        (void)state;
        probe_rig_open(&rig);
        pki_init(&ca, "the right CA");
        pki_init(&other_ca, "another CA");
        return 0;
}

static int close_all(void **state)
{
        (void)state;
        pki_clear(&other_ca);
        pki_clear(&ca);
        probe_rig_close(&rig);
        return 0;
}

struct scene {
        struct pki_leaf leaf;
        SSL_CTX *context;
        struct probe_peer *peer;
        struct http_tls tls; /* what the check is given */
        struct probe_spec spec;
};

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

static void scene_open(struct scene *scene, enum probe_kind kind, long from_s, long to_s, const struct pki *client_ca)
{
        *scene = (struct scene){0};
        pki_leaf_init(&ca, NAME, from_s, to_s, &scene->leaf);
        scene->context = pki_server(&scene->leaf, client_ca);
        enum peer_act act = kind == PROBE_HTTP ? PEER_ANSWER : PEER_HOLD;
        scene->peer = probe_peer_open(&(const struct peer_script){
            .act = act, .bytes = OK_ANSWER, .count = sizeof(OK_ANSWER) - 1, .tls = scene->context});
        secret_copy(&scene->tls.ca, &ca.pem);
        scene->tls.server_name = mem_strdup(NAME);
        scene->spec = (struct probe_spec){
            .kind = kind,
            .address = "127.0.0.1",
            .port = probe_peer_port(scene->peer),
            .tls = &scene->tls,
            .verify = true,
            .status_low = 200,
            .status_high = 299,
        };
}

static void scene_close(struct scene *scene)
{
        probe_peer_close(scene->peer);
        SSL_CTX_free(scene->context);
        pki_leaf_clear(&scene->leaf);
        http_tls_clear(&scene->tls);
}

static struct sample take(struct scene *scene)
{
        return probe_rig_once(&rig, &scene->spec, 5000);
}

static void assert_about(unix_ms time, unix_ms expected)
{
        assert_true(time > expected - 60000 && time < expected + 60000);
}

static void a_good_certificate_passes_and_tells_its_end(void **state)
{
        (void)state;
        static const enum probe_kind kinds[] = {PROBE_TLS, PROBE_HTTP};
        for (size_t i = 0; i < 2; i++) {
                struct scene scene;
                scene_open(&scene, kinds[i], -DAY_S, 10 * DAY_S, NULL);
                struct sample sample = take(&scene);
                assert_string_equal(sample.text, "ok");
                assert_int_equal(sample.result, PROBE_PASS); /* soon to expire is for the core to say */
                assert_about(sample.certificate_not_after, clock_wall() + 10LL * DAY_S * 1000);
                scene_close(&scene);
        }
}

static int choose_http1(SSL *ssl, const unsigned char **ret, unsigned char *ret_bytes, const unsigned char *offered,
                        unsigned offered_bytes, void *ctx)
{
        (void)ssl;
        (void)ctx;
        static const unsigned char known[] = "\x08http/1.1";
        int found = SSL_select_next_proto((unsigned char **)(uintptr_t)ret, ret_bytes, known, sizeof(known) - 1, offered,
                                          offered_bytes);
        return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

/* A gRPC client refuses such a server; a check that passes says so, and only where it was asked to. */
static void a_server_that_does_not_choose_h2_passes_with_a_signal(void **state)
{
        (void)state;
        static const struct {
                bool has_alpn, is_http1_only, wants_http2;
                int tls_version;
                enum check_signal wanted;
        } rows[] = {{true, false, true, TLS1_3_VERSION, SIGNAL_NONE},
                    {true, false, true, TLS1_2_VERSION, SIGNAL_NONE},
                    {false, false, true, TLS1_3_VERSION, SIGNAL_NO_ALPN},
                    {false, false, true, TLS1_2_VERSION, SIGNAL_NO_ALPN},
                    {true, true, true, TLS1_3_VERSION, SIGNAL_NO_ALPN},
                    {false, false, false, TLS1_3_VERSION, SIGNAL_NONE}};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct scene scene;
                scene_open(&scene, PROBE_TLS, -DAY_S, 10 * DAY_S, NULL);
                SSL_CTX_set_max_proto_version(scene.context, rows[i].tls_version);
                if (!rows[i].has_alpn)
                        SSL_CTX_set_alpn_select_cb(scene.context, NULL, NULL);
                else if (rows[i].is_http1_only)
                        SSL_CTX_set_alpn_select_cb(scene.context, choose_http1, NULL);
                scene.spec.wants_http2 = rows[i].wants_http2;
                struct sample sample = take(&scene);
                assert_string_equal(sample.text, "ok");
                assert_int_equal(sample.result, PROBE_PASS);
                assert_int_equal(sample.signal, rows[i].wanted);
                scene_close(&scene);
        }
}

static void an_expired_certificate_fails_with_its_date(void **state)
{
        (void)state;
        struct scene scene;
        scene_open(&scene, PROBE_TLS, -10 * DAY_S, -2 * DAY_S, NULL);
        struct sample sample = take(&scene);
        assert_int_equal(sample.result, PROBE_FAIL);
        assert_int_equal(sample.error, PROBE_ERROR_CERTIFICATE);
        char date[TEXT_TIME_BYTES + 4], expected[64];
        text_from_time(sample.certificate_not_after, date);
        (void)snprintf(expected, sizeof(expected), "certificate expired %.10s", date);
        assert_string_equal(sample.text, expected);
        assert_about(sample.certificate_not_after, clock_wall() - 2LL * DAY_S * 1000);
        scene_close(&scene);
}

static void a_certificate_of_tomorrow_fails(void **state)
{
        (void)state;
        struct scene scene;
        scene_open(&scene, PROBE_TLS, DAY_S, 10 * DAY_S, NULL);
        struct sample sample = take(&scene);
        assert_int_equal(sample.error, PROBE_ERROR_CERTIFICATE);
        assert_non_null(strstr(sample.text, "not valid yet"));
        scene_close(&scene);
}

static void a_foreign_ca_fails(void **state)
{
        (void)state;
        struct scene scene;
        scene_open(&scene, PROBE_TLS, -DAY_S, DAY_S, NULL);
        secret_copy(&scene.tls.ca, &other_ca.pem);
        struct sample sample = take(&scene);
        assert_int_equal(sample.result, PROBE_FAIL);
        assert_int_equal(sample.error, PROBE_ERROR_CERTIFICATE);
        assert_string_equal(sample.text, "certificate is not signed by the CA given");
        scene_close(&scene);
}

static void another_name_fails_with_both_names(void **state)
{
        (void)state;
        struct scene scene;
        scene_open(&scene, PROBE_TLS, -DAY_S, DAY_S, NULL);
        free(scene.tls.server_name);
        scene.tls.server_name = mem_strdup("relay.example.test");
        struct sample sample = take(&scene);
        assert_int_equal(sample.result, PROBE_FAIL);
        assert_int_equal(sample.error, PROBE_ERROR_CERTIFICATE);
        assert_string_equal(sample.text, "certificate is for " NAME ", expected relay.example.test");
        /* Without a server name the address itself is what it must be for. */
        free(scene.tls.server_name);
        scene.tls.server_name = NULL;
        sample = take(&scene);
        assert_string_equal(sample.text, "certificate is for " NAME ", expected 127.0.0.1");
        scene_close(&scene);
}

static void without_verification_only_the_path_counts(void **state)
{
        (void)state;
        struct scene scene;
        scene_open(&scene, PROBE_TLS, -10 * DAY_S, -2 * DAY_S, NULL);
        scene.spec.verify = false;
        struct sample sample = take(&scene);
        assert_int_equal(sample.result, PROBE_PASS);
        assert_about(sample.certificate_not_after, clock_wall() - 2LL * DAY_S * 1000);
        assert_false(scene.tls.insecure); /* the shared material is not touched */
        scene.spec.tls = NULL;
        assert_int_equal(take(&scene).result, PROBE_PASS);
        scene_close(&scene);
}

static void a_client_certificate_that_is_wanted(void **state)
{
        (void)state;
        struct scene scene;
        scene_open(&scene, PROBE_HTTP, -DAY_S, DAY_S, &ca);
        struct pki_leaf client, stranger;
        pki_leaf_init(&ca, "client", -DAY_S, DAY_S, &client);
        pki_leaf_init(&other_ca, "client", -DAY_S, DAY_S, &stranger);

        struct sample sample = take(&scene);
        assert_int_equal(sample.result, PROBE_UNKNOWN);
        assert_int_equal(sample.error, PROBE_ERROR_CREDENTIALS);

        secret_copy(&scene.tls.certificate, &client.certificate);
        secret_copy(&scene.tls.key, &client.key);
        sample = take(&scene);
        assert_string_equal(sample.text, "ok");

        secret_copy(&scene.tls.certificate, &stranger.certificate);
        secret_copy(&scene.tls.key, &stranger.key);
        sample = take(&scene);
        assert_int_equal(sample.result, PROBE_UNKNOWN);
        assert_int_equal(sample.error, PROBE_ERROR_CREDENTIALS);

        /* The key of another certificate, and no PEM at all: our Secret is to blame, before anything is sent. */
        secret_copy(&scene.tls.key, &client.key);
        sample = take(&scene);
        assert_int_equal(sample.result, PROBE_UNKNOWN);
        assert_int_equal(sample.error, PROBE_ERROR_CONFIG);
        secret_set(&scene.tls.certificate, "no PEM", 6);
        sample = take(&scene);
        assert_int_equal(sample.error, PROBE_ERROR_CONFIG);
        assert_non_null(strstr(sample.text, "Secret"));

        pki_leaf_clear(&client);
        pki_leaf_clear(&stranger);
        scene_close(&scene);
}

/* It asked for a certificate and took it: what comes afterwards, or does not, is its own affair. */
static void a_peer_that_breaks_off_after_it_was_content_fails(void **state)
{
        (void)state;
        struct scene scene;
        scene_open(&scene, PROBE_HTTP, -DAY_S, DAY_S, &ca);
        struct pki_leaf client;
        pki_leaf_init(&ca, "client", -DAY_S, DAY_S, &client);
        secret_copy(&scene.tls.certificate, &client.certificate);
        secret_copy(&scene.tls.key, &client.key);
        struct probe_peer *peer =
            probe_peer_open(&(const struct peer_script){.act = PEER_ANSWER, .bytes = "", .tls = scene.context});
        scene.spec.port = probe_peer_port(peer);
        struct sample sample = take(&scene);
        assert_int_equal(sample.result, PROBE_FAIL);
        assert_int_equal(sample.error, PROBE_ERROR_PROTOCOL);
        pki_leaf_clear(&client);
        probe_peer_close(peer);
        scene_close(&scene);
}

static void an_unusable_ca_is_our_configuration(void **state)
{
        (void)state;
        struct scene scene;
        scene_open(&scene, PROBE_TLS, -DAY_S, DAY_S, NULL);
        secret_set(&scene.tls.ca, "-----BEGIN CERTIFICATE-----\nnonsense\n", 37);
        struct sample sample = take(&scene);
        assert_int_equal(sample.result, PROBE_UNKNOWN);
        assert_int_equal(sample.error, PROBE_ERROR_CONFIG);
        scene_close(&scene);
}

/* 401 and 403 behind a client certificate are about that certificate; without one they are the server's own word. */
static void forbidden_with_a_client_certificate_is_about_it(void **state)
{
        (void)state;
        static const char answer[] = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        struct scene scene;
        scene_open(&scene, PROBE_HTTP, -DAY_S, DAY_S, NULL);
        struct probe_peer *peer = probe_peer_open(&(const struct peer_script){
            .act = PEER_ANSWER, .bytes = answer, .count = sizeof(answer) - 1, .tls = scene.context});
        scene.spec.port = probe_peer_port(peer);
        assert_int_equal(take(&scene).error, PROBE_ERROR_STATUS);
        struct pki_leaf client;
        pki_leaf_init(&ca, "client", -DAY_S, DAY_S, &client);
        secret_copy(&scene.tls.certificate, &client.certificate);
        secret_copy(&scene.tls.key, &client.key);
        assert_int_equal(take(&scene).error, PROBE_ERROR_CREDENTIALS);
        pki_leaf_clear(&client);
        probe_peer_close(peer);
        scene_close(&scene);
}

static void what_is_not_tls_fails(void **state)
{
        (void)state;
        struct scene scene;
        scene_open(&scene, PROBE_TLS, -DAY_S, DAY_S, NULL);
        static const struct {
                struct peer_script script;
                enum probe_error error;
        } rows[] = {
            {{.act = PEER_HOLD}, PROBE_ERROR_TIMEOUT},
            {{.act = PEER_FLOOD, .bytes = "220 smtp.example.test ESMTP\r\n\r\n", .count = 31}, PROBE_ERROR_TIMEOUT},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct probe_peer *peer = probe_peer_open(&rows[i].script);
                scene.spec.port = probe_peer_port(peer);
                struct sample sample = probe_rig_once(&rig, &scene.spec, 300);
                assert_int_equal(sample.result, PROBE_FAIL);
                assert_int_equal(sample.error, rows[i].error);
                probe_peer_close(peer);
        }
        struct probe_peer *peer = probe_peer_open(&(const struct peer_script){.act = PEER_RESET});
        scene.spec.port = probe_peer_port(peer);
        struct sample sample = take(&scene);
        assert_int_equal(sample.result, PROBE_FAIL);
        assert_true(sample.error == PROBE_ERROR_TLS || sample.error == PROBE_ERROR_REFUSED);
        probe_peer_close(peer);
        scene.spec.port = probe_peer_refused_port();
        assert_string_equal(take(&scene).text, "connection refused");
        scene_close(&scene);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_good_certificate_passes_and_tells_its_end),
            cmocka_unit_test(a_server_that_does_not_choose_h2_passes_with_a_signal),
            cmocka_unit_test(an_expired_certificate_fails_with_its_date),
            cmocka_unit_test(a_certificate_of_tomorrow_fails),
            cmocka_unit_test(a_foreign_ca_fails),
            cmocka_unit_test(another_name_fails_with_both_names),
            cmocka_unit_test(without_verification_only_the_path_counts),
            cmocka_unit_test(a_client_certificate_that_is_wanted),
            cmocka_unit_test(a_peer_that_breaks_off_after_it_was_content_fails),
            cmocka_unit_test(an_unusable_ca_is_our_configuration),
            cmocka_unit_test(forbidden_with_a_client_certificate_is_about_it),
            cmocka_unit_test(what_is_not_tls_fails),
        };
        return cmocka_run_group_tests(tests, open_all, close_all);
}
