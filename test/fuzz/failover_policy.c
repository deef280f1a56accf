/* failover_policy.c -- any JSON as a FailoverPolicy: decoded within bounds or refused, and what is decoded is whole. */
#include "api/failover_policy.h"

#include <string.h>

#include "util/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
        json_t *object = json_loadb((const char *)bytes, count, 0, NULL);
        struct failover_policy *policy = NULL;
        struct errmsg why = {""};
        if (object && failover_policy_decode(object, &policy, &why) == ERR_OK) {
                INVARIANT(policy->plane_count >= 1 && policy->plane_count <= PLANES_MAX);
                INVARIANT(policy->detection.timeout_ms <= policy->detection.interval_ms &&
                          policy->dns.provider[0] != '\0');
                for (size_t i = 0; i < policy->dns.setting_count; i++)
                        INVARIANT(strlen(policy->dns.settings[i].key) <= 63);
        } else if (object) {
                INVARIANT(why.text[0] != '\0' && !policy);
        }
        failover_policy_free(policy);
        json_decref(object);
        return 0;
}
