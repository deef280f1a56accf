/* probe_http_test.c -- HTTP checks against servers that behave well, badly and not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "probe_peer.h"
#include "probe_rig.h"
#include "runtime/clock.h"

static const struct probe_spec usual = {
    .kind = PROBE_HTTP,
    .address = "127.0.0.1",
    .path = "/healthz",
    .status_low = 200,
    .status_high = 299,
};

static struct sample sample_of(const struct probe_spec *spec, enum peer_act act, const char *bytes, size_t count)
{
        struct probe_peer *peer =
            probe_peer_open(&(const struct peer_script){.act = act, .bytes = bytes, .count = count});
        struct probe_spec with_port = *spec;
        with_port.port = probe_peer_port(peer);
        struct sample sample = probe_rig_once(&the_rig, &with_port, act == PEER_HOLD || act == PEER_DRIP ? 400 : 5000);
        probe_peer_close(peer);
        return sample;
}

static struct sample answer_to(const struct probe_spec *spec, const char *answer)
{
        return sample_of(spec, PEER_ANSWER, answer, strlen(answer));
}

#define HEAD(status) "HTTP/1.1 " status "\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"

static void status_in_the_range_passes(void **state)
{
        (void)state;
        struct sample sample = answer_to(&usual, HEAD("200 OK"));
        assert_int_equal(sample.result, PROBE_PASS);
        assert_string_equal(sample.text, "ok");
        assert_true(sample.latency_us > 0);
        assert_int_equal(answer_to(&usual, HEAD("299 Odd")).result, PROBE_PASS);
        struct probe_spec teapot = usual;
        teapot.status_low = teapot.status_high = 418;
        assert_int_equal(answer_to(&teapot, HEAD("418 Teapot")).result, PROBE_PASS);
}

static void status_outside_the_range_fails(void **state)
{
        (void)state;
        struct sample sample = answer_to(&usual, HEAD("503 Service Unavailable"));
        assert_int_equal(sample.result, PROBE_FAIL);
        assert_int_equal(sample.error, PROBE_ERROR_STATUS);
        assert_string_equal(sample.text, "503, expected 200 to 299");
        struct probe_spec exact = usual;
        exact.status_high = 200;
        assert_string_equal(answer_to(&exact, HEAD("204 No Content")).text, "204, expected 200");
        /* A redirect is an answer, not an invitation to go and ask somebody else. */
        sample = answer_to(&usual, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
        assert_string_equal(sample.text, "302, expected 200 to 299");
        /* No certificate of ours is involved: it is the server's own word. */
        assert_int_equal(answer_to(&usual, HEAD("403 Forbidden")).error, PROBE_ERROR_STATUS);
}

static void the_request_is_what_was_asked(void **state)
{
        (void)state;
        static const char answer[] = HEAD("200 OK");
        struct probe_peer *peer = probe_peer_open(
            &(const struct peer_script){.act = PEER_ANSWER, .bytes = answer, .count = sizeof(answer) - 1});
        struct probe_spec spec = usual;
        spec.method = "HEAD";
        spec.path = "/ready?deep=1";
        spec.port = probe_peer_port(peer);
        assert_int_equal(probe_rig_once(&the_rig, &spec, 5000).result, PROBE_PASS);
        char request[512], host[64];
        probe_peer_request(peer, request, sizeof(request));
        assert_memory_equal(request, "HEAD /ready?deep=1 HTTP/1.1\r\n", strlen("HEAD /ready?deep=1 HTTP/1.1\r\n"));
        (void)snprintf(host, sizeof(host), "Host: 127.0.0.1:%u\r\n", (unsigned)spec.port);
        assert_non_null(strstr(request, host));
        /* Each sample is a new connection: a kept one would say nothing about the path for new clients. */
        spec.method = "GET";
        assert_int_equal(probe_rig_once(&the_rig, &spec, 5000).result, PROBE_PASS);
        assert_int_equal(probe_peer_connections(peer), 2);
        probe_peer_close(peer);
}

static void the_name_that_led_there_is_kept_as_host(void **state)
{
        (void)state;
        static const char answer[] = HEAD("200 OK");
        struct probe_peer *peer = probe_peer_open(
            &(const struct peer_script){.act = PEER_ANSWER, .bytes = answer, .count = sizeof(answer) - 1});
        struct probe_spec spec = usual;
        spec.host = "lb.example.com";
        spec.port = probe_peer_port(peer);
        assert_int_equal(probe_rig_once(&the_rig, &spec, 5000).result, PROBE_PASS);
        char request[512];
        probe_peer_request(peer, request, sizeof(request));
        assert_non_null(strstr(request, "Host: lb.example.com:"));
        probe_peer_close(peer);
}

static void refusal_and_reset_fail(void **state)
{
        (void)state;
        struct probe_spec spec = usual;
        spec.port = probe_peer_refused_port();
        struct sample sample = probe_rig_once(&the_rig, &spec, 5000);
        assert_int_equal(sample.result, PROBE_FAIL);
        assert_int_equal(sample.error, PROBE_ERROR_REFUSED);
        assert_string_equal(sample.text, "connection refused");
        sample = sample_of(&usual, PEER_RESET, "", 0);
        assert_int_equal(sample.result, PROBE_FAIL);
        assert_true(sample.error == PROBE_ERROR_PROTOCOL || sample.error == PROBE_ERROR_REFUSED);
}

