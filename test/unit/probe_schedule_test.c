/* probe_schedule_test.c -- when samples start: the grid, finer while failing, never two at once, none while late. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <time.h>

#include "probe/driver.h"
#include "probe_peer.h"
#include "probe_rig.h"
#include "runtime/clock.h"
#include "runtime/metrics.h"

static void the_grid_is_arithmetic(void **state)
{
        (void)state;
        static const struct {
                mono_ms offset, step, time, next;
        } rows[] = {
            {0, 1000, 0, 0},          {0, 1000, 1, 1000},       {0, 1000, 999, 1000},    {0, 1000, 1000, 1000},
            {250, 1000, 1000, 1250},  {250, 1000, 1250, 1250},  {250, 1000, 1251, 2250}, {7000, 1000, 3500, 4000},
            {7250, 1000, 3500, 4250}, {-250, 1000, 3500, 3750}, {7250, 500, 3500, 3750}, {0, 1, 123456, 123456},
            {999, 1000, 1, 999},      {5000, 3, 4999, 5000},
        };
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_int_equal(probe_grid_next(rows[i].offset, rows[i].step, rows[i].time), rows[i].next);
}

static mono_ms cell_of(const struct sample *sample, const struct probe_cadence *cadence, mono_ms step)
{
        return (sample->started_at - cadence->offset_ms) / step;
}

/* Each start is in a later cell of the grid than the one before, and none comes before its point. */
static void samples_start_on_the_grid(void **state)
{
        (void)state;
        struct probe_peer *peer = probe_peer_open(&(const struct peer_script){.act = PEER_HOLD});
        const struct probe_spec spec = {.kind = PROBE_TCP, .address = "127.0.0.1", .port = probe_peer_port(peer)};
        const struct probe_cadence cadence = {.interval_ms = 40, .timeout_ms = 40, .offset_ms = 13};
        mono_ms opened_at = clock_mono();
        struct probe *probe = probe_rig_start(&the_rig, &spec, &cadence);
        probe_rig_run(&the_rig, 8);
        probe_close(probe);
        assert_true(the_rig.samples[0].started_at >= probe_grid_next(cadence.offset_ms, cadence.interval_ms, opened_at));
        for (size_t i = 0; i < the_rig.count; i++) {
                assert_int_equal(the_rig.samples[i].result, PROBE_PASS);
                if (i > 0)
                        assert_true(cell_of(&the_rig.samples[i], &cadence, 40) >
                                    cell_of(&the_rig.samples[i - 1], &cadence, 40));
        }
        probe_peer_close(peer);
}

static void failing_makes_the_grid_twice_as_fine(void **state)
{
        (void)state;
        const struct probe_spec spec = {.kind = PROBE_TCP, .address = "127.0.0.1", .port = probe_peer_refused_port()};
        const struct probe_cadence cadence = {.interval_ms = 600, .timeout_ms = 600, .offset_ms = clock_mono() + 5};
        struct probe *probe = probe_rig_start(&the_rig, &spec, &cadence);
        probe_rig_run(&the_rig, 3);
        probe_close(probe);
        for (size_t i = 0; i < 3; i++)
                assert_int_equal(the_rig.samples[i].error, PROBE_ERROR_REFUSED);
        assert_int_equal(cell_of(&the_rig.samples[1], &cadence, 300) - cell_of(&the_rig.samples[0], &cadence, 300), 1);
        assert_int_equal(cell_of(&the_rig.samples[2], &cadence, 300) - cell_of(&the_rig.samples[1], &cadence, 300), 1);
}

