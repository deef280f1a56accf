/* kubeconfig.c -- a kubeconfig out of a Secret: anything may stand there, and nothing of it may come back in a message.
 */
#include <stdint.h>

#include "kube/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        /* As for Secrets: no files and no programs; and with programs, because their fields are read then. */
        static const struct kube_config_policy policies[] = {
            {.allow_http = true, .allow_unverified = true},
            {.allow_exec = true, .base_directory = "/base"},
        };
        for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
                struct kube_config config = {0};
                struct errmsg why;
                if (kube_config_parse((const char *)data, size, NULL, &policies[i], &config, &why) == ERR_OK)
                        kube_config_clear(&config);
        }
        return 0;
}
