/* sample.c -- verdicts: which error counts as a failure of the peer and which as a fault on this side. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "probe/driver.h"
#include "util/text.h"

struct sample sample_pass(void)
{
        return (struct sample){
            .result = PROBE_PASS,
            .replicas_available = -1,
            .replicas_wanted = -1,
            .replicas_updated = -1,
            .text = "ok",
        };
}

static enum probe_result result_of(enum probe_error error)
{
#define RESULT(name, text, result) [name] = result,
        static const enum probe_result results[] = {PROBE_ERROR_LIST(RESULT)};
#undef RESULT
        return results[error];
}

void sample_fail(struct sample *sample, enum probe_error error, const char *format, ...)
{
        char text[512]; /* larger than the field, so that text_copy() cuts it at a character */
        va_list args;
        va_start(args, format);
        (void)vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        sample->result = result_of(error);
        sample->error = error;
        (void)TEXT_COPY(sample->text, text);
}

void sample_fail_errno(struct sample *sample, int os_error)
{
        switch (os_error) {
        case ECONNREFUSED:
                sample_fail(sample, PROBE_ERROR_REFUSED, "connection refused");
                break;
        case ECONNRESET:
        case EPIPE:
                sample_fail(sample, PROBE_ERROR_REFUSED, "connection reset by the peer");
                break;
        case ETIMEDOUT:
                sample_fail(sample, PROBE_ERROR_TIMEOUT, "timeout: the peer stopped answering");
                break;
        case ENETUNREACH:
        case EHOSTUNREACH:
        case EHOSTDOWN:
                sample_fail(sample, PROBE_ERROR_UNREACHABLE, "no route to the address");
                break;
        case EADDRNOTAVAIL:
                sample_fail(sample, PROBE_ERROR_LOCAL, "this operator has no free local port or address left");
                break;
        case EMFILE:
        case ENFILE:
                sample_fail(sample, PROBE_ERROR_LOCAL,
                            "this operator has no free file descriptor left: raise its limit (ulimit -n)");
                break;
        case ENOMEM:
        case ENOBUFS:
                sample_fail(sample, PROBE_ERROR_LOCAL, "this operator's node is out of memory for sockets");
                break;
        case EACCES:
        case EPERM:
                sample_fail(sample, PROBE_ERROR_LOCAL,
                            "connecting was forbidden on this operator's node (network policy or firewall)");
                break;
        default:
                sample_fail(sample, PROBE_ERROR_LOCAL, "connecting failed on this operator's side: %s",
                            strerrordesc_np(os_error));
                break;
        }
}
