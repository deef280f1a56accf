/* answer.c -- from an HTTP answer to an error class. */
#include "kube/answer.h"

#include <string.h>

enum err answer_from_transport(const struct http_response *response, const char *host, struct errmsg *reterr)
{
        const char *whose =
            response->failure == HTTP_FAIL_TLS_LOCAL ? "own certificate, key, CA or token is unusable: " : "";
        return err_set(reterr, response->err, "%.100s: %s%s", host, whose, response->why.text);
}

/* A write that the server gave up on in the middle may have reached etcd; 503 and 429 are refusals before that. */
static enum err class_of_5xx(long status, bool is_write)
{
        return is_write && status != 503 ? ERR_UNKNOWN : ERR_TRANSIENT;
}

static enum err class_of(long status, bool is_write)
{
        switch (status) {
        case 400:
        case 413:
        case 415:
        case 422:
                return ERR_INVALID;
        case 401:
        case 403:
                return ERR_DENIED;
        case 404:
                return ERR_NOT_FOUND;
        case 409:
                return ERR_CONFLICT;
        case 410:
                return ERR_EXPIRED;
        case 408:
        case 429:
                return ERR_TRANSIENT;
        default:
                if (status >= 200 && status < 300)
                        return ERR_OK;
                return status >= 500 ? class_of_5xx(status, is_write) : ERR_INVALID;
        }
}

static const char *advice_for(long status)
{
        switch (status) {
        case 401:
                return " (renew the token or client certificate)";
        case 403:
                return " (grant it by RBAC)";
        default:
                return "";
        }
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
        enum err err = !is_write && is_from_the_future(body) ? ERR_EXPIRED : class_of(status, is_write);
        if (err == ERR_OK)
                return ERR_OK;
        const char *message = json_string_value(json_object_get(body, "message"));
        return err_set(reterr, err, "HTTP %ld%s%s%.190s", status, advice_for(status), message ? ": " : "",
                       message ? message : "");
}
