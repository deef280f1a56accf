/*
 * environment.h -- the process's clients of API servers, for drivers of objects.
 *
 * Ownership: of the operator; it outlives every session.
 * Threads:   loop thread only.
 */
#ifndef PK_TARGETS_KUBE_ENVIRONMENT_H
#define PK_TARGETS_KUBE_ENVIRONMENT_H

#include "kube/client.h"

struct kube_environment {
        struct loop *loop;
        struct http *http;
        struct executor *executor; /* where exec plugins of kubeconfigs run */
        struct kube *own;          /* the cluster that the operator runs in */
        /* Allowed in a kubeconfig of a Secret, as for planes. It may name no files: those are read by workers. */
        bool allows_exec, allows_http, allows_unverified;
};

#endif
