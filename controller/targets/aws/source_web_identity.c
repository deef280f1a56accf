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
#include "targets/aws/sts.h"
#include "util/cleanup.h"
#include "util/text.h"

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
        char session_name[STS_SESSION_NAME_BYTES];
        sts_session_name(environment->role_session_name, session_name);
        const struct aws_parameter parameters[] = {
            {"Action", "AssumeRoleWithWebIdentity"}, {"Version", "2011-06-15"},
            {"RoleArn", environment->role_arn},      {"RoleSessionName", session_name},
            {"WebIdentityToken", token->bytes},
        };
        struct strbuf form = STRBUF_INIT(STS_FORM_MAX_BYTES);
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
        if (exchanged.status != 200)
                return read_refusal(environment, &exchanged, reterr);
        return sts_keys(&exchanged, "AssumeRoleWithWebIdentityResult/Credentials", ret, reterr);
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
        char endpoint[STS_ENDPOINT_BYTES];
        enum err err = sts_endpoint(environment, environment->region, endpoint, sizeof(endpoint), reterr);
        if (err != ERR_OK)
                return err;
        CLEANUP(secret_clear) struct secret token = {0};
        err = file_read_token(environment->web_identity_token_file, &token, reterr);
        if (err != ERR_OK)
                return err_wrap(reterr, ERR_INVALID, "AWS_WEB_IDENTITY_TOKEN_FILE");
        return ask(request, endpoint, &token, ret, reterr);
}

const struct source source_web_identity = {"web identity", fetch};
