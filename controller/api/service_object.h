/*
 * service_object.h -- where a Service of type LoadBalancer is reached from outside its cluster.
 *
 * Ownership: service_ingress_clear() frees. A zeroed struct is empty.
 * Errors:    ERR_NOT_FOUND: no ingress (yet); ERR_INVALID: no such port, malformed. The text says what the Service has
 *            and what to do.
 * Threads:   no shared state.
 * Source:    v1 Service .status.loadBalancer.ingress[] {ip | hostname}, .spec.ports[] {name, port}
 */
#ifndef PK_API_SERVICE_OBJECT_H
#define PK_API_SERVICE_OBJECT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

enum { SERVICE_ADDRESSES_MAX = 16 };

struct service_ingress {
        char *addresses[SERVICE_ADDRESSES_MAX]; /* all IPs; one host name where there is no IP */
        size_t count;                           /* at least 1 */
        char *other_names;                      /* "b, c": the host names that are not taken; NULL none */
        uint16_t port;
};

/* @port: a port's name, or its number as text. */
MUST_CHECK enum err service_ingress_decode(const json_t *service, const char *port, struct service_ingress *ret,
                                           struct errmsg *reterr);
void service_ingress_clear(struct service_ingress *ingress);

#endif
