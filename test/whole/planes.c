/* planes.c -- management servers, and what their own clusters say of them. */
#include "planes.h"

#include <stdio.h>
#include <string.h>

#include "api.h"

enum { REPLICAS = 3 };

static void serve_deployment(struct exchange *exchange, unsigned plane)
{
        char text[160];
        const int available = world.replicas_lost[plane] > 0 ? 0 : REPLICAS;
        (void)snprintf(text, sizeof(text),
                       "{\"kind\":\"Deployment\",\"apiVersion\":\"apps/v1\",\"spec\":{\"replicas\":%d},"
                       "\"status\":{\"availableReplicas\":%d,\"updatedReplicas\":%d}}",
                       REPLICAS, available, REPLICAS);
        net_reply(exchange, 200, text, -1);
}

/* Which cluster it is, and how its Deployment is. */
static void serve_cluster(struct exchange *exchange, unsigned plane)
{
        char text[120];
        if (strstr(exchange->target, "/configmaps/") || strstr(exchange->target, "/selfsubjectaccessreviews")) {
                api_serve(api_of_plane(plane), exchange);
                return;
        }
        if (strstr(exchange->target, "/deployments/")) {
                serve_deployment(exchange, plane);
                return;
        }
        (void)snprintf(text, sizeof(text), "{\"metadata\":{\"name\":\"kube-system\",\"uid\":\"cluster-of-%s\"}}",
                       world_plane(plane));
        if (strstr(exchange->target, "/namespaces/kube-system"))
                net_reply(exchange, 200, text, -1);
        else
                net_reply(exchange, 404, "{\"kind\":\"Status\",\"reason\":\"NotFound\",\"code\":404}", -1);
}

/* A management server says that it is well, where it is asked for what it knows. */
void planes_serve(struct exchange *exchange)
{
        if (exchange->place < AT_PLANE)
                serve_cluster(exchange, exchange->place - AT_PLANE_API);
        else
                net_reply(exchange,
                          world.places[exchange->place].broken > 0          ? 503
                          : strcmp(exchange->target, "/healthz") == 0 ? 200
                                                                             : 404,
                          "", -1);
}
