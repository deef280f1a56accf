/*
 * probe.h -- one health check of one management cluster, run on its own fixed grid, one sample after the other.
 *
 * A sample says PASS, FAIL or UNKNOWN. UNKNOWN means that the cause is on this side (credentials, DNS, configuration):
 * it counts for neither health nor failure. Errors are typed, so that a rotated credential never looks like an outage.
 *
 * Cadence:   samples start on the grid offset + n * interval_ms. After the first FAIL the grid is twice as fine until
 *            the next PASS, so a black hole costs at most threshold * interval + timeout from its beginning. A sample
 *            never overlaps the one before.
 * Units:     milliseconds, monotonic; certificate_not_after is wall time.
 * Ownership: probe_open() copies the spec's texts; TLS material is shared and must outlive the probe. Samples are
 *            borrowed by on_sample.
 * Threads:   loop thread only.
 */
#ifndef PK_PROBE_PROBE_H
#define PK_PROBE_PROBE_H

#include "core/view.h"
#include "runtime/executor.h"
#include "runtime/http.h"
#include "runtime/loop.h"
#include "util/err.h"
#include "util/units.h"

enum probe_kind {
        PROBE_TCP,
        PROBE_TLS,
        PROBE_HTTP,
        PROBE_GRPC,
        PROBE_DEPLOYMENT,
        PROBE_KUSTOMIZATION,
        PROBE_APPLICATION,
        PROBE_KIND_COUNT
};
enum probe_result { PROBE_PASS, PROBE_FAIL, PROBE_UNKNOWN };

/* The word for status and metrics, and what the error makes of a sample. */
#define PROBE_ERROR_LIST(X)                                                                                            \
        X(PROBE_ERROR_NONE, "ok", PROBE_PASS)                                                                          \
        X(PROBE_ERROR_REFUSED, "refused", PROBE_FAIL)         /* connection refused or reset */                        \
        X(PROBE_ERROR_TIMEOUT, "timeout", PROBE_FAIL)                                                                  \
        X(PROBE_ERROR_UNREACHABLE, "unreachable", PROBE_FAIL) /* no route to that address */                           \
        X(PROBE_ERROR_TLS, "tls", PROBE_FAIL)                 /* handshake broken by the peer */                       \
        X(PROBE_ERROR_CERTIFICATE, "certificate", PROBE_FAIL) /* expired, wrong CA, wrong name: see the text */        \
        X(PROBE_ERROR_PROTOCOL, "protocol", PROBE_FAIL)       /* not HTTP, not gRPC, cut off, too large, too slow */   \
        X(PROBE_ERROR_STATUS, "status", PROBE_FAIL)           /* HTTP status, gRPC NOT_SERVING, 0 replicas */          \
        X(PROBE_ERROR_RESOLVE, "resolve", PROBE_UNKNOWN)      /* the name did not resolve */                           \
        X(PROBE_ERROR_CREDENTIALS, "credentials", PROBE_UNKNOWN)/* the check's key, token or right was refused */      \
        X(PROBE_ERROR_CONFIG, "config", PROBE_UNKNOWN)        /* bad TLS material, unknown gRPC service, no object */  \
        X(PROBE_ERROR_API, "api", PROBE_UNKNOWN)              /* the API server of that cluster did not answer */      \
        X(PROBE_ERROR_LOCAL, "local", PROBE_UNKNOWN)          /* this process is out of descriptors, memory, ports */

#define PROBE_ERROR_ENUM(name, text, result) name,
enum probe_error { PROBE_ERROR_LIST(PROBE_ERROR_ENUM) PROBE_ERROR_COUNT };
#undef PROBE_ERROR_ENUM

struct sample {
        enum probe_result result;
        enum probe_error error;
        mono_ms started_at;
        mono_ms ended_at;
        int64_t started_us; /* the same as started_at, finer */
        int64_t latency_us;
        unix_ms certificate_not_after; /* 0: not a TLS probe, or not seen */
        int32_t replicas_available;    /* Deployment only, else -1 */
        int32_t replicas_wanted;
        int32_t replicas_updated;
        enum check_signal signal;      /* of a PASS: what it shows all the same */
        char text[384]; /* for people: "connection refused", "certificate expired 2026-11-01", "503, expected 200" */
};

struct kube; /* kube/client.h; used where an object is read */

struct probe_spec {
        enum probe_kind kind;
        const char *address; /* a literal; not where an object is read */
        const char *host;    /* the name that led to it, for URLs; NULL: none did */
        uint16_t port;
        const struct http_tls *tls; /* TLS, and HTTP/GRPC over TLS when not NULL; server_name inside */
        bool verify; /* false: HTTP/TLS without a CA to check against is a path check only (certificate still read) */
        bool wants_http2;   /* TLS: h2 is offered by ALPN, and a peer that does not choose it is signalled */
        const char *method; /* HTTP: GET or HEAD */
        const char *path;
        uint16_t status_low, status_high; /* HTTP: accepted range, 200 to 299 by default */
        const char *grpc_service;         /* "" = the whole server */
        struct kube *kube; /* DEPLOYMENT, KUSTOMIZATION, APPLICATION: client of that cluster; NULL = not observable */
        const char *namespace_name; /* of the object that is read, and its name */
        const char *object_name;
};

struct probe_cadence {
        mono_ms interval_ms;
        mono_ms timeout_ms; /* <= interval_ms */
        mono_ms offset_ms;  /* spreads probes over the interval; same in each replica but for half an interval */
};

struct probe;
/* The parts of the program that probes use; one for all. */
struct probe_env {
        struct loop *loop;
        struct http *http;
        struct executor *executor; /* name look-ups */
        const char *dns_servers;   /* where names are looked up; NULL: where resolv.conf says */
        /* A sample of the probe with this @ctx begins, and nothing was sent for it yet; it may not close the probe.
         * NULL: nobody wants to know. */
        void (*began)(void *ctx);
};

struct resolver;
struct prober; /* shared state of all probes: look-up cache, TCP sockets */
struct prober *prober_open(const struct probe_env *env);
struct resolver *prober_resolver(struct prober *prober);
void prober_close(struct prober *prober); /* after all probes were closed */

MUST_CHECK enum err probe_open(struct prober *prober, const struct probe_spec *spec,
                               const struct probe_cadence *cadence,
                               void (*on_sample)(void *ctx, const struct sample *sample), void *ctx, struct probe **ret,
                               struct errmsg *reterr);
void probe_set_cadence(struct probe *probe, const struct probe_cadence *cadence);
/* When the sample began that is being taken, clock_mono_us(); 0: none is. */
int64_t probe_began_us(const struct probe *probe);
void probe_close(struct probe *probe); /* NULL is a no-op; no sample comes afterwards */

const char *probe_error_name(enum probe_error error); /* the words above */

#endif
