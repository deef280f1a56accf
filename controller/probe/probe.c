/* probe.c -- the grid, the deadline and the verdict around one sample; the driver takes the sample itself. */
#include "probe/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/driver.h"
#include "runtime/clock.h"
#include "runtime/metrics.h"
#include "util/mem.h"

/* A sample that ended this much after its deadline, or in a turn this late, measured this process and not the peer. */
enum { LATE_MS = 250 };
/* A grid point missed by this little is taken at once: a timeout as long as the interval always ends just after one. */
enum { GRID_SLACK_MS = 50 };
/* Timers run before descriptors: in a turn this late an answer may wait in the socket, so it gets one turn more. */
enum { GRACE_MS = 5 };

static const double buckets[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};
static struct metric_family durations = {
    .name = "planekeeper_probe_duration_seconds",
    .help = "How long one sample of a health check took, by kind of check and result.",
    .type = METRIC_HISTOGRAM,
    .labels = {"kind", "result"},
    .buckets = buckets,
    .bucket_count = sizeof(buckets) / sizeof(buckets[0]),
};

const char *probe_error_name(enum probe_error error)
{
#define NAME(name, text, result) [name] = text,
        static const char *const names[] = {PROBE_ERROR_LIST(NAME)};
#undef NAME
        return (unsigned)error < PROBE_ERROR_COUNT ? names[error] : "?";
}

static struct metric_child *duration_of(const struct probe *probe, enum probe_result result)
{
        static const char *const result_names[] = {
            [PROBE_PASS] = "pass", [PROBE_FAIL] = "fail", [PROBE_UNKNOWN] = "unknown"};
        struct metric_child **child = &probe->prober->durations[probe->kind][result];
        if (*child == NULL)
                *child = METRIC(&durations, probe->driver->name, result_names[result]);
        return *child;
}

struct prober *prober_open(const struct probe_env *env)
{
        struct prober *prober = mem_new(prober);
        prober->env = *env;
        struct resolve_policy policy = resolve_defaults;
        policy.servers = env->dns_servers;
        prober->resolver = resolver_open(env->loop, env->executor, &policy);
        metrics_register(&durations);
        return prober;
}

struct resolver *prober_resolver(struct prober *prober)
{
        return prober->resolver;
}

void prober_close(struct prober *prober)
{
        INVARIANT(prober->probe_count == 0);
        resolver_close(prober->resolver);
        free(prober);
}

mono_ms probe_grid_next(mono_ms offset_ms, mono_ms step_ms, mono_ms time)
{
        mono_ms past = (time - offset_ms) % step_ms;
        if (past < 0)
                past += step_ms;
        return past == 0 ? time : time + step_ms - past;
}

static mono_ms max_ms(mono_ms a, mono_ms b)
{
        return a > b ? a : b;
}

static void plan_next_start(struct probe *probe, mono_ms now)
{
        mono_ms interval = probe->cadence.interval_ms;
        mono_ms step = probe->is_quick ? max_ms(interval / 2, 1) : interval;
        mono_ms slack = step / 4 < GRID_SLACK_MS ? step / 4 : GRID_SLACK_MS;
        mono_ms not_before = max_ms(now - slack, probe->started_us / 1000 + 1);
        loop_timer_set(probe->prober->env.loop, &probe->timer,
                       probe_grid_next(probe->cadence.offset_ms, step, not_before));
}

static bool is_late(const struct probe *probe, mono_ms now)
{
        return now > probe->deadline_at + LATE_MS || loop_lateness(probe->prober->env.loop) > LATE_MS;
}

void probe_finish(struct probe *probe, struct sample *sample)
{
        int64_t now_us = clock_mono_us();
        INVARIANT(probe->is_sampling);
        probe->is_sampling = false;
        if (is_late(probe, now_us / 1000))
                sample_fail(sample, PROBE_ERROR_LOCAL, "sample discarded: the operator's own process was stalled");
        sample->started_at = probe->started_us / 1000;
        sample->started_us = probe->started_us;
        sample->ended_at = now_us / 1000;
        if (sample->latency_us == 0)
                sample->latency_us = now_us - probe->started_us;
        metric_observe(duration_of(probe, sample->result), (double)sample->latency_us / 1e6);

        if (sample->result != PROBE_UNKNOWN)
                probe->is_quick = sample->result == PROBE_FAIL;
        plan_next_start(probe, sample->ended_at);
        probe->on_sample(probe->ctx, sample);
}

static void give_up(struct probe *probe)
{
        probe->driver->cancel(probe);
        struct sample sample = sample_pass();
        sample_fail(&sample, probe->driver->silence, "%stimeout after %.1fs",
                    probe->driver->silence == PROBE_ERROR_API ? "API server: " : "",
                    (double)probe->cadence.timeout_ms / 1000);
        probe_finish(probe, &sample);
}

static void deadline_due(struct probe *probe)
{
        struct loop *loop = probe->prober->env.loop;
        if (!probe->had_grace && loop_now(loop) - probe->deadline_at > GRACE_MS) {
                probe->had_grace = true;
                loop_timer_set(loop, &probe->timer, loop_now(loop) + 1);
                return;
        }
        give_up(probe);
}

static void sample_start(struct probe *probe)
{
        probe->started_us = clock_mono_us();
        probe->deadline_at = probe->started_us / 1000 + probe->cadence.timeout_ms;
        probe->had_grace = false;
        loop_timer_set(probe->prober->env.loop, &probe->timer, probe->deadline_at);
        probe->is_sampling = true;
        if (probe->prober->env.began)
                probe->prober->env.began(probe->ctx);
        probe->driver->start(probe);
}

static void timer_due(struct loop_timer *timer)
{
        struct probe *probe = CONTAINER_OF(timer, struct probe, timer);
        if (probe->is_sampling)
                deadline_due(probe);
        else
                sample_start(probe);
}

bool probe_is_cadence_sane(const struct probe_cadence *cadence)
{
        return cadence->interval_ms > 0 && cadence->timeout_ms > 0 && cadence->timeout_ms <= cadence->interval_ms;
}

void probe_begin(struct probe *probe, struct prober *prober, const struct probe_cadence *cadence,
                 void (*on_sample)(void *ctx, const struct sample *sample), void *ctx)
{
        probe->prober = prober;
        probe->on_sample = on_sample;
        probe->ctx = ctx;
        probe->timer.due = timer_due;
        probe->cadence = *cadence;
        prober->probe_count++;
        probe->started_us = clock_mono_us(); /* no point of the grid before this counts as missed */
        plan_next_start(probe, probe->started_us / 1000);
}

void probe_set_cadence(struct probe *probe, const struct probe_cadence *cadence)
{
        INVARIANT(probe_is_cadence_sane(cadence));
        if (cadence->interval_ms == probe->cadence.interval_ms && cadence->timeout_ms == probe->cadence.timeout_ms &&
            cadence->offset_ms == probe->cadence.offset_ms)
                return;
        probe->cadence = *cadence;
        if (!probe->is_sampling)
                plan_next_start(probe, clock_mono());
}

int64_t probe_began_us(const struct probe *probe)
{
        return probe->is_sampling ? probe->started_us : 0;
}

void probe_close(struct probe *probe)
{
        if (probe == NULL)
                return;
        loop_timer_stop(probe->prober->env.loop, &probe->timer);
        if (probe->is_sampling)
                probe->driver->cancel(probe);
        probe->prober->probe_count--;
        probe->driver->close(probe);
}
