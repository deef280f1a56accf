/* endpoint.c -- the host names of regional services. */
#include "targets/aws/endpoint.h"

#include <stdio.h>
#include <string.h>

#include "util/text.h"

/* Partitions whose names do not end in amazonaws.com. */
static const struct {
        const char *region_prefix;
        const char *suffix;
} partitions[] = {
    {"cn-", "amazonaws.com.cn"},
    {"eusc-", "amazonaws.eu"},
    {"us-iso-", "c2s.ic.gov"},
    {"us-isob-", "sc2s.sgov.gov"},
};

/* A part of the scope, which "/" and ":" divide, and of host names. */
bool aws_is_region(const char *text)
{
        size_t bytes = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
        return bytes > 0 && bytes <= 32 && text[bytes] == '\0';
}

enum err aws_endpoint(const char *service, const char *region, char ret[static AWS_ENDPOINT_BYTES],
                      struct errmsg *reterr)
{
        const char *suffix = "amazonaws.com";
        if (!aws_is_region(region))
                return err_set(reterr, ERR_INVALID, "\"%.40s\" is not an AWS region", region);
        for (size_t i = 0; i < sizeof(partitions) / sizeof(partitions[0]); i++)
                if (text_has_prefix(region, partitions[i].region_prefix))
                        suffix = partitions[i].suffix;
        (void)snprintf(ret, AWS_ENDPOINT_BYTES, "https://%s.%s.%s", service, region, suffix);
        return ERR_OK;
}
