/* http_tls_test.c -- TLS peers: right, expired, unknown, misnamed, and those that want to know who we are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_rig.h"
#include "runtime/clock.h"
#include "util/mem.h"

enum { DAY_S = 86400 };

static struct tls_identity ca;
static struct tls_identity other_ca;
static struct tls_identity server;       /* for 127.0.0.1 and plane.test */
static struct tls_identity named_server; /* for plane.test only */
static struct tls_identity expired_server;
static struct tls_identity client;
static struct tls_identity other_client; /* of other_ca */

static int make_identities(void **state)
{
        (void)state;
        ca = tls_identity_new(NULL, NULL, 30L * DAY_S);
        other_ca = tls_identity_new(NULL, NULL, 30L * DAY_S);
        server = tls_identity_new(&ca, "IP:127.0.0.1,DNS:plane.test", 10L * DAY_S);
        named_server = tls_identity_new(&ca, "DNS:plane.test", 10L * DAY_S);
        expired_server = tls_identity_new(&ca, "IP:127.0.0.1", -3600);
        client = tls_identity_new(&ca, "DNS:client.test", 10L * DAY_S);
        other_client = tls_identity_new(&other_ca, "DNS:client.test", 10L * DAY_S);
        return 0;
}

static int free_identities(void **state)
{
        (void)state;
        struct tls_identity *all[] = {&ca, &other_ca, &server, &named_server, &expired_server, &client, &other_client};
        for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
                tls_identity_deinit(all[i]);
        return 0;
}

static void serve_ok(struct peer_connection *connection)
{
        char head[4096];
        while (peer_read_head(connection, head, sizeof(head)) > 0) {
                char answer[8192];
                const char *host = strstr(head, "Host: ");
                int length = host ? (int)strcspn(host, "\r") : 0;
                (void)snprintf(answer, sizeof(answer), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%u %.*s",
                               length + 2, connection->number, length, host ? host : "");
                if (peer_write_text(connection, answer) <= 0)
                        return;
        }
}

static struct http_tls trust(const struct tls_identity *authority)
{
        struct http_tls tls = {0};
        secret_set(&tls.ca, authority->certificate_pem, strlen(authority->certificate_pem));
        return tls;
}

static void show(struct http_tls *tls, const struct tls_identity *identity)
{
        secret_set(&tls->certificate, identity->certificate_pem, strlen(identity->certificate_pem));
        secret_set(&tls->key, identity->key_pem, strlen(identity->key_pem));
}

static struct http_request get(unsigned port, const struct http_tls *tls)
{
        return (struct http_request){.method = "GET",
                                     .url = http_rig_url("https", port, "/"),
                                     .tls = tls,
                                     .timeout_ms = 5000,
                                     .max_body_bytes = 4000,
                                     .fresh_connection = true,
                                     .want_certificate = true};
}

static struct peer open_peer(const struct tls_identity *identity)
{
        return peer_open(&(struct peer_options){.serve = serve_ok, .identity = identity});
}

/* Within a day of what tls_identity_new() was told. */
static void assert_ends_in(const struct http_outcome *outcome, long seconds)
{
        int64_t left_s = (outcome->response.certificate_not_after - clock_wall()) / 1000;
        assert_in_range(left_s + 100L * DAY_S, seconds + 99L * DAY_S, seconds + 100L * DAY_S);
}

static void assert_fails(const struct http_outcome *outcome, enum http_failure failure, const char *why)
{
        if (outcome->response.failure != failure || !strstr(outcome->response.why.text, why))
                fail_msg("want failure %d, \"%s\"; got %d, \"%s\"", (int)failure, why,
                         (int)outcome->response.failure, outcome->response.why.text);
}

static void test_trusted_peer(void **state)
{
        struct peer peer = open_peer(&server);
        struct http_tls tls = trust(&ca);
        struct http_outcome outcome = http_rig_call(*state, get(peer.port, &tls));
        assert_int_equal(outcome.response.err, ERR_OK);
        assert_int_equal(outcome.response.status, 200);
        assert_ends_in(&outcome, 10L * DAY_S);
        http_tls_clear(&tls);
        peer_close(&peer);
}

