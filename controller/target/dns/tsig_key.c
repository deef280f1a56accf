/* tsig_key.c -- a TSIG key out of a Secret: the file that tsig-keygen prints, or fields. */
#include <ctype.h>
#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "target/dns/tsig.h"
#include "target/dns/tsig_algorithm.h"
#include "util/cleanup.h"
#include "util/mem.h"
#include "util/text.h"

enum { KEY_FILE_MAX_BYTES = 8192 };

struct tsig_algorithm {
        const char *name;
        const EVP_MD *(*digest)(void);
};

static const struct tsig_algorithm algorithms[] = {
    {"hmac-sha256", EVP_sha256},
    {"hmac-sha384", EVP_sha384},
    {"hmac-sha512", EVP_sha512},
};

enum err tsig_algorithm_find(const char *name, const struct tsig_algorithm **ret, struct errmsg *reterr)
{
        size_t bytes = strlen(name);
        if (bytes > 0 && name[bytes - 1] == '.')
                bytes--;
        for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
                if (strlen(algorithms[i].name) == bytes && strncasecmp(algorithms[i].name, name, bytes) == 0) {
                        *ret = &algorithms[i];
                        return ERR_OK;
                }
        }
        bool is_weak = strncasecmp(name, "hmac-md5", 8) == 0 || strncasecmp(name, "hmac-sha1", 9) == 0;
        return err_set(reterr, ERR_INVALID,
                       "TSIG Secret, field algorithm: %s \"%.40s\"; make a key with tsig-keygen -a hmac-sha256",
                       is_weak ? "refusing the weak" : "unknown", name);
}

const EVP_MD *tsig_algorithm_digest(const struct tsig_algorithm *algorithm)
{
        return algorithm->digest();
}

const char *tsig_key_algorithm_name(const struct tsig_key *key)
{
        return key->algorithm->name;
}

void tsig_key_clear(struct tsig_key *key)
{
        secret_clear(&key->bytes);
        *key = (struct tsig_key){0};
}

/* The three fields as text, whichever form they came in. */
struct fields {
        struct secret name;
        struct secret algorithm;
        struct secret key;
};

static void fields_clear(struct fields *fields)
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
static enum err parse_key_file(const char *text, struct fields *ret, struct errmsg *reterr)
{
        const char *at = text;
        CLEANUP(secret_clear) struct secret word = {0};
        if (!take_word(&at, &word) || !word_is(&word, "key") || !take_word(&at, &ret->name) || !take_char(&at, '{'))
                return err_set(
                    reterr, ERR_INVALID,
                    "TSIG Secret: the key file does not begin with key \"name\" {; store what tsig-keygen prints");
        while (!take_char(&at, '}')) {
                if (!take_word(&at, &word))
                        return err_set(reterr, ERR_INVALID, "TSIG Secret: the key file ends before its }");
                struct secret *field = word_is(&word, "algorithm") ? &ret->algorithm
                                       : word_is(&word, "secret")  ? &ret->key
                                                                   : NULL;
                if (!field)
                        return err_set(reterr, ERR_INVALID,
                                       "TSIG Secret: the key file has a field that is neither algorithm nor secret");
                if (!take_word(&at, field) || !take_char(&at, ';'))
                        return err_set(reterr, ERR_INVALID, "TSIG Secret: the key file's %s is not a word and a ;",
                                       field == &ret->key ? "secret" : "algorithm");
        }
        return ERR_OK;
}

/* Secrets are often made with a trailing newline by accident. */
static void copy_trimmed(struct secret *to, const struct secret *from)
{
        const char *text = from && from->bytes ? from->bytes : "";
        text += strspn(text, " \t\r\n");
        size_t bytes = strlen(text);
        while (bytes > 0 && isspace((unsigned char)text[bytes - 1]))
                bytes--;
        secret_set(to, text, bytes);
}

static const struct secret *find_key_file(const struct target_config *config)
{
        for (size_t i = 0; i < config->credential_count; i++) {
                const struct secret *value = &config->credentials[i].value;
                if (value->bytes && value->count <= KEY_FILE_MAX_BYTES && strchr(value->bytes, '{'))
                        return value;
        }
        return NULL;
}

