/* probe_rig.c -- a loop with everything a probe needs. */
#include "probe_rig.h"

#include "runtime/clock.h"
#include "util/mem.h"

static void guard_due(struct loop_timer *timer)
{
        (void)timer;
        bool came_in_time = false;
        INVARIANT(came_in_time);
}

void probe_rig_open(struct probe_rig *rig)
{
        *rig = (struct probe_rig){.guard.due = guard_due};
        rig->loop = loop_open();
        rig->http = http_open(rig->loop, 4);
        rig->executor = executor_open(rig->loop, 2, 16);
        const struct probe_env env = {.loop = rig->loop, .http = rig->http, .executor = rig->executor};
        rig->prober = prober_open(&env);
}

static void turn_due(struct loop_timer *timer)
{
        loop_stop(CONTAINER_OF(timer, struct probe_rig, guard)->loop);
}

void probe_rig_settle(struct probe_rig *rig)
{
        rig->guard.due = turn_due;
        bool is_busy;
        do {
                is_busy = executor_depth(rig->executor) > 0;
                loop_timer_set(rig->loop, &rig->guard, clock_mono() + 1);
                loop_run(rig->loop);
        } while (is_busy);
        rig->guard.due = guard_due;
}

void probe_rig_close(struct probe_rig *rig)
{
        prober_close(rig->prober);
        probe_rig_settle(rig);
        http_close(rig->http);
        executor_close(rig->executor, clock_mono() + 5000);
        loop_close(rig->loop);
}

void probe_rig_on_sample(void *ctx, const struct sample *sample)
{
        struct probe_rig *rig = ctx;
        INVARIANT(rig->count < RIG_SAMPLES_MAX);
        rig->samples[rig->count++] = *sample;
        if (rig->count >= rig->wanted)
                loop_stop(rig->loop);
}

void probe_rig_run(struct probe_rig *rig, size_t count)
{
        rig->wanted = rig->count + count;
        loop_timer_set(rig->loop, &rig->guard, clock_mono() + RIG_GUARD_MS);
        loop_run(rig->loop);
        loop_timer_stop(rig->loop, &rig->guard);
}

struct probe *probe_rig_start(struct probe_rig *rig, const struct probe_spec *spec, const struct probe_cadence *cadence)
{
        struct probe *probe;
        struct errmsg why;
        rig->count = 0;
        INVARIANT(probe_open(rig->prober, spec, cadence, probe_rig_on_sample, rig, &probe, &why) == ERR_OK);
        return probe;
}

struct sample probe_rig_once(struct probe_rig *rig, const struct probe_spec *spec, mono_ms timeout_ms)
{
        /* Soon, or where this very thread is late for that, an interval later. */
        const struct probe_cadence cadence = {
            .interval_ms = timeout_ms, .timeout_ms = timeout_ms, .offset_ms = clock_mono() + 2};
        struct probe *probe = probe_rig_start(rig, spec, &cadence);
        probe_rig_run(rig, 1);
        probe_close(probe);
        struct sample sample = rig->samples[rig->count - 1];
        rig->count = 0;
        return sample;
}

struct probe_rig the_rig;

int probe_rig_setup(void **state)
{
        (void)state;
        probe_rig_open(&the_rig);
        return 0;
}

int probe_rig_teardown(void **state)
{
        (void)state;
        probe_rig_close(&the_rig);
        return 0;
}
