/* probe_tcp_test.c -- TCP checks against real sockets. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "probe/driver.h"
#include "probe_peer.h"
#include "probe_rig.h"
#include "runtime/clock.h"
#include "util/text.h"

static struct sample sample_of(const char *address, uint16_t port, mono_ms timeout_ms)
{
        struct probe_rig rig;
        probe_rig_open(&rig);
        struct sample sample = probe_rig_once(
            &rig, &(const struct probe_spec){.kind = PROBE_TCP, .address = address, .port = port}, timeout_ms);
        probe_rig_close(&rig);
        return sample;
}

static void passes_where_somebody_listens(void **state)
{
        (void)state;
        struct probe_peer *peer = probe_peer_open(&(const struct peer_script){.act = PEER_HOLD});
        struct sample sample = sample_of("127.0.0.1", probe_peer_port(peer), 5000);
        assert_int_equal(sample.result, PROBE_PASS);
        assert_int_equal(sample.error, PROBE_ERROR_NONE);
        assert_string_equal(sample.text, "ok");
        assert_true(sample.latency_us > 0 && sample.ended_at >= sample.started_at);
        assert_int_equal(sample.replicas_available, -1);
        assert_int_equal(sample.certificate_not_after, 0);
        probe_peer_close(peer);
}

static void passes_over_an_ipv6_socket(void **state)
{
        (void)state;
        struct probe_peer *peer = probe_peer_open(&(const struct peer_script){.act = PEER_HOLD});
        struct sample sample = sample_of("::ffff:127.0.0.1", probe_peer_port(peer), 5000);
        assert_int_equal(sample.result, PROBE_PASS);
        probe_peer_close(peer);
}

static void fails_where_nobody_listens(void **state)
{
        (void)state;
        struct sample sample = sample_of("127.0.0.1", probe_peer_refused_port(), 5000);
        assert_int_equal(sample.result, PROBE_FAIL);
        assert_int_equal(sample.error, PROBE_ERROR_REFUSED);
        assert_string_equal(sample.text, "connection refused");
        assert_true(sample.ended_at - sample.started_at < 5000);
}

static void times_out_at_a_black_hole(void **state)
{
        (void)state;
        struct black_hole hole;
        black_hole_open(&hole);
        struct sample sample = sample_of("127.0.0.1", hole.port, 300);
        assert_int_equal(sample.result, PROBE_FAIL);
        assert_int_equal(sample.error, PROBE_ERROR_TIMEOUT);
        assert_string_equal(sample.text, "timeout after 0.3s");
        assert_true(sample.ended_at - sample.started_at >= 300);
        black_hole_close(&hole);
}

/* A closed probe leaves no descriptor behind, idle or in the middle of a sample. */
static void closing_in_the_middle_releases_the_socket(void **state)
{
        (void)state;
        struct black_hole hole;
        black_hole_open(&hole);
        struct probe_rig rig;
        probe_rig_open(&rig);
        int before = dup(0);
        assert_int_equal(close(before), 0);
        const struct probe_spec spec = {.kind = PROBE_TCP, .address = "127.0.0.1", .port = hole.port};
        const struct probe_cadence cadence = {.interval_ms = 4000, .timeout_ms = 4000, .offset_ms = clock_mono() + 2};
        struct probe *probe = probe_rig_start(&rig, &spec, &cadence);
        const struct probe_spec other = {.kind = PROBE_TCP, .address = "127.0.0.1", .port = probe_peer_refused_port()};
        while (!probe->is_sampling) /* the loop turns as long as the other one takes */
                (void)probe_rig_once(&rig, &other, 1000);
        int during = dup(0);
        assert_int_equal(close(during), 0);
        assert_int_not_equal(during, before);
        probe_close(probe);
        int after = dup(0);
        assert_int_equal(after, before);
        (void)close(after);
        probe_close(NULL);
        probe_rig_close(&rig);
        black_hole_close(&hole);
}

/* Running out of descriptors is our own lack and says nothing about the peer. */
static void lack_of_descriptors_is_local(void **state)
{
        (void)state;
        struct probe_rig rig;
        probe_rig_open(&rig);
        struct rlimit usual, tight;
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
        tight = usual;
        int next = dup(0);
        (void)close(next);
        tight.rlim_cur = (rlim_t)next;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
        struct sample sample = probe_rig_once(
            &rig, &(const struct probe_spec){.kind = PROBE_TCP, .address = "127.0.0.1", .port = 1}, 5000);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
        assert_int_equal(sample.result, PROBE_UNKNOWN);
        assert_int_equal(sample.error, PROBE_ERROR_LOCAL);
        assert_non_null(strstr(sample.text, "ulimit -n"));
        probe_rig_close(&rig);
}

