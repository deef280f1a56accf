/*
 * driver.h -- private to probe/: what one kind of check adds to the cadence and the deadline of probe.c.
 *
 * A sample:  start() with probe->address set, then exactly one probe_finish() (from within start() or later), unless
 *            cancel() comes first. probe.c cancels at the deadline; a driver needs no timer of its own.
 * Ownership: open() makes the driver's own struct, whose first member is struct probe, zeroed but for what the driver
 *            needs; close() frees it, idle or cancelled.
 * Threads:   loop thread only.
 */
#ifndef PK_PROBE_DRIVER_H
#define PK_PROBE_DRIVER_H

#include "probe/probe.h"
#include "probe/resolve.h"

struct probe_driver {
        const char *name;
        enum probe_error silence; /* the error where no answer comes by the deadline */
        bool needs_address;       /* spec.address and spec.port are checked before open() */
        MUST_CHECK enum err (*open)(const struct probe_spec *spec, struct probe **ret, struct errmsg *reterr);
        void (*start)(struct probe *probe);
        void (*cancel)(struct probe *probe);
        void (*close)(struct probe *probe);
};

extern const struct probe_driver probe_tcp;
extern const struct probe_driver probe_tls;
extern const struct probe_driver probe_http;
extern const struct probe_driver probe_grpc;
extern const struct probe_driver probe_deployment;
extern const struct probe_driver probe_kustomization;
extern const struct probe_driver probe_application;

struct metric_child;
struct prober {
        struct probe_env env;
        struct resolver *resolver;
        size_t probe_count;
        struct metric_child *durations[PROBE_KIND_COUNT][PROBE_UNKNOWN + 1]; /* found once: they are hot */
};

/* Two thousand of these are idle most of the time: what a running sample needs is made anew where that is cheap. */
struct probe {
        const struct probe_driver *driver;
        struct prober *prober;
        void (*on_sample)(void *ctx, const struct sample *sample);
        void *ctx;
        struct loop_timer timer; /* idle: the next start; else the deadline */
        struct probe_cadence cadence;
        mono_ms deadline_at; /* of the running sample */
        int64_t started_us;
        struct address address;
        uint16_t port;
        uint8_t kind; /* enum probe_kind */
        bool is_sampling;
        bool is_quick; /* failing: the grid is twice as fine */
        bool had_grace;
};

/* Puts an opened probe, whose driver, kind and address are set, on its grid. */
void probe_begin(struct probe *probe, struct prober *prober, const struct probe_cadence *cadence,
                 void (*on_sample)(void *ctx, const struct sample *sample), void *ctx);
/* Both durations are above 0, and a sample ends before the next one starts. */
bool probe_is_cadence_sane(const struct probe_cadence *cadence);

/* Ends the running sample: adds times, late check and next start. on_sample may close @probe, so this comes last. */
void probe_finish(struct probe *probe, struct sample *sample);

/* An empty PASS, "ok". */
struct sample sample_pass(void);
/* Makes @sample a FAIL or an UNKNOWN, as its error says. */
void sample_fail(struct sample *sample, enum probe_error error, const char *format, ...) PRINTF_LIKE(3, 4);
/* The same from the errno of a socket call. */
void sample_fail_errno(struct sample *sample, int os_error);

/* The first point of the grid offset + n * step that is not before @time. */
mono_ms probe_grid_next(mono_ms offset_ms, mono_ms step_ms, mono_ms time);

#endif
