/* probe_grpc_test.c -- gRPC health checks: the bytes, and conversations as a real server held them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "grpc_recorded.h"
#include "probe/grpc.h"
#include "probe_peer.h"
#include "probe_pki.h"
#include "probe_rig.h"
#include "util/mem.h"

enum { DAY_S = 86400 };

/* ---- bytes ---- */

static void requests_are_framed(void **state)
{
        (void)state;
        uint8_t bytes[GRPC_REQUEST_MAX_BYTES];
        static const uint8_t whole[] = {0, 0, 0, 0, 0}, named[] = {0, 0, 0, 0, 6, 0x0a, 4, 'g', 'l', 'o', 'o'};
        assert_int_equal(grpc_health_request("", bytes), sizeof(whole));
        assert_memory_equal(bytes, whole, sizeof(whole));
        assert_int_equal(grpc_health_request("gloo", bytes), sizeof(named));
        assert_memory_equal(bytes, named, sizeof(named));

        char longest[GRPC_SERVICE_MAX_BYTES + 1];
        memset(longest, 'x', GRPC_SERVICE_MAX_BYTES);
        longest[GRPC_SERVICE_MAX_BYTES] = '\0';
        assert_int_equal(grpc_health_request(longest, bytes), GRPC_REQUEST_MAX_BYTES);
        static const uint8_t head[] = {0, 0, 0, 0, 203, 0x0a, 0xc8, 0x01, 'x'};
        assert_memory_equal(bytes, head, sizeof(head));
        longest[127] = '\0';
        assert_int_equal(grpc_health_request(longest, bytes), 5 + 2 + 127);
        assert_int_equal(bytes[6], 127);
}

static void answers_are_read(void **state)
{
        (void)state;
        static const struct {
                const char *bytes;
                size_t count;
                enum grpc_serving serving;
        } rows[] = {
            {"\0\0\0\0\0", 5, GRPC_SERVING_UNKNOWN},
            {"\0\0\0\0\2\x08\1", 7, GRPC_SERVING},
            {"\0\0\0\0\2\x08\2", 7, GRPC_NOT_SERVING},
            {"\0\0\0\0\2\x08\3", 7, GRPC_SERVICE_UNKNOWN},
            {"\0\0\0\0\2\x08\7", 7, GRPC_SERVING_UNKNOWN},
            {"\0\0\0\0\3\x08\x81\0", 8, GRPC_SERVING},       /* not the shortest form, but legal */
            {"\0\0\0\0\4\x08\1\x08\2", 9, GRPC_NOT_SERVING}, /* the last one counts */
            /* unknown fields of each wire type before and behind */
            {"\0\0\0\0\x18\x10\xff\1\x19"
             "12345678"
             "\x22\3abc\x2d"
             "1234"
             "\x08\1",
             29, GRPC_SERVING},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                enum grpc_serving serving = GRPC_NOT_SERVING;
                assert_true(grpc_health_parse(rows[i].bytes, rows[i].count, &serving));
                assert_int_equal(serving, rows[i].serving);
        }
}

