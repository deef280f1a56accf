/* credentials.h -- whether a Secret for Redis can be used at all. Pure. */
#ifndef PK_TARGETS_REDIS_CREDENTIALS_H
#define PK_TARGETS_REDIS_CREDENTIALS_H

#include "targets/target.h"

/* target_driver.check_credentials of every driver that talks to Redis: username, password and the TLS material. */
MUST_CHECK enum err redis_check_credentials(const struct target_config *config, struct errmsg *reterr);

#endif