static void passing_restores_the_grid(void **state)
{
        (void)state;
        struct black_hole hole;
        black_hole_open(&hole);
        const struct probe_spec spec = {.kind = PROBE_TCP, .address = "127.0.0.1", .port = hole.port};
        const struct probe_cadence cadence = {.interval_ms = 600, .timeout_ms = 100, .offset_ms = clock_mono() + 5};
        struct probe *probe = probe_rig_start(&the_rig, &spec, &cadence);
        probe_rig_run(&the_rig, 1);
        assert_int_equal(the_rig.samples[0].error, PROBE_ERROR_TIMEOUT);
        black_hole_open_up(&hole);
        probe_rig_run(&the_rig, 3);
        probe_close(probe);
        mono_ms cells[4];
        for (size_t i = 0; i < 4; i++)
                cells[i] = cell_of(&the_rig.samples[i], &cadence, 300) - cell_of(&the_rig.samples[0], &cadence, 300);
        for (size_t i = 1; i < 4; i++)
                assert_int_equal(the_rig.samples[i].result, PROBE_PASS);
        assert_int_equal(cells[1], 1); /* finer, because the first one failed */
        assert_int_equal(cells[2], 2); /* the next point of the whole grid */
        assert_int_equal(cells[3], 4);
        black_hole_close(&hole);
}

/* A loop with other work to do: no timer comes on its millisecond. */
static void other_work(void *ctx)
{
        (void)ctx;
        const struct timespec some = {.tv_nsec = 4 * 1000 * 1000};
        (void)nanosleep(&some, NULL);
}

/* The promise of probe.h: n failures of a black hole are known within n * interval + timeout of its beginning. */
static void a_black_hole_costs_no_more_than_promised(void **state)
{
        (void)state;
        enum { THRESHOLD = 4, INTERVAL_MS = 300, TOLERANCE_MS = 300 };
        struct black_hole hole;
        black_hole_open(&hole);
        loop_set_idle(the_rig.loop, other_work, NULL);
        static const mono_ms timeouts[] = {120, INTERVAL_MS};
        for (size_t i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
                const struct probe_spec spec = {.kind = PROBE_TCP, .address = "127.0.0.1", .port = hole.port};
                const struct probe_cadence cadence = {
                    .interval_ms = INTERVAL_MS, .timeout_ms = timeouts[i], .offset_ms = clock_mono() - 2};
                /* The worst moment to die: just after a point of the grid. */
                struct probe *probe = probe_rig_start(&the_rig, &spec, &cadence);
                mono_ms began = clock_mono();
                probe_rig_run(&the_rig, THRESHOLD);
                probe_close(probe);
                assert_true(the_rig.samples[THRESHOLD - 1].ended_at - began <=
                            THRESHOLD * INTERVAL_MS + timeouts[i] + TOLERANCE_MS);
                for (size_t n = 0; n < THRESHOLD; n++) {
                        assert_int_equal(the_rig.samples[n].error, PROBE_ERROR_TIMEOUT);
                        if (n > 0)
                                assert_true(the_rig.samples[n].started_at >= the_rig.samples[n - 1].ended_at);
                }
        }
        loop_set_idle(the_rig.loop, NULL, NULL);
        black_hole_close(&hole);
}

/* At the end of the turn in which the sample started, the process stops for a while, as by SIGSTOP. */
struct stop {
        struct probe *probe;
        struct timespec length;
};

static void stop_once(void *ctx)
{
        const struct stop *stop = ctx;
        if (stop->probe == NULL || !stop->probe->is_sampling)
                return;
        loop_set_idle(the_rig.loop, NULL, NULL);
        (void)nanosleep(&stop->length, NULL);
}

static struct sample sample_with_stop(uint16_t port, mono_ms timeout_ms, mono_ms stop_ms)
{
        const struct probe_spec spec = {.kind = PROBE_TCP, .address = "127.0.0.1", .port = port};
        const struct probe_cadence cadence = {
            .interval_ms = 1000, .timeout_ms = timeout_ms, .offset_ms = clock_mono() + 5};
        struct stop stop = {.probe = probe_rig_start(&the_rig, &spec, &cadence), .length.tv_nsec = stop_ms * 1000 * 1000};
        loop_set_idle(the_rig.loop, stop_once, &stop);
        probe_rig_run(&the_rig, 1);
        probe_close(stop.probe);
        return the_rig.samples[0];
}

