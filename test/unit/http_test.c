/* http_test.c -- requests, answers and peers that behave badly, without TLS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_rig.h"
#include "runtime/clock.h"

static struct http_request get(unsigned port, const char *path)
{
        return (struct http_request){.method = "GET",
                                     .url = http_rig_url("http", port, path),
                                     .timeout_ms = 5000,
                                     .max_body_bytes = sizeof(((struct http_outcome *)0)->body) - 1};
}

static struct peer open_peer(void (*serve)(struct peer_connection *connection))
{
        return peer_open(&(struct peer_options){.serve = serve});
}

/* ---- good answers ---- */

static void skip_body(struct peer_connection *connection, const char *head)
{
        char block[4096];
        const char *length = strstr(head, "Content-Length: ");
        for (size_t left = length ? strtoul(length + strlen("Content-Length: "), NULL, 10) : 0; left > 0;) {
                ssize_t got = recv(connection->fd, block, left < sizeof(block) ? left : sizeof(block), 0);
                if (got <= 0)
                        return;
                left -= (size_t)got;
        }
}

/* Answers each request of a connection with its own head, so that the test sees what was sent. */
static void serve_echo(struct peer_connection *connection)
{
        char head[4096];
        for (unsigned request = 1; peer_read_head(connection, head, sizeof(head)) > 0; request++) {
                skip_body(connection, head);
                char answer[8192];
                char body[4600];
                int count =
                        snprintf(body, sizeof(body), "connection %u request %u\n%s", connection->number, request, head);
                (void)snprintf(answer, sizeof(answer),
                               "HTTP/1.1 429 Too Many\r\nDate: Mon, 23 Nov 2026 02:59:11 GMT\r\nRetry-After: 7\r\n"
                               "Content-Length: %d\r\n\r\n%s",
                               strncmp(head, "HEAD", 4) == 0 ? 0 : count, strncmp(head, "HEAD", 4) == 0 ? "" : body);
                if (peer_write_text(connection, answer) <= 0)
                        return;
        }
}

static void test_answer_is_handed_over(void **state)
{
        struct peer peer = open_peer(serve_echo);
        struct http_outcome outcome = http_rig_call(*state, get(peer.port, "/a?b=c"));
        assert_int_equal(outcome.response.err, ERR_OK);
        assert_int_equal(outcome.response.failure, HTTP_FAIL_NONE);
        assert_int_equal(outcome.response.status, 429);
        assert_int_equal(outcome.response.retry_after_s, 7);
        assert_int_equal(outcome.response.date, 1795402751000);
        assert_int_equal(outcome.response.body_bytes, strlen(outcome.body));
        assert_true(outcome.response.latency_us > 0 && outcome.response.latency_us < 5000000);
        assert_int_equal(outcome.response.certificate_not_after, 0);
        assert_string_equal(outcome.grpc_status, "");
        assert_non_null(strstr(outcome.body, "GET /a?b=c HTTP/1.1\r\n"));
        assert_non_null(strstr(outcome.body, "User-Agent: planekeeper"));
        peer_close(&peer);
}

static void test_connection_is_kept(void **state)
{
        struct peer peer = open_peer(serve_echo);
        struct http_outcome first = http_rig_call(*state, get(peer.port, "/"));
        struct http_outcome second = http_rig_call(*state, get(peer.port, "/"));
        assert_non_null(strstr(first.body, "connection 1 request 1\n"));
        assert_non_null(strstr(second.body, "connection 1 request 2\n"));
        peer_close(&peer);
}

static void test_fresh_connection_is_not_kept(void **state)
{
        struct peer peer = open_peer(serve_echo);
        struct http_request request = get(peer.port, "/");
        request.fresh_connection = true;
        for (unsigned i = 1; i <= 3; i++) {
                struct http_outcome outcome = http_rig_call(*state, request);
                char want[64];
                (void)snprintf(want, sizeof(want), "connection %u request 1\n", i);
                assert_non_null(strstr(outcome.body, want));
                assert_non_null(strstr(outcome.body, "Connection: close\r\n"));
        }
        peer_close(&peer);
}

