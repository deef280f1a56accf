/*
 * fake_hub.h -- an API server that the test scripts (fake_api.h), and the client of it, on one loop: what tests of kube/ and of what
 * stands on it begin with.
 */
#ifndef PK_TEST_FAKE_HUB_H
#define PK_TEST_FAKE_HUB_H

#include <jansson.h>

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

void fake_hub_answer(struct fake_peer *peer, int status, const json_t *body);
void fake_hub_refuse(struct fake_peer *peer, int status); /* "the server says no" */
/* A SelfSubjectAccessReview, @body: the verb @denied is not allowed; NULL: all are. */
void fake_hub_review(struct fake_peer *peer, const json_t *body, const char *denied);

#endif
