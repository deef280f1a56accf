/* drivers.h -- the drivers of pipelines and fences, and of a lock that a command sets. */
#ifndef PK_TARGETS_KUBE_DRIVERS_H
#define PK_TARGETS_KUBE_DRIVERS_H

#include "targets/target.h"

extern const struct target_driver fence_object_driver;
extern const struct target_driver object_driver;
extern const struct target_driver argocd_cluster_secret_driver;
extern const struct target_driver argocd_application_field_driver;
extern const struct target_driver flux_kubeconfig_secret_driver;
extern const struct target_driver flux_kustomization_field_driver;
extern const struct target_driver job_driver;
extern const struct target_driver webhook_driver;
extern const struct target_driver lock_job_driver;

#endif
