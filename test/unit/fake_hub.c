/* fake_hub.c -- a scripted API server and the client of it. */
#include "fake_hub.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/clock.h"
#include "util/mem.h"
#include "util/text.h"

enum { CONNECTIONS = 16, WORKERS = 1, JOBS = 4, ENDS_WITHIN_MS = 5000 };

void fake_hub_open(struct fake_hub *hub, bool has_workers, fake_handler *handler, void *ctx)
{
        char server[64];
        hub->loop = loop_open();
        hub->http = http_open(hub->loop, CONNECTIONS);
        hub->executor = has_workers ? executor_open(hub->loop, WORKERS, JOBS) : NULL;
        hub->api = fake_api_open(hub->loop, handler, ctx);
        (void)snprintf(server, sizeof(server), "http://127.0.0.1:%d", fake_api_port(hub->api));
        struct kube_config config = {.server = mem_strdup(server), .namespace_name = mem_strdup("default")};
        hub->kube = kube_open(hub->loop, hub->http, hub->executor, &config);
}

void fake_hub_close(struct fake_hub *hub)
{
        kube_close(hub->kube);
        http_close(hub->http);
        if (hub->executor)
                executor_close(hub->executor, clock_mono() + ENDS_WITHIN_MS);
        fake_api_close(hub->api);
        loop_close(hub->loop);
}

void fake_hub_answer(struct fake_peer *peer, int status, const json_t *body)
{
        char *text = json_dumps(body, JSON_COMPACT);
        fake_answer(peer, status, "", text);
        free(text);
}

void fake_hub_refuse(struct fake_peer *peer, int status)
{
        fake_answer(peer, status, "", "{\"kind\":\"Status\",\"message\":\"the server says no\"}");
}

void fake_hub_review(struct fake_peer *peer, const json_t *body, const char *denied)
{
        const json_t *attributes = json_object_get(json_object_get(body, "spec"), "resourceAttributes");
        const char *verb = json_string_value(json_object_get(attributes, "verb"));
        json_t *reply = json_pack("{s:{s:b}}", "status", "allowed", (int)!text_equal(verb, denied));
        fake_hub_answer(peer, 201, reply);
        json_decref(reply);
}
