/* tsig_fields.c -- name, algorithm and key of a TSIG Secret as text. */
#include "targets/dns/tsig_fields.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "util/cleanup.h"
#include "util/text.h"

enum { KEY_FILE_MAX_BYTES = 8192 };

void tsig_fields_clear(struct tsig_fields *fields)
{
        secret_clear(&fields->name);
        secret_clear(&fields->algorithm);
        secret_clear(&fields->key);
}

static void skip_blanks(const char **at)
{
        for (;;) {
                while (isspace((unsigned char)**at))
                        (*at)++;
                if (**at == '#' || text_has_prefix(*at, "//")) {
                        *at += strcspn(*at, "\n");
                } else if (text_has_prefix(*at, "/*")) {
                        const char *end = strstr(*at + 2, "*/");
                        *at = end ? end + 2 : *at + strlen(*at);
                } else {
                        return;
                }
        }
}

/* One word of named.conf, quoted or bare; false where there is none. */
static bool take_word(const char **at, struct secret *ret)
{
        skip_blanks(at);
        bool is_quoted = **at == '"';
        const char *word = *at + is_quoted;
        size_t bytes = strcspn(word, is_quoted ? "\"\n" : " \t\r\n{};\"");
        if (bytes == 0 || (is_quoted && word[bytes] != '"'))
                return false;
        secret_set(ret, word, bytes);
        *at = word + bytes + is_quoted;
        return true;
}

static bool take_char(const char **at, char wanted)
{
        skip_blanks(at);
        if (**at != wanted)
                return false;
        (*at)++;
        return true;
}

static bool word_is(const struct secret *word, const char *text)
{
        return strcasecmp(word->bytes, text) == 0;
}

/* key "name" { algorithm hmac-sha256; secret "..."; }; -- the first such clause of the text. */
static enum err parse_key_file(const char *text, struct tsig_fields *ret, struct errmsg *reterr)
{
        const char *at = text;
        CLEANUP(secret_clear) struct secret word = {0};
        if (!take_word(&at, &word) || !word_is(&word, "key") || !take_word(&at, &ret->name) || !take_char(&at, '{'))
                return err_set(
                    reterr, ERR_INVALID,
                    "the key file does not begin with key \"name\" {; store what tsig-keygen prints");
        while (!take_char(&at, '}')) {
                if (!take_word(&at, &word))
                        return err_set(reterr, ERR_INVALID, "the key file ends before its }");
                struct secret *field = word_is(&word, "algorithm") ? &ret->algorithm
                                       : word_is(&word, "secret")  ? &ret->key
                                                                   : NULL;
                if (!field)
                        return err_set(reterr, ERR_INVALID,
                                       "the key file has a field that is neither algorithm nor secret");
                if (!take_word(&at, field) || !take_char(&at, ';'))
                        return err_set(reterr, ERR_INVALID, "the key file's %s is not a word and a ;",
                                       field == &ret->key ? "secret" : "algorithm");
        }
        return ERR_OK;
}

/* Windows editors put a mark before the text. */
static const char *after_mark(const char *text)
{
        return text_has_prefix(text, "\xEF\xBB\xBF") ? text + 3 : text;
}

/* Secrets are often made with a trailing newline by accident. */
static void copy_trimmed(struct secret *to, const struct secret *from)
{
        const char *text = after_mark(from && from->bytes ? from->bytes : "");
        text += strspn(text, " \t\r\n");
        size_t bytes = strlen(text);
        while (bytes > 0 && isspace((unsigned char)text[bytes - 1]))
                bytes--;
        secret_set(to, text, bytes);
}

static bool begins_key_clause(const char *text)
{
        const char *at = after_mark(text);
        CLEANUP(secret_clear) struct secret word = {0};
        return take_word(&at, &word) && word_is(&word, "key") && take_word(&at, &word);
}

/* Other values of the Secret may hold anything, braces too. */
static const struct secret *find_key_file(const struct target_config *config)
{
        for (size_t i = 0; i < config->credential_count; i++) {
                const struct secret *value = &config->credentials[i].value;
                if (value->bytes && value->count <= KEY_FILE_MAX_BYTES && strchr(value->bytes, '{') &&
                    begins_key_clause(value->bytes))
                        return value;
        }
        return NULL;
}

/* "[# ]algorithm:name:secret", alone or before anything else. */
static bool parse_key_line(const char *text, struct tsig_fields *ret)
{
        text = after_mark(text);
        text += strspn(text, "# \t\r\n");
        size_t bytes = strcspn(text, "\r\n"), algorithm = strcspn(text, ":");
        if (algorithm >= bytes || algorithm < 4 || strncasecmp(text, "hmac", 4) != 0)
                return false;
        const char *name = text + algorithm + 1;
        size_t name_bytes = strcspn(name, ":\r\n");
        if (name[name_bytes] != ':')
                return false;
        const char *key = name + name_bytes + 1;
        secret_set(&ret->algorithm, text, algorithm);
        secret_set(&ret->name, name, name_bytes);
        secret_set(&ret->key, key, strcspn(key, " \t\r\n"));
        return true;
}

static bool find_key_line(const struct target_config *config, struct tsig_fields *ret)
{
        for (size_t i = 0; i < config->credential_count; i++) {
                const struct secret *value = &config->credentials[i].value;
                if (value->bytes && value->count <= KEY_FILE_MAX_BYTES && parse_key_line(value->bytes, ret))
                        return true;
        }
        return false;
}

/* The entry under the first of @names that is there, as people and other tools call it. */
static void copy_entry(const struct target_config *config, const char *const *names, struct secret *ret)
{
        for (; *names; names++) {
                const struct secret *entry = target_credential_find(config, *names);
                if (!entry)
                        continue;
                copy_trimmed(ret, entry);
                return;
        }
}

static enum err check_encoding(const struct target_config *config, struct errmsg *reterr)
{
        for (size_t i = 0; i < config->credential_count; i++) {
                const struct secret *value = &config->credentials[i].value;
                const char *text = value->bytes ? value->bytes : "";
                if (text_has_prefix(text, "\xFF\xFE") || text_has_prefix(text, "\xFE\xFF"))
                        return err_set(reterr, ERR_INVALID,
                                       "field %.60s: is UTF-16, as PowerShell writes files; store it as UTF-8",
                                       config->credentials[i].key);
        }
        return ERR_OK;
}

enum err tsig_fields_read(const struct target_config *config, struct tsig_fields *ret, struct errmsg *reterr)
{
        static const char *const keys[] = {"key",         "secret",          "tsig-secret",
                                           "tsig-secret-key", "rfc2136_tsig_secret", NULL};
        static const char *const key_names[] = {"name", "keyname", "tsig-keyname", "rfc2136_tsig_keyname", NULL};
        static const char *const algorithms[] = {"algorithm", "tsig-algorithm", "rfc2136_tsig_secret_alg", NULL};
        enum err err = check_encoding(config, reterr);
        const struct secret *file = err == ERR_OK ? find_key_file(config) : NULL;
        if (err != ERR_OK || file)
                return err == ERR_OK ? parse_key_file(after_mark(file->bytes), ret, reterr) : err;
        if (find_key_line(config, ret))
                return ERR_OK;
        copy_entry(config, keys, &ret->key);
        copy_entry(config, key_names, &ret->name);
        copy_entry(config, algorithms, &ret->algorithm);
        const struct secret *only = config->credential_count == 1 ? &config->credentials[0].value : NULL;
        if (only && only->bytes && strchr(only->bytes, '{')) /* meant to be a file */
                return parse_key_file(after_mark(only->bytes), ret, reterr);
        return ERR_OK;
}
