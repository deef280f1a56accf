/* sts.c -- where STS is, and the keys in its answers. */
#include "targets/aws/sts.h"

#include <stdio.h>
#include <string.h>

#include "targets/aws/client.h"
#include "util/cleanup.h"
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

enum err sts_endpoint(const struct aws_environment *environment, const char *region, char *ret, size_t size,
                      struct errmsg *reterr)
{
        const char *suffix = "amazonaws.com";
        if (source_is_set(environment->sts_endpoint)) {
                (void)snprintf(ret, size, "%s", environment->sts_endpoint);
                return exchange_check_url(ret, "AWS_ENDPOINT_URL_STS", NULL, true, reterr);
        }
        if (!source_is_set(region))
                return err_set(reterr, ERR_INVALID, "AWS_REGION is not set, so that it is not known which STS to ask");
        if (!aws_is_region(region))
                return err_set(reterr, ERR_INVALID, "AWS_REGION \"%.40s\" is not a region", region);
        for (size_t i = 0; i < sizeof(partitions) / sizeof(partitions[0]); i++)
                if (text_has_prefix(region, partitions[i].region_prefix))
                        suffix = partitions[i].suffix;
        (void)snprintf(ret, size, "https://sts.%s.%s", region, suffix);
        return ERR_OK;
}

/* The characters that STS takes in a session's name; others become "-". */
void sts_session_name(const char *wanted, char ret[static STS_SESSION_NAME_BYTES])
{
        (void)text_copy(ret, STS_SESSION_NAME_BYTES, source_is_set(wanted) ? wanted : "planekeeper");
        for (char *at = ret; *at; at++)
                if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789=,.@_-", *at))
                        *at = '-';
}

enum err sts_keys(const struct exchange_answer *exchanged, const char *path, struct source_result *ret,
                  struct errmsg *reterr)
{
        CLEANUP(xml_clear) struct xml xml = {0};
        enum err err = xml_parse(exchanged->body, exchanged->body_bytes, &xml, reterr);
        if (err != ERR_OK)
                return err_wrap(reterr, ERR_TRANSIENT, "STS");
        const struct xml_node *found = xml_find(xml.root, path);
        const struct source_texts texts = {.access_key_id = xml_text(found, "AccessKeyId"),
                                           .secret_access_key = xml_text(found, "SecretAccessKey"),
                                           .session_token = xml_text(found, "SessionToken"),
                                           .expiration = xml_text(found, "Expiration")};
        return source_take(&texts, "the answer of STS", exchanged->date, ret, reterr);
}
