/* client.c -- one signed call: where to, the query, the answer as a tree, and keys that have expired renewed once. */
#include "targets/aws/client.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "targets/exchange.h"
#include "targets/aws/endpoint.h"
#include "targets/aws/fault.h"
#include "targets/aws/role.h"
#include "util/cleanup.h"
#include "util/mem.h"

enum {
        URL_MAX_BYTES = 8192,
        THROTTLED_MS = 1000, /* a service counts requests a second and says nothing of when to come back */
};

struct aws_client {
        char *service, *region, *endpoint;
        struct aws_credentials *credentials;
        struct exchange *exchange;
};

/* ---- parameters ---- */

struct pair {
        char *name, *value; /* encoded, by libcurl's allocation */
};

static int compare_pairs(const void *a, const void *b)
{
        const struct pair *left = a, *right = b;
        int names = strcmp(left->name, right->name);
        return names != 0 ? names : strcmp(left->value, right->value);
}

static char *encode(const char *text)
{
        char *encoded =
            curl_easy_escape(NULL, text, 0); /* all but unreserved characters, in upper-case hex, as SigV4 wants it */
        INVARIANT(encoded);                  /* it fails for want of memory only */
        return encoded;
}

bool aws_encode(const struct aws_parameter *parameters, size_t count, struct strbuf *ret)
{
        if (count == 0)
                return true;
        struct pair *pairs = mem_calloc(count, sizeof(*pairs));
        for (size_t i = 0; i < count; i++)
                pairs[i] = (struct pair){encode(parameters[i].name), encode(parameters[i].value)};
        qsort(pairs, count, sizeof(*pairs), compare_pairs);
        bool is_complete = true;
        for (size_t i = 0; i < count; i++) {
                is_complete = is_complete && strbuf_append_text(ret, i > 0 ? "&" : "") &&
                              strbuf_append_text(ret, pairs[i].name) && strbuf_append_char(ret, '=') &&
                              strbuf_append_text(ret, pairs[i].value);
                curl_free(pairs[i].name);
                secret_wipe(pairs[i].value, strlen(pairs[i].value)); /* it may be a token */
                curl_free(pairs[i].value);
        }
        free(pairs);
        return is_complete;
}

/* ---- the client ---- */

void aws_answer_clear(struct aws_answer *answer)
{
        xml_clear(&answer->xml);
        *answer = (struct aws_answer){0};
}

enum err aws_open(const struct aws_config *config, struct aws_client **ret, struct errmsg *reterr)
{
        if (!aws_is_region(config->region))
                return err_set(reterr, ERR_INVALID, "\"%.40s\" is not an AWS region", config->region);
        enum err err = exchange_check_url(config->endpoint, "endpoint", NULL, true, reterr);
        if (err == ERR_OK)
                err = aws_credentials_check(config->credentials, config->credential_count, reterr);
        if (err != ERR_OK)
                return err;
        size_t bytes = strlen(config->endpoint);
        struct aws_client *client = mem_new(client);
        client->service = mem_strdup(config->service);
        client->region = mem_strdup(config->region);
        client->endpoint = mem_strndup(config->endpoint, config->endpoint[bytes - 1] == '/' ? bytes - 1 : bytes);
        const struct aws_role role = {config->role_arn, config->external_id, config->region};
        client->credentials =
            aws_credentials_open(config->credentials, config->credential_count, config->environment, &role);
        client->exchange = exchange_open();
        *ret = client;
        return ERR_OK;
}

void aws_close(struct aws_client *client)
{
        if (!client)
                return;
        aws_credentials_close(client->credentials);
        exchange_close(client->exchange);
        free(client->service);
        free(client->region);
        free(client->endpoint);
        free(client);
}

/* ---- a call ---- */

