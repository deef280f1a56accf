/* drivers.h -- the drivers of pipelines on API servers. */
#ifndef PK_TARGETS_KUBE_DRIVERS_H
#define PK_TARGETS_KUBE_DRIVERS_H

#include "targets/target.h"

extern const struct target_driver object_driver;

#endif
