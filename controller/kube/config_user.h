/* config_user.h -- the user of a kubeconfig: the credentials of the client. Private to config*.c. */
#ifndef PK_KUBE_CONFIG_USER_H
#define PK_KUBE_CONFIG_USER_H

#include "kube/config_section.h"

/* Fills token, token_file, exec and the client certificate of @config. A section without a map is an anonymous user. */
MUST_CHECK enum err config_read_user(const struct config_section *user, struct kube_config *config);

#endif