static void test_certificate_is_told_on_a_kept_connection(void **state)
{
        struct peer peer = open_peer(&server);
        struct http_tls tls = trust(&ca);
        struct http_request request = get(peer.port, &tls);
        request.fresh_connection = false;
        request.want_certificate = false;
        struct http_outcome first = http_rig_call(*state, request);
        assert_int_equal(first.response.certificate_not_after, 0);
        request.want_certificate = true;
        struct http_outcome second = http_rig_call(*state, request);
        assert_string_equal(first.body, second.body); /* the connection's number */
        assert_ends_in(&second, 10L * DAY_S);
        http_tls_clear(&tls);
        peer_close(&peer);
}

static void test_expired_certificate(void **state)
{
        struct peer peer = open_peer(&expired_server);
        struct http_tls tls = trust(&ca);
        struct http_outcome outcome = http_rig_call(*state, get(peer.port, &tls));
        assert_fails(&outcome, HTTP_FAIL_TLS, "certificate has expired");
        assert_int_equal(outcome.response.err, ERR_TRANSIENT);
        assert_ends_in(&outcome, -3600);
        tls.insecure = true;
        outcome = http_rig_call(*state, get(peer.port, &tls));
        assert_int_equal(outcome.response.status, 200);
        assert_ends_in(&outcome, -3600);
        http_tls_clear(&tls);
        peer_close(&peer);
}

static void test_unknown_authority(void **state)
{
        struct peer peer = open_peer(&server);
        struct http_tls tls = trust(&other_ca);
        struct http_outcome outcome = http_rig_call(*state, get(peer.port, &tls));
        assert_fails(&outcome, HTTP_FAIL_TLS, "certificate signature failure"); /* same name, other key */
        assert_ends_in(&outcome, 10L * DAY_S);
        http_tls_clear(&tls);

        outcome = http_rig_call(*state, get(peer.port, NULL)); /* the system's authorities */
        assert_fails(&outcome, HTTP_FAIL_TLS, "unable to get local issuer certificate");
        peer_close(&peer);
}

static void test_name_mismatch(void **state)
{
        struct peer peer = open_peer(&named_server);
        struct http_tls tls = trust(&ca);
        struct http_outcome outcome = http_rig_call(*state, get(peer.port, &tls));
        assert_fails(&outcome, HTTP_FAIL_TLS, "no alternative certificate subject name matches");

        tls.server_name = mem_strdup("plane.test");
        outcome = http_rig_call(*state, get(peer.port, &tls));
        assert_int_equal(outcome.response.status, 200);
        assert_non_null(strstr(outcome.body, "Host: plane.test"));

        free(tls.server_name);
        tls.server_name = mem_strdup("other.test");
        outcome = http_rig_call(*state, get(peer.port, &tls));
        assert_fails(&outcome, HTTP_FAIL_TLS, "no alternative certificate subject name matches");

        free(tls.server_name);
        tls.server_name = mem_strdup("not a name");
        outcome = http_rig_call(*state, get(peer.port, &tls));
        assert_fails(&outcome, HTTP_FAIL_PROTOCOL, "no host name");
        assert_int_equal(outcome.response.err, ERR_INVALID);
        http_tls_clear(&tls);
        peer_close(&peer);
}

static void test_client_certificate(void **state)
{
        static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
        for (size_t i = 0; i < 2; i++) {
                struct peer peer = peer_open(&(struct peer_options){
                        .serve = serve_ok, .identity = &server, .client_ca = &ca, .tls_version = versions[i]});
                struct http_tls tls = trust(&ca);
                struct http_outcome outcome = http_rig_call(*state, get(peer.port, &tls));
                if (versions[i] == TLS1_3_VERSION) /* TLS 1.2 has no alert of its own for it */
                        assert_fails(&outcome, HTTP_FAIL_TLS_REFUSED, "client certificate");
                else
                        assert_fails(&outcome, HTTP_FAIL_TLS, "handshake failure");

                show(&tls, &other_client);
                outcome = http_rig_call(*state, get(peer.port, &tls));
                assert_fails(&outcome, HTTP_FAIL_TLS_REFUSED, "client certificate");
                assert_int_equal(outcome.response.err, ERR_DENIED);

                show(&tls, &client);
                outcome = http_rig_call(*state, get(peer.port, &tls));
                assert_int_equal(outcome.response.status, 200);
                http_tls_clear(&tls);
                peer_close(&peer);
        }
}

