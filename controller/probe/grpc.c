/* grpc.c -- the answer to grpc.health.v1.Health/Check. grpc-status is read first, because on an error the body is
 * empty. */
#include "probe/grpc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/transfer.h"
#include "runtime/clock.h"
#include "util/mem.h"
#include "util/text.h"

enum { FRAME_BYTES = 5, ANSWER_MAX_BYTES = 4096 };
enum { FIELD_ONE_VARINT = 0x08, FIELD_ONE_BYTES = 0x0a };
enum wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

struct grpc_probe {
        struct transfer transfer; /* first */
        bool is_again;            /* the second connection of this sample */
        char service[];
};

size_t grpc_health_request(const char *service, uint8_t ret_bytes[static GRPC_REQUEST_MAX_BYTES])
{
        size_t name_bytes = strlen(service), at = FRAME_BYTES;
        INVARIANT(name_bytes <= GRPC_SERVICE_MAX_BYTES);
        memset(ret_bytes, 0, FRAME_BYTES);
        if (name_bytes > 0) {
                ret_bytes[at++] = FIELD_ONE_BYTES;
                if (name_bytes >= 0x80)
                        ret_bytes[at++] = (uint8_t)(0x80 | (name_bytes & 0x7f));
                ret_bytes[at++] = (uint8_t)(name_bytes >= 0x80 ? name_bytes >> 7 : name_bytes);
                memcpy(ret_bytes + at, service, name_bytes);
                at += name_bytes;
        }
        ret_bytes[4] = (uint8_t)(at - FRAME_BYTES); /* fits: GRPC_REQUEST_MAX_BYTES is below 256 */
        return at;
}

struct reader {
        const uint8_t *at, *end;
};

static bool read_varint(struct reader *reader, uint64_t *ret)
{
        uint64_t value = 0;
        for (unsigned shift = 0; shift < 64 && reader->at < reader->end; shift += 7) {
                uint8_t byte = *reader->at++;
                if (shift == 63 && byte > 1)
                        return false;
                value |= (uint64_t)(byte & 0x7f) << shift;
                if (byte < 0x80) {
                        *ret = value;
                        return true;
                }
        }
        return false;
}

static bool skip_field(struct reader *reader, uint64_t tag)
{
        uint64_t count;
        switch (tag & 7) {
        case WIRE_VARINT:
                return read_varint(reader, &count);
        case WIRE_64:
                count = 8;
                break;
        case WIRE_32:
                count = 4;
                break;
        case WIRE_BYTES:
                if (!read_varint(reader, &count))
                        return false;
                break;
        default: /* groups are not in proto3 */
                return false;
        }
        if (count > (uint64_t)(reader->end - reader->at))
                return false;
        reader->at += count;
        return true;
}

bool grpc_health_parse(const void *bytes, size_t count, enum grpc_serving *ret_serving)
{
        const uint8_t *frame = bytes;
        if (count < FRAME_BYTES || frame[0] != 0)
                return false;
        uint32_t message_bytes =
            (uint32_t)frame[1] << 24 | (uint32_t)frame[2] << 16 | (uint32_t)frame[3] << 8 | frame[4];
        if (message_bytes != count - FRAME_BYTES)
                return false;
        struct reader reader = {.at = frame + FRAME_BYTES, .end = frame + count};
        uint64_t serving = GRPC_SERVING_UNKNOWN;
        while (reader.at < reader.end) {
                uint64_t tag;
                if (!read_varint(&reader, &tag) || tag >> 3 == 0 || tag > UINT32_MAX)
                        return false;
                if (tag == FIELD_ONE_VARINT ? !read_varint(&reader, &serving) : !skip_field(&reader, tag))
                        return false;
        }
        *ret_serving = serving <= GRPC_SERVICE_UNKNOWN ? (enum grpc_serving)serving : GRPC_SERVING_UNKNOWN;
        return true;
}

/* Codes of doc/statuscodes.md that say more than "failed". */
enum grpc_code {
        GRPC_OK = 0,
        GRPC_DEADLINE_EXCEEDED = 4,
        GRPC_NOT_FOUND = 5,
        GRPC_PERMISSION_DENIED = 7,
        GRPC_UNIMPLEMENTED = 12,
        GRPC_UNAVAILABLE = 14,
        GRPC_UNAUTHENTICATED = 16,
        GRPC_CODE_MAX = 16,
        GRPC_NOT_GRPC = -1,
};

/* Without grpc-status it comes from something in between: read as doc/http-grpc-status-mapping.md says. */
static int code_of(const struct http_response *response)
{
        const char *text = response->grpc_status;
        if (text != NULL) {
                char *end;
                long code = strtol(text, &end, 10);
                bool is_number = text[0] >= '0' && text[0] <= '9' && *end == '\0';
                return is_number && code <= GRPC_CODE_MAX ? (int)code : GRPC_NOT_GRPC;
        }
        switch (response->status) {
        case 401:
                return GRPC_UNAUTHENTICATED;
        case 403:
                return GRPC_PERMISSION_DENIED;
        case 404:
                return GRPC_UNIMPLEMENTED;
        case 429:
        case 502:
        case 503:
        case 504:
                return GRPC_UNAVAILABLE;
        default:
                return GRPC_NOT_GRPC;
        }
}

