/*
 * pace.h -- the times that all policies of one process share: the wall clock, the limit of switches in a minute, how
 * long effects go first at the API server, and until when samples are doubtful.
 *
 * Units:     wall time is the API server's clock, counted on the monotonic one of the loop.
 * Ownership: embedded in the manager; nothing to free.
 * Threads:   loop thread only.
 */
#ifndef PK_RECONCILE_PACE_H
#define PK_RECONCILE_PACE_H

#include <stdbool.h>

#include "runtime/loop.h"
#include "util/units.h"

enum { PACE_SWITCHES_MAX = 64 };

struct pace {
        struct loop *loop;
        unix_ms wall_base;                /* wall time = wall_base + loop_now() */
        mono_ms late_until, late_by;      /* the loop was late: samples are doubtful until then */
        mono_ms prioritised_until;        /* a step of a switch is under way: statuses and Events wait */
        unsigned max_switches_per_minute; /* automatic ones, over all policies; 0: no limit */
        mono_ms switches[PACE_SWITCHES_MAX]; /* when the last ones were recorded, a ring */
        unsigned next_switch;
        unsigned deciding; /* automatic switches on their way to the arbiter: they count before it has answered */
};

void pace_init(struct pace *pace, struct loop *loop, unsigned max_switches_per_minute);

/* The API server's clock is believed where it differs from this machine's by more than its own resolution.
 * @server_date 0: it is not known. */
void pace_set_clock(struct pace *pace, unix_ms server_date);
unix_ms pace_wall(const struct pace *pace);

/* Whether one more automatic switch would be too many in this minute. */
bool pace_limit_reached(const struct pace *pace);
void pace_count_switch(struct pace *pace);

/* A step of a switch begins: for a moment statuses and Events leave the API server to it. */
void pace_prioritise(struct pace *pace);
bool pace_is_prioritised(const struct pace *pace);

/* The loop was late by @late_ms. */
void pace_was_late(struct pace *pace, mono_ms late_ms);

#endif
