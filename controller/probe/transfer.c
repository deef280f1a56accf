/* transfer.c -- one request per sample on a new connection, and whether a failed one is the peer's fault or this
 * side's. */
#include "probe/transfer.h"

#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/clock.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "util/text.h"

enum { URL_MAX_BYTES = 2048 };

static bool is_url_path(const char *path)
{
        if (path[0] != '/')
                return false;
        for (const char *c = path; *c != '\0'; c++)
                if (*c <= ' ' || *c >= 0x7f || *c == '#')
                        return false;
        return true;
}

static char *url_of(const struct probe_spec *spec, const char *host, const char *path)
{
        struct strbuf url = STRBUF_INIT(URL_MAX_BYTES);
        bool is_v6 = text_address_family(host) == 6;
        (void)strbuf_printf(&url, "%s://%s%s%s:%u%s", spec->tls != NULL || spec->kind == PROBE_TLS ? "https" : "http",
                            is_v6 ? "[" : "", host, is_v6 ? "]" : "", (unsigned)spec->port, path);
        if (!url.overflowed)
                return strbuf_take(&url);
        strbuf_deinit(&url);
        return NULL;
}

enum err transfer_init(struct transfer *transfer, const struct probe_spec *spec, const char *path,
                       struct errmsg *reterr)
{
        const char *server_name = spec->tls != NULL ? spec->tls->server_name : NULL;
        if (server_name != NULL && text_address_family(server_name) == 0 && !text_is_dns_name(server_name))
                return err_set(reterr, ERR_INVALID, "server name \"%.80s\" is neither a DNS name nor an IP address",
                               server_name);
        if (!is_url_path(path))
                return err_set(reterr, ERR_INVALID,
                               "path \"%.80s\" must start with \"/\" and have no space, control character or \"#\"",
                               path);
        const char *host = server_name != NULL ? server_name : spec->host != NULL ? spec->host : spec->address;
        char *url = url_of(spec, host, path);
        if (url == NULL)
                return err_set(reterr, ERR_INVALID, "path is longer than %d bytes", URL_MAX_BYTES);
        transfer->url = url;
        transfer->host = mem_strdup(host);
        transfer->tls = spec->tls;
        if (!spec->verify && (spec->tls != NULL || spec->kind == PROBE_TLS)) {
                transfer->unverified = mem_new(transfer->unverified);
                if (spec->tls != NULL)
                        *transfer->unverified = *spec->tls;
                transfer->unverified->insecure = true;
                transfer->tls = transfer->unverified;
        }
        return ERR_OK;
}

void transfer_deinit(struct transfer *transfer)
{
        free(transfer->url);
        free(transfer->host);
        free(transfer->unverified);
}

void transfer_start(struct transfer *transfer, struct http_request *request)
{
        struct probe *probe = &transfer->probe;
        char connect_to[ADDRESS_PORT_TEXT_BYTES];
        address_print(&probe->address, probe->port, connect_to);
        request->url = transfer->url;
        request->tls = transfer->tls;
        request->connect_to = connect_to;
        mono_ms left = probe->deadline_at - clock_mono();
        request->timeout_ms = left > 0 ? left : 1;
        request->fresh_connection = true;
        request->want_certificate = transfer->tls != NULL;
        request->ctx = transfer;
        transfer->call = http_start(probe->prober->env.http, request);
}

void transfer_cancel(struct probe *probe)
{
        struct transfer *transfer = CONTAINER_OF(probe, struct transfer, probe);
        http_cancel(transfer->call);
        transfer->call = NULL;
}

static void date_print(unix_ms time, char ret_text[static TEXT_TIME_BYTES + 4])
{
        text_from_time(time, ret_text);
        ret_text[sizeof("2026-11-01") - 1] = '\0';
}