static void serving_verdict(const struct grpc_probe *grpc, const struct http_response *response, struct sample *sample)
{
        enum grpc_serving serving;
        if (!grpc_health_parse(response->body, response->body_bytes, &serving)) {
                sample_fail(sample, PROBE_ERROR_PROTOCOL, "the health answer is not a grpc.health.v1 message");
                return;
        }
        switch (serving) {
        case GRPC_SERVING:
                break;
        case GRPC_NOT_SERVING:
                sample_fail(sample, PROBE_ERROR_STATUS, "NOT_SERVING");
                break;
        case GRPC_SERVICE_UNKNOWN:
                sample_fail(sample, PROBE_ERROR_CONFIG, "the server does not know the gRPC service \"%.80s\"",
                            grpc->service);
                break;
        case GRPC_SERVING_UNKNOWN:
                sample_fail(sample, PROBE_ERROR_STATUS, "health is UNKNOWN, expected SERVING");
                break;
        }
}

/* curl (7.88) loses the trailer where a GOAWAY comes with the answer, as from a proxy with one request a connection.
 * The message itself is whole, and an error would have none. */
static bool is_answer_without_trailer(const struct http_response *response)
{
        enum grpc_serving serving;
        return !response->grpc_status && response->status == 200 &&
               grpc_health_parse(response->body, response->body_bytes, &serving);
}

static void code_verdict(const struct grpc_probe *grpc, const struct http_response *response, struct sample *sample)
{
        int code = is_answer_without_trailer(response) ? GRPC_OK : code_of(response);
        switch (code) {
        case GRPC_OK:
                serving_verdict(grpc, response, sample);
                break;
        case GRPC_DEADLINE_EXCEEDED:
                sample_fail(sample, PROBE_ERROR_TIMEOUT, "timeout reported by the server (grpc-status 4)");
                break;
        case GRPC_NOT_FOUND:
                sample_fail(sample, PROBE_ERROR_CONFIG,
                            "the server does not know the gRPC service \"%.80s\" (grpc-status 5)", grpc->service);
                break;
        case GRPC_UNIMPLEMENTED:
                sample_fail(sample, PROBE_ERROR_CONFIG, "no health service: the server does not offer grpc.health.v1");
                break;
        case GRPC_PERMISSION_DENIED:
        case GRPC_UNAUTHENTICATED:
                sample_fail(sample, PROBE_ERROR_CREDENTIALS,
                            "the server refused the check's credentials (grpc-status %d)", code);
                break;
        case GRPC_UNAVAILABLE:
                sample_fail(sample, PROBE_ERROR_STATUS, "unavailable (grpc-status 14, HTTP %ld)", response->status);
                break;
        case GRPC_NOT_GRPC:
                sample_fail(sample, PROBE_ERROR_PROTOCOL, "HTTP %ld without a grpc-status: not a gRPC server",
                            response->status);
                break;
        default:
                sample_fail(sample, PROBE_ERROR_STATUS, "health check failed (grpc-status %d)", code);
                break;
        }
}

static void ask(struct grpc_probe *grpc, bool is_again);

static struct grpc_probe *grpc_of(struct probe *probe)
{
        return CONTAINER_OF(probe, struct grpc_probe, transfer.probe);
}

/*
 * A connection that ended before any answer: by a GOAWAY below this stream or a REFUSED_STREAM the server says that it
 * never handled the call (RFC 9113, 8.7), and every gRPC client asks again on a new connection. curl does not tell it
 * from other ends of a connection; a server that is broken is so on the second one too.
 */
static bool was_never_handled(const struct http_response *response)
{
        return response->failure == HTTP_FAIL_PROTOCOL && response->status == 0;
}

static void grpc_done(void *ctx, const struct http_response *response)
{
        struct grpc_probe *grpc = ctx;
        struct sample sample = transfer_verdict(&grpc->transfer, response);
        if (was_never_handled(response) && !grpc->is_again && clock_mono() < grpc->transfer.probe.deadline_at) {
                ask(grpc, true);
                return;
        }
        if (sample.result == PROBE_PASS)
                code_verdict(grpc, response, &sample);
        probe_finish(&grpc->transfer.probe, &sample);
}

static void ask(struct grpc_probe *grpc, bool is_again)
{
        static const char *const headers[] = {"Content-Type: application/grpc", "TE: trailers", NULL};
        uint8_t body[GRPC_REQUEST_MAX_BYTES];
        struct http_request request = {
            .method = "POST",
            .headers = headers,
            .body = (const char *)body,
            .body_bytes = grpc_health_request(grpc->service, body),
            .max_body_bytes = ANSWER_MAX_BYTES,
            .http2 = true,
            .done = grpc_done,
        };
        grpc->is_again = is_again;
        transfer_start(&grpc->transfer, &request);
}

static void grpc_start(struct probe *probe)
{
        ask(grpc_of(probe), false);
}

static void grpc_close(struct probe *probe)
{
        struct grpc_probe *grpc = grpc_of(probe);
        transfer_deinit(&grpc->transfer);
        free(grpc);
}

static enum err grpc_open(const struct probe_spec *spec, struct probe **ret, struct errmsg *reterr)
{
        const char *service = spec->grpc_service != NULL ? spec->grpc_service : "";
        size_t service_bytes = strlen(service);
        if (service_bytes > GRPC_SERVICE_MAX_BYTES)
                return err_set(reterr, ERR_INVALID, "gRPC service is longer than %d bytes", GRPC_SERVICE_MAX_BYTES);
        struct grpc_probe *grpc = mem_calloc(1, sizeof(*grpc) + service_bytes + 1);
        enum err err = transfer_init(&grpc->transfer, spec, "/grpc.health.v1.Health/Check", reterr);
        if (err != ERR_OK) {
                free(grpc);
                return err;
        }
        memcpy(grpc->service, service, service_bytes);
        *ret = &grpc->transfer.probe;
        return ERR_OK;
}

const struct probe_driver probe_grpc = {
    .name = "GRPC",
    .silence = PROBE_ERROR_TIMEOUT,
    .needs_address = true,
    .open = grpc_open,
    .start = grpc_start,
    .cancel = transfer_cancel,
    .close = grpc_close,
};
