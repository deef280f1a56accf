/* config_load.h -- the parts of config_load.c that tests call with a folder of their own. */
#ifndef PK_KUBE_CONFIG_LOAD_H
#define PK_KUBE_CONFIG_LOAD_H

#include "kube/config.h"

/* In-cluster configuration from @directory/{token,ca.crt,namespace}. */
MUST_CHECK enum err kube_config_from_service_account(const char *directory, const char *host, const char *port,
                                                     struct kube_config *ret, struct errmsg *reterr);

#endif
