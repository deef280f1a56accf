/* role.c -- AssumeRole at the regional STS, signed with the keys that a source gave. */
#include "targets/aws/role.h"

#include <string.h>

#include "targets/aws/client.h"
#include "targets/aws/fault.h"
#include "targets/aws/sts.h"
#include "util/cleanup.h"

static enum err read_refusal(const struct exchange_answer *exchanged, const struct aws_role *role, const char *source,
                             struct errmsg *reterr)
{
        static const struct aws_request request = {.action = "sts:AssumeRole"};
        struct aws_answer answer = {.status = exchanged->status};
        fault_read(exchanged, &answer);
        if (strcmp(answer.code, "AccessDenied") == 0)
                return err_set(reterr, ERR_DENIED,
                               "STS: AccessDenied: %.150s: let its trust policy name who the keys of %s are%s, and "
                               "allow them sts:AssumeRole: %.120s",
                               role->arn, source, source_is_set(role->external_id) ? " (with this externalID)" : "",
                               answer.message);
        return err_wrap(reterr, fault_judge(&request, &answer, exchanged->date, source, reterr), "STS");
}

static enum err ask(const struct source_request *request, const struct aws_role *role, const char *source,
                    const char *endpoint, const char *region, struct source_result *ret, struct errmsg *reterr)
{
        char session_name[STS_SESSION_NAME_BYTES];
        sts_session_name(request->environment->role_session_name, session_name);
        const struct aws_parameter parameters[] = {
            {"Action", "AssumeRole"},          {"Version", "2011-06-15"},        {"RoleArn", role->arn},
            {"RoleSessionName", session_name}, {"ExternalId", role->external_id}};
        CLEANUP(strbuf_deinit) struct strbuf form = STRBUF_INIT(STS_FORM_MAX_BYTES);
        if (!aws_encode(parameters, source_is_set(role->external_id) ? 5 : 4, &form))
                return err_set(reterr, ERR_INVALID, "the role is too long for a request to STS");
        static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded", NULL};
        const struct exchange_signature signature = aws_signature(&ret->keys, "sts", region);
        const struct exchange_request exchange = {.method = "POST",
                                                  .url = endpoint,
                                                  .headers = headers,
                                                  .body = strbuf_text(&form),
                                                  .body_bytes = form.bytes,
                                                  .signature = &signature,
                                                  .deadline = request->deadline};
        CLEANUP(exchange_answer_clear) struct exchange_answer exchanged = {0};
        enum err err = exchange_run(request->exchange, &exchange, &exchanged, reterr);
        if (err != ERR_OK)
                return err;
        if (exchanged.status != 200)
                return read_refusal(&exchanged, role, source, reterr);
        struct source_result assumed = {0};
        err = sts_keys(&exchanged, "AssumeRoleResult/Credentials", &assumed, reterr);
        if (err != ERR_OK)
                return err;
        aws_keys_clear(&ret->keys);
        *ret = assumed;
        return ERR_OK;
}

enum err role_assume(const struct source_request *request, const struct aws_role *role, const char *source,
                     struct source_result *ret, struct errmsg *reterr)
{
        const char *own = request->environment->region;
        const char *region = source_is_set(own) ? own : role->region;
        char endpoint[STS_ENDPOINT_BYTES];
        enum err err = sts_endpoint(request->environment, region, endpoint, sizeof(endpoint), reterr);
        return err == ERR_OK ? ask(request, role, source, endpoint, region, ret, reterr) : err;
}