static void certificate_verdict(const struct transfer *transfer, const struct http_response *response,
                                struct sample *sample)
{
        char date[TEXT_TIME_BYTES + 4];
        switch (response->certificate_error) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
                if (response->certificate_not_after == 0) {
                        sample_fail(sample, PROBE_ERROR_CERTIFICATE, "certificate expired");
                        break;
                }
                date_print(response->certificate_not_after, date);
                sample_fail(sample, PROBE_ERROR_CERTIFICATE, "certificate expired %s", date);
                break;
        case X509_V_ERR_CERT_NOT_YET_VALID:
                sample_fail(sample, PROBE_ERROR_CERTIFICATE, "certificate is not valid yet (is a clock wrong?)");
                break;
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
                sample_fail(sample, PROBE_ERROR_CERTIFICATE, "certificate is for %s, expected %s",
                            response->certificate_names[0] != '\0' ? response->certificate_names : "no DNS name",
                            transfer->host);
                break;
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
                sample_fail(sample, PROBE_ERROR_CERTIFICATE, "certificate is not signed by the CA given");
                break;
        default:
                sample_fail(sample, PROBE_ERROR_CERTIFICATE, "certificate refused: %s",
                            X509_verify_cert_error_string(response->certificate_error));
                break;
        }
}

static void connect_verdict(const struct http_response *response, struct sample *sample)
{
        if (response->os_error != 0)
                sample_fail_errno(sample, response->os_error);
        else if (response->failure == HTTP_FAIL_LOCAL)
                sample_fail(sample, PROBE_ERROR_LOCAL, "this operator could not connect: %s", response->why.text);
        else
                sample_fail(sample, PROBE_ERROR_REFUSED, "connection refused");
}

struct sample transfer_verdict(struct transfer *transfer, const struct http_response *response)
{
        struct sample sample = sample_pass();
        transfer->call = NULL;
        sample.latency_us = response->latency_us;
        sample.certificate_not_after = response->certificate_not_after;
        switch (response->failure) {
        case HTTP_FAIL_NONE:
                if (response->err != ERR_OK)
                        sample_fail(&sample, PROBE_ERROR_PROTOCOL, "answer cut off");
                break;
        case HTTP_FAIL_RESOLVE:
                sample_fail(&sample, PROBE_ERROR_RESOLVE, "the address does not resolve");
                break;
        case HTTP_FAIL_CONNECT:
        case HTTP_FAIL_LOCAL:
                connect_verdict(response, &sample);
                break;
        case HTTP_FAIL_TIMEOUT:
                sample_fail(&sample, PROBE_ERROR_TIMEOUT, "timeout after %.1fs",
                            (double)transfer->probe.cadence.timeout_ms / 1000);
                break;
        case HTTP_FAIL_TLS:
                if (response->certificate_error != 0 && (transfer->tls == NULL || !transfer->tls->insecure))
                        certificate_verdict(transfer, response, &sample);
                else
                        sample_fail(
                            &sample, PROBE_ERROR_TLS,
                            "TLS handshake failed: the peer does not speak TLS or shares no version with this check");
                break;
        case HTTP_FAIL_TLS_LOCAL:
                sample_fail(&sample, PROBE_ERROR_CONFIG, "the TLS Secret is unusable: %s", response->why.text);
                break;
        case HTTP_FAIL_TLS_REFUSED:
                sample_fail(&sample, PROBE_ERROR_CREDENTIALS,
                            "the server refused the client certificate, or wants one: check the TLS Secret");
                break;
        case HTTP_FAIL_TOO_LARGE:
                sample_fail(&sample, PROBE_ERROR_PROTOCOL, "answer is too large");
                break;
        case HTTP_FAIL_SLOW:
                sample_fail(&sample, PROBE_ERROR_PROTOCOL, "answer is too slow");
                break;
        case HTTP_FAIL_PROTOCOL:
                sample_fail(&sample, PROBE_ERROR_PROTOCOL, "connection broken off, or not %s",
                            transfer->probe.kind == PROBE_GRPC ? "HTTP/2" : "HTTP");
                break;
        }
        return sample;
}