static void malformed_answers_are_refused(void **state)
{
        (void)state;
        static const struct {
                const char *bytes;
                size_t count;
        } rows[] = {
            {"", 0},
            {"\0\0\0\0", 4},
            {"\1\0\0\0\2\x08\1", 7},                                            /* compressed */
            {"\0\0\0\0\2\x08", 6},                                              /* shorter than it says */
            {"\0\0\0\0\1\x08\1", 7},                                            /* longer than it says */
            {"\0\0\0\0\2\x08\1\0\0\0\0\2\x08\1", 14},                           /* two messages */
            {"\0\xff\xff\xff\xff\x08\1", 7},                                    /* 4 GiB announced */
            {"\0\0\0\0\1\x08", 6},                                              /* no value */
            {"\0\0\0\0\2\x08\x80", 7},                                          /* value cut off */
            {"\0\0\0\0\x0c\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f\0", 17}, /* more than 64 bits */
            {"\0\0\0\0\2\0\1", 7},                                              /* field 0 */
            {"\0\0\0\0\2\x0b\x0c", 7},                                          /* a group */
            {"\0\0\0\0\3\x12\5x", 8},                                           /* bytes beyond the end */
            {"\0\0\0\0\3\x19zz", 8},                                            /* 64 bits cut off */
            {"\0\0\0\0\x0b\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 16},     /* a length that would wrap */
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                enum grpc_serving serving = GRPC_NOT_SERVING;
                assert_false(grpc_health_parse(rows[i].bytes, rows[i].count, &serving));
                assert_int_equal(serving, GRPC_NOT_SERVING);
        }
}

/* ---- conversations ---- */

static struct sample conversation(const char *service, const void *bytes, size_t count)
{
        struct probe_peer *peer =
            probe_peer_open(&(const struct peer_script){.act = PEER_HTTP2, .bytes = bytes, .count = count});
        const struct probe_spec spec = {
            .kind = PROBE_GRPC, .address = "127.0.0.1", .port = probe_peer_port(peer), .grpc_service = service};
        struct sample sample = probe_rig_once(&the_rig, &spec, 5000);
        probe_peer_close(peer);
        return sample;
}

static void a_real_server_is_understood(void **state)
{
        (void)state;
        static const struct {
                const unsigned char *bytes;
                size_t count;
                const char *service;
                enum probe_result result;
                enum probe_error error;
                const char *text;
        } rows[] = {
            {grpc_serving, sizeof(grpc_serving), "", PROBE_PASS, PROBE_ERROR_NONE, "ok"},
            {grpc_not_serving, sizeof(grpc_not_serving), "down", PROBE_FAIL, PROBE_ERROR_STATUS, "NOT_SERVING"},
            {grpc_unknown_health, sizeof(grpc_unknown_health), "unk", PROBE_FAIL, PROBE_ERROR_STATUS,
             "health is UNKNOWN, expected SERVING"},
            {grpc_unknown_service, sizeof(grpc_unknown_service), "gloo.Missing", PROBE_UNKNOWN, PROBE_ERROR_CONFIG,
             "the server does not know the gRPC service \"gloo.Missing\" (grpc-status 5)"},
            {grpc_no_health_service, sizeof(grpc_no_health_service), "", PROBE_UNKNOWN, PROBE_ERROR_CONFIG,
             "no health service: the server does not offer grpc.health.v1"},
            {grpc_unauthenticated, sizeof(grpc_unauthenticated), "", PROBE_UNKNOWN, PROBE_ERROR_CREDENTIALS,
             "the server refused the check's credentials (grpc-status 16)"},
            {grpc_permission_denied, sizeof(grpc_permission_denied), "", PROBE_UNKNOWN, PROBE_ERROR_CREDENTIALS,
             "the server refused the check's credentials (grpc-status 7)"},
            {grpc_unavailable, sizeof(grpc_unavailable), "", PROBE_FAIL, PROBE_ERROR_STATUS,
             "unavailable (grpc-status 14, HTTP 200)"},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct sample sample = conversation(rows[i].service, rows[i].bytes, rows[i].count);
                assert_string_equal(sample.text, rows[i].text);
                assert_int_equal(sample.result, rows[i].result);
                assert_int_equal(sample.error, rows[i].error);
        }
}

static void every_sample_is_a_new_connection(void **state)
{
        (void)state;
        struct probe_peer *peer = probe_peer_open(
            &(const struct peer_script){.act = PEER_HTTP2, .bytes = grpc_serving, .count = sizeof(grpc_serving)});
        const struct probe_spec spec = {.kind = PROBE_GRPC, .address = "127.0.0.1", .port = probe_peer_port(peer)};
        for (unsigned i = 1; i <= 3; i++) {
                assert_int_equal(probe_rig_once(&the_rig, &spec, 5000).result, PROBE_PASS);
                assert_int_equal(probe_peer_connections(peer), i);
        }
        probe_peer_close(peer);
}

static void broken_conversations_fail(void **state)
{
        (void)state;
        /* Cut off before the trailers; garbage instead of frames; a go-away; an HTTP/1.1 server. */
        static const struct {
                const void *bytes;
                size_t count;
        } rows[] = {
            {"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 66},
            {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16},
            {"\0\0\0\4\0\0\0\0\0\0\0\x08\7\0\0\0\0\0\0\0\0\0\0\0\0\2", 26},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct sample sample = conversation("", rows[i].bytes, rows[i].count);
                assert_int_equal(sample.result, PROBE_FAIL);
                assert_int_equal(sample.error, PROBE_ERROR_PROTOCOL);
        }
}

/* ---- connections that end ---- */

/* Where the frames of grpc_serving are. */
enum { SETTINGS_END = 33, HEADERS_AT = 85, DATA_AT = 172, TRAILER_AT = 188, GOAWAY_BYTES = 17 };

struct told { /* what a server says on one connection */
        unsigned char bytes[1024];
        size_t count;
};

static void say(struct told *told, const void *bytes, size_t count)
{
        assert_true(told->count + count <= sizeof(told->bytes));
        memcpy(told->bytes + told->count, bytes, count);
        told->count += count;
}

static void say_goaway(struct told *told, uint32_t last_stream)
{
        const unsigned char frame[GOAWAY_BYTES] = {
            0, 0, 8, 7, 0, 0, 0, 0, 0, (unsigned char)(last_stream >> 24), (unsigned char)(last_stream >> 16),
            (unsigned char)(last_stream >> 8), (unsigned char)last_stream};
        say(told, frame, sizeof(frame));
}

/* The answer, with a go-away before the byte @at. */
static struct told answer_with_goaway(size_t at, uint32_t last_stream)
{
        struct told told = {.count = 0};
        say(&told, grpc_serving, at);
        say_goaway(&told, last_stream);
        say(&told, grpc_serving + at, sizeof(grpc_serving) - at);
        return told;
}

/* As a proxy does that serves one request a connection. */
static void a_goaway_beside_the_answer_takes_nothing_from_it(void **state)
{
        static const size_t places[] = {HEADERS_AT, DATA_AT, TRAILER_AT, sizeof(grpc_serving)};
        static const uint32_t lasts[] = {1, 0x7fffffff};
        (void)state;
        for (size_t i = 0; i < 16; i++) {
                const struct told told = answer_with_goaway(places[i % 4], lasts[i / 4 % 2]);
                struct probe_peer *peer = probe_peer_open(&(const struct peer_script){
                    .act = PEER_HTTP2, .bytes = told.bytes, .count = told.count, .ends_connection = i / 8 == 1});
                const struct probe_spec spec = {
                    .kind = PROBE_GRPC, .address = "127.0.0.1", .port = probe_peer_port(peer), .grpc_service = ""};
                struct sample sample = probe_rig_once(&the_rig, &spec, 5000);
                assert_string_equal(sample.text, "ok");
                assert_int_equal(probe_peer_connections(peer), 1);
                probe_peer_close(peer);
        }
}

static void a_goaway_beside_a_bad_answer_makes_it_no_better(void **state)
{
        struct told told = {.count = 0};
        (void)state;
        say(&told, grpc_not_serving, sizeof(grpc_not_serving));
        say_goaway(&told, 1);
        struct sample sample = conversation("down", told.bytes, told.count);
        assert_string_equal(sample.text, "NOT_SERVING");
        told.count = 0;
        say(&told, grpc_permission_denied, sizeof(grpc_permission_denied));
        say_goaway(&told, 1);
        sample = conversation("", told.bytes, told.count);
        assert_int_equal(sample.error, PROBE_ERROR_CREDENTIALS);
        told.count = 0;
        say(&told, grpc_unavailable, sizeof(grpc_unavailable));
        say_goaway(&told, 1);
        sample = conversation("", told.bytes, told.count);
        assert_int_equal(sample.result, PROBE_FAIL);
}

static void say_reset(struct told *told, unsigned char code)
{
        const unsigned char frame[] = {0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, code};
        say(told, frame, sizeof(frame));
}

/* What is said on the first connection; on the second one all is well. */
static void check_asked_again(const struct told *told, bool ends_connection)
{
        struct probe_peer *peer = probe_peer_open(&(const struct peer_script){.act = PEER_HTTP2,
                                                                              .bytes = grpc_serving,
                                                                              .count = sizeof(grpc_serving),
                                                                              .first_bytes = told->bytes,
                                                                              .first_count = told->count,
                                                                              .ends_connection = ends_connection});
        const struct probe_spec spec = {
            .kind = PROBE_GRPC, .address = "127.0.0.1", .port = probe_peer_port(peer), .grpc_service = ""};
        struct sample sample = probe_rig_once(&the_rig, &spec, 5000);
        assert_string_equal(sample.text, "ok");
        assert_int_equal(probe_peer_connections(peer), 2);
        probe_peer_close(peer);
}

static void a_call_that_was_never_handled_is_made_again(void **state)
{
        (void)state;
        for (unsigned i = 0; i < 6; i++) {
                struct told told = {.count = 0};
                say(&told, grpc_serving, i % 2 ? HEADERS_AT : SETTINGS_END);
                if (i / 2 == 0)
                        say_goaway(&told, 0);
                if (i / 2 == 1)
                        say_reset(&told, 7); /* REFUSED_STREAM */
                if (i / 2 == 2) {            /* a graceful end, and then the last stream was none */
                        say_goaway(&told, 0x7fffffff);
                        say_goaway(&told, 0);
                }
                check_asked_again(&told, false);
                check_asked_again(&told, true);
        }
}

/* Twice at most, and within the sample's time. */
static void a_server_that_refuses_every_stream_is_down(void **state)
{
        struct told told = {.count = 0};
        (void)state;
        say(&told, grpc_serving, HEADERS_AT);
        say_goaway(&told, 0);
        struct probe_peer *peer = probe_peer_open(
            &(const struct peer_script){.act = PEER_HTTP2, .bytes = told.bytes, .count = told.count});
        const struct probe_spec spec = {
            .kind = PROBE_GRPC, .address = "127.0.0.1", .port = probe_peer_port(peer), .grpc_service = ""};
        struct sample sample = probe_rig_once(&the_rig, &spec, 5000);
        assert_int_equal(sample.result, PROBE_FAIL);
        assert_int_equal(sample.error, PROBE_ERROR_PROTOCOL);
        assert_int_equal(probe_peer_connections(peer), 2);
        probe_peer_close(peer);
}

static void the_second_connection_has_what_is_left_of_the_time(void **state)
{
        struct told told = {.count = 0};
        (void)state;
        say(&told, grpc_serving, HEADERS_AT);
        say_goaway(&told, 0);
        struct probe_peer *peer =
            probe_peer_open(&(const struct peer_script){.act = PEER_HTTP2,
                                                        .bytes = grpc_serving,
                                                        .count = HEADERS_AT, /* and then nothing more */
                                                        .first_bytes = told.bytes,
                                                        .first_count = told.count});
        const struct probe_spec spec = {
            .kind = PROBE_GRPC, .address = "127.0.0.1", .port = probe_peer_port(peer), .grpc_service = ""};
        struct sample sample = probe_rig_once(&the_rig, &spec, 400);
        assert_int_equal(sample.error, PROBE_ERROR_TIMEOUT);
        assert_int_equal(probe_peer_connections(peer), 2);
        probe_peer_close(peer);
}

static void a_server_that_stops_in_the_middle_is_a_timeout(void **state)
{
        (void)state;
        for (size_t count = 0; count < sizeof(grpc_serving); count += 75) {
                struct probe_peer *peer = probe_peer_open(
                    &(const struct peer_script){.act = PEER_HTTP2, .bytes = grpc_serving, .count = count});
                const struct probe_spec spec = {
                    .kind = PROBE_GRPC, .address = "127.0.0.1", .port = probe_peer_port(peer)};
                struct sample sample = probe_rig_once(&the_rig, &spec, 200);
                assert_int_equal(sample.result, PROBE_FAIL);
                assert_int_equal(sample.error, PROBE_ERROR_TIMEOUT);
                probe_peer_close(peer);
        }
}

static void mutual_tls_is_spoken(void **state)
{
        (void)state;
        struct pki ca;
        struct pki_leaf server, client;
        pki_init(&ca, "CA");
        pki_leaf_init(&ca, "mgmt.example.test", -DAY_S, 90 * DAY_S, &server);
        pki_leaf_init(&ca, "client", -DAY_S, DAY_S, &client);
        SSL_CTX *context = pki_server(&server, &ca);
        struct probe_peer *peer = probe_peer_open(&(const struct peer_script){
            .act = PEER_HTTP2, .bytes = grpc_serving, .count = sizeof(grpc_serving), .tls = context});
        struct http_tls tls = {.server_name = mem_strdup("mgmt.example.test")};
        secret_copy(&tls.ca, &ca.pem);
        const struct probe_spec spec = {.kind = PROBE_GRPC,
                                        .address = "127.0.0.1",
                                        .port = probe_peer_port(peer),
                                        .tls = &tls,
                                        .verify = true,
                                        .grpc_service = ""};

        struct sample sample = probe_rig_once(&the_rig, &spec, 5000);
        assert_int_equal(sample.result, PROBE_UNKNOWN);
        assert_int_equal(sample.error, PROBE_ERROR_CREDENTIALS);

        secret_copy(&tls.certificate, &client.certificate);
        secret_copy(&tls.key, &client.key);
        sample = probe_rig_once(&the_rig, &spec, 5000);
        assert_string_equal(sample.text, "ok");
        assert_true(sample.certificate_not_after > 0);

        http_tls_clear(&tls);
        probe_peer_close(peer);
        SSL_CTX_free(context);
        pki_leaf_clear(&client);
        pki_leaf_clear(&server);
        pki_clear(&ca);
}

static void too_long_a_service_is_refused(void **state)
{
        (void)state;
        char name[GRPC_SERVICE_MAX_BYTES + 2];
        memset(name, 'x', sizeof(name) - 1);
        name[sizeof(name) - 1] = '\0';
        const struct probe_spec spec = {.kind = PROBE_GRPC, .address = "127.0.0.1", .port = 1, .grpc_service = name};
        const struct probe_cadence cadence = {.interval_ms = 1000, .timeout_ms = 1000};
        struct probe *probe = NULL;
        struct errmsg why;
        assert_int_equal(probe_open(the_rig.prober, &spec, &cadence, probe_rig_on_sample, &the_rig, &probe, &why), ERR_INVALID);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(requests_are_framed),
            cmocka_unit_test(answers_are_read),
            cmocka_unit_test(malformed_answers_are_refused),
            cmocka_unit_test(a_real_server_is_understood),
            cmocka_unit_test(every_sample_is_a_new_connection),
            cmocka_unit_test(broken_conversations_fail),
            cmocka_unit_test(a_goaway_beside_the_answer_takes_nothing_from_it),
            cmocka_unit_test(a_goaway_beside_a_bad_answer_makes_it_no_better),
            cmocka_unit_test(a_call_that_was_never_handled_is_made_again),
            cmocka_unit_test(a_server_that_refuses_every_stream_is_down),
            cmocka_unit_test(the_second_connection_has_what_is_left_of_the_time),
            cmocka_unit_test(a_server_that_stops_in_the_middle_is_a_timeout),
            cmocka_unit_test(mutual_tls_is_spoken),
            cmocka_unit_test(too_long_a_service_is_refused),
        };
        return cmocka_run_group_tests(tests, probe_rig_setup, probe_rig_teardown);
}
