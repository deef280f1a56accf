/* source_static.c -- keys that are written down: in the Secret of the policy, or in the operator's environment. */
#include <ctype.h>
#include <string.h>

#include "targets/aws/source.h"
#include "util/cleanup.h"
#include "util/text.h"

enum { KEY_MAX_BYTES = 256 };

/* The first one is what is offered to people; the others are how other tools write it. */
static const char *const id_names[] = {"aws_access_key_id", "AWS_ACCESS_KEY_ID", "access-key-id", NULL};
static const char *const secret_names[] = {"aws_secret_access_key", "AWS_SECRET_ACCESS_KEY", "secret-access-key", NULL};
static const char *const token_names[] = {"aws_session_token", "AWS_SESSION_TOKEN", "session-token", NULL};

void aws_keys_clear(struct aws_keys *keys)
{
        secret_clear(&keys->access_key_id);
        secret_clear(&keys->secret_access_key);
        secret_clear(&keys->session_token);
}

struct exchange_signature aws_signature(const struct aws_keys *keys, const char *service, const char *region)
{
        return (struct exchange_signature){.service = service,
                                           .region = region,
                                           .key_id = &keys->access_key_id,
                                           .key = &keys->secret_access_key,
                                           .session_token = &keys->session_token};
}

static bool is_printable(const struct secret *secret, size_t max)
{
        for (size_t i = 0; i < secret->count; i++)
                if (secret->bytes[i] <= ' ' || secret->bytes[i] > '~')
                        return false;
        return secret->count <= max;
}

/* It is a part of the signature's scope, where "/" divides. */
static bool is_key_id(const struct secret *id)
{
        for (size_t i = 0; i < id->count; i++)
                if (!isalnum((unsigned char)id->bytes[i]) && id->bytes[i] != '_')
                        return false;
        return id->count <= KEY_MAX_BYTES;
}

enum err source_check_keys(const struct aws_keys *keys, const char *what, struct errmsg *reterr)
{
        static const char remedy[] = "has a line break, a space or another character that no key has, or is too long";
        if (secret_is_empty(&keys->access_key_id))
                return err_set(reterr, ERR_INVALID, "%s: aws_access_key_id is missing", what);
        if (secret_is_empty(&keys->secret_access_key))
                return err_set(reterr, ERR_INVALID, "%s: aws_secret_access_key is missing", what);
        if (!is_key_id(&keys->access_key_id))
                return err_set(reterr, ERR_INVALID, "%s: aws_access_key_id %s", what, remedy);
        if (!is_printable(&keys->secret_access_key, KEY_MAX_BYTES))
                return err_set(reterr, ERR_INVALID, "%s: aws_secret_access_key %s", what, remedy);
        if (!is_printable(&keys->session_token, SOURCE_TOKEN_MAX_BYTES))
                return err_set(reterr, ERR_INVALID, "%s: aws_session_token %s", what, remedy);
        return ERR_OK;
}

static void find_entry(const struct target_credential *entries, size_t count, const char *const *names,
                       struct secret *ret)
{
        for (; *names; names++)
                for (size_t i = 0; i < count; i++)
                        if (text_equal(entries[i].key, *names)) {
                                secret_copy(ret, &entries[i].value);
                                return;
                        }
}

static enum err read_entries(const struct target_credential *entries, size_t count, struct aws_keys *ret,
                             struct errmsg *reterr)
{
        CLEANUP(aws_keys_clear) struct aws_keys keys = {0};
        find_entry(entries, count, id_names, &keys.access_key_id);
        find_entry(entries, count, secret_names, &keys.secret_access_key);
        find_entry(entries, count, token_names, &keys.session_token);
        enum err err = source_check_keys(&keys, "the Secret", reterr);
        if (err != ERR_OK)
                return err;
        *ret = keys;
        keys = (struct aws_keys){0};
        return ERR_OK;
}

enum err aws_credentials_check(const struct target_credential *credentials, size_t count, struct errmsg *reterr)
{
        CLEANUP(aws_keys_clear) struct aws_keys keys = {0};
        return count == 0 ? ERR_OK : read_entries(credentials, count, &keys, reterr);
}

static enum err fetch_secret(const struct source_request *request, struct source_result *ret, struct errmsg *reterr)
{
        if (request->entry_count == 0)
                return err_set(reterr, ERR_NOT_FOUND, "the policy names none");
        return read_entries(request->entries, request->entry_count, &ret->keys, reterr);
}

static void set_text(struct secret *secret, const char *text)
{
        if (source_is_set(text))
                secret_set(secret, text, strlen(text));
}

static enum err fetch_environment(const struct source_request *request, struct source_result *ret,
                                  struct errmsg *reterr)
{
        const struct aws_environment *environment = request->environment;
        if (!source_is_set(environment->access_key_id))
                return err_set(reterr, ERR_NOT_FOUND, "AWS_ACCESS_KEY_ID is not set");
        CLEANUP(aws_keys_clear) struct aws_keys keys = {0};
        set_text(&keys.access_key_id, environment->access_key_id);
        set_text(&keys.secret_access_key, environment->secret_access_key);
        set_text(&keys.session_token, environment->session_token);
        enum err err = source_check_keys(&keys, "the operator's environment", reterr);
        if (err != ERR_OK)
                return err;
        ret->keys = keys;
        keys = (struct aws_keys){0};
        return ERR_OK;
}

const struct source source_secret = {"Secret", fetch_secret};
const struct source source_environment = {"environment", fetch_environment};
