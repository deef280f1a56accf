/* source_container.c -- keys from an agent beside the container: EKS Pod Identity, ECS. */
#include <stdio.h>
#include <string.h>

#include "runtime/file.h"
#include "targets/aws/source.h"
#include "util/cleanup.h"

/* Where the agents listen, without TLS: on the node itself. Others may not be asked in the clear, or the token would go
 * to them. */
static const char *const agents[] = {"169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", NULL};

static const char full_name[] = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
static const char relative_name[] = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";

static enum err find_url(const struct aws_environment *environment, char *ret, size_t size, struct errmsg *reterr)
{
        bool is_relative = source_is_set(environment->container_relative_uri);
        if (!is_relative && !source_is_set(environment->container_full_uri))
                return err_set(reterr, ERR_NOT_FOUND, "%s is not set", full_name);
        if (is_relative && environment->container_relative_uri[0] != '/')
                return err_set(reterr, ERR_INVALID, "%s does not begin with \"/\"", relative_name);
        int bytes = is_relative ? snprintf(ret, size, "http://%s%s", agents[0], environment->container_relative_uri)
                                : snprintf(ret, size, "%s", environment->container_full_uri);
        if (bytes < 0 || (size_t)bytes >= size)
                return err_set(reterr, ERR_INVALID, "%s is too long", is_relative ? relative_name : full_name);
        return exchange_check_url(ret, is_relative ? relative_name : full_name, agents, false, reterr);
}

/* The file is read each time: its token is replaced while the operator runs. */
static enum err find_token(const struct aws_environment *environment, struct secret *ret, struct errmsg *reterr)
{
        if (source_is_set(environment->container_token_file)) {
                enum err err = file_read_token(environment->container_token_file, ret, reterr);
                return err == ERR_OK ? ERR_OK : err_wrap(reterr, ERR_INVALID, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
        }
        if (source_is_set(environment->container_token))
                secret_set(ret, environment->container_token, strlen(environment->container_token));
        for (size_t i = 0; i < ret->count; i++)
                if (ret->bytes[i] == '\r' || ret->bytes[i] == '\n')
                        return err_set(reterr, ERR_INVALID, "AWS_CONTAINER_AUTHORIZATION_TOKEN has a line break in it");
        return ERR_OK;
}

static enum err refuse(const struct exchange_answer *exchanged, struct errmsg *reterr)
{
        long status = exchanged->status;
        if (status == 401 || status == 403)
                return err_set(reterr, ERR_DENIED,
                               "the agent answers HTTP %ld: the token is not accepted; is a role associated with this "
                               "ServiceAccount?",
                               status);
        if (status == 404 || status == 400)
                return err_set(reterr, ERR_DENIED,
                               "the agent answers HTTP %ld: no role is associated with this ServiceAccount or task",
                               status);
        return err_set(reterr, ERR_TRANSIENT, "the agent answers HTTP %ld", status);
}

static enum err fetch(const struct source_request *request, struct source_result *ret, struct errmsg *reterr)
{
        char url[1024];
        enum err err = find_url(request->environment, url, sizeof(url), reterr);
        if (err != ERR_OK)
                return err;
        CLEANUP(secret_clear) struct secret token = {0};
        CLEANUP(secret_clear) struct secret header = {0};
        err = find_token(request->environment, &token, reterr);
        if (err != ERR_OK)
                return err;
        source_make_header("Authorization: ", &token, &header);
        const char *const headers[] = {secret_is_empty(&token) ? NULL : header.bytes, NULL};
        const struct exchange_request exchange = {
            .method = "GET", .url = url, .headers = headers, .deadline = request->deadline};
        CLEANUP(exchange_answer_clear) struct exchange_answer exchanged = {0};
        err = exchange_run(request->exchange, &exchange, &exchanged, reterr);
        if (err != ERR_OK)
                return err;
        return exchanged.status == 200 ? source_take_json(&exchanged, "the agent's answer", ret, reterr)
                                       : refuse(&exchanged, reterr);
}

const struct source source_container = {"container credentials", fetch};
