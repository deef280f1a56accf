/* http.c -- is one request answered with a status in the accepted range? The body is read and thrown away, bounded. */
#include <stdlib.h>
#include <string.h>

#include "probe/transfer.h"
#include "util/mem.h"
#include "util/text.h"

enum { BODY_MAX_BYTES = 1024 * 1024 };

struct http_probe {
        struct transfer transfer; /* first */
        const char *method;       /* static */
        uint16_t status_low, status_high;
        size_t body_bytes; /* of the running sample */
};

static struct http_probe *http_of(struct probe *probe)
{
        return CONTAINER_OF(probe, struct http_probe, transfer.probe);
}

static bool http_bytes(void *ctx, const char *bytes, size_t count)
{
        (void)bytes;
        struct http_probe *http = ctx;
        http->body_bytes += count;
        return http->body_bytes <= BODY_MAX_BYTES;
}

static void status_verdict(const struct http_probe *http, long status, struct sample *sample)
{
        if (status >= http->status_low && status <= http->status_high)
                return;
        const struct http_tls *tls = http->transfer.tls;
        if ((status == 401 || status == 403) && tls != NULL && !secret_is_empty(&tls->certificate))
                sample_fail(sample, PROBE_ERROR_CREDENTIALS,
                            "%ld: the server refused the client certificate: check the TLS Secret", status);
        else if (http->status_low == http->status_high)
                sample_fail(sample, PROBE_ERROR_STATUS, "%ld, expected %u", status, http->status_low);
        else
                sample_fail(sample, PROBE_ERROR_STATUS, "%ld, expected %u to %u", status, http->status_low,
                            http->status_high);
}

static void http_done(void *ctx, const struct http_response *response)
{
        struct http_probe *http = ctx;
        struct sample sample = transfer_verdict(&http->transfer, response);
        if (http->body_bytes > BODY_MAX_BYTES)
                sample_fail(&sample, PROBE_ERROR_PROTOCOL, "answer is larger than 1 MiB");
        else if (sample.result == PROBE_PASS)
                status_verdict(http, response->status, &sample);
        probe_finish(&http->transfer.probe, &sample);
}

static void http_probe_start(struct probe *probe)
{
        struct http_probe *http = http_of(probe);
        struct http_request request = {.method = http->method, .on_bytes = http_bytes, .done = http_done};
        http->body_bytes = 0;
        transfer_start(&http->transfer, &request);
}

static void http_probe_close(struct probe *probe)
{
        struct http_probe *http = http_of(probe);
        transfer_deinit(&http->transfer);
        free(http);
}

static enum err http_probe_open(const struct probe_spec *spec, struct probe **ret, struct errmsg *reterr)
{
        bool is_head = text_equal(spec->method, "HEAD");
        if (!is_head && spec->method != NULL && !text_equal(spec->method, "GET"))
                return err_set(reterr, ERR_INVALID, "method must be GET or HEAD");
        if (spec->status_low < 100 || spec->status_high > 599 || spec->status_low > spec->status_high)
                return err_set(reterr, ERR_INVALID, "accepted status must be a range within 100 to 599");
        struct http_probe *http = mem_new(http);
        enum err err = transfer_init(&http->transfer, spec, spec->path != NULL ? spec->path : "/", reterr);
        if (err != ERR_OK) {
                free(http);
                return err;
        }
        http->method = is_head ? "HEAD" : "GET";
        http->status_low = spec->status_low;
        http->status_high = spec->status_high;
        *ret = &http->transfer.probe;
        return ERR_OK;
}

const struct probe_driver probe_http = {
    .name = "HTTP",
    .silence = PROBE_ERROR_TIMEOUT,
    .needs_address = true,
    .open = http_probe_open,
    .start = http_probe_start,
    .cancel = transfer_cancel,
    .close = http_probe_close,
};