static void test_methods_and_headers(void **state)
{
        struct peer peer = open_peer(serve_echo);
        struct secret token = {0};
        secret_set(&token, "abc.def", strlen("abc.def"));
        const char *headers[] = {"Content-Type: application/merge-patch+json", "Accept: application/json", NULL};
        static char body[2 * 1024 * 1024]; /* curl alone would wait for 100-continue with so much */
        static const char *const methods[] = {"POST", "PUT", "PATCH", "DELETE"};
        for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
                struct http_request request = get(peer.port, "/thing");
                request.method = methods[i];
                request.headers = headers;
                request.bearer = &token;
                request.body = body;
                request.body_bytes = i == 0 ? sizeof(body) : 5;
                struct http_outcome outcome = http_rig_call(*state, request);
                char want[64];
                (void)snprintf(want, sizeof(want), "%s /thing HTTP/1.1\r\n", methods[i]);
                assert_non_null(strstr(outcome.body, want));
                assert_non_null(strstr(outcome.body, "Authorization: Bearer abc.def\r\n"));
                assert_non_null(strstr(outcome.body, "Content-Type: application/merge-patch+json\r\n"));
                assert_non_null(strstr(outcome.body, i == 0 ? "Content-Length: 2097152\r\n" : "Content-Length: 5\r\n"));
                assert_null(strstr(outcome.body, "Expect:"));
        }
        secret_clear(&token);
        peer_close(&peer);
}

static void test_methods_without_body(void **state)
{
        struct peer peer = open_peer(serve_echo);
        struct http_request request = get(peer.port, "/");
        request.method = "HEAD";
        struct http_outcome outcome = http_rig_call(*state, request);
        assert_int_equal(outcome.response.status, 429);
        assert_string_equal(outcome.body, "");
        request.method = "DELETE";
        outcome = http_rig_call(*state, request);
        assert_non_null(strstr(outcome.body, "DELETE / HTTP/1.1\r\n"));
        request.method = "POST";
        outcome = http_rig_call(*state, request);
        assert_non_null(strstr(outcome.body, "Content-Length: 0\r\n"));
        peer_close(&peer);
}

static void serve_redirect(struct peer_connection *connection)
{
        char head[4096];
        if (peer_read_head(connection, head, sizeof(head)) > 0)
                (void)peer_write_text(connection,
                                      "HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n");
}

