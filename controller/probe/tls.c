/*
 * tls.c -- does the peer finish a TLS handshake with a certificate we trust, and until when is that valid?
 *
 * In TLS 1.3 that is before the peer has judged a client certificate of ours: whether it takes that, only HTTP and GRPC
 * can tell.
 */
#include <stdlib.h>

#include "probe/transfer.h"
#include "util/mem.h"

static void tls_done(void *ctx, const struct http_response *response)
{
        struct transfer *transfer = ctx;
        struct sample sample = transfer_verdict(transfer, response);
        probe_finish(&transfer->probe, &sample);
}

static void tls_start(struct probe *probe)
{
        struct http_request request = {.method = "GET", .connect_only = true, .done = tls_done};
        transfer_start(CONTAINER_OF(probe, struct transfer, probe), &request);
}

static void tls_close(struct probe *probe)
{
        struct transfer *transfer = CONTAINER_OF(probe, struct transfer, probe);
        transfer_deinit(transfer);
        free(transfer);
}

static enum err tls_open(const struct probe_spec *spec, struct probe **ret, struct errmsg *reterr)
{
        struct transfer *transfer = mem_new(transfer);
        enum err err = transfer_init(transfer, spec, "/", reterr);
        if (err != ERR_OK) {
                free(transfer);
                return err;
        }
        *ret = &transfer->probe;
        return ERR_OK;
}

const struct probe_driver probe_tls = {
    .name = "TLS",
    .silence = PROBE_ERROR_TIMEOUT,
    .needs_address = true,
    .open = tls_open,
    .start = tls_start,
    .cancel = transfer_cancel,
    .close = tls_close,
};
