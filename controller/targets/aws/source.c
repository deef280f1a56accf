/* source.c -- the parts that sources share: the keys in an answer, checked, and how long they are valid. */
#include "targets/aws/source.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "runtime/clock.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

static void set_text(struct secret *secret, const char *text)
{
        if (source_is_set(text))
                secret_set(secret, text, strlen(text));
}

void source_make_header(const char *name, const struct secret *value, struct secret *ret)
{
        size_t bytes = strlen(name) + value->count;
        char *line = mem_calloc(bytes + 1, 1);
        memcpy(line, name, strlen(name));
        if (value->count > 0)
                memcpy(line + strlen(name), value->bytes, value->count);
        secret_set(ret, line, bytes);
        secret_wipe(line, bytes);
        free(line);
}

enum err source_take(const struct source_texts *texts, const char *what, unix_ms server_date, struct source_result *ret,
                     struct errmsg *reterr)
{
        CLEANUP(aws_keys_clear) struct aws_keys keys = {0};
        set_text(&keys.access_key_id, texts->access_key_id);
        set_text(&keys.secret_access_key, texts->secret_access_key);
        set_text(&keys.session_token, texts->session_token);
        enum err err = source_check_keys(&keys, what, reterr);
        if (err != ERR_OK)
                return err;
        int64_t valid_ms = 0;
        if (source_is_set(texts->expiration)) {
                unix_ms expires_at = 0;
                if (text_to_time(texts->expiration, &expires_at) != ERR_OK)
                        return err_set(reterr, ERR_INVALID, "%s: \"%.40s\" is not a time of expiry", what,
                                       texts->expiration);
                valid_ms = expires_at - (server_date > 0 ? server_date : clock_wall());
                if (valid_ms <= 0)
                        return err_set(reterr, ERR_TRANSIENT, "%s: its keys expired at %.40s", what, texts->expiration);
        }
        *ret = (struct source_result){.keys = keys, .valid_ms = valid_ms};
        keys = (struct aws_keys){0};
        return ERR_OK;
}

static const char *member(const json_t *object, const char *name)
{
        return json_string_value(json_object_get(object, name));
}

enum err source_take_json(const struct exchange_answer *exchanged, const char *what, struct source_result *ret,
                          struct errmsg *reterr)
{
        json_t *object =
            json_loadb(exchanged->body ? exchanged->body : "", exchanged->body_bytes, JSON_REJECT_DUPLICATES, NULL);
        const struct source_texts texts = {.access_key_id = member(object, "AccessKeyId"),
                                           .secret_access_key = member(object, "SecretAccessKey"),
                                           .session_token = member(object, "Token"),
                                           .expiration = member(object, "Expiration")};
        const char *code =
            member(object, "Code"); /* the instance metadata says in it what went wrong, with status 200 */
        enum err err;
        if (!json_is_object(object))
                err = err_set(reterr, ERR_TRANSIENT, "%s is not a JSON object", what);
        else if (code && strcasecmp(code, "Success") != 0)
                err = err_set(reterr, ERR_TRANSIENT, "%s: %.60s", what, code);
        else
                err = source_take(&texts, what, exchanged->date, ret, reterr);
        json_decref(object);
        return err;
}