static enum err read_fields(const struct target_config *config, struct fields *ret, struct errmsg *reterr)
{
        const struct secret *file = find_key_file(config);
        if (file)
                return parse_key_file(file->bytes, ret, reterr);
        const struct secret *key = target_credential_find(config, "key");
        copy_trimmed(&ret->key, key ? key : target_credential_find(config, "secret"));
        copy_trimmed(&ret->name, target_credential_find(config, "name"));
        copy_trimmed(&ret->algorithm, target_credential_find(config, "algorithm"));
        return ERR_OK;
}

static enum err require(const struct secret *field, const char *name, struct errmsg *reterr)
{
        if (field->count > 0)
                return ERR_OK;
        return err_set(
            reterr, ERR_INVALID,
            "TSIG Secret, field %s: missing; store the output of tsig-keygen, or fields name, key, algorithm", name);
}

static bool to_wire(const char *text, struct tsig_name *ret)
{
        ldns_rdf *name = ldns_dname_new_frm_str(text);
        bool fits = name && ldns_rdf_size(name) <= TSIG_NAME_MAX;
        if (fits) {
                ret->count = ldns_rdf_size(name);
                memcpy(ret->bytes, ldns_rdf_data(name), ret->count);
        }
        ldns_rdf_deep_free(name);
        return fits;
}

static enum err set_name(const struct secret *name, struct tsig_key *key, struct errmsg *reterr)
{
        if (strlen(name->bytes) != name->count || !text_is_dns_name(name->bytes))
                return err_set(reterr, ERR_INVALID, "TSIG Secret, field name: not a key name");
        size_t bytes = name->count - (name->bytes[name->count - 1] == '.');
        for (size_t i = 0; i < bytes; i++)
                key->text[i] = (char)tolower((unsigned char)name->bytes[i]);
        key->text[bytes] = '.';
        key->text[bytes + 1] = '\0';
        return to_wire(key->text, &key->name) ? ERR_OK
                                              : err_set(reterr, ERR_INVALID, "TSIG Secret, field name: too long");
}

static enum err key_from_fields(const struct target_config *config, const struct fields *fields, struct tsig_key *key,
                                struct errmsg *reterr)
{
        enum err err = require(&fields->key, "key", reterr);
        if (err == ERR_OK)
                err = require(&fields->name, "name", reterr);
        if (err == ERR_OK)
                err = set_name(&fields->name, key, reterr);
        if (err != ERR_OK)
                return err;
        const char *fallback = target_setting_find(config, "tsigAlgorithm");
        const char *algorithm = fields->algorithm.count ? fields->algorithm.bytes : fallback ? fallback : "hmac-sha256";
        err = tsig_algorithm_find(algorithm, &key->algorithm, reterr);
        if (err != ERR_OK)
                return err;
        INVARIANT(to_wire(key->algorithm->name, &key->algorithm_name));
        struct errmsg why = {0};
        if (text_from_base64(fields->key.bytes, fields->key.count, &key->bytes, &why) != ERR_OK ||
            secret_is_empty(&key->bytes))
                return err_set(reterr, ERR_INVALID, "TSIG Secret, field key: not base64");
        return ERR_OK;
}

enum err tsig_key_from_config(const struct target_config *config, struct tsig_key *ret, struct errmsg *reterr)
{
        if (config->credential_count == 0)
                return err_set(reterr, ERR_INVALID,
                               "no TSIG key; store the output of tsig-keygen in a Secret and name it in tsigSecretRef");
        CLEANUP(fields_clear) struct fields fields = {0};
        CLEANUP(tsig_key_clear) struct tsig_key key = {0};
        enum err err = read_fields(config, &fields, reterr);
        if (err == ERR_OK)
                err = key_from_fields(config, &fields, &key, reterr);
        if (err != ERR_OK)
                return err;
        *ret = key;
        key = (struct tsig_key){0};
        return ERR_OK;
}