static enum err make_url(const struct aws_client *client, const struct aws_request *request, struct strbuf *url,
                         struct errmsg *reterr)
{
        for (const char *at = request->path; *at; at++)
                if (!isalnum((unsigned char)*at) && !strchr("/-._~", *at))
                        return err_set(reterr, ERR_INVALID,
                                       "the path \"%.100s\" has characters that would be signed in two ways",
                                       request->path);
        bool fits = strbuf_append_text(url, client->endpoint) && strbuf_append_text(url, request->path) &&
                    strbuf_append_text(url, request->parameter_count > 0 ? "?" : "") &&
                    aws_encode(request->parameters, request->parameter_count, url);
        return fits ? ERR_OK : err_set(reterr, ERR_INVALID, "the request's parameters are too long");
}

static enum err read_answer(const struct aws_client *client, const struct aws_request *request,
                            const struct exchange_answer *exchanged, struct aws_answer *answer, struct errmsg *reterr)
{
        answer->status = exchanged->status;
        answer->retry_after_ms = exchanged->retry_after_ms;
        memcpy(answer->request_id, exchanged->request_id, sizeof(answer->request_id));
        if (exchanged->status / 100 != 2) {
                fault_read(exchanged, answer);
                return fault_judge(request, answer, exchanged->date, aws_credentials_source(client->credentials),
                                   reterr);
        }
        if (exchanged->body_bytes == 0)
                return ERR_OK;
        enum err err = xml_parse(exchanged->body, exchanged->body_bytes, &answer->xml, reterr);
        /* The service did what was asked, but nothing it says can be relied on. */
        return err == ERR_OK ? ERR_OK : request->changes ? ERR_UNKNOWN : ERR_TRANSIENT;
}

static enum err call_once(struct aws_client *client, const struct aws_request *request, const char *url,
                          mono_ms deadline, struct aws_answer *answer, struct errmsg *reterr)
{
        const struct aws_keys *keys = NULL;
        enum err err = aws_credentials_get(client->credentials, client->exchange, deadline, &keys, reterr);
        if (err != ERR_OK)
                return err;
        char content_type[128];
        (void)snprintf(content_type, sizeof(content_type), "Content-Type: %s",
                       request->content_type ? request->content_type : "");
        const char *const headers[] = {request->body ? content_type : NULL, NULL};
        const struct exchange_signature signature = aws_signature(keys, client->service, client->region);
        const struct exchange_request exchange = {.method = request->method,
                                                  .url = url,
                                                  .headers = headers,
                                                  .body = request->body,
                                                  .body_bytes = request->body_bytes,
                                                  .signature = &signature,
                                                  .changes = request->changes,
                                                  .deadline = deadline};
        CLEANUP(exchange_answer_clear) struct exchange_answer exchanged = {0};
        err = exchange_run(client->exchange, &exchange, &exchanged, reterr);
        return err == ERR_OK ? read_answer(client, request, &exchanged, answer, reterr) : err;
}

enum err aws_call(struct aws_client *client, const struct aws_request *request, mono_ms deadline,
                  struct aws_answer *answer, struct errmsg *reterr)
{
        *answer = (struct aws_answer){0};
        struct strbuf url = STRBUF_INIT(URL_MAX_BYTES);
        enum err err = make_url(client, request, &url, reterr);
        if (err == ERR_OK)
                err = call_once(client, request, strbuf_text(&url), deadline, answer, reterr);
        /* A refusal changed nothing, so that even a change may be sent again. */
        if (err == ERR_DENIED && fault_is_expired_token(answer) && aws_credentials_forget(client->credentials)) {
                aws_answer_clear(answer);
                err = call_once(client, request, strbuf_text(&url), deadline, answer, reterr);
        }
        strbuf_deinit(&url);
        return err;
}

mono_ms aws_retry_after(enum err err, const struct aws_answer *answer)
{
        if (err != ERR_TRANSIENT || (!answer->code[0] && answer->retry_after_ms <= 0))
                return 0;
        return answer->retry_after_ms > THROTTLED_MS ? answer->retry_after_ms : THROTTLED_MS;
}
