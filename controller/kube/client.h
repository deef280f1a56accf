/*
 * client.h -- the few verbs of the Kubernetes API that are needed, on the loop: get, create, merge-patch, delete; see
 * watch.h for list and watch.
 *
 * Ownership: kube_open() takes the config (it is moved in and cleared). Replies are borrowed by `done` for the call;
 *            json_incref to keep.
 * Errors:    HTTP status → class, in one table: 401 403 DENIED, 404 NOT_FOUND, 409 CONFLICT, 410 EXPIRED, 400 422
 *            INVALID, 429 and 5xx TRANSIENT (with Retry-After); no answer to a write, or 500, 502, 504, is UNKNOWN, to
 *            a read TRANSIENT. The text carries the server's own Status message, bounded.
 * Threads:   loop thread only.
 * Source:    kubernetes.io/docs/reference/using-api/api-concepts ; meta/v1 Status.
 */
#ifndef PK_KUBE_CLIENT_H
#define PK_KUBE_CLIENT_H

#include <jansson.h>
#include <stdbool.h>

#include "kube/config.h"
#include "runtime/executor.h"
#include "runtime/http.h"
#include "runtime/loop.h"
#include "util/err.h"
#include "util/units.h"

struct kube;
struct kube_call;

struct kube_resource {
        const char *group; /* "" for the core group */
        const char *version;
        const char *plural;
        const char *kind;
};

struct kube_reply {
        enum err err;
        struct errmsg why;
        long status;            /* HTTP status, 0 where none came */
        const json_t *body;     /* NULL where there is none */
        unix_ms date;           /* the API server's clock, 0 unknown */
        mono_ms retry_after_ms; /* the server's Retry-After, else 0 */
        int64_t latency_us;
};
typedef void kube_done(void *ctx, const struct kube_reply *reply);

/*
 * Credentials are refreshed by the client itself: token file re-read, exec plugin run in @executor (which may be NULL
 * where there is none). HTTP/1.1: each watch holds one connection of @http for itself, so let it have more per host
 * than there are watches.
 */
struct kube *kube_open(struct loop *loop, struct http *http, struct executor *executor, struct kube_config *config);
void kube_close(struct kube *kube); /* cancels its calls; NULL is a no-op */
const char *kube_server(const struct kube *kube);

/* The path of a resource, escaped: /apis/<group>/<version>/namespaces/<ns>/<plural>[/<name>[/<subresource>]].
 * @namespace_name, @name and
 * @subresource may be NULL. The caller frees. */
char *kube_path(const struct kube_resource *resource, const char *namespace_name, const char *name,
                const char *subresource);

/* Every call ends with exactly one done() within @timeout_ms, never from within the function itself. */
struct kube_call *kube_get(struct kube *kube, const char *path, mono_ms timeout_ms, kube_done *done, void *ctx);
struct kube_call *kube_create(struct kube *kube, const char *path, const json_t *object, mono_ms timeout_ms,
                              kube_done *done, void *ctx);
/* application/merge-patch+json; put metadata.resourceVersion into @patch to make it a compare-and-swap. */
struct kube_call *kube_patch(struct kube *kube, const char *path, const json_t *patch, mono_ms timeout_ms,
                             kube_done *done, void *ctx);
/* The same, but only metadata is answered (PartialObjectMetadata): a third of a policy's bytes. */
struct kube_call *kube_patch_for_metadata(struct kube *kube, const char *path, const json_t *patch, mono_ms timeout_ms,
                                          kube_done *done, void *ctx);
void kube_cancel(struct kube_call *call); /* done() will not be called; NULL is a no-op */

#endif