static void test_unusable_material_of_our_own(void **state)
{
        struct peer peer = open_peer(&server);
        struct http_tls tls = {0};
        secret_set(&tls.ca, "not PEM", strlen("not PEM"));
        struct http_outcome outcome = http_rig_call(*state, get(peer.port, &tls));
        assert_fails(&outcome, HTTP_FAIL_TLS_LOCAL, "");
        assert_int_equal(outcome.response.err, ERR_INVALID);
        assert_true(outcome.response.why.text[0] != '\0');
        http_tls_clear(&tls);

        tls = trust(&ca);
        show(&tls, &client);
        secret_set(&tls.key, other_client.key_pem, strlen(other_client.key_pem));
        outcome = http_rig_call(*state, get(peer.port, &tls));
        assert_fails(&outcome, HTTP_FAIL_TLS_LOCAL, "");
        secret_set(&tls.key, "not PEM", strlen("not PEM"));
        outcome = http_rig_call(*state, get(peer.port, &tls));
        assert_fails(&outcome, HTTP_FAIL_TLS_LOCAL, "");
        secret_set(&tls.certificate, "not PEM", strlen("not PEM"));
        outcome = http_rig_call(*state, get(peer.port, &tls));
        assert_fails(&outcome, HTTP_FAIL_TLS_LOCAL, "");
        http_tls_clear(&tls);
        peer_close(&peer);
}

static size_t open_descriptors(void)
{
        size_t count = 0;
        DIR *folder = opendir("/proc/self/fd");
        while (readdir(folder))
                count++;
        (void)closedir(folder);
        return count;
}

static void test_connect_only_stops_after_the_handshake(void **state)
{
        struct peer peer = open_peer(&server);
        struct peer expired = open_peer(&expired_server);
        struct http_tls tls = trust(&ca);
        size_t before = 0;
        for (size_t i = 0; i < 50; i++) {
                struct http_request request = get(peer.port, &tls);
                request.connect_only = true;
                struct http_outcome outcome = http_rig_call(*state, request);
                assert_int_equal(outcome.response.err, ERR_OK);
                assert_int_equal(outcome.response.status, 0);
                assert_ends_in(&outcome, 10L * DAY_S);
                request.url = http_rig_url("https", expired.port, "/");
                outcome = http_rig_call(*state, request);
                assert_fails(&outcome, HTTP_FAIL_TLS, "certificate has expired");
                if (i == 0)
                        before = open_descriptors();
        }
        assert_int_equal(open_descriptors(), before);
        http_tls_clear(&tls);
        peer_close(&peer);
        peer_close(&expired);
}

/* A port that speaks something else. */
static void serve_rubbish(struct peer_connection *connection)
{
        (void)peer_write_text(connection, "220 mail.example.org ESMTP\r\n");
        char head[64];
        (void)peer_read_head(connection, head, sizeof(head));
}

static void test_peer_without_tls(void **state)
{
        struct peer peer = peer_open(&(struct peer_options){.serve = serve_rubbish});
        struct http_outcome outcome = http_rig_call(*state, get(peer.port, NULL));
        assert_fails(&outcome, HTTP_FAIL_TLS, "");
        peer_close(&peer);
}

static void serve_silence(struct peer_connection *connection)
{
        char head[64];
        while (peer_read_head(connection, head, sizeof(head)) > 0)
                ;
}

static void test_handshake_that_never_ends(void **state)
{
        struct peer peer = peer_open(&(struct peer_options){.serve = serve_silence});
        struct http_request request = get(peer.port, NULL);
        request.timeout_ms = 200;
        struct http_outcome outcome = http_rig_call(*state, request);
        assert_fails(&outcome, HTTP_FAIL_TIMEOUT, "no TLS handshake within 200 ms");
        assert_int_equal(outcome.response.err, ERR_TRANSIENT);
        peer_close(&peer);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                HTTP_RIG_TEST(test_trusted_peer),
                HTTP_RIG_TEST(test_certificate_is_told_on_a_kept_connection),
                HTTP_RIG_TEST(test_expired_certificate),
                HTTP_RIG_TEST(test_unknown_authority),
                HTTP_RIG_TEST(test_name_mismatch),
                HTTP_RIG_TEST(test_client_certificate),
                HTTP_RIG_TEST(test_unusable_material_of_our_own),
                HTTP_RIG_TEST(test_connect_only_stops_after_the_handshake),
                HTTP_RIG_TEST(test_peer_without_tls),
                HTTP_RIG_TEST(test_handshake_that_never_ends),
        };
        return cmocka_run_group_tests(tests, make_identities, free_identities);
}
