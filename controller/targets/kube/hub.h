/*
 * hub.h -- the cluster that a target of this folder is in: the operator's own, or that of a kubeconfig.
 *
 * Ownership: hub_close() closes the client that a kubeconfig made, and wipes its credentials.
 * Errors:    ERR_INVALID: the kubeconfig is missing or cannot be used.
 * Threads:   loop thread only.
 */
#ifndef PK_TARGETS_KUBE_HUB_H
#define PK_TARGETS_KUBE_HUB_H

#include "targets/kube/environment.h"
#include "targets/target.h"

struct hub {
        struct kube_environment environment;
        struct kube *kube;
        bool has_own_client;
};

/* hub_close() also of a failure. */
MUST_CHECK enum err hub_open(struct hub *ret, const struct target_config *config, struct errmsg *reterr);
void hub_close(struct hub *hub);
/* For target_driver.check_credentials. */
MUST_CHECK enum err hub_check(const struct target_config *config, struct errmsg *reterr);

/* The time that is left until @deadline, for a request: at least a millisecond. */
mono_ms hub_time_left(const struct hub *hub, mono_ms deadline);

#endif
