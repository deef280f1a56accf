/* credentials.c -- the sources in their order, and the keys that the first configured one gave, until shortly before
 * they expire. */
#include "targets/aws/credentials.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/clock.h"
#include "targets/aws/role.h"
#include "targets/aws/source.h"
#include "util/mem.h"
#include "util/strbuf.h"

enum {
        RENEW_BEFORE_MS = 5 * 60 * 1000, /* as AWS's own tools do */
        RENEW_RETRY_MS = 10 * 1000,      /* while the kept keys are still good */
        TRIED_MAX_BYTES = 400,
};

static const struct source *const sources[] = {&source_secret, &source_environment, &source_web_identity,
                                               &source_container, &source_instance};

struct aws_credentials {
        struct target_credential *entries; /* of the Secret, copied */
        size_t entry_count;
        const struct aws_environment *environment;
        char *role_arn, *external_id, *region; /* role_arn NULL: the keys are used as they are */
        const struct source *source; /* where the keys are from; NULL: there are none */
        struct aws_keys keys;
        mono_ms renew_at;   /* MONO_NEVER: they do not expire */
        mono_ms expires_at; /* MONO_NEVER: they do not */
};

struct aws_credentials *aws_credentials_open(const struct target_credential *entries, size_t count,
                                             const struct aws_environment *environment, const struct aws_role *role)
{
        static const struct aws_environment nothing = {0};
        struct aws_credentials *credentials = mem_new(credentials);
        credentials->environment = environment ? environment : &nothing;
        credentials->entries = count > 0 ? mem_calloc(count, sizeof(*entries)) : NULL;
        credentials->entry_count = count;
        if (role && source_is_set(role->arn)) {
                credentials->role_arn = mem_strdup(role->arn);
                credentials->external_id = mem_strdup(role->external_id ? role->external_id : "");
                credentials->region = mem_strdup(role->region);
        }
        for (size_t i = 0; i < count; i++) {
                credentials->entries[i].key = mem_strdup(entries[i].key);
                secret_copy(&credentials->entries[i].value, &entries[i].value);
        }
        return credentials;
}

static void drop_keys(struct aws_credentials *credentials)
{
        aws_keys_clear(&credentials->keys);
        credentials->source = NULL;
}

static void keep(struct aws_credentials *credentials, const struct source *source, const struct source_result *result)
{
        drop_keys(credentials);
        credentials->keys = result->keys;
        credentials->source = source;
        credentials->renew_at = credentials->expires_at = MONO_NEVER;
        if (result->valid_ms > 0) {
                mono_ms now = clock_mono();
                credentials->expires_at = now + result->valid_ms;
                credentials->renew_at = now + aws_credentials_renew_after(result->valid_ms);
        }
}

int64_t aws_credentials_renew_after(int64_t valid_ms)
{
        return valid_ms > 2 * (int64_t)RENEW_BEFORE_MS ? valid_ms - RENEW_BEFORE_MS : valid_ms / 2;
}

/* The keys of the role, where one is to be assumed with those that the source gave. */
static enum err assume(const struct aws_credentials *credentials, const struct source_request *request,
                       const struct source *source, struct source_result *result, struct errmsg *reterr)
{
        const struct aws_role role = {credentials->role_arn, credentials->external_id, credentials->region};
        if (!role.arn)
                return ERR_OK;
        enum err err = role_assume(request, &role, source->name, result, reterr);
        if (err != ERR_OK)
                aws_keys_clear(&result->keys);
        return err;
}

/* Asks the sources in their order. What each of them lacks is told where none is configured. */
static enum err fetch(struct aws_credentials *credentials, struct exchange *exchange, mono_ms deadline,
                      struct errmsg *reterr)
{
        const struct source_request request = {.entries = credentials->entries,
                                               .entry_count = credentials->entry_count,
                                               .environment = credentials->environment,
                                               .exchange = exchange,
                                               .deadline = deadline};
        struct strbuf tried = STRBUF_INIT(TRIED_MAX_BYTES);
        enum err err = ERR_NOT_FOUND;
        for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]) && err == ERR_NOT_FOUND; i++) {
                struct source_result result = {0};
                struct errmsg why = {0};
                err = sources[i]->fetch(&request, &result, &why);
                if (err == ERR_OK)
                        err = assume(credentials, &request, sources[i], &result, &why);
                if (err == ERR_OK)
                        keep(credentials, sources[i], &result);
                else if (err == ERR_NOT_FOUND)
                        (void)strbuf_printf(&tried, "%s%s: %s", i > 0 ? "; " : "", sources[i]->name, why.text);
                else
                        (void)err_set(reterr, err, "AWS credentials by %s: %s", sources[i]->name, why.text);
        }
        if (err == ERR_NOT_FOUND)
                err = err_set(reterr, ERR_INVALID, "no AWS credentials: %s", strbuf_text(&tried));
        strbuf_deinit(&tried);
        return err;
}

enum err aws_credentials_get(struct aws_credentials *credentials, struct exchange *exchange, mono_ms deadline,
                             const struct aws_keys **ret, struct errmsg *reterr)
{
        mono_ms now = clock_mono();
        if (!credentials->source || now >= credentials->renew_at) {
                enum err err = fetch(credentials, exchange, deadline, reterr);
                bool is_kept = credentials->source && now < credentials->expires_at;
                if (err != ERR_OK && !is_kept)
                        return err;
                if (err != ERR_OK) /* the source is away for now, and the kept keys are still good */
                        credentials->renew_at = now + RENEW_RETRY_MS;
        }
        *ret = &credentials->keys;
        return ERR_OK;
}

bool aws_credentials_forget(struct aws_credentials *credentials)
{
        bool is_renewed = credentials->source && credentials->expires_at != MONO_NEVER;
        if (is_renewed)
                drop_keys(credentials);
        return is_renewed;
}

const char *aws_credentials_source(const struct aws_credentials *credentials)
{
        return credentials->source ? credentials->source->name : "none";
}

void aws_credentials_close(struct aws_credentials *credentials)
{
        if (!credentials)
                return;
        drop_keys(credentials);
        for (size_t i = 0; i < credentials->entry_count; i++) {
                free((char *)credentials->entries[i].key); /* const for readers; allocated in open */
                secret_clear(&credentials->entries[i].value);
        }
        free(credentials->entries);
        free(credentials->role_arn);
        free(credentials->external_id);
        free(credentials->region);
        free(credentials);
}
