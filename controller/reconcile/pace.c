/* pace.c -- the clock, the limit and the priority that all policies of one process share. */
#include "reconcile/pace.h"

#include "runtime/clock.h"

enum {
        MINUTE_MS = 60000,
        /* The server's Date has whole seconds: where both clocks are nearer than this, this machine's is as good. */
        CLOCK_TRUST_MS = 2000,
        PRIORITY_MS = 100, /* longer than a step takes where it goes well */
        DOUBTFUL_MS = 1000,
};

void pace_init(struct pace *pace, struct loop *loop, unsigned max_switches_per_minute)
{
        *pace = (struct pace){.loop = loop,
                              .wall_base = clock_wall() - clock_mono(),
                              .max_switches_per_minute = max_switches_per_minute};
}

void pace_set_clock(struct pace *pace, unix_ms server_date)
{
        unix_ms local = clock_wall();
        unix_ms skew = server_date ? server_date - local : 0;
        bool is_near = skew < CLOCK_TRUST_MS && skew > -CLOCK_TRUST_MS;
        pace->wall_base = (is_near ? local : server_date) - clock_mono();
}

unix_ms pace_wall(const struct pace *pace)
{
        return pace->wall_base + loop_now(pace->loop);
}

bool pace_limit_reached(const struct pace *pace)
{
        unsigned count = pace->deciding;
        for (unsigned i = 0; i < PACE_SWITCHES_MAX; i++)
                count += pace->switches[i] && loop_now(pace->loop) - pace->switches[i] < MINUTE_MS;
        return pace->max_switches_per_minute && count >= pace->max_switches_per_minute;
}

void pace_count_switch(struct pace *pace)
{
        pace->switches[pace->next_switch] = loop_now(pace->loop);
        pace->next_switch = (pace->next_switch + 1) % PACE_SWITCHES_MAX;
}

void pace_prioritise(struct pace *pace)
{
        pace->prioritised_until = loop_now(pace->loop) + PRIORITY_MS;
}

bool pace_is_prioritised(const struct pace *pace)
{
        return loop_now(pace->loop) < pace->prioritised_until;
}

void pace_was_late(struct pace *pace, mono_ms late_ms)
{
        pace->late_until = loop_now(pace->loop) + DOUBTFUL_MS;
        pace->late_by = late_ms;
}
