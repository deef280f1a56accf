/* registry.c -- the drivers of targets; a new one is one file and one row. */
#include "targets/dns/rfc2136.h"
#include "targets/dns/route53.h"
#include "targets/kube/drivers.h"
#include "targets/redis/elasticache.h"
#include "targets/redis/lock.h"
#include "targets/redis/replica.h"
#include "targets/redis/sentinel.h"
#include "targets/redis/watch.h"
#include "targets/target.h"
#include "util/text.h"

static const struct target_driver *const drivers[] = {
    &rfc2136_driver,
    &route53_driver,
    &redis_lock_driver,
    &lock_job_driver,
    &fence_object_driver,
    &object_driver,
    &argocd_cluster_secret_driver,
    &argocd_application_field_driver,
    &flux_kubeconfig_secret_driver,
    &flux_kustomization_field_driver,
    &job_driver,
    &webhook_driver,
    &redis_replica_driver,
    &redis_sentinel_driver,
    &redis_elasticache_driver,
    &redis_watch_driver,
};

const struct target_driver *target_driver_find(const char *name)
{
        for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
                if (text_equal(drivers[i]->name, name))
                        return drivers[i];
        return NULL;
}
