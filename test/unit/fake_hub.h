/*
 * fake_hub.h -- an API server that the test scripts (fake_api.h), and the client of it, on one loop: what tests of kube/ and of what
 * stands on it begin with.
 */
#ifndef PK_TEST_FAKE_HUB_H
#define PK_TEST_FAKE_HUB_H

#include "fake_api.h"
#include "kube/client.h"
#include "runtime/executor.h"
#include "runtime/http.h"

struct fake_hub {
        struct loop *loop;
        struct http *http;
        struct executor *executor; /* NULL: without workers */
        struct fake_api *api;
        struct kube *kube;
};

void fake_hub_open(struct fake_hub *hub, bool has_workers, fake_handler *handler, void *ctx);
void fake_hub_close(struct fake_hub *hub); /* last */

#endif
