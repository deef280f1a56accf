/*
 * transfer.h -- private to probe/: what the checks that are one libcurl transfer share (TLS, HTTP, GRPC).
 *
 * Ownership: the spec's TLS material is borrowed, as probe.h says; transfer_deinit() frees the rest.
 * Threads:   loop thread only.
 */
#ifndef PK_PROBE_TRANSFER_H
#define PK_PROBE_TRANSFER_H

#include "probe/driver.h"

struct transfer {
        struct probe probe;          /* first */
        char *url;                   /* of `host`; it is connected to by literal address */
        char *host;                  /* the server name where there is one, else the spec's host or address */
        const struct http_tls *tls;  /* NULL: plain */
        struct http_tls *unverified; /* the spec's material with insecure set, secrets borrowed; else NULL */
        struct http_call *call;
};

/* @path starts with "/". ERR_INVALID where it cannot stand in a URL. */
MUST_CHECK enum err transfer_init(struct transfer *transfer, const struct probe_spec *spec, const char *path,
                                  struct errmsg *reterr);
void transfer_deinit(struct transfer *transfer);

/* Starts @request on a new connection to the sample's address, for what is left of its time; the caller has set only
 * what its protocol is about. */
void transfer_start(struct transfer *transfer, struct http_request *request);
void transfer_cancel(struct probe *probe);

/* First thing in done(): the verdict on everything below the application's own protocol. */
struct sample transfer_verdict(struct transfer *transfer, const struct http_response *response);

#endif