static void a_stalled_process_discards_its_samples(void **state)
{
        (void)state;
        struct black_hole hole;
        black_hole_open(&hole);
        struct sample sample = sample_with_stop(hole.port, 100, 450);
        assert_int_equal(sample.result, PROBE_UNKNOWN);
        assert_int_equal(sample.error, PROBE_ERROR_LOCAL);
        assert_non_null(strstr(sample.text, "stalled"));
        black_hole_close(&hole);
}

/* Late by less than a stall: the answer that came meanwhile is in the socket, and counts. */
static void an_answer_that_waited_for_us_is_no_timeout(void **state)
{
        (void)state;
        struct probe_peer *peer = probe_peer_open(&(const struct peer_script){.act = PEER_HOLD});
        assert_int_equal(sample_with_stop(probe_peer_port(peer), 20, 60).result, PROBE_PASS);
        probe_peer_close(peer);
}

struct self_closing {
        struct probe *probe;
        unsigned samples;
};

static void close_yourself(void *ctx, const struct sample *sample)
{
        struct self_closing *closing = ctx;
        (void)sample;
        closing->samples++;
        probe_close(closing->probe);
        loop_stop(the_rig.loop);
}

static void on_sample_may_close_the_probe(void **state)
{
        (void)state;
        const struct probe_spec specs[] = {
            {.kind = PROBE_TCP, .address = "127.0.0.1", .port = probe_peer_refused_port()},
            {.kind = PROBE_HTTP,
             .address = "127.0.0.1",
             .port = probe_peer_refused_port(),
             .status_low = 200,
             .status_high = 299},
            {.kind = PROBE_GRPC, .address = "127.0.0.1", .port = probe_peer_refused_port()},
            {.kind = PROBE_DEPLOYMENT, .namespace_name = "gloo-mesh", .object_name = "gloo-mesh-mgmt-server"},
        };
        for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
                const struct probe_cadence cadence = {.interval_ms = 20, .timeout_ms = 20};
                struct self_closing closing = {0};
                struct errmsg why;
                assert_int_equal(
                    probe_open(the_rig.prober, &specs[i], &cadence, close_yourself, &closing, &closing.probe, &why),
                    ERR_OK);
                loop_run(the_rig.loop);
                assert_int_equal(closing.samples, 1);
        }
}

static void a_new_cadence_counts_at_once(void **state)
{
        (void)state;
        const struct probe_spec spec = {.kind = PROBE_TCP, .address = "127.0.0.1", .port = probe_peer_refused_port()};
        const struct probe_cadence hourly = {
            .interval_ms = 3600000, .timeout_ms = 1000, .offset_ms = clock_mono() - 1000};
        const struct probe_cadence quick = {.interval_ms = 50, .timeout_ms = 50};
        struct probe *probe = probe_rig_start(&the_rig, &spec, &hourly);
        probe_set_cadence(probe, &hourly);
        probe_set_cadence(probe, &quick);
        probe_rig_run(&the_rig, 2);
        probe_close(probe);
}

static void an_idle_probe_is_small(void **state)
{
        (void)state;
        assert_true(sizeof(struct probe) <= 256);
}

static void durations_are_on_the_metrics_page(void **state)
{
        (void)state;
        (void)probe_rig_once(&the_rig, &(const struct probe_spec){.kind = PROBE_TCP, .address = "127.0.0.1", .port = 1},
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
            cmocka_unit_test(the_grid_is_arithmetic),
            cmocka_unit_test(samples_start_on_the_grid),
            cmocka_unit_test(failing_makes_the_grid_twice_as_fine),
            cmocka_unit_test(passing_restores_the_grid),
            cmocka_unit_test(a_black_hole_costs_no_more_than_promised),
            cmocka_unit_test(a_stalled_process_discards_its_samples),
            cmocka_unit_test(an_answer_that_waited_for_us_is_no_timeout),
            cmocka_unit_test(on_sample_may_close_the_probe),
            cmocka_unit_test(durations_are_on_the_metrics_page),
            cmocka_unit_test(a_new_cadence_counts_at_once),
            cmocka_unit_test(an_idle_probe_is_small),
        };
        return cmocka_run_group_tests(tests, probe_rig_setup, probe_rig_teardown);
}
