/* source_instance.c -- the role of the machine, by version 2 of its metadata service: a token first, then the role's
 * name, then its keys. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "targets/aws/source.h"
#include "util/cleanup.h"

static const char *const services[] = {"169.254.169.254", "[fd00:ec2::254]", NULL};

enum {
        TOKEN_TTL_S = 300, /* it is used at once and never kept */
        ROLE_MAX_BYTES = 64,
};

struct visit {
        const struct source_request *request;
        const char *base; /* "http://169.254.169.254" */
        struct secret token_header;
};

static enum err ask(const struct visit *visit, const char *method, const char *path, const char *header,
                    struct exchange_answer *ret, struct errmsg *reterr)
{
        char url[512];
        if (snprintf(url, sizeof(url), "%s%s", visit->base, path) >= (int)sizeof(url))
                return err_set(reterr, ERR_INVALID, "AWS_EC2_METADATA_SERVICE_ENDPOINT is too long");
        const char *const headers[] = {header, NULL};
        const struct exchange_request exchange = {
            .method = method, .url = url, .headers = headers, .deadline = visit->request->deadline};
        return exchange_run(visit->request->exchange, &exchange, ret, reterr);
}

static enum err get_token(struct visit *visit, struct errmsg *reterr)
{
        char lifetime[64];
        (void)snprintf(lifetime, sizeof(lifetime), "X-aws-ec2-metadata-token-ttl-seconds: %d", TOKEN_TTL_S);
        CLEANUP(exchange_answer_clear) struct exchange_answer answer = {0};
        enum err err = ask(visit, "PUT", "/latest/api/token", lifetime, &answer, reterr);
        if (err != ERR_OK)
                return err_wrap(
                    reterr, err,
                    "no token from the instance metadata (a Pod needs a hop limit of 2, or the host's network)");
        if (answer.status == 403)
                return err_set(reterr, ERR_DENIED,
                               "the instance metadata service is turned off on this machine (HTTP 403)");
        if (answer.status != 200)
                return err_set(reterr, ERR_TRANSIENT, "the instance metadata service gives no token: HTTP %ld",
                               answer.status);
        struct secret token = {.bytes = answer.body, .count = answer.body_bytes}; /* borrowed */
        for (size_t i = 0; i < token.count; i++)
                if (!isgraph((unsigned char)token.bytes[i]))
                        token.count = 0;
        if (token.count == 0 || token.count > SOURCE_TOKEN_MAX_BYTES)
                return err_set(reterr, ERR_TRANSIENT, "the instance metadata service gives a token that cannot be one");
        source_make_header("X-aws-ec2-metadata-token: ", &token, &visit->token_header);
        return ERR_OK;
}

static enum err get(const struct visit *visit, const char *path, struct exchange_answer *ret, struct errmsg *reterr)
{
        enum err err = ask(visit, "GET", path, visit->token_header.bytes, ret, reterr);
        if (err != ERR_OK || ret->status == 200)
                return err;
        if (ret->status == 404)
                return err_set(reterr, ERR_INVALID,
                               "no role is attached to this machine (HTTP 404 from the instance metadata)");
        if (ret->status == 401)
                return err_set(reterr, ERR_DENIED, "the instance metadata service refuses its own token (HTTP 401)");
        return err_set(reterr, ERR_TRANSIENT, "the instance metadata service answers HTTP %ld", ret->status);
}

/* The first line is the role's name; what IAM allows in one becomes a part of the path. */
static enum err find_role(const struct visit *visit, char *ret, size_t size, struct errmsg *reterr)
{
        static const char list[] = "/latest/meta-data/iam/security-credentials/";
        CLEANUP(exchange_answer_clear) struct exchange_answer answer = {0};
        enum err err = get(visit, list, &answer, reterr);
        if (err != ERR_OK)
                return err;
        const char *name = answer.body ? answer.body : "";
        size_t bytes = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@_-");
        if (bytes == 0 || bytes > ROLE_MAX_BYTES || (name[bytes] != '\0' && name[bytes] != '\n' && name[bytes] != '\r'))
                return err_set(reterr, ERR_INVALID, "the instance metadata names no role for this machine");
        (void)snprintf(ret, size, "%s%.*s", list, (int)bytes, name);
        return ERR_OK;
}

static enum err fetch_keys(struct visit *visit, struct source_result *ret, struct errmsg *reterr)
{
        char path[256];
        enum err err = get_token(visit, reterr);
        if (err == ERR_OK)
                err = find_role(visit, path, sizeof(path), reterr);
        CLEANUP(exchange_answer_clear) struct exchange_answer answer = {0};
        if (err == ERR_OK)
                err = get(visit, path, &answer, reterr);
        return err == ERR_OK ? source_take_json(&answer, "the instance metadata", ret, reterr) : err;
}

static enum err fetch(const struct source_request *request, struct source_result *ret, struct errmsg *reterr)
{
        const struct aws_environment *environment = request->environment;
        if (!environment->use_instance_metadata)
                return err_set(reterr, ERR_NOT_FOUND, "needs --aws-instance-metadata");
        char base[256];
        (void)snprintf(base, sizeof(base), "http://%s", services[0]);
        if (source_is_set(environment->instance_endpoint)) {
                size_t bytes = strlen(environment->instance_endpoint);
                bool has_slash = environment->instance_endpoint[bytes - 1] == '/';
                (void)snprintf(base, sizeof(base), "%.*s", (int)(bytes - has_slash), environment->instance_endpoint);
        }
        enum err err = exchange_check_url(base, "AWS_EC2_METADATA_SERVICE_ENDPOINT", services, true, reterr);
        if (err != ERR_OK)
                return err;
        struct visit visit = {.request = request, .base = base};
        err = fetch_keys(&visit, ret, reterr);
        secret_clear(&visit.token_header);
        return err;
}

const struct source source_instance = {"instance metadata", fetch};
