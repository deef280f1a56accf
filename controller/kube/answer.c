/* answer.c -- from an HTTP answer to an error class. */
#include "kube/answer.h"

#include <string.h>

enum err answer_from_transport(const struct http_response *response, const char *host, struct errmsg *reterr)
{
        const char *whose =
            response->failure == HTTP_FAIL_TLS_LOCAL ? "own certificate, key, CA or token is unusable: " : "";
        return err_set(reterr, response->err, "%.100s: %s%s", host, whose, response->why.text);
}

/* The statuses that have a class of their own, and the remedy where it is the same for every resource. */
static const struct {
        long status;
        enum err err;
        const char *advice;
} answers[] = {
    {400, ERR_INVALID, ""},
    {401, ERR_DENIED, " (renew the token or client certificate)"},
    {403, ERR_DENIED, " (grant it by RBAC)"},
    {404, ERR_NOT_FOUND, ""},
    {408, ERR_TRANSIENT, ""},
    {409, ERR_CONFLICT, ""},
    {410, ERR_EXPIRED, ""},
    {429, ERR_TRANSIENT, ""},
};

/* A write that the server gave up on in the middle may have reached etcd; 503 and 429 are refusals before that. */
static enum err class_of_5xx(long status, bool is_write)
{
        return is_write && status != 503 ? ERR_UNKNOWN : ERR_TRANSIENT;
}

static enum err class_of(long status, bool is_write, const char **ret_advice)
{
        *ret_advice = "";
        for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
                if (answers[i].status != status)
                        continue;
                *ret_advice = answers[i].advice;
                return answers[i].err;
        }
        if (status >= 200 && status < 300)
                return ERR_OK;
        return status >= 500 ? class_of_5xx(status, is_write) : ERR_INVALID;
}

/* The version that was asked for has yet to come, or never will: the store is another than the one that gave it. */
static bool is_from_the_future(const json_t *body)
{
        size_t index;
        const json_t *cause;
        json_array_foreach(json_object_get(json_object_get(body, "details"), "causes"), index, cause)
        {
                const char *reason = json_string_value(json_object_get(cause, "reason"));
                if (reason && strcmp(reason, "ResourceVersionTooLarge") == 0)
                        return true;
        }
        return false;
}

enum err answer_from_status(long status, const json_t *body, bool is_write, struct errmsg *reterr)
{
        const char *advice;
        enum err err = class_of(status, is_write, &advice);
        if (!is_write && is_from_the_future(body))
                err = ERR_EXPIRED;
        if (err == ERR_OK)
                return ERR_OK;
        const char *message = json_string_value(json_object_get(body, "message"));
        return err_set(reterr, err, "HTTP %ld%s%s%.190s", status, advice, message ? ": " : "", message ? message : "");
}
