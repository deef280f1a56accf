/*
 * tls.c -- does the peer finish a TLS handshake with a trusted certificate, and until when is that valid?
 *
 * In TLS 1.3 that is before the peer has judged the client certificate. Only HTTP and GRPC checks see whether the peer
 * takes it.
 */
#include <stdlib.h>

#include "probe/transfer.h"
#include "util/mem.h"

struct tls_probe {
        struct transfer transfer; /* first */
        bool wants_http2;
};

static struct tls_probe *tls_of(struct probe *probe)
{
        return CONTAINER_OF(probe, struct tls_probe, transfer.probe);
}

static void tls_done(void *ctx, const struct http_response *response)
{
        struct tls_probe *tls = ctx;
        struct sample sample = transfer_verdict(&tls->transfer, response);
        if (sample.result == PROBE_PASS && tls->wants_http2 && !response->is_http2)
                sample.signal = SIGNAL_NO_ALPN;
        probe_finish(&tls->transfer.probe, &sample);
}

static void tls_start(struct probe *probe)
{
        struct tls_probe *tls = tls_of(probe);
        struct http_request request = {
            .method = "GET", .connect_only = true, .offers_http2 = tls->wants_http2, .done = tls_done};
        transfer_start(&tls->transfer, &request);
}

static void tls_close(struct probe *probe)
{
        struct tls_probe *tls = tls_of(probe);
        transfer_deinit(&tls->transfer);
        free(tls);
}

static enum err tls_open(const struct probe_spec *spec, struct probe **ret, struct errmsg *reterr)
{
        struct tls_probe *tls = mem_new(tls);
        enum err err = transfer_init(&tls->transfer, spec, "/", reterr);
        if (err != ERR_OK) {
                free(tls);
                return err;
        }
        tls->wants_http2 = spec->wants_http2;
        *ret = &tls->transfer.probe;
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
