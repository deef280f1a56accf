/*
 * probe_rig.h -- a loop with everything a probe needs, which runs until enough samples came.
 *
 * Ownership: embedded in the test; probe_rig_close() ends and frees all.
 */
#ifndef PK_TEST_PROBE_RIG_H
#define PK_TEST_PROBE_RIG_H

#include "probe/probe.h"

enum { RIG_SAMPLES_MAX = 32, RIG_GUARD_MS = 20000 };

struct probe_rig {
        struct loop *loop;
        struct http *http;
        struct executor *executor;
        struct prober *prober;
        struct loop_timer guard; /* a test that waits for ever fails instead */
        struct sample samples[RIG_SAMPLES_MAX];
        size_t count;
        size_t wanted;
};

/* For cmocka's setup and teardown of a group, whose tests share the one. */
extern struct probe_rig the_rig;
int probe_rig_setup(void **state);
int probe_rig_teardown(void **state);

void probe_rig_open(struct probe_rig *rig);
void probe_rig_close(struct probe_rig *rig);
void probe_rig_settle(struct probe_rig *rig); /* runs the loop until every job of the executor is back */

/* An on_sample that collects; @ctx is the rig. */
void probe_rig_on_sample(void *ctx, const struct sample *sample);
/* Runs the loop until @count samples more came. */
void probe_rig_run(struct probe_rig *rig, size_t count);
/* Opens a probe and forgets the samples so far. */
struct probe *probe_rig_start(struct probe_rig *rig, const struct probe_spec *spec,
                              const struct probe_cadence *cadence);

/* One sample of a probe that is opened and closed for it. */
struct sample probe_rig_once(struct probe_rig *rig, const struct probe_spec *spec, mono_ms timeout_ms);

#endif
