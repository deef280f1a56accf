/* http_rig.c -- a loop with an http on it, and calls that are waited for. */
#include "http_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/mem.h"
#include "util/text.h"

int http_rig_setup(void **state)
{
        struct http_rig *rig = mem_new(rig);
        rig->loop = loop_open();
        rig->http = http_open(rig->loop, 4);
        (void)alarm(60); /* a call that never ends is a failure, not a hang */
        *state = rig;
        return 0;
}

int http_rig_teardown(void **state)
{
        struct http_rig *rig = *state;
        http_close(rig->http);
        loop_close(rig->loop);
        free(rig);
        (void)alarm(0);
        return 0;
}

static void on_done(void *ctx, const struct http_response *response)
{
        struct http_outcome *outcome = ctx;
        outcome->done_count++;
        outcome->response = *response;
        (void)TEXT_COPY(outcome->body, response->body);
        (void)TEXT_COPY(outcome->grpc_status, response->grpc_status ? response->grpc_status : "");
        outcome->response.body = NULL; /* borrowed for this call only */
        outcome->response.grpc_status = NULL;
        if (--outcome->rig->waiting == 0)
                loop_stop(outcome->rig->loop);
}

struct http_call *http_rig_start(struct http_rig *rig, struct http_request request, struct http_outcome *outcome)
{
        *outcome = (struct http_outcome){.rig = rig};
        rig->waiting++;
        request.done = on_done;
        request.ctx = outcome;
        struct http_call *call = http_start(rig->http, &request);
        INVARIANT(outcome->done_count == 0);
        return call;
}

void http_rig_wait(struct http_rig *rig)
{
        if (rig->waiting > 0)
                loop_run(rig->loop);
}

struct http_outcome http_rig_call(struct http_rig *rig, struct http_request request)
{
        struct http_outcome outcome;
        (void)http_rig_start(rig, request, &outcome);
        http_rig_wait(rig);
        INVARIANT(outcome.done_count == 1);
        return outcome;
}

const char *http_rig_url(const char *scheme, unsigned port, const char *path)
{
        static char url[256];
        (void)snprintf(url, sizeof(url), "%s://127.0.0.1:%u%s", scheme, port, path);
        return url;
}
