/*
 * http_rig.h -- a loop with an http on it, and calls that are waited for: shared by the tests of http.
 */
#ifndef PK_TEST_HTTP_RIG_H
#define PK_TEST_HTTP_RIG_H

#include "peer.h"
#include "runtime/http.h"

struct http_rig {
        struct loop *loop;
        struct http *http;
        unsigned waiting; /* calls that are not done yet; the loop stops at 0 */
};

struct http_outcome {
        struct http_rig *rig;
        unsigned done_count;
        struct http_response response; /* body and grpc_status are copied below, "" where there is none */
        char body[4096];
        char grpc_status[16];
};

int http_rig_setup(void **state);
int http_rig_teardown(void **state);
#define HTTP_RIG_TEST(test) cmocka_unit_test_setup_teardown(test, http_rig_setup, http_rig_teardown)

/* Starts @request, whose done and ctx are filled in. */
struct http_call *http_rig_start(struct http_rig *rig, struct http_request request, struct http_outcome *outcome);
/* Until all that was started is done. */
void http_rig_wait(struct http_rig *rig);
struct http_outcome http_rig_call(struct http_rig *rig, struct http_request request);

/* "scheme://127.0.0.1:port/path", valid until the next call. */
const char *http_rig_url(const char *scheme, unsigned port, const char *path);

#endif
