/*
 * watch.h -- the Redis of each plane where no switch promotes one: which of them take no writes. It is only looked at.
 *
 * Settings and credentials: as in group.h. One that does not answer, or does not let itself be asked, tells nothing
 * against its plane.
 */
#ifndef PK_TARGETS_REDIS_WATCH_H
#define PK_TARGETS_REDIS_WATCH_H

#include "targets/target.h"

extern const struct target_driver redis_watch_driver; /* TARGET_STANDBY_DRIVER, which no spec names */

#endif
