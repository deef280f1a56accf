/*
 * management_plane.h -- a ManagementPlane as the API server gives it, decoded to what the program uses. Mirrors
 * crds/planekeeper.io_managementplanes.yaml; only this module knows its field names.
 *
 * Defaults:  filled in here too, so that an object written under an older CRD means the same; checks are never empty.
 * Ownership: a decoded plane is one allocation (struct, arrays and texts): management_plane_free() frees all of it.
 * Bounds:    texts 253 bytes (paths 1,024), CHECKS_MAX checks, 64 KiB in all; anything beyond is ERR_INVALID.
 * Errors:    ERR_INVALID with "managementplane <ns>/<name>: spec.<field>: <what is wrong; what to write>".
 * Threads:   no shared state.
 */
#ifndef PK_API_MANAGEMENT_PLANE_H
#define PK_API_MANAGEMENT_PLANE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/object.h"
#include "api/tls_refs.h"
#include "core/view.h"
#include "util/err.h"

#define ANNOTATION_MAINTENANCE "planekeeper.io/maintenance-until" /* RFC 3339; core/maintenance.h reads it */

/* How the plane's own cluster is reached, for its Service and its Deployment. */
enum plane_access {
        PLANE_ACCESS_NONE,       /* fixed address only: the cluster behind it is not looked at */
        PLANE_ACCESS_OWN,        /* the cluster that the operator runs in */
        PLANE_ACCESS_KUBECONFIG, /* the kubeconfig in `kube_config` */
};

enum check_type {
        CHECK_TCP,
        CHECK_TLS,
        CHECK_HTTP,
        CHECK_GRPC,
        CHECK_DEPLOYMENT,
        CHECK_KUSTOMIZATION,
        CHECK_APPLICATION,
        CHECK_TYPE_COUNT
};

struct plane_check {
        const char *name; /* unique in the plane */
        enum check_type type;
        enum check_when when;             /* in which role of the plane it counts */
        bool uses_tls;                    /* TLS always; HTTP with scheme HTTPS; GRPC unless grpc.plaintext */
        bool wants_http2;                 /* TLS of the server that agents connect to by gRPC: the default check */
        uint16_t port;                    /* 0: the port of the server (its Service's, or spec.server.port) */
        uint16_t status_low, status_high; /* HTTP */
        const char *method;               /* HTTP: "GET" or "HEAD" */
        const char *path;                 /* HTTP: begins with "/" */
        const char *grpc_service;         /* GRPC: "" = the whole server */
        const char *object_namespace;     /* KUSTOMIZATION, APPLICATION: the object in the plane's own cluster */
        const char *object_name;
        struct tls_refs tls;              /* meaningful where uses_tls; what the check leaves out is from spec.tls */
};

/* spec.redis.elastiCache: which replication group of Amazon ElastiCache the Redis is; "" where it is none. */
struct plane_elasticache {
        const char *region;
        const char *group_id;
        const char *endpoint; /* of the service in that region; "" its own */
};

struct management_plane {
        const char *namespace_name;
        const char *name;
        const char *uid;
        int64_t generation;
        bool deleting;
        bool eligible;
        enum plane_access access;
        const char *cluster_name;          /* metadata.name unless given */
        const char *region;                /* "" unknown */
        struct secret_key_ref kube_config; /* PLANE_ACCESS_KUBECONFIG only */
        const char *address;               /* fixed address (IP or host name); "" = ingress of the Service below */
        const char *redis_address;         /* of the Redis in it that a switch may promote, host:port; "" none */
        struct plane_elasticache redis_elasticache;
        uint16_t port;                     /* with a fixed address; else the Service's port of this name or number: */
        const char *service_namespace;
        const char *service_name;
        const char *service_port;
        const char *deployment_namespace;
        const char *deployment_name;
        size_t check_count; /* at least 1 */
        struct plane_check checks[];
};

MUST_CHECK enum err management_plane_decode(const json_t *object, struct management_plane **ret, struct errmsg *reterr);
void management_plane_free(struct management_plane *plane); /* NULL is a no-op */

const char *check_type_name(enum check_type type); /* "TCP", "TLS", "HTTP", "GRPC", "Deployment" */
enum check_role check_type_role(enum check_type type);
const char *check_when_name(enum check_when when); /* "Always", "Active", "Standby" */

#endif
