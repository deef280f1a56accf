/* source_web_identity.c -- a role that the Pod's own token stands for: AssumeRoleWithWebIdentity at the regional STS,
 * unsigned. */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "runtime/clock.h"
#include "runtime/file.h"
#include "targets/aws/client.h"
#include "targets/aws/fault.h"
#include "targets/aws/source.h"
#include "util/cleanup.h"
#include "util/text.h"

enum {
        FORM_MAX_BYTES = 64 * 1024,
        SESSION_NAME_MAX_BYTES = 64,
};

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

static enum err find_endpoint(const struct aws_environment *environment, char *ret, size_t size, struct errmsg *reterr)
{
        const char *suffix = "amazonaws.com";
        if (source_is_set(environment->sts_endpoint)) {
                (void)snprintf(ret, size, "%s", environment->sts_endpoint);
                return exchange_check_url(ret, "AWS_ENDPOINT_URL_STS", NULL, true, reterr);
        }
        if (!source_is_set(environment->region))
                return err_set(reterr, ERR_INVALID, "AWS_REGION is not set, so that it is not known which STS to ask");
        if (!aws_is_region(environment->region))
                return err_set(reterr, ERR_INVALID, "AWS_REGION \"%.40s\" is not a region", environment->region);
        for (size_t i = 0; i < sizeof(partitions) / sizeof(partitions[0]); i++)
                if (text_has_prefix(environment->region, partitions[i].region_prefix))
                        suffix = partitions[i].suffix;
        (void)snprintf(ret, size, "https://sts.%s.%s", environment->region, suffix);
        return ERR_OK;
}

/* The characters that STS takes in a session's name; others become "-". */
static void make_session_name(const char *wanted, char ret[static SESSION_NAME_MAX_BYTES + 1])
{
        (void)text_copy(ret, SESSION_NAME_MAX_BYTES + 1, source_is_set(wanted) ? wanted : "planekeeper");
        for (char *at = ret; *at; at++)
                if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789=,.@_-", *at))
                        *at = '-';
}

static enum err read_keys(const struct exchange_answer *exchanged, struct source_result *ret, struct errmsg *reterr)
{
        CLEANUP(xml_clear) struct xml xml = {0};
        enum err err = xml_parse(exchanged->body, exchanged->body_bytes, &xml, reterr);
        if (err != ERR_OK)
                return err_wrap(reterr, ERR_TRANSIENT, "STS");
        const struct xml_node *found = xml_find(xml.root, "AssumeRoleWithWebIdentityResult/Credentials");
        const struct source_texts texts = {.access_key_id = xml_text(found, "AccessKeyId"),
                                           .secret_access_key = xml_text(found, "SecretAccessKey"),
                                           .session_token = xml_text(found, "SessionToken"),
                                           .expiration = xml_text(found, "Expiration")};
        return source_take(&texts, "the answer of STS", exchanged->date, ret, reterr);
}

static enum err read_refusal(const struct aws_environment *environment, const struct exchange_answer *exchanged,
                             struct errmsg *reterr)
{
        static const struct aws_request request = {.action = "sts:AssumeRoleWithWebIdentity"};
        struct aws_answer answer = {.status = exchanged->status};
        fault_read(exchanged, &answer);
        if (strcmp(answer.code, "InvalidIdentityToken") == 0 || fault_is_expired_token(&answer))
                return err_set(reterr, ERR_DENIED,
                               "STS: %s: %.200s; is the cluster's issuer an identity provider in IAM?", answer.code,
                               answer.message);
        if (strcmp(answer.code, "AccessDenied") == 0)
                return err_set(reterr, ERR_DENIED,
                               "STS: %s: the trust policy of %.150s does not let this ServiceAccount assume it: %.150s",
                               answer.code, environment->role_arn, answer.message);
        enum err err = fault_judge(&request, &answer, exchanged->date, "web identity", reterr);
        return err_wrap(reterr, err, "STS");
}

static enum err ask(const struct source_request *request, const char *endpoint, const struct secret *token,
                    struct source_result *ret, struct errmsg *reterr)
{
        const struct aws_environment *environment = request->environment;
        char session_name[SESSION_NAME_MAX_BYTES + 1];
        make_session_name(environment->role_session_name, session_name);
        const struct aws_parameter parameters[] = {
            {"Action", "AssumeRoleWithWebIdentity"}, {"Version", "2011-06-15"},
            {"RoleArn", environment->role_arn},      {"RoleSessionName", session_name},
            {"WebIdentityToken", token->bytes},
        };
        struct strbuf form = STRBUF_INIT(FORM_MAX_BYTES);
        bool fits = aws_encode(parameters, sizeof(parameters) / sizeof(parameters[0]), &form);
        static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded", NULL};
        const struct exchange_request exchange = {.method = "POST",
                                                  .url = endpoint,
                                                  .headers = headers,
                                                  .body = strbuf_text(&form),
                                                  .body_bytes = form.bytes,
                                                  .deadline = request->deadline};
        CLEANUP(exchange_answer_clear) struct exchange_answer exchanged = {0};
        enum err err = fits ? exchange_run(request->exchange, &exchange, &exchanged, reterr)
                            : err_set(reterr, ERR_INVALID, "role and token are too long for a request to STS");
        secret_wipe(form.text, form.bytes);
        strbuf_deinit(&form);
        if (err != ERR_OK)
                return err;
        return exchanged.status == 200 ? read_keys(&exchanged, ret, reterr)
                                       : read_refusal(environment, &exchanged, reterr);
}

static enum err fetch(const struct source_request *request, struct source_result *ret, struct errmsg *reterr)
{
        const struct aws_environment *environment = request->environment;
        bool has_role = source_is_set(environment->role_arn);
        bool has_token = source_is_set(environment->web_identity_token_file);
        if (!has_role && !has_token)
                return err_set(reterr, ERR_NOT_FOUND, "AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE are not set");
        if (!has_role || !has_token)
                return err_set(reterr, ERR_INVALID, "%s is not set",
                               has_role ? "AWS_WEB_IDENTITY_TOKEN_FILE" : "AWS_ROLE_ARN");
        char endpoint[256];
        enum err err = find_endpoint(environment, endpoint, sizeof(endpoint), reterr);
        if (err != ERR_OK)
                return err;
        CLEANUP(secret_clear) struct secret token = {0};
        err = file_read_token(environment->web_identity_token_file, &token, reterr);
        if (err != ERR_OK)
                return err_wrap(reterr, ERR_INVALID, "AWS_WEB_IDENTITY_TOKEN_FILE");
        return ask(request, endpoint, &token, ret, reterr);
}

const struct source source_web_identity = {"web identity", fetch};