static void every_errno_has_its_verdict(void **state)
{
        (void)state;
        static const struct {
                int os_error;
                enum probe_result result;
                enum probe_error error;
        } rows[] = {
            {ECONNREFUSED, PROBE_FAIL, PROBE_ERROR_REFUSED},    {ECONNRESET, PROBE_FAIL, PROBE_ERROR_REFUSED},
            {ETIMEDOUT, PROBE_FAIL, PROBE_ERROR_TIMEOUT},       {EHOSTUNREACH, PROBE_FAIL, PROBE_ERROR_UNREACHABLE},
            {ENETUNREACH, PROBE_FAIL, PROBE_ERROR_UNREACHABLE}, {EADDRNOTAVAIL, PROBE_UNKNOWN, PROBE_ERROR_LOCAL},
            {EMFILE, PROBE_UNKNOWN, PROBE_ERROR_LOCAL},         {ENFILE, PROBE_UNKNOWN, PROBE_ERROR_LOCAL},
            {ENOMEM, PROBE_UNKNOWN, PROBE_ERROR_LOCAL},         {EPERM, PROBE_UNKNOWN, PROBE_ERROR_LOCAL},
            {EAFNOSUPPORT, PROBE_UNKNOWN, PROBE_ERROR_LOCAL},   {ENETDOWN, PROBE_UNKNOWN, PROBE_ERROR_LOCAL},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct sample sample = sample_pass();
                sample_fail_errno(&sample, rows[i].os_error);
                assert_int_equal(sample.result, rows[i].result);
                assert_int_equal(sample.error, rows[i].error);
                assert_string_not_equal(sample.text, "ok");
        }
}

static void texts_are_cut_at_a_character(void **state)
{
        (void)state;
        struct sample sample;
        char long_text[401];
        for (size_t i = 0; i < 400; i += 2)
                memcpy(long_text + i, "\xc3\xa4", 2);
        long_text[400] = '\0';
        sample = sample_pass();
        sample_fail(&sample, PROBE_ERROR_STATUS, "x%s", long_text);
        assert_true(text_is_utf8(sample.text, strlen(sample.text)));
        assert_true(strlen(sample.text) >= sizeof(sample.text) - 3);
}

static void every_error_has_a_name_and_a_side(void **state)
{
        (void)state;
        assert_string_equal(probe_error_name(PROBE_ERROR_NONE), "ok");
        assert_string_equal(probe_error_name(PROBE_ERROR_LOCAL), "local");
        assert_string_equal(probe_error_name(PROBE_ERROR_COUNT), "?");
        for (enum probe_error error = PROBE_ERROR_REFUSED; error < PROBE_ERROR_COUNT; error++) {
                struct sample sample = sample_pass();
                sample_fail(&sample, error, "x");
                assert_int_equal(sample.result, error < PROBE_ERROR_RESOLVE ? PROBE_FAIL : PROBE_UNKNOWN);
        }
}

static void nonsense_is_refused_with_a_reason(void **state)
{
        (void)state;
        struct probe_rig rig;
        probe_rig_open(&rig);
        const struct probe_cadence sane = {.interval_ms = 1000, .timeout_ms = 1000},
                                   slow = {.interval_ms = 1000, .timeout_ms = 1001}, none = {0};
        const struct probe_spec good = {.kind = PROBE_TCP, .address = "127.0.0.1", .port = 1};
        const struct probe_spec no_port = {.kind = PROBE_TCP, .address = "127.0.0.1"};
        const struct probe_spec no_address = {.kind = PROBE_TCP, .port = 1};
        const struct probe_spec bad_name = {.kind = PROBE_TCP, .address = "a b", .port = 1};
        const struct {
                const struct probe_spec *spec;
                const struct probe_cadence *cadence;
                const char *says;
        } rows[] = {{&good, &slow, "timeout"},
                    {&good, &none, "interval"},
                    {&no_port, &sane, "port"},
                    {&no_address, &sane, "address"},
                    {&bad_name, &sane, "a b"}};
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct probe *probe = NULL;
                struct errmsg why = {""};
                assert_int_equal(
                    probe_open(rig.prober, rows[i].spec, rows[i].cadence, probe_rig_on_sample, &rig, &probe, &why),
                    ERR_INVALID);
                assert_null(probe);
                assert_non_null(strstr(why.text, rows[i].says));
        }
        probe_rig_close(&rig);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(passes_where_somebody_listens),
            cmocka_unit_test(passes_over_an_ipv6_socket),
            cmocka_unit_test(fails_where_nobody_listens),
            cmocka_unit_test(times_out_at_a_black_hole),
            cmocka_unit_test(closing_in_the_middle_releases_the_socket),
            cmocka_unit_test(lack_of_descriptors_is_local),
            cmocka_unit_test(every_errno_has_its_verdict),
            cmocka_unit_test(texts_are_cut_at_a_character),
            cmocka_unit_test(every_error_has_a_name_and_a_side),
            cmocka_unit_test(nonsense_is_refused_with_a_reason),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
