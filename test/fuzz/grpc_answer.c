/* grpc_answer.c -- fuzz target: the body of a health answer, as a hostile server may send it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probe/grpc.h"
#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
        enum grpc_serving serving = GRPC_SERVING_UNKNOWN;
        if (grpc_health_parse(bytes, count, &serving)) {
                INVARIANT(count >= 5 && (size_t)bytes[3] << 8 == (count - 5 & 0xff00) &&
                          bytes[4] == (count - 5 & 0xff));
                INVARIANT(serving <= GRPC_SERVICE_UNKNOWN);
        }
        return 0;
}
