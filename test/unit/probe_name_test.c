/* probe_name_test.c -- checks whose address is a name: what the look-up does to the verdict. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "probe/driver.h"
#include "probe_peer.h"
#include "probe_rig.h"
#include "runtime/metrics.h"

static struct probe_rig rig;
static atomic_bool is_broken;
static sem_t gate; /* "gated.test" waits here */

static void add(struct resolve_answer *answer, const char *literal)
{
        assert_int_equal(address_parse(literal, &answer->addresses[answer->count++]), ERR_OK);
}

static void lookup(const char *host, struct resolve_answer *ret)
{
        if (strcmp(host, "gated.test") == 0)
                (void)sem_wait(&gate);
        if (atomic_load(&is_broken)) {
                (void)snprintf(ret->why, sizeof(ret->why), "no nameserver answers");
                return;
        }
        if (strcmp(host, "two.test") == 0)
                add(ret, "127.0.0.2"); /* nobody listens there */
        add(ret, "127.0.0.1");
}

static int open_rig(void **state)
{
        (void)state;
        static const struct resolve_policy brief = {.fresh_ms = 1, .retry_ms = 1, .keep_ms = 60000, .lookup = lookup};
        (void)sem_init(&gate, 0, 0);
        atomic_store(&is_broken, false);
        probe_rig_open(&rig);
        resolver_close(rig.prober->resolver);
        rig.prober->resolver = resolver_open(rig.loop, rig.executor, &brief);
        return 0;
}

static int close_rig(void **state)
{
        (void)state;
        probe_rig_close(&rig);
        (void)sem_destroy(&gate);
        return 0;
}

static struct probe *start(const char *address, uint16_t port)
{
        const struct probe_spec spec = {.kind = PROBE_TCP, .address = address, .port = port};
        const struct probe_cadence cadence = {.interval_ms = 200, .timeout_ms = 200};
        return probe_rig_start(&rig, &spec, &cadence);
}

static void a_dead_address_is_left_for_the_next(void **state)
{
        (void)state;
        struct probe_peer *peer = probe_peer_open(&(const struct peer_script){.act = PEER_ANSWER, .bytes = ""});
        struct probe *probe = start("two.test", probe_peer_port(peer));
        probe_rig_run(&rig, 4);
        probe_close(probe);
        assert_int_equal(rig.samples[0].error, PROBE_ERROR_REFUSED);
        for (size_t i = 1; i < 4; i++)
                assert_int_equal(rig.samples[i].result, PROBE_PASS); /* and the good one is kept */
        probe_peer_close(peer);
}

static void an_outage_of_dns_does_not_blind(void **state)
{
        (void)state;
        struct probe_peer *peer = probe_peer_open(&(const struct peer_script){.act = PEER_ANSWER, .bytes = ""});
        struct probe *probe = start("one.test", probe_peer_port(peer));
        probe_rig_run(&rig, 1);
        assert_string_equal(rig.samples[0].text, "ok");
        atomic_store(&is_broken, true);
        probe_rig_run(&rig, 3); /* the first of them asks again, behind its own back */
        probe_close(probe);
        assert_int_equal(rig.samples[3].result, PROBE_PASS);
        assert_string_equal(rig.samples[3].text,
                            "ok; last known address used, its name does not resolve (no nameserver answers)");
        probe_peer_close(peer);
}

static void a_name_that_never_resolved_is_unknown(void **state)
{
        (void)state;
        atomic_store(&is_broken, true);
        struct probe *probe = start("one.test", 1);
        probe_rig_run(&rig, 2);
        probe_close(probe);
        for (size_t i = 0; i < 2; i++) {
                assert_int_equal(rig.samples[i].result, PROBE_UNKNOWN);
                assert_int_equal(rig.samples[i].error, PROBE_ERROR_RESOLVE);
                assert_string_equal(rig.samples[i].text, "the address does not resolve: no nameserver answers");
        }
}

/* getaddrinfo() may take half a minute; the sample does not. */
static void a_lookup_that_hangs_ends_with_the_sample(void **state)
{
        (void)state;
        struct probe *probe = start("gated.test", 1);
        probe_rig_run(&rig, 2);
        for (size_t i = 0; i < 2; i++) {
                assert_int_equal(rig.samples[i].result, PROBE_UNKNOWN);
                assert_int_equal(rig.samples[i].error, PROBE_ERROR_RESOLVE);
                assert_non_null(strstr(rig.samples[i].text, "no answer after 0.2s"));
        }
        probe_close(probe);
        (void)sem_post(&gate);
        probe_rig_settle(&rig);
}

static void durations_are_on_the_metrics_page(void **state)
{
        (void)state;
        (void)probe_rig_once(&rig, &(const struct probe_spec){.kind = PROBE_TCP, .address = "127.0.0.1", .port = 1},
                             5000);
        struct strbuf page = STRBUF_INIT(1024 * 1024);
        metrics_print(&page);
        assert_non_null(
            strstr(strbuf_text(&page), "planekeeper_probe_duration_seconds_count{kind=\"TCP\",result=\"fail\"}"));
        strbuf_deinit(&page);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(a_dead_address_is_left_for_the_next, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(an_outage_of_dns_does_not_blind, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(a_name_that_never_resolved_is_unknown, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(a_lookup_that_hangs_ends_with_the_sample, open_rig, close_rig),
            cmocka_unit_test_setup_teardown(durations_are_on_the_metrics_page, open_rig, close_rig),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
