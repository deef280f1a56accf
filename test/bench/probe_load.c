/*
 * probe_load.c -- what our probes cost: probe_load TCP|HTTP RATE SECONDS PORT HOLE_PERCENT. RATE probes with an
 * interval and a timeout of one second, evenly spread over it and each to a host of its own, as they run in the
 * operator. Prints one JSON line.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "probe/probe.h"
#include "runtime/clock.h"
#include "util/mem.h"

enum { INTERVAL_MS = 1000, HOSTS_PER_NET = 250 };

static unsigned long counts[PROBE_UNKNOWN + 1];

static void on_sample(void *ctx, const struct sample *sample)
{
        (void)ctx;
        counts[sample->result]++;
}

struct end {
        struct loop_timer timer;
        struct loop *loop;
};

static void end_due(struct loop_timer *timer)
{
        loop_stop(CONTAINER_OF(timer, struct end, timer)->loop);
}

static struct probe **open_all(struct prober *prober, enum probe_kind kind, long rate, uint16_t port, long holes)
{
        struct probe **probes = mem_calloc((size_t)rate, sizeof(struct probe *));
        for (long i = 0; i < rate; i++) {
                bool is_hole = holes > 0 && i % (100 / holes) == 0;
                char address[32];
                (void)snprintf(address, sizeof(address), "127.3.%ld.%ld", i / HOSTS_PER_NET, i % HOSTS_PER_NET + 1);
                struct probe_spec spec = {
                    .kind = kind,
                    .address = address,
                    .port = (uint16_t)(is_hole              ? port + 2
                                       : kind == PROBE_HTTP ? port + 1
                                                            : port),
                    .path = "/",
                    .status_low = 200,
                    .status_high = 299,
                };
                struct probe_cadence cadence = {
                    .interval_ms = INTERVAL_MS, .timeout_ms = INTERVAL_MS, .offset_ms = i * INTERVAL_MS / rate};
                struct errmsg why;
                if (probe_open(prober, &spec, &cadence, on_sample, NULL, &probes[i], &why) != ERR_OK) {
                        fprintf(stderr, "%s\n", why.text);
                        exit(1);
                }
        }
        return probes;
}

static void print_cost(const char *kind, long seconds, size_t bytes_each)
{
        struct rusage usage;
        (void)getrusage(RUSAGE_SELF, &usage);
        double user = (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6;
        double sys = (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
        printf("{\"what\": \"probes %s\", \"seconds\": %ld, \"passed\": %lu, \"failed\": %lu, \"unknown\": %lu, "
               "\"user_s\": %.3f, \"sys_s\": %.3f, "
               "\"core_percent\": %.2f, \"bytes_each\": %zu, \"rss_kib\": %ld}\n",
               kind, seconds, counts[PROBE_PASS], counts[PROBE_FAIL], counts[PROBE_UNKNOWN], user, sys,
               (user + sys) / (double)seconds * 100, bytes_each, usage.ru_maxrss);
}

int main(int argc, char **argv)
{
        if (argc != 6) {
                fprintf(stderr, "usage: probe_load TCP|HTTP RATE SECONDS PORT HOLE_PERCENT\n");
                return 2;
        }
        enum probe_kind kind = strcmp(argv[1], "HTTP") == 0 ? PROBE_HTTP : PROBE_TCP;
        long rate = strtol(argv[2], NULL, 10), seconds = strtol(argv[3], NULL, 10), holes = strtol(argv[5], NULL, 10);
        struct loop *loop = loop_open();
        struct executor *executor = executor_open(loop, 1, 16);
        struct probe_env env = {.loop = loop, .http = http_open(loop, 16), .executor = executor};
        struct prober *prober = prober_open(&env);
        size_t before = mallinfo2().uordblks;
        struct probe **probes = open_all(prober, kind, rate, (uint16_t)strtoul(argv[4], NULL, 10), holes);
        size_t bytes_each = (mallinfo2().uordblks - before) / (size_t)rate;

        struct end end = {.timer.due = end_due, .loop = loop};
        loop_timer_set(loop, &end.timer, clock_mono() + seconds * 1000);
        loop_run(loop);
        print_cost(argv[1], seconds, bytes_each);

        for (long i = 0; i < rate; i++)
                probe_close(probes[i]);
        free(probes);
        prober_close(prober);
        http_close(env.http);
        executor_close(executor, clock_mono() + 1000);
        loop_close(loop);
        return 0;
}
