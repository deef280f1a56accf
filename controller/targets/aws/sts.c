/* sts.c -- where STS is, and the keys in its answers. */
#include "targets/aws/sts.h"

#include <stdio.h>
#include <string.h>

#include "targets/aws/client.h"
#include "targets/aws/endpoint.h"
#include "util/cleanup.h"
#include "util/text.h"

enum err sts_endpoint(const struct aws_environment *environment, const char *region, char *ret, size_t size,
                      struct errmsg *reterr)
{
        if (source_is_set(environment->sts_endpoint)) {
                (void)snprintf(ret, size, "%s", environment->sts_endpoint);
                return exchange_check_url(ret, "AWS_ENDPOINT_URL_STS", NULL, true, reterr);
        }
        if (!source_is_set(region))
                return err_set(reterr, ERR_INVALID, "AWS_REGION is not set, so that it is not known which STS to ask");
        char endpoint[AWS_ENDPOINT_BYTES];
        if (aws_endpoint("sts", region, endpoint, NULL) != ERR_OK)
                return err_set(reterr, ERR_INVALID, "AWS_REGION \"%.40s\" is not a region", region);
        (void)snprintf(ret, size, "%s", endpoint);
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