static void test_redirect_is_an_answer_and_proxies_are_not_used(void **state)
{
        struct peer peer = open_peer(serve_redirect);
        (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
        struct http_outcome outcome = http_rig_call(*state, get(peer.port, "/"));
        (void)unsetenv("http_proxy");
        assert_int_equal(outcome.response.err, ERR_OK);
        assert_int_equal(outcome.response.status, 302);
        peer_close(&peer);
}

static void test_connect_to_takes_another_address(void **state)
{
        struct peer peer = open_peer(serve_echo);
        char target[64];
        (void)snprintf(target, sizeof(target), "127.0.0.1:%u", peer.port);
        struct http_request request = get(1, "/");
        request.url = "http://plane.test:8080/x";
        request.connect_to = target;
        struct http_outcome outcome = http_rig_call(*state, request);
        assert_int_equal(outcome.response.status, 429);
        assert_non_null(strstr(outcome.body, "Host: plane.test:8080\r\n"));
        peer_close(&peer);
}

/* ---- bad answers ---- */

static void serve_endless(struct peer_connection *connection)
{
        static char block[1 << 20];
        char head[4096];
        (void)peer_read_head(connection, head, sizeof(head));
        bool has_length = strstr(head, "/length") != NULL;
        (void)peer_write_text(connection, has_length ? "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n"
                                                     : "HTTP/1.1 200 OK\r\n\r\n");
        for (int i = 0; i < 1024 && peer_write(connection, block, sizeof(block)) > 0; i++)
                ;
}

static void test_too_large_body_ends_at_the_limit(void **state)
{
        struct peer peer = open_peer(serve_endless);
        static const char *const paths[] = {"/length", "/no-length"};
        for (size_t i = 0; i < 2; i++) {
                struct http_request request = get(peer.port, paths[i]);
                request.max_body_bytes = 100000;
                struct http_outcome outcome = http_rig_call(*state, request);
                assert_int_equal(outcome.response.failure, HTTP_FAIL_TOO_LARGE);
                assert_int_equal(outcome.response.err, ERR_TRANSIENT);
                assert_true(outcome.response.body_bytes <= 100000);
                assert_string_equal(outcome.response.why.text, "the answer has more than 100000 bytes");
        }
        peer_close(&peer);
}

static void serve_byte_by_byte(struct peer_connection *connection)
{
        char head[4096];
        (void)peer_read_head(connection, head, sizeof(head));
        (void)peer_write_text(connection, "HTTP/1.1 200 OK\r\n\r\n");
        while (peer_write_text(connection, "x") > 0)
                (void)usleep(strstr(head, "/second") ? 1000000 : 20000);
}

static void test_slow_answer_ends(void **state)
{
        struct peer peer = open_peer(serve_byte_by_byte);
        struct http_request request = get(peer.port, "/second");
        request.idle_timeout_ms = 200;
        struct http_outcome outcome = http_rig_call(*state, request);
        assert_int_equal(outcome.response.failure, HTTP_FAIL_SLOW);
        assert_int_equal(outcome.response.err, ERR_TRANSIENT);
        assert_string_equal(outcome.response.why.text, "no byte came for 200 ms");
        assert_true(outcome.response.latency_us >= 200000 && outcome.response.latency_us < 900000);

        request = get(peer.port, "/20ms"); /* steady enough for the idle limit, but not for the whole */
        request.idle_timeout_ms = 1000;
        request.timeout_ms = 400;
        outcome = http_rig_call(*state, request);
        assert_int_equal(outcome.response.failure, HTTP_FAIL_TIMEOUT);
        assert_string_equal(outcome.response.why.text, "no complete answer within 400 ms");
        assert_true(outcome.response.latency_us >= 400000 && outcome.response.latency_us < 10000000);
        peer_close(&peer);
}

static void serve_hostile(struct peer_connection *connection)
{
        char head[4096];
        (void)peer_read_head(connection, head, sizeof(head));
        if (strstr(head, "/garbage"))
                (void)peer_write(connection, "\x16\x03\x01\x02\x00 rubbish\n\n", 16);
        else if (strstr(head, "/cut"))
                (void)peer_write_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        else if (strstr(head, "/chunk"))
                (void)peer_write_text(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nxx");
        if (strstr(head, "/reset")) {
                const struct linger linger = {.l_onoff = 1, .l_linger = 0};
                (void)peer_write_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
                (void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
        }
        if (strstr(head, "/headers")) {
                static char value[4000];
                (void)memset(value, 'v', sizeof(value) - 3);
                (void)memcpy(value + sizeof(value) - 3, "\r\n", 3);
                (void)peer_write_text(connection, "HTTP/1.1 200 OK\r\n");
                for (unsigned i = 0; i < 1000; i++)
                        if (peer_write_text(connection, "X-A: ") <= 0 || peer_write_text(connection, value) <= 0)
                                return;
        }
}

static void test_broken_answers(void **state)
{
        static const struct {
                const char *path;
                enum http_failure failure;
        } cases[] = {
                {"/garbage", HTTP_FAIL_PROTOCOL}, {"/cut", HTTP_FAIL_PROTOCOL},    {"/chunk", HTTP_FAIL_PROTOCOL},
                {"/reset", HTTP_FAIL_PROTOCOL},   {"/silent", HTTP_FAIL_PROTOCOL}, {"/headers", HTTP_FAIL_TOO_LARGE},
        };
        struct peer peer = open_peer(serve_hostile);
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct http_outcome outcome = http_rig_call(*state, get(peer.port, cases[i].path));
                if (outcome.response.failure != cases[i].failure)
                        fail_msg("%s: failure %d, %s", cases[i].path, (int)outcome.response.failure,
                                 outcome.response.why.text);
                assert_int_equal(outcome.response.err, ERR_TRANSIENT);
                assert_true(outcome.response.why.text[0] != '\0');
        }
        peer_close(&peer);
}

static void serve_nothing(struct peer_connection *connection)
{
        char head[4096];
        while (peer_read_head(connection, head, sizeof(head)) > 0)
                ;
}

static void test_no_answer_to_a_write_is_unknown(void **state)
{
        struct peer peer = open_peer(serve_nothing);
        struct http_request request = get(peer.port, "/");
        request.timeout_ms = 150;
        assert_int_equal(http_rig_call(*state, request).response.err, ERR_TRANSIENT);
        request.method = "PATCH";
        request.body = "{}";
        request.body_bytes = 2;
        struct http_outcome outcome = http_rig_call(*state, request);
        assert_int_equal(outcome.response.err, ERR_UNKNOWN);
        assert_int_equal(outcome.response.failure, HTTP_FAIL_TIMEOUT);
        unsigned port = peer.port;
        peer_close(&peer);
        request.url = http_rig_url("http", port, "/"); /* nobody listens: nothing can have been applied */
        outcome = http_rig_call(*state, request);
        assert_int_equal(outcome.response.err, ERR_TRANSIENT);
        assert_int_equal(outcome.response.failure, HTTP_FAIL_CONNECT);
        assert_string_equal(outcome.response.why.text, "Connection refused");
}

static void test_black_hole_times_out(void **state)
{
        /* A full backlog drops further SYNs. */
        int listener = socket(AF_INET, SOCK_STREAM, 0);
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t length = sizeof(address);
        assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
        assert_int_equal(listen(listener, 0), 0);
        assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
        int fillers[4];
        for (size_t i = 0; i < 4; i++) {
                fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
                (void)connect(fillers[i], (struct sockaddr *)&address, length);
        }
        struct http_request request = get(ntohs(address.sin_port), "/");
        request.timeout_ms = 200;
        struct http_outcome outcome = http_rig_call(*state, request);
        assert_int_equal(outcome.response.failure, HTTP_FAIL_TIMEOUT);
        assert_string_equal(outcome.response.why.text, "no connection within 200 ms");
        for (size_t i = 0; i < 4; i++)
                (void)close(fillers[i]);
        (void)close(listener);
}

static void test_unusable_requests(void **state)
{
        static const char *const urls[] = {"http://", "ftp://127.0.0.1/", "http://127.0.0.1:99999/",
                                           "file:///etc/passwd"};
        for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
                struct http_request request = get(1, "/");
                request.url = urls[i];
                struct http_outcome outcome = http_rig_call(*state, request);
                assert_int_equal(outcome.response.err, ERR_INVALID);
                assert_int_equal(outcome.response.failure, HTTP_FAIL_PROTOCOL);
        }
        struct secret token = {0};
        secret_set(&token, "abc\r\nX-Evil: 1", strlen("abc\r\nX-Evil: 1"));
        struct http_request request = get(1, "/");
        request.bearer = &token;
        struct http_outcome outcome = http_rig_call(*state, request);
        assert_int_equal(outcome.response.err, ERR_INVALID);
        assert_int_equal(outcome.response.failure, HTTP_FAIL_TLS_LOCAL);
        assert_non_null(strstr(outcome.response.why.text, "bearer token"));
        assert_null(strstr(outcome.response.why.text, "Evil"));
        secret_clear(&token);
}

static void test_unknown_name(void **state)
{
        struct http_request request = get(1, "/");
        request.url = "http://a-label-of-more-than-63-characters-cannot-be-put-into-any-dns-question.invalid/";
        struct http_outcome outcome = http_rig_call(*state, request);
        assert_int_equal(outcome.response.failure, HTTP_FAIL_RESOLVE);
        assert_int_equal(outcome.response.err, ERR_TRANSIENT);
}

static void test_lack_of_descriptors_is_our_own_failure(void **state)
{
        struct peer peer = open_peer(serve_echo);
        struct rlimit before;
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        struct http_outcome outcome = http_rig_call(*state, get(peer.port, "/"));
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_int_equal(outcome.response.failure, HTTP_FAIL_LOCAL);
        assert_string_equal(outcome.response.why.text, "Too many open files");
        peer_close(&peer);
}

static void test_many_calls_at_once(void **state)
{
        enum { CALLS = 200 };
        struct http_rig *rig = *state;
        struct peer peer = open_peer(serve_echo);
        static struct http_outcome outcomes[CALLS];
        for (size_t i = 0; i < CALLS; i++) {
                struct http_request request = get(peer.port, "/");
                request.fresh_connection = i % 2 == 0;
                (void)http_rig_start(rig, request, &outcomes[i]);
        }
        http_rig_wait(rig);
        for (size_t i = 0; i < CALLS; i++)
                assert_int_equal(outcomes[i].response.status, 429);
        peer_close(&peer);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                HTTP_RIG_TEST(test_answer_is_handed_over),
                HTTP_RIG_TEST(test_connection_is_kept),
                HTTP_RIG_TEST(test_fresh_connection_is_not_kept),
                HTTP_RIG_TEST(test_methods_and_headers),
                HTTP_RIG_TEST(test_methods_without_body),
                HTTP_RIG_TEST(test_redirect_is_an_answer_and_proxies_are_not_used),
                HTTP_RIG_TEST(test_connect_to_takes_another_address),
                HTTP_RIG_TEST(test_too_large_body_ends_at_the_limit),
                HTTP_RIG_TEST(test_slow_answer_ends),
                HTTP_RIG_TEST(test_broken_answers),
                HTTP_RIG_TEST(test_no_answer_to_a_write_is_unknown),
                HTTP_RIG_TEST(test_black_hole_times_out),
                HTTP_RIG_TEST(test_unusable_requests),
                HTTP_RIG_TEST(test_unknown_name),
                HTTP_RIG_TEST(test_lack_of_descriptors_is_our_own_failure),
                HTTP_RIG_TEST(test_many_calls_at_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
