/*
 * webhook.h -- driver webhook: a POST that tells a receiver of each epoch, until the answer says that it is done.
 *
 * The state is kept beside the receiver, which may not be able to show it: a Lease planekeeper.webhook.<namespace>.
 * <policy>.<pipeline> whose holder is the plane, with the stamp, and with what was answered last. A swap claims the
 * Lease under its resourceVersion, so that an older epoch is refused there, and posts. A look posts again while that
 * decision is in force and was not answered. The shell makes one visit to a target at a time, so that two are never
 * under way; the receiver tells repetitions by the id, and what is late by the epoch.
 *
 * Ownership: a session owns its texts, its key and CA (wiped on close) and, where a kubeconfig is given, its client.
 * Errors:    as target.h says, of the Lease. A receiver that fails is no error of the visit: the target keeps settling,
 *            with the reason, and is asked again with a growing pause, or when its Retry-After says.
 * Threads:   loop thread only.
 */
#ifndef PK_TARGETS_KUBE_WEBHOOK_H
#define PK_TARGETS_KUBE_WEBHOOK_H

#include <jansson.h>

#include "kube/backoff.h"
#include "targets/kube/hub.h"
#include "targets/kube/visit.h"
#include "targets/kube/webhook_message.h"

enum { WEBHOOK_RIGHTS = 3, WEBHOOK_TOKEN_BYTES = 48 };

/* The last question to the receiver, and when it is asked again. */
struct webhook_pace {
        char token[WEBHOOK_TOKEN_BYTES]; /* of the decision that this is about */
        struct backoff backoff;
        mono_ms again_at;
        char *obstacle; /* NULL: it has accepted, or was never asked */
};

struct webhook_session {
        struct target_session base;
        struct hub hub;
        struct target_config settings; /* a copy */
        struct secret key;
        struct http_tls tls;
        char *namespace_name, *lease_name;
        char *leases_path, *path; /* of Leases, and of this one */
        char *what;               /* for people: "lease ns/planekeeper.webhook.ns.gloo.ci" */
        const char *url;          /* in settings */
        struct webhook_pace pace;
        /* The visit under way. */
        struct visit_under_way now;
        struct http_call *post;
        json_t *lease; /* as last answered; NULL: there is none */
};

/* ---- webhook_visit.c ---- */

void webhook_start(struct target_session *session, struct target_visit *visit, target_done *done, void *ctx);
void webhook_cancel(struct webhook_session *session); /* the visit under way, if any: done() is not called */

#endif