static void silence_is_a_timeout(void **state)
{
        (void)state;
        struct sample sample = sample_of(&usual, PEER_HOLD, "", 0);
        assert_int_equal(sample.result, PROBE_FAIL);
        assert_int_equal(sample.error, PROBE_ERROR_TIMEOUT);
        assert_string_equal(sample.text, "timeout after 0.4s");
        struct black_hole hole;
        black_hole_open(&hole);
        struct probe_spec spec = usual;
        spec.port = hole.port;
        sample = probe_rig_once(&the_rig, &spec, 300);
        assert_int_equal(sample.error, PROBE_ERROR_TIMEOUT);
        black_hole_close(&hole);
}

static void byte_by_byte_is_a_timeout(void **state)
{
        (void)state;
        struct sample sample = sample_of(&usual, PEER_DRIP, HEAD("200 OK"), sizeof(HEAD("200 OK")) - 1);
        assert_int_equal(sample.error, PROBE_ERROR_TIMEOUT);
        assert_true(sample.ended_at - sample.started_at >= 390);
}

static void what_is_not_http_fails(void **state)
{
        (void)state;
        static const char *const answers[] = {
            "SSH-2.0-OpenSSH_9.2p1\r\n",
            "",
            "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\ncut off",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
            "\x15\x03\x01\x00\x02\x02\x28",
        };
        for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
                struct sample sample = answer_to(&usual, answers[i]);
                assert_int_equal(sample.result, PROBE_FAIL);
                assert_int_equal(sample.error, PROBE_ERROR_PROTOCOL);
                assert_null(strstr(sample.text, "curl"));
        }
}

static void an_endless_body_is_cut_short(void **state)
{
        (void)state;
        static char chunk[65536];
        int used = snprintf(chunk, sizeof(chunk), "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
        memset(chunk + used, 'x', sizeof(chunk) - (size_t)used);
        struct sample sample = sample_of(&usual, PEER_FLOOD, chunk, sizeof(chunk));
        assert_int_equal(sample.result, PROBE_FAIL);
        assert_int_equal(sample.error, PROBE_ERROR_PROTOCOL);
        assert_string_equal(sample.text, "answer is larger than 1 MiB");
}

static void an_endless_head_is_cut_short(void **state)
{
        (void)state;
        static char chunk[65536];
        for (size_t used = 0; used + 64 < sizeof(chunk);)
                used += (size_t)snprintf(chunk + used, sizeof(chunk) - used, "%sX-%zu: filler-filler-filler\r\n",
                                         used == 0 ? "HTTP/1.1 200 OK\r\n" : "", used);
        struct sample sample = sample_of(&usual, PEER_FLOOD, chunk, strlen(chunk));
        assert_int_equal(sample.result, PROBE_FAIL);
        assert_int_equal(sample.error, PROBE_ERROR_PROTOCOL);
}

static void closing_in_the_middle_is_silent(void **state)
{
        (void)state;
        struct probe_peer *peer = probe_peer_open(&(const struct peer_script){.act = PEER_HOLD});
        struct probe_spec spec = usual;
        spec.port = probe_peer_port(peer);
        const struct probe_cadence cadence = {.interval_ms = 4000, .timeout_ms = 4000, .offset_ms = clock_mono() + 2};
        struct probe *probe = probe_rig_start(&the_rig, &spec, &cadence);
        const struct probe_spec refused = {
            .kind = PROBE_TCP, .address = "127.0.0.1", .port = probe_peer_refused_port()};
        while (probe_peer_connections(peer) == 0) /* the loop turns as long as the other one takes */
                (void)probe_rig_once(&the_rig, &refused, 1000);
        probe_close(probe);
        probe_peer_close(peer); /* a call that went on would now end, and be told to a probe that is gone */
        assert_int_equal(probe_rig_once(&the_rig, &refused, 1000).error, PROBE_ERROR_REFUSED);
}

static void nonsense_is_refused_with_a_reason(void **state)
{
        (void)state;
        struct probe_spec rows[5] = {usual, usual, usual, usual, usual};
        static const char *const says[5] = {"path", "path", "method", "status", "status"};
        rows[0].path = "healthz";
        rows[1].path = "/a b\r\nX: y";
        rows[2].method = "DELETE";
        rows[3].status_low = 300;
        rows[4].status_low = 0;
        for (size_t i = 0; i < 5; i++) {
                struct probe *probe = NULL;
                struct errmsg why = {""};
                const struct probe_cadence cadence = {.interval_ms = 1000, .timeout_ms = 1000};
                rows[i].port = 80;
                assert_int_equal(probe_open(the_rig.prober, &rows[i], &cadence, probe_rig_on_sample, &the_rig, &probe, &why),
                                 ERR_INVALID);
                assert_non_null(strstr(why.text, says[i]));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(status_in_the_range_passes),      cmocka_unit_test(status_outside_the_range_fails),
            cmocka_unit_test(the_request_is_what_was_asked),   cmocka_unit_test(the_name_that_led_there_is_kept_as_host),
            cmocka_unit_test(refusal_and_reset_fail),          cmocka_unit_test(silence_is_a_timeout),
            cmocka_unit_test(byte_by_byte_is_a_timeout),       cmocka_unit_test(what_is_not_http_fails),
            cmocka_unit_test(an_endless_body_is_cut_short),    cmocka_unit_test(an_endless_head_is_cut_short),
            cmocka_unit_test(closing_in_the_middle_is_silent), cmocka_unit_test(nonsense_is_refused_with_a_reason),
        };
        return cmocka_run_group_tests(tests, probe_rig_setup, probe_rig_teardown);
}
