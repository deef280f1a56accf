/*
 * grpc.h -- the two messages of grpc.health.v1.Health/Check, as bytes. Pure; fuzzed.
 *
 * Each message has one field, so both directions are a few lines here. protobuf-c and nanopb would bring a code
 * generator into the build and a library into the image for them, and not check the gRPC frame around the message.
 *
 * Source: grpc/grpc doc/PROTOCOL-HTTP2.md (length-prefixed message), doc/health-checking.md;
 *         protobuf.dev/programming-guides/encoding
 */
#ifndef PK_PROBE_GRPC_H
#define PK_PROBE_GRPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GRPC_SERVICE_MAX_BYTES = 200, GRPC_REQUEST_MAX_BYTES = 5 + 3 + GRPC_SERVICE_MAX_BYTES };
enum grpc_serving { GRPC_SERVING_UNKNOWN, GRPC_SERVING, GRPC_NOT_SERVING, GRPC_SERVICE_UNKNOWN };

/* Returns the length of the framed request. @service has at most GRPC_SERVICE_MAX_BYTES; "" is the whole server. */
size_t grpc_health_request(const char *service, uint8_t ret_bytes[static GRPC_REQUEST_MAX_BYTES]);

/* False unless @bytes are exactly one uncompressed, well-formed message. Values beyond the enum read as UNKNOWN. */
bool grpc_health_parse(const void *bytes, size_t count, enum grpc_serving *ret_serving);

#endif
