/*
 * rights.h -- whether the operator may do at an API server what a switch will need, by the server's own word: nothing
 * is changed by the question.
 *
 * Source: kubernetes.io/docs/reference/kubernetes-api/authorization-resources/self-subject-access-review-v1
 */
#ifndef PK_TARGETS_KUBE_RIGHTS_H
#define PK_TARGETS_KUBE_RIGHTS_H

#include "targets/kube/hub.h"

/* One right; @name NULL: of all in the namespace. */
struct right {
        const char *verb, *group, *resource, *name;
};

/* A question; all texts are borrowed until it ends. */
struct rights {
        const struct hub *hub;
        const char *namespace_name; /* "": cluster-wide */
        const char *what;           /* for people */
        const struct right *list;
        unsigned count;
        mono_ms deadline;
        /* As preflight() of a driver; once, never from within rights_ask(). */
        void (*done)(void *ctx, enum err err, const struct errmsg *why);
        void *ctx;
        unsigned at; /* the one that is asked about */
        struct kube_call *call;
};

void rights_ask(struct rights *rights);
void rights_cancel(struct rights *rights); /* done() is not called; also of one that was never asked, or has ended */

#endif
